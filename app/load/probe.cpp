#include <deja/app/load/probe.hpp>

#include <deja/transport/connect/connect_error.hpp>
#include <deja/transport/connect/http_client.hpp>

namespace deja::app::load {

namespace {

constexpr std::string_view no_such_key = R"({"baseRequest":{"key":"deja load: is it there?"},)"
                                         R"("identifier":{"project":"deja","domain":"load"}})";

http_request request_of(std::string_view path, std::string_view body, const settings& how) {
  http_request request;
  request.method = "POST";
  request.path = path;
  request.body = body;
  request.headers = {{"Content-Type", "application/json"}, {"Connect-Protocol-Version", "1"}};
  if (!how.access_token.empty())
    request.headers.emplace_back("Authorization", "Bearer " + how.access_token);
  return request;
}

} // namespace

result<service_facts> probe(const settings& how) {
  http_client client{how.url, how.target};
  const auto told = client.send(request_of(path_of(method::get), no_such_key, how));
  if (!told)
    return told.error();
  const auto code = told->status == 200 ? errc::ok : connect_error(told->status, told->body).code;
  const bool is_connect = told->content_type.starts_with("application/json");
  if (code == errc::unauthenticated || code == errc::permission_denied)
    return error{code, "the service at " + how.target +
                           (how.access_token.empty()
                                ? " wants an access token: name its file with --token-file"
                                : " does not take the access token that --token-file names")};
  if (!is_connect || code != errc::not_found)
    return error{code == errc::ok ? errc::internal : code,
                 "what is at " + how.target +
                     " is no cache service: asked for a key that isn't there, it answered with "
                     "HTTP status " +
                     std::to_string(told->status) + " and content type \"" + told->content_type +
                     '"'};
  service_facts facts;
  const auto more = client.send(request_of("/deja.v1.CacheService/Exists", "{}", how));
  facts.has_extension =
      more && more->status == 200 && more->content_type.starts_with("application/json");
  return facts;
}

} // namespace deja::app::load
