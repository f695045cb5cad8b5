#include <deja/transport/index/scan.hpp>

namespace deja {

namespace {

constexpr std::size_t most_at_once = 10'000;

/// A page ends with the output that brings it to this.
constexpr std::size_t most_bytes = std::size_t{16} << 20;

bool equal(const std::optional<std::string>& wanted, const std::string& is) {
  return !wanted || *wanted == is;
}

/// Whether an operation with this outcome changed what others see.
struct has_changed {
  const outcome& done;

  bool operator()(const put_operation&) const { return !done.why; }

  bool operator()(const delete_operation&) const { return !done.why; }

  bool operator()(const reserve_operation& reserve) const {
    return done.reservation && done.reservation->owner == reserve.owner;
  }

  bool operator()(const release_operation&) const { return done.reservation.has_value(); }

  bool operator()(const touch_operation&) const { return false; }

  /// What had expired was not seen before either.
  bool operator()(const sweep_operation&) const { return false; }
};

} // namespace

result<page_scanner> page_scanner::start(const scan_filter& filter, const std::string& cursor) {
  if (filter.limit == 0 || filter.limit > most_at_once)
    return error{errc::invalid_argument, "listing: limit is " + std::to_string(filter.limit) +
                                             "; 1 to " + std::to_string(most_at_once) +
                                             " are possible"};
  page_scanner scanner;
  scanner.filter_ = filter;
  if (!cursor.empty()) {
    const auto after = parse_digest(cursor);
    if (!after)
      return within("listing: cursor", after.error());
    scanner.after_ = *after;
  }
  return scanner;
}

bool page_scanner::take(const digest& id, const stored_state& state,
                        const decision_context& context) {
  if (bytes_ >= most_bytes || (filter_.rows != 0 && looked_at_ == filter_.rows)) {
    page_.next = to_hex(after_);
    return false;
  }
  ++looked_at_;
  const bool entries = filter_.what == scan_filter::kind::entries;
  auto found =
      filter_.expired_for ? expired(state, context, *filter_.expired_for) : visible(state, context);
  const bool selected = entries ? found.entry && selects(*found.entry, context)
                                : found.reservation && selects(*found.reservation, context);
  if (selected && taken_ == filter_.limit) {
    page_.next = to_hex(after_);
    return false;
  }
  after_ = id;
  if (!selected)
    return true;
  if (entries) {
    bytes_ += found.entry->size;
    page_.entries.push_back(*found.entry);
  } else {
    page_.reservations.push_back(std::move(*found.reservation));
  }
  ++taken_;
  return true;
}

void page_scanner::end_after(const digest& id) {
  page_.next = to_hex(id);
}

scan_page page_scanner::finish() {
  return std::move(page_);
}

bool page_scanner::selects(const entry_key& key) const {
  return equal(filter_.org, key.where.org) && equal(filter_.project, key.where.project) &&
         equal(filter_.domain, key.where.domain) && key.key.starts_with(filter_.key_prefix);
}

bool page_scanner::selects(const entry& one, const decision_context& context) const {
  return selects(one.key) && equal(filter_.task, one.task) &&
         (!filter_.older_than || context.now - one.updated > *filter_.older_than) &&
         (!filter_.unused_for || context.now - one.accessed > *filter_.unused_for);
}

bool page_scanner::selects(const reservation& one, const decision_context& context) const {
  return selects(one.key) && (!filter_.older_than || context.now - one.since > *filter_.older_than);
}

std::vector<entry_key> changed_keys(std::span<const operation> operations,
                                    std::span<const outcome> results) {
  std::vector<entry_key> changed;
  for (std::size_t at = 0; at < operations.size(); ++at)
    if (std::visit(has_changed{results[at]}, operations[at]))
      changed.push_back(key_of(operations[at]));
  return changed;
}

} // namespace deja
