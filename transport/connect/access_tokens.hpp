#pragma once

#include <deja/messages/sha256.hpp>

#include <filesystem>
#include <optional>
#include <vector>

namespace deja::http {

/// The access tokens that a server takes. Only their digests are kept. Immutable.
class access_tokens {
public:
  explicit access_tokens(const std::vector<std::string>& tokens);

  /// One token a line; empty lines and those that begin with `#` are none. Errors: not_found,
  /// permission_denied, invalid_argument (no token, or one that no header can carry).
  static result<access_tokens> read(const std::filesystem::path& file);

  /// Whether this Authorization field has one of them. Takes the same time for each wrong token.
  bool allow(std::optional<std::string_view> authorization) const;

private:
  std::vector<digest> digests_;
};

} // namespace deja::http
