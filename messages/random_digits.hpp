#pragma once

#include <string>

namespace deja {

/// 32 hexadecimal digits: 128 random bits. Thread-safe.
std::string random_digits();

} // namespace deja
