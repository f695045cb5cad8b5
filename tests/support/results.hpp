#pragma once

#include <deja/messages/error.hpp>

#include <ostream>

namespace deja {

/// How Boost.Test prints a code.
inline std::ostream& boost_test_print_type(std::ostream& out, errc code) {
  return out << to_string(code);
}

namespace testing {

/// The outcome's code; `ok` where it has a value.
template <class T>
errc code_of(const result<T>& outcome) {
  return outcome ? errc::ok : outcome.error().code;
}

} // namespace testing

} // namespace deja
