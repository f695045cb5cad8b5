#pragma once

#include <deja/messages/error.hpp>

namespace deja::http {

/// What gzip packed (RFC 1952), of one member or several. Errors: invalid_argument (it is no gzip,
/// or cut off), resource_exhausted (it unpacks to more than `limit` bytes; no more than that is
/// ever held).
result<std::string> unpack_gzip(std::string_view packed, std::size_t limit);

} // namespace deja::http
