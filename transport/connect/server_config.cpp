#include <deja/transport/connect/server_config.hpp>

#include <charconv>

namespace deja::http {

namespace {

error wrong(std::string_view field, std::uint64_t value, std::string_view allowed) {
  return {errc::invalid_argument, "server: " + std::string{field} + " is " + std::to_string(value) +
                                      ", it may be " + std::string{allowed}};
}

} // namespace

result<void> server_config::validate() const {
  if (host.empty())
    return error{errc::invalid_argument, "server: host is empty, an address or a name is wanted"};
  if (threads > 1024)
    return wrong("threads", threads, "0 (one a core) to 1024");
  if (backlog < 1)
    return error{errc::invalid_argument,
                 "server: backlog is " + std::to_string(backlog) + ", it may be 1 or more"};
  if (max_connections < 1)
    return wrong("max_connections", max_connections, "1 or more");
  if (max_header_bytes < 512 || max_header_bytes > (std::size_t{1} << 20))
    return wrong("max_header_bytes", max_header_bytes, "512 to 1048576");
  if (max_body_bytes < 1 || max_body_bytes > (std::size_t{1} << 30))
    return wrong("max_body_bytes", max_body_bytes, "1 to 1073741824");
  if (min_stream_rate < 1)
    return wrong("min_stream_rate", min_stream_rate, "1 or more");

  struct timeout {
    std::string_view name;
    duration value;
  };

  for (const auto& one :
       {timeout{"idle_timeout", idle_timeout}, timeout{"receive_timeout", receive_timeout},
        timeout{"answer_timeout", answer_timeout}, timeout{"write_timeout", write_timeout},
        timeout{"stream_grace", stream_grace}, timeout{"linger_timeout", linger_timeout},
        timeout{"drain_timeout", drain_timeout}})
    if (one.value < std::chrono::milliseconds{1} || one.value > std::chrono::hours{24})
      return error{errc::invalid_argument, "server: " + std::string{one.name} + " is " +
                                               std::to_string(one.value.count()) +
                                               " ns, it may be 1 ms to 24 h"};
  return {};
}

result<void> set_listen_address(server_config& config, const std::string& text) {
  const auto colon = text.rfind(':');
  auto host = text.substr(0, colon == text.npos ? 0 : colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != host.npos)
    host.clear(); // an IPv6 address without brackets: where it ends would be a guess
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const char* const digits = colon == text.npos ? end : text.data() + colon + 1;
  const auto [rest, problem] = std::from_chars(digits, end, port);
  if (host.empty() || problem != std::errc{} || rest != end)
    return error{errc::invalid_argument,
                 "\"" + text +
                     "\" is no address to listen on: HOST:PORT is wanted, as in "
                     "127.0.0.1:8094 or [::1]:0"};
  config.host = std::move(host);
  config.port = port;
  return {};
}

} // namespace deja::http
