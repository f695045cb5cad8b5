#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

namespace deja {

/// The workers of a work queue, and how many chunks each has at hand. A worker is made when there
/// is work for it. Not thread-safe.
template <class Worker>
class work_posts {
public:
  struct post {
    Worker who;
    std::size_t chunks = 0;
  };

  /// A worker has the next chunk at hand while it carries out one.
  static constexpr std::size_t chunks_at_hand = 2;

  work_posts(std::size_t most, std::function<Worker()> make)
      : most_(most), make_(std::move(make)) {}

  /// How many chunks all workers can have.
  std::size_t capacity() const { return chunks_at_hand * most_; }

  /// The post that should get the next chunk: one that is idle, else a new one, else one that has
  /// nothing at hand; null where all have enough. Valid until the next call.
  post* free() {
    const auto least =
        std::min_element(posts_.begin(), posts_.end(), [](const post& left, const post& right) {
          return left.chunks < right.chunks;
        });
    if (least != posts_.end() && least->chunks == 0)
      return &*least;
    if (posts_.size() < most_)
      return &posts_.emplace_back(post{make_()});
    return least->chunks < chunks_at_hand ? &*least : nullptr;
  }

  /// The worker has done a chunk.
  void returned(const Worker& who) {
    const auto found =
        std::find_if(posts_.begin(), posts_.end(), [&](const post& one) { return one.who == who; });
    if (found != posts_.end())
      --found->chunks;
  }

  /// The worker is lost. How many posts had it: none, where it was dismissed before.
  std::size_t dismiss(const Worker& who) {
    return std::erase_if(posts_, [&](const post& one) { return one.who == who; });
  }

  auto begin() const { return posts_.begin(); }

  auto end() const { return posts_.end(); }

private:
  std::size_t most_;
  std::function<Worker()> make_;
  std::vector<post> posts_;
};

} // namespace deja
