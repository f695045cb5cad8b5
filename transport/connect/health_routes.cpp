#include <deja/transport/connect/health_routes.hpp>

namespace deja::http {

namespace {

response fine() {
  response answer;
  answer.content_type = text_type;
  answer.body = "ok\n";
  return answer;
}

} // namespace

std::vector<route> health_routes(std::function<result<void>()> ready) {
  const auto health = [](const request&, const responder& respond) {
    respond(fine());
  };
  const auto readiness = [ready = std::move(ready)](const request&, const responder& respond) {
    const auto state = ready();
    respond(state ? fine() : error_response(state.error(), status_of(errc::unavailable)));
  };
  return {{"GET", "/healthz", health, true}, {"GET", "/readyz", readiness, true}};
}

} // namespace deja::http
