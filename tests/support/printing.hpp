#pragma once

#include <deja/messages/error.hpp>

#include <ostream>

// How Boost.Test prints our types.

namespace deja {

inline std::ostream& boost_test_print_type(std::ostream& out, errc code) {
  return out << to_string(code);
}

} // namespace deja
