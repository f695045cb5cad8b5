#include <deja/transport/connect/service_url.hpp>

#include <charconv>
#include <string_view>

namespace deja {

namespace {

bool is_host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view{"-._:%"}.find(c) != std::string_view::npos;
}

} // namespace

result<service_url> parse_service_url(const std::string& text) {
  const auto wrong = [&](std::string_view why) {
    return error{errc::invalid_argument,
                 "service URL \"" + text + "\": " + std::string{why} +
                     "; wanted is http://host:port, https://host:port or unix:/path/of/socket"};
  };
  service_url url;
  std::string_view rest = text;
  if (rest.starts_with("unix:")) {
    url.scheme = service_url::kind::unix_socket;
    url.path = rest.substr(5);
    if (url.path.starts_with("//"))
      url.path.erase(0, 2);
    if (!url.path.starts_with('/') || url.path.ends_with('/') ||
        url.path.find('\0') != url.path.npos)
      return wrong("the socket's path must be absolute");
    return url;
  }
  if (rest.starts_with("https://")) {
    url.scheme = service_url::kind::https;
    url.port = 443;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    url.port = 80;
    rest.remove_prefix(7);
  } else {
    return wrong("its scheme is not known");
  }
  if (rest.ends_with('/'))
    rest.remove_suffix(1);
  const bool bracketed = rest.starts_with('[');
  const auto host_end = bracketed ? rest.find(']') : rest.find(':');
  if (bracketed && host_end == rest.npos)
    return wrong("a bracket is not closed");
  url.host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
  rest.remove_prefix(bracketed ? host_end + 1 : url.host.size());
  if (url.host.empty())
    return wrong("it names no host");
  for (const char c : url.host)
    if (!is_host_character(c))
      return wrong("its host is none, or a path follows");
  if (rest.empty())
    return url;
  const auto* end = rest.data() + rest.size();
  const auto [stop, problem] = std::from_chars(rest.data() + 1, end, url.port);
  if (rest.front() != ':' || problem != std::errc{} || stop != end || url.port == 0)
    return wrong("its port is none from 1 to 65535, or a path follows");
  return url;
}

} // namespace deja
