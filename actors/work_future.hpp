#pragma once

#include <deja/actors/future.hpp>
#include <deja/messages/catalog.hpp>

namespace deja {

/// Whether an item's outputs are in the cache: a download that was a hit, an upload whose outputs
/// are the entry.
inline bool is_cached(const download_outcome& done) {
  return done.cached;
}

inline bool is_cached(put_status done) {
  return done != put_status::already_other;
}

/// What became of the items of one request to a work queue, in the order they were given.
template <class Outcome>
class work_response {
public:
  explicit work_response(many<result<Outcome>> items) : items_(std::move(items)) {}

  std::size_t size() const { return items_->size(); }

  /// One item's outcome, whatever became of the others.
  const result<Outcome>& operator[](std::size_t at) const { return (*items_)[at]; }

  auto begin() const { return items_->begin(); }

  auto end() const { return items_->end(); }

  /// Which of them are cached.
  std::vector<bool> cached() const {
    std::vector<bool> which;
    for (const auto& one : *items_)
      which.push_back(one && is_cached(*one));
    return which;
  }

  std::size_t cached_count() const {
    std::size_t count = 0;
    for (const auto& one : *items_)
      count += one && is_cached(*one);
    return count;
  }

  /// How far the request was at its end.
  work_progress progress() const {
    work_progress end{size(), size(), cached_count(), 0};
    for (const auto& one : *items_)
      end.failed += !one;
    return end;
  }

  /// SYSTEM_ERROR, with the code of the first item that failed, naming those that did; none where
  /// all are good.
  std::optional<error> failure() const {
    constexpr std::size_t most_named = 10;
    std::string text;
    std::size_t failed = 0;
    auto code = errc::unknown;
    for (std::size_t at = 0; at < size(); ++at)
      if (const auto& one = (*this)[at]; !one) {
        if (failed++ == 0)
          code = one.error().code;
        if (failed <= most_named)
          text += (failed == 1 ? "item " : "; item ") + std::to_string(at) + ": " +
                  to_string(one.error());
      }
    if (failed == 0)
      return std::nullopt;
    if (failed > most_named)
      text += "; and " + std::to_string(failed - most_named) + " more";
    return error{code, "SYSTEM_ERROR: " + std::to_string(failed) + " of " + std::to_string(size()) +
                           " items failed: " + text};
  }

private:
  many<result<Outcome>> items_;
};

/// How far a request is, as its queue told last. Thread-safe.
class told_progress {
public:
  work_progress get() const {
    const std::lock_guard lock{mutex_};
    return latest_;
  }

  void set(const work_progress& latest) {
    const std::lock_guard lock{mutex_};
    latest_ = latest;
  }

private:
  mutable std::mutex mutex_;
  work_progress latest_;
};

/// The future of a request to a work queue, which tells how far it is. A request that fails as a
/// whole (refused, cancelled, stopped) is an error; one of which some items failed is none: see
/// `work_response::failure`.
template <class Outcome>
class work_future : public future<work_response<Outcome>> {
public:
  work_future(future<work_response<Outcome>> of, std::shared_ptr<const told_progress> progress)
      : future<work_response<Outcome>>(std::move(of)), progress_(std::move(progress)) {}

  /// A snapshot, brought up to date chunk by chunk.
  work_progress progress() const { return progress_->get(); }

private:
  std::shared_ptr<const told_progress> progress_;
};

using download_future = work_future<download_outcome>;
using upload_future = work_future<put_status>;

} // namespace deja
