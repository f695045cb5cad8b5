#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

// Where a task's data lie under its prefix in the data store: Flyte's file names and its rule for
// joining.

namespace deja {

/// `prefix` with a trailing slash, then the parts without slashes around them, joined by one slash.
/// Empty parts are left out. An empty prefix gives a name relative to the store's root.
std::string join_reference(std::string_view prefix, std::initializer_list<std::string_view> parts);

std::string inputs_path(std::string_view prefix);  ///< `inputs.pb`, a LiteralMap.
std::string outputs_path(std::string_view prefix); ///< `outputs.pb`, a LiteralMap.
std::string error_path(std::string_view prefix);   ///< `error.pb`, an ErrorDocument.
std::string deck_path(std::string_view prefix);    ///< `deck.html`.

} // namespace deja
