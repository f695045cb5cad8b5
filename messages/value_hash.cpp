#include <deja/messages/value_hash.hpp>

#include <algorithm>
#include <cmath>

namespace deja {

number_text::number_text(double number)
    : tag(std::isfinite(number) ? 'f' : 'u'), text(std::isfinite(number) ? number_form(number)
                                                   : std::isnan(number)  ? short_text{"NaN"}
                                                   : number < 0          ? short_text{"-Infinity"}
                                                                : short_text{"Infinity"}) {}

bool to_block(const simple_value& value, value_block& block) {
  const auto size = 1 + value.text.size();
  if (size + 1 + sizeof(std::uint64_t) > block.size())
    return false;
  block.fill(0);
  block[0] = static_cast<std::uint8_t>(value.tag);
  std::copy(value.text.begin(), value.text.end(), block.begin() + 1);
  pad(block, size);
  return true;
}

digest hash_of(const simple_value& value) {
  if (value_block block; to_block(value, block)) {
    digest hash;
    const auto* message = block.data();
    best_sha256_engine().digests(&message, 1, 1, &hash);
    return hash;
  }
  sha256 hash;
  hash.update({&value.tag, 1});
  hash.update(value.text);
  return hash.finish();
}

} // namespace deja
