#include <deja/app/command_line.hpp>
#include <deja/app/commands.hpp>
#include <deja/transport/connect/connect_error.hpp>
#include <deja/transport/connect/http_client.hpp>

#include <iostream>

namespace deja::app {

namespace {

result<void> check(const std::string& url, duration timeout) {
  const auto where = parse_service_url(url);
  if (!where)
    return where.error();
  http_request request;
  request.method = "GET";
  request.path = "/readyz";
  request.timeout = timeout;
  const auto answer = http_client{*where, url}.send(request);
  if (!answer)
    return within("the service at " + url, answer.error());
  if (answer->status == 200)
    return {};
  return within("the service at " + url + " is not ready",
                connect_error(answer->status, answer->body));
}

} // namespace

int healthcheck_command(int argc, char** argv) {
  std::string server, timeout = "5s";
  CLI::App app{"Asks a service whether it can serve: 0 yes, 1 no", "deja healthcheck"};
  app.add_option("--server", server,
                 "URL of the service [DEJA_SERVER; default: http://127.0.0.1:8094]");
  app.add_option("--timeout", timeout, "give up after this")->capture_default_str();
  if (auto status = parse(app, argc, argv))
    return *status;
  stand_in(server, "DEJA_SERVER");
  if (server.empty())
    server = "http://127.0.0.1:8094";
  const auto patience = parse_duration(timeout);
  if (!patience)
    return fail(within("--timeout", patience.error()), 2);
  if (auto healthy = check(server, *patience); !healthy)
    return fail(healthy.error(), healthy.error().code == errc::invalid_argument ? 2 : 1);
  std::cout << "ok\n";
  return 0;
}

} // namespace deja::app
