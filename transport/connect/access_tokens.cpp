#include <deja/transport/connect/access_tokens.hpp>

#include <deja/transport/connect/request.hpp>

#include <openssl/crypto.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace deja::http {

access_tokens::access_tokens(const std::vector<std::string>& tokens) {
  for (const auto& token : tokens)
    digests_.push_back(sha256::of(token));
}

result<access_tokens> access_tokens::read(const std::filesystem::path& file) {
  const auto doing = "reading the access tokens in " + file.string();
  std::ifstream lines{file};
  if (!lines) {
    const int why = errno;
    return error{why == ENOENT ? errc::not_found : errc::permission_denied,
                 doing + ": " + std::strerror(why)};
  }
  std::vector<std::string> tokens;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r'))
      line.pop_back();
    if (line.empty() || line.front() == '#')
      continue;
    if (!std::ranges::all_of(line, [](char c) { return c > ' ' && c <= '~'; }))
      return error{errc::invalid_argument,
                   doing + ": a token has a character other than printable ASCII"};
    tokens.push_back(std::move(line));
  }
  if (lines.bad())
    return error{errc::unavailable, doing + ": it could not be read to its end"};
  if (tokens.empty())
    return error{errc::invalid_argument, doing + ": there is none, one a line is wanted"};
  return access_tokens{tokens};
}

bool access_tokens::allow(std::optional<std::string_view> authorization) const {
  constexpr std::string_view scheme = "Bearer ";
  if (!authorization || authorization->size() <= scheme.size() ||
      !same_token(authorization->substr(0, scheme.size()), scheme))
    return false;
  const auto given = sha256::of(authorization->substr(scheme.size()));
  bool allowed = false;
  for (const auto& known : digests_)
    allowed |= CRYPTO_memcmp(known.data(), given.data(), given.size()) == 0;
  return allowed;
}

} // namespace deja::http
