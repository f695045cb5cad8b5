// Gets of known keys and puts of new ones by an index on PostgreSQL, in process: so many callers,
// each with one call under way, for so many seconds.
//   deja_postgres_bench URL get|put CALLERS SECONDS      prints calls a second and the p99 in ms

#include <deja/messages/cached_output.hpp>
#include <deja/transport/index/open_index.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <future>
#include <latch>
#include <mutex>
#include <random>

namespace {

using namespace deja;
using steady = std::chrono::steady_clock;

constexpr std::size_t known_keys = 10'000;

put_operation put_of(const std::string& key) {
  flyteidl2::cacheservice::CachedOutput output;
  output.set_output_uri("s3://bucket/outputs/" + std::string(200, 'x'));
  return {.key = {{"org", "project", "development"}, key},
          .task = "workflows.train",
          .output = without_times(output),
          .content = content_digest(output)};
}

/// Calls that each begin where the one before it ended, on the index's thread.
class callers {
public:
  callers(deja::index& at, bool get, std::size_t count, steady::duration time)
      : at_(at), get_(get), end_(steady::now() + time), left_(static_cast<std::ptrdiff_t>(count)) {
    for (std::size_t caller = 0; caller < count; ++caller)
      begin();
    left_.wait();
  }

  std::size_t done() const { return times_.size(); }

  double p99() {
    const auto at = times_.begin() + static_cast<std::ptrdiff_t>(times_.size() * 99 / 100);
    std::nth_element(times_.begin(), at, times_.end());
    return std::chrono::duration<double, std::milli>(*at).count();
  }

private:
  void begin() {
    const auto start = steady::now();
    if (start > end_)
      return left_.count_down();
    auto end = [this, start](const std::vector<outcome>& found) {
      if (found.at(0).why || !found[0].entry) {
        std::fprintf(stderr, "%s\n", found[0].why ? found[0].why->message.c_str() : "a miss");
        std::abort();
      }
      {
        const std::lock_guard lock{mutex_};
        times_.push_back(steady::now() - start);
      }
      begin();
    };
    if (get_)
      at_.lookup(std::vector{entry_key{{"org", "project", "development"},
                                       "known " + std::to_string(random_key())}},
                 std::move(end));
    else
      at_.apply({put_of(prefix_ + std::to_string(++last_))}, std::move(end));
  }

  std::size_t random_key() {
    const std::lock_guard lock{mutex_};
    return random_() % known_keys;
  }

  deja::index& at_;
  const bool get_;
  const steady::time_point end_;
  const std::string prefix_ = "new " + std::to_string(std::random_device{}()) + ' ';
  std::atomic<std::size_t> last_ = 0;
  std::mutex mutex_;
  std::minstd_rand random_{1};
  std::vector<steady::duration> times_;
  std::latch left_;
};

void put_known(deja::index& at) {
  std::vector<operation> all;
  for (std::size_t key = 0; key < known_keys; ++key)
    all.emplace_back(put_of("known " + std::to_string(key)));
  std::promise<void> done;
  at.apply(std::move(all), [&](const std::vector<outcome>&) { done.set_value(); });
  done.get_future().wait();
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s URL get|put CALLERS SECONDS\n", argv[0]);
    return 2;
  }
  auto opened = open_index(argv[1]);
  if (!opened) {
    std::fprintf(stderr, "%s\n", to_string(opened.error()).c_str());
    return 1;
  }
  auto& at = **opened;
  put_known(at);
  callers all{at, std::strcmp(argv[2], "get") == 0, std::stoul(argv[3]),
              std::chrono::seconds{std::stoi(argv[4])}};
  std::printf("%.0f %.2f\n", static_cast<double>(all.done()) / std::stod(argv[4]), all.p99());
}
