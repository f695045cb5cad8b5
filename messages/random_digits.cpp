#include <deja/messages/random_digits.hpp>

#include <random>

namespace deja {

std::string random_digits() {
  std::random_device source;
  std::string text;
  for (int word = 0; word < 4; ++word)
    for (auto bits = source(), digit = 0u; digit < 8; ++digit, bits >>= 4)
      text += "0123456789abcdef"[bits & 15];
  return text;
}

} // namespace deja
