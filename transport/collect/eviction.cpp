#include <deja/transport/collect/eviction.hpp>

#include <algorithm>

namespace deja {

namespace {

constexpr std::size_t evicted_of = 16;

void lower(std::uint64_t& value, std::uint64_t by) {
  value -= std::min(value, by);
}

} // namespace

std::uint64_t over(std::uint64_t now, std::uint64_t cap) {
  return now <= cap ? 0 : now - (cap - cap / 20);
}

std::vector<eviction_candidate> evicted(std::vector<eviction_candidate> sample, bool all,
                                        surplus& left) {
  std::sort(sample.begin(), sample.end(),
            [](const auto& a, const auto& b) { return a.accessed < b.accessed; });
  const auto most = all ? sample.size() : std::max<std::size_t>(sample.size() / evicted_of, 1);
  std::size_t count = 0;
  for (; count < std::min(most, sample.size()) && !left.none(); ++count) {
    lower(left.entries, 1);
    lower(left.bytes, sample[count].bytes);
  }
  sample.resize(count);
  return sample;
}

} // namespace deja
