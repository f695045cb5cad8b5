#include <deja/app/load/payload.hpp>

#include <deja/app/load/random.hpp>

#include <algorithm>

namespace deja::app::load {

namespace {

constexpr std::size_t material_size = std::size_t{1} << 16;
constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Values begin with what people can tell a URI by, where they have room for it.
constexpr std::string_view scheme = "load://";

void write_hex(char* to, std::uint64_t number) {
  for (int digit = 15; digit >= 0; --digit, number >>= 4)
    to[digit] = "0123456789abcdef"[number & 15];
}

} // namespace

payload::payload(std::uint64_t seed, std::uint64_t run, value_sizes sizes)
    : seed_(seed), run_(run), sizes_(sizes) {
  random_source random{seed};
  material_.reserve(material_size);
  for (std::size_t at = 0; at < material_size; ++at)
    material_ += letters[random.next() % letters.size()];
}

payload::key_text payload::text(char kind, std::uint64_t group, std::uint64_t number) const {
  key_text all;
  all[0] = kind;
  all[1] = '-';
  write_hex(&all[2], group);
  all[18] = '-';
  all[19] = '-';
  write_hex(&all[20], number);
  return all;
}

payload::key_text payload::key(key_ref of) const {
  const bool is_shared = of.space == key_space::population || of.space == key_space::none;
  return text(static_cast<char>(of.space), is_shared ? seed_ : run_, of.number);
}

bool payload::is_owner(std::string_view text) const {
  constexpr std::size_t digits = 16; // of the number, at the end
  const auto any = owner(1);
  return text.size() == any.size() && text.starts_with(view_of(any).substr(0, any.size() - digits));
}

std::uint64_t payload::bits_of(key_ref of, std::uint32_t version) const {
  return mixed(mixed(seed_ + static_cast<unsigned char>(of.space)) ^
               (of.number * 0x9e3779b97f4a7c15 + version));
}

std::size_t payload::value_size(key_ref of, std::uint32_t version) const {
  return sizes_.of(bits_of(of, version));
}

void payload::append_value(std::string& to, key_ref of, std::uint32_t version) const {
  const auto bits = bits_of(of, version);
  auto left = sizes_.of(bits);
  if (left > 2 * scheme.size()) {
    to += scheme;
    left -= scheme.size();
  }
  for (auto from = mixed(bits) % material_size; left > 0; from = 0) {
    const auto count = std::min(left, material_size - from);
    to.append(material_, from, count);
    left -= count;
  }
}

bool payload::is_value(std::string_view text, key_ref of, std::uint32_t version) const {
  const auto bits = bits_of(of, version);
  if (text.size() != sizes_.of(bits))
    return false;
  if (text.size() > 2 * scheme.size()) {
    if (!text.starts_with(scheme))
      return false;
    text.remove_prefix(scheme.size());
  }
  for (auto from = mixed(bits) % material_size; !text.empty(); from = 0) {
    const auto part = std::string_view{material_}.substr(from, text.size());
    if (!text.starts_with(part))
      return false;
    text.remove_prefix(part.size());
  }
  return true;
}

std::string describe(key_ref key) {
  const auto number = std::to_string(key.number);
  switch (key.space) {
  case key_space::population:
    return "key " + number;
  case key_space::none:
    return "key " + number + " that nobody has put";
  case key_space::fresh:
    return "new key " + number;
  case key_space::reservation:
    return "key " + number + " (never put)";
  }
  return number;
}

} // namespace deja::app::load
