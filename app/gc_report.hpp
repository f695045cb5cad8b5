#pragma once

#include <deja/transport/collect/collection.hpp>

namespace deja::app {

/// What a collection did, or would do, for people.
std::string to_text(const collection_report& report, bool dry_run);

/// The same as a JSON object.
std::string to_json(const collection_report& report, bool dry_run);

} // namespace deja::app
