#pragma once

#include <deja/messages/sha256.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace deja {

/// Contents that are in use, as a Bloom filter of 8 MiB: one that was marked always counts as
/// marked; so do some that were not, one of 10,000 with a million marks and one of 25 with ten
/// million. Each object errs on others, so what is spared by mistake goes the next time.
class content_marks {
public:
  /// `salt`: any numbers, others for each object.
  explicit content_marks(const std::array<std::uint64_t, 4>& salt);

  /// Whether it was not marked before.
  bool mark(const digest& name);

  bool is_marked(const digest& name) const;

private:
  std::array<std::size_t, 4> bits_of(const digest& name) const;

  std::array<std::uint64_t, 4> salt_;
  std::vector<std::uint64_t> words_;
};

} // namespace deja
