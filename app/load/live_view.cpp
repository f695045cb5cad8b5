#include <deja/app/load/live_view.hpp>

#include <cstdio>
#include <unistd.h>

namespace deja::app::load {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t bar_width = 30;

std::string bar(double share) {
  const auto full = static_cast<std::size_t>(std::min(share, 1.0) * bar_width);
  return '[' + std::string(full, '#') + std::string(bar_width - full, ' ') + ']';
}

} // namespace

live_view::live_view(bool is_quiet)
    : is_quiet_(is_quiet), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

void live_view::draw(const std::string& line) {
  if (is_terminal_)
    std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
  else
    std::fprintf(stderr, "%s\n", line.c_str());
  is_drawn_ = is_terminal_;
}

void live_view::filling(std::uint64_t done, std::uint64_t all) {
  const auto now = std::chrono::steady_clock::now();
  if (is_quiet_ || (now < next_ && done < all))
    return;
  next_ = now + (is_terminal_ ? 50ms : 1000ms);
  draw((is_terminal_ ? bar(static_cast<double>(done) / static_cast<double>(all)) + ' ' : "") +
       std::to_string(done) + " of " + std::to_string(all) + " keys put");
}

void live_view::running(const second& last, double length) {
  errors_ += last.all.failed();
  wrong_ += last.all.wrong;
  if (is_quiet_)
    return;
  const auto milliseconds = [](std::uint64_t time) {
    return static_cast<double>(time) / 1e6;
  };
  std::array<char, 256> text;
  std::snprintf(text.data(), text.size(),
                "%5.1f of %.1f s  %8llu requests  p50 %8.2f ms  p99 %8.2f ms  errors %llu  "
                "wrong %llu",
                last.end, length, static_cast<unsigned long long>(last.all.requests),
                milliseconds(last.latency.p50), milliseconds(last.latency.p99),
                static_cast<unsigned long long>(errors_), static_cast<unsigned long long>(wrong_));
  draw((is_terminal_ ? bar(last.end / length) + ' ' : "") + text.data());
}

void live_view::tell(const std::string& text) {
  if (is_quiet_)
    return;
  end();
  std::fprintf(stderr, "%s\n", text.c_str());
}

void live_view::end() {
  if (is_drawn_)
    std::fputc('\n', stderr);
  is_drawn_ = false;
}

} // namespace deja::app::load
