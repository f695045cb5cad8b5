#pragma once

#include <deja/messages/catalog.hpp>

// What an entry says of where it came from: Flyte's metadata, its key map and its catalog metadata.

namespace deja {

/// The metadata of an entry that is put under `key` at `now`: its source identifier, the source
/// execution in the key map under Flyte's names, and when it was created.
cacheservice::Metadata entry_metadata(const catalog_key& key, const source_execution& source,
                                      wall_time now);

/// The catalog metadata of a hit, with the task execution that the key map names. What it does not
/// name is `unknown` (version, execution, node), attempt 0, or the source identifier's own.
core::CatalogMetadata hit_metadata(const cacheservice::Metadata& stored);

} // namespace deja
