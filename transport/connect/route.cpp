#include <deja/transport/connect/route.hpp>

namespace deja::http {

namespace {

bool has_path(const route& one, std::string_view path) {
  if (one.path.ends_with('*'))
    return path.starts_with(std::string_view{one.path}.substr(0, one.path.size() - 1));
  return path == one.path;
}

} // namespace

router::router(std::vector<route> routes) : routes_(std::move(routes)) {}

router::match router::find(std::string_view method, std::string_view path) const {
  match result;
  const auto allow = [&](std::string_view one) {
    if (result.allowed.find(one) != result.allowed.npos)
      return;
    if (!result.allowed.empty())
      result.allowed += ", ";
    result.allowed += one;
  };
  for (const auto& one : routes_) {
    if (!has_path(one, path))
      continue;
    if (one.method == method)
      return {&one, {}};
    const bool answers_head = one.method == "GET";
    if (answers_head && method == "HEAD")
      result.found = &one; // unless a route of its own follows
    allow(one.method);
    if (answers_head)
      allow("HEAD");
  }
  return result;
}

} // namespace deja::http
