#include <deja/transport/blob/task_paths.hpp>

namespace deja {

std::string join_reference(std::string_view prefix, std::initializer_list<std::string_view> parts) {
  std::string joined{prefix};
  for (auto part : parts) {
    while (part.starts_with('/'))
      part.remove_prefix(1);
    while (part.ends_with('/'))
      part.remove_suffix(1);
    if (part.empty())
      continue;
    if (!joined.empty() && !joined.ends_with('/'))
      joined += '/';
    joined += part;
  }
  return joined;
}

std::string inputs_path(std::string_view prefix) {
  return join_reference(prefix, {"inputs.pb"});
}

std::string outputs_path(std::string_view prefix) {
  return join_reference(prefix, {"outputs.pb"});
}

std::string error_path(std::string_view prefix) {
  return join_reference(prefix, {"error.pb"});
}

std::string deck_path(std::string_view prefix) {
  return join_reference(prefix, {"deck.html"});
}

} // namespace deja
