#pragma once

#include <deja/transport/collect/access_log.hpp>
#include <deja/transport/collect/present_blobs.hpp>
#include <deja/transport/index/index.hpp>

#include <atomic>

namespace deja {

/// An index as a service reads it for its clients: what is looked up counts as used; and where it
/// has blobs to check, an entry whose blobs are gone is a miss, is counted, and is removed, so that
/// the next put finds its place free. All else goes through.
class observed_index final : public index {
public:
  struct checking {
    std::shared_ptr<present_blobs> blobs;              ///< Null: entries are not checked.
    std::function<void(std::function<void()>)> post{}; ///< Has work done that may block.
    std::function<void(operation)> apply{};            ///< Without an answer.
  };

  observed_index(std::shared_ptr<index> inner, std::shared_ptr<access_log> log, checking check,
                 std::function<wall_time()> now = std::chrono::system_clock::now)
      : inner_(std::move(inner)), log_(std::move(log)), check_(std::move(check)),
        now_(std::move(now)) {}

  void apply(std::vector<operation> operations, outcomes done) override;
  void lookup(many<entry_key> keys, outcomes done) override;
  void scan(scan_filter filter, std::string cursor,
            std::function<void(result<scan_page>)> done) override;
  void statistics(std::function<void(result<index_statistics>)> done) override;
  void watch(std::function<void(std::span<const entry_key>)> on_change) override;
  result<void> ready() override;

  /// How often an entry turned out to have lost its blobs.
  std::uint64_t incomplete() const { return incomplete_; }

private:
  bool needs_a_look(const outcome& found) const;
  void drop_incomplete(std::vector<outcome>& found);
  void note(const std::vector<outcome>& found);

  const std::shared_ptr<index> inner_;
  const std::shared_ptr<access_log> log_;
  const checking check_;
  const std::function<wall_time()> now_;
  std::atomic<std::uint64_t> incomplete_ = 0;
};

} // namespace deja
