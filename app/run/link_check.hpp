#pragma once

#include <string>
#include <string_view>

namespace deja::run {

/// Whether the link at `path` (relative to the open folder `top`, its parents no links) with this
/// target leads out of the folder: an absolute target, or a `..` past the top, also through further
/// links. A link that leads nowhere within the folder, or in a circle, does not lead out.
bool leads_out(int top, std::string_view path, std::string_view target);

} // namespace deja::run
