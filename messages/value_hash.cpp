#include <deja/messages/value_hash.hpp>

#include <deja/messages/json_form.hpp>

#include <cmath>

namespace deja {

namespace {

digest tagged(std::string_view tag, std::string_view bytes) {
  sha256 hash;
  hash.update(tag);
  hash.update(bytes);
  return hash.finish();
}

} // namespace

digest null_hash() {
  return tagged("n", {});
}

digest boolean_hash(bool value) {
  return tagged("b", value ? "1" : "0");
}

digest string_hash(std::string_view text) {
  return tagged("u", text);
}

digest number_hash(double value) {
  if (std::isnan(value))
    return string_hash("NaN");
  if (std::isinf(value))
    return string_hash(value < 0 ? "-Infinity" : "Infinity");
  return tagged("f", number_form(value));
}

} // namespace deja
