#pragma once

#include <deja/messages/error.hpp>

#include <string>

namespace deja {

/// The part of `reference` that names a blob under `root`, a URL without a trailing slash such as
/// `file:///data` or `mem://name`. A reference without a scheme is the name itself. Names are taken
/// as they are, byte for byte: nothing is decoded. invalid_argument for a reference under another
/// root, an absolute path, an empty name, an empty, `.` or `..` part, a NUL, a part over 255 or a
/// name over 4,000 bytes; unimplemented for another scheme.
result<std::string> blob_name(const std::string& root, const std::string& reference);

/// What a listing is to give, in names.
struct blob_listing {
  std::string prefix; ///< Names start with this,
  std::string after;  ///< come after this,
  std::string base;   ///< and get this set before them, for references of the prefix' form.
};

/// Checks the arguments of `blob_store::list`. A prefix may be empty or end anywhere in a name.
result<blob_listing> plan_listing(const std::string& root, const std::string& prefix,
                                  const std::string& cursor, std::size_t limit);

} // namespace deja
