#include <deja/transport/collect/collection.hpp>

#include <deja/transport/collect/entry_contents.hpp>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>

// Why no content goes that an entry needs. A put first writes its contents, or renews the age of
// those that are there, and then puts its entry, within the grace. A content goes if it has no mark
// and was not written or renewed since one grace before the marking began; the store decides that
// and removes it in one step, so a renewal at the same time either spares it or finds it gone and
// writes it anew. So the last put that wrote or renewed it put its entry before the marking began.
// The marking goes through all entries, page by page in the order of keys that never change: an
// entry that was there from before the marking until now has been seen, and its content is marked.
// An entry that was replaced meanwhile has been put meanwhile, and that put renewed its contents.
//
// The exception: `deja run --depfile` copies older states into a new entry without renewing their
// contents. If the old entry is removed just between its reading and the new one's put, and the
// marking passes the key at that moment, such a state may lose a content, and is a miss from then.

namespace deja {

namespace {

constexpr std::size_t page_entries = 1000;
constexpr std::size_t page_rows = 10'000;
constexpr std::size_t page_contents = 1000;

/// A sample is so many pages from random places, or all entries where there are no more.
constexpr std::size_t sample_pages = 32, sample_page_entries = 128;
constexpr std::size_t sample_entries = sample_pages * sample_page_entries;

constexpr const char* content_prefix = "deja/cas/sha256/";

/// The largest list of contents that is read.
constexpr std::uint64_t largest_list = std::uint64_t{1} << 30;

std::array<std::uint64_t, 4> random_salt(std::mt19937_64& random) {
  return {random(), random(), random(), random()};
}

/// Where a blob is gone, nothing.
template <class T>
result<std::optional<T>> if_there(result<T> found) {
  if (found)
    return std::optional<T>{std::move(*found)};
  if (found.error().code == errc::not_found)
    return std::optional<T>{};
  return found.error();
}

} // namespace

result<void> collection_plan::validate() const {
  const auto invalid = [](const std::string& what) {
    return error{errc::invalid_argument, "collection: " + what};
  };
  using named = std::pair<const char*, std::optional<duration>>;
  for (const auto& [field, span] :
       {named{"older_than", older_than}, named{"unused_for", unused_for},
        named{"reservation_rest", reservation_rest}, named{"grace", grace}})
    if (span && (*span < duration::zero() || *span > std::chrono::hours{24 * 36'500}))
      return invalid(std::string{field} + " is " + std::to_string(span->count()) +
                     " ns; 0 to 36500 days are possible");
  if (max_entries == 0U)
    return invalid("max_entries is 0; 1 and more are possible");
  if (max_bytes == 0U)
    return invalid("max_bytes is 0; 1 and more are possible");
  return {};
}

collection::collection(collection_plan plan, collection_parts parts, std::uint64_t seed)
    : plan_(std::move(plan)), parts_(std::move(parts)), random_(seed) {
  plan_.validate().value();
}

result<bool> collection::step() {
  result<void> done;
  switch (stage_) {
  case stage::reservations:
    done = sweep(scan_filter::kind::reservations);
    break;
  case stage::expired:
    done = sweep(scan_filter::kind::entries);
    break;
  case stage::selected:
    done = select();
    break;
  case stage::measure:
  case stage::mark:
    done = mark();
    break;
  case stage::evict:
    done = evict();
    break;
  case stage::contents:
    done = remove_contents();
    break;
  case stage::unfinished:
    done = remove_unfinished();
    break;
  case stage::done:
    return false;
  }
  if (!done) {
    stage_ = stage::done;
    return done.error();
  }
  return stage_ != stage::done;
}

bool collection::is_due(stage which) const {
  switch (which) {
  case stage::selected:
    return plan_.older_than || plan_.unused_for;
  case stage::measure:
    return has_caps();
  case stage::evict:
    return !left_.none();
  case stage::mark: // Unless what was marked to measure still holds.
    return plan_.contents && (!marks_ || report_.evicted > 0);
  case stage::contents:
  case stage::unfinished:
    return plan_.contents;
  default:
    return true;
  }
}

void collection::go_on(stage next) {
  while (!is_due(next))
    next = static_cast<stage>(static_cast<int>(next) + 1);
  stage_ = next;
  cursor_.clear();
  if (next == stage::measure || next == stage::mark) {
    entries_ = bytes_ = 0;
    marks_.emplace(random_salt(random_));
    marked_since_ = parts_.now();
  }
}

result<scan_page> collection::next_page(scan_filter filter) {
  struct answer {
    std::mutex mutex;
    std::condition_variable_any came;
    std::optional<result<scan_page>> page;
  };

  // Shared, for it may come when nobody waits any more.
  const auto told = std::make_shared<answer>();
  parts_.entries.scan(std::move(filter), cursor_, [told](result<scan_page> found) {
    const std::lock_guard lock{told->mutex};
    told->page = std::move(found);
    told->came.notify_all();
  });
  std::unique_lock lock{told->mutex};
  if (!told->came.wait(lock, parts_.stop, [&] { return told->page.has_value(); }))
    return error{errc::canceled, "clearing up was stopped"};
  auto page = std::move(*told->page);
  if (page)
    cursor_ = page->next;
  return page;
}

result<void> collection::sweep(scan_filter::kind what) {
  const bool entries = what == scan_filter::kind::entries;
  const auto rest = entries ? duration::zero() : plan_.reservation_rest;
  const auto page =
      next_page({.what = what, .limit = page_entries, .expired_for = rest, .rows = page_rows});
  if (!page)
    return page.error();
  const auto count = [&](const outcome& gone) {
    report_.reservations += !entries && gone.reservation ? 1 : 0;
    report_.expired += entries && gone.entry ? 1 : 0;
    report_.entry_bytes += entries && gone.entry ? gone.entry->size : 0;
  };
  std::vector<operation> sweeps;
  const auto take = [&](const auto& all, auto outcome::*member) {
    for (const auto& one : all) {
      sweeps.push_back(sweep_operation{one.key, plan_.reservation_rest});
      if (plan_.dry_run) {
        outcome gone;
        gone.*member = one;
        count(gone);
      }
    }
  };
  take(page->entries, &outcome::entry);
  take(page->reservations, &outcome::reservation);
  if (!plan_.dry_run && !sweeps.empty())
    for (const auto& gone : parts_.apply(std::move(sweeps))) {
      if (gone.why)
        return *gone.why;
      count(gone);
    }
  if (cursor_.empty())
    go_on(entries ? stage::selected : stage::expired);
  return {};
}

result<void> collection::select() {
  const auto page = next_page({.older_than = plan_.older_than,
                               .unused_for = plan_.unused_for,
                               .limit = page_entries,
                               .rows = page_rows});
  if (!page)
    return page.error();
  std::vector<eviction_candidate> all;
  for (const auto& one : page->entries)
    all.push_back({one.key, one.generation, one.accessed, one.size, one.size});
  if (auto removed = remove(all, report_.selected); !removed)
    return removed;
  if (cursor_.empty())
    go_on(stage::measure);
  return {};
}

result<void> collection::mark() {
  if (stage_ == stage::mark && cursor_.empty()) {
    const auto stored = has_contents();
    if (!stored)
      return stored.error();
    if (!*stored) { // So it does not matter what entries name.
      go_on(stage::unfinished);
      return {};
    }
  }
  const auto page = next_page({.limit = page_entries, .rows = page_rows});
  if (!page)
    return page.error();
  for (const auto& one : page->entries) {
    if (is_gone(one))
      continue;
    ++entries_;
    bytes_ += one.size;
    if (plan_.contents || plan_.max_bytes)
      if (auto marked = mark_contents_of(one); !marked)
        return marked;
  }
  if (!cursor_.empty())
    return {};
  if (stage_ == stage::mark) {
    go_on(stage::contents);
    return {};
  }
  left_.entries = plan_.max_entries ? over(entries_, *plan_.max_entries) : 0;
  left_.bytes = plan_.max_bytes ? over(bytes_, *plan_.max_bytes) : 0;
  go_on(stage::evict);
  return {};
}

result<bool> collection::has_contents() {
  const auto first = parts_.blobs->list(content_prefix, {}, 1);
  if (!first)
    return first.error();
  return !first->references.empty() || !first->next.empty();
}

result<void> collection::mark_contents_of(const entry& one) {
  const auto names = contents_named_in(one.output);
  for (const auto& name : names)
    if (auto marked = mark_content(name); !marked)
      return marked;
  if (names.empty() || parts_.blobs == nullptr)
    return {};
  for (const auto& list : content_lists_in(one.output)) {
    // Its bytes are not verified: whoever reads it does that, and a name too many does no harm.
    auto bytes = if_there(parts_.blobs->read(content_reference(list), largest_list));
    if (!bytes)
      return bytes.error();
    if (*bytes)
      for (const auto& name : contents_named_in(**bytes))
        if (auto marked = mark_content(name); !marked)
          return marked;
  }
  return {};
}

result<void> collection::mark_content(const digest& name) {
  if (!marks_->mark(name) || !plan_.max_bytes)
    return {};
  const auto bytes = bytes_of_content(name);
  if (!bytes)
    return bytes.error();
  bytes_ += *bytes;
  return {};
}

result<std::uint64_t> collection::bytes_of_content(const digest& name) {
  if (parts_.blobs == nullptr)
    return 0;
  const auto info = if_there(parts_.blobs->head(content_reference(name)));
  if (!info)
    return info.error();
  return *info ? (*info)->size : 0;
}

result<void> collection::evict() {
  auto candidates = sample();
  if (!candidates)
    return candidates.error();
  const bool all = entries_ <= sample_entries;
  const auto before = report_.evicted;
  if (auto removed = remove(evicted(std::move(*candidates), all, left_), report_.evicted); !removed)
    return removed;
  constexpr int most_fruitless = 3; // Others may have been quicker.
  fruitless_ = report_.evicted == before ? fruitless_ + 1 : 0;
  if (all || left_.none() || fruitless_ == most_fruitless)
    go_on(stage::mark);
  return {};
}

result<std::vector<eviction_candidate>> collection::sample() {
  const bool all = entries_ <= sample_entries;
  std::vector<eviction_candidate> found;
  digest_map<bool> known; // Two places may lie close together.
  cursor_.clear();
  for (std::size_t pages = 0; all || pages < sample_pages; ++pages) {
    if (!all)
      cursor_ = to_hex(random_digest());
    const auto page = next_page({.limit = all ? page_entries : sample_page_entries,
                                 .rows = all ? page_rows : 2 * sample_page_entries});
    if (!page)
      return page.error();
    for (const auto& one : page->entries) {
      if (is_gone(one) || !known.emplace(primary_key(one.key), true).second)
        continue;
      auto bytes = one.size;
      if (plan_.max_bytes)
        for (const auto& name : contents_named_in(one.output)) {
          const auto more = bytes_of_content(name);
          if (!more)
            return more.error();
          bytes += *more;
        }
      found.push_back({one.key, one.generation, one.accessed, one.size, bytes});
    }
    if (all && cursor_.empty())
      break;
  }
  return found;
}

result<void> collection::remove(const std::vector<eviction_candidate>& all, std::uint64_t& count) {
  if (all.empty())
    return {};
  if (plan_.dry_run) {
    for (const auto& one : all) {
      gone_.emplace(primary_key(one.key), true);
      report_.entry_bytes += one.size;
    }
    count += all.size();
    return {};
  }
  std::vector<operation> removals;
  for (const auto& one : all)
    removals.push_back(delete_operation{one.key, one.generation});
  for (const auto& done : parts_.apply(std::move(removals))) {
    // One that is gone, or has been replaced, is another's affair.
    if (done.why && done.why->code != errc::not_found &&
        done.why->code != errc::failed_precondition)
      return *done.why;
    count += done.why ? 0 : 1;
    report_.entry_bytes += done.why || !done.entry ? 0 : done.entry->size;
  }
  return {};
}

result<void> collection::remove_contents() {
  const auto page = parts_.blobs->list(content_prefix, cursor_, page_contents);
  if (!page)
    return page.error();
  cursor_ = page->next;
  const auto before = marked_since_ - plan_.grace;
  for (const auto& reference : page->references) {
    const auto name = parse_digest(reference.substr(reference.rfind('/') + 1));
    if (!name || content_reference(*name) != reference || marks_->is_marked(*name))
      continue;
    const auto info = if_there(parts_.blobs->head(reference));
    if (!info)
      return info.error();
    if (!*info || (*info)->modified >= before)
      continue;
    if (!plan_.dry_run) {
      const auto removed = if_there(parts_.blobs->remove_if_older(reference, before));
      if (!removed)
        return removed.error();
      if (!removed->value_or(false))
        continue;
    }
    ++report_.contents.blobs;
    report_.contents.bytes += (*info)->size;
  }
  if (cursor_.empty())
    go_on(stage::unfinished);
  return {};
}

result<void> collection::remove_unfinished() {
  const auto removed = parts_.blobs->remove_unfinished(marked_since_ - plan_.grace, plan_.dry_run);
  if (!removed)
    return removed.error();
  report_.unfinished = *removed;
  go_on(stage::done);
  return {};
}

bool collection::is_gone(const entry& one) const {
  return !gone_.empty() && gone_.contains(primary_key(one.key));
}

digest collection::random_digest() {
  const auto words = random_salt(random_);
  digest any{};
  static_assert(sizeof words == sizeof any);
  std::memcpy(any.data(), words.data(), sizeof any);
  return any;
}

} // namespace deja
