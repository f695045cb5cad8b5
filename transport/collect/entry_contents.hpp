#pragma once

#include <deja/messages/sha256.hpp>

#include <string_view>
#include <vector>

namespace deja {

/// The contents that these bytes name: every `cas://sha256/<hex>` anywhere in them. In a protobuf
/// message that is wherever a text can stand, known field or not; a name too many does no harm.
std::vector<digest> contents_named_in(std::string_view bytes);

/// Those of a CachedOutput's contents that hold lists of further ones: its MULTIPART blobs, however
/// deep in its literals. None where the bytes are no CachedOutput: nobody can read them either.
std::vector<digest> content_lists_in(const std::string& output);

} // namespace deja
