#include <deja/transport/collect/observed_index.hpp>

#include <algorithm>

namespace deja {

void observed_index::lookup(many<entry_key> keys, outcomes done) {
  inner_->lookup(std::move(keys), [this, done = std::move(done)](std::vector<outcome> found) {
    if (!check_.blobs || std::none_of(found.begin(), found.end(),
                                      [this](const auto& one) { return needs_a_look(one); })) {
      note(found);
      return done(std::move(found));
    }
    check_.post([this, done, found = std::move(found)]() mutable {
      drop_incomplete(found);
      note(found);
      done(std::move(found));
    });
  });
}

bool observed_index::needs_a_look(const outcome& found) const {
  return found.entry && !check_.blobs->recall(*found.entry);
}

void observed_index::drop_incomplete(std::vector<outcome>& found) {
  for (auto& one : found) {
    if (!one.entry || check_.blobs->look(*one.entry))
      continue;
    ++incomplete_;
    check_.apply(delete_operation{one.entry->key, one.entry->generation});
    one.entry = {};
  }
}

void observed_index::note(const std::vector<outcome>& found) {
  const auto now = now_();
  for (const auto& one : found)
    if (one.entry)
      log_->note(*one.entry, now);
}

void observed_index::apply(std::vector<operation> operations, outcomes done) {
  inner_->apply(std::move(operations), std::move(done));
}

void observed_index::scan(scan_filter filter, std::string cursor,
                          std::function<void(result<scan_page>)> done) {
  inner_->scan(std::move(filter), std::move(cursor), std::move(done));
}

void observed_index::statistics(std::function<void(result<index_statistics>)> done) {
  inner_->statistics(std::move(done));
}

void observed_index::watch(std::function<void(std::span<const entry_key>)> on_change) {
  inner_->watch(std::move(on_change));
}

result<void> observed_index::ready() {
  return inner_->ready();
}

} // namespace deja
