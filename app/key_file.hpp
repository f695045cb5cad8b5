#pragma once

#include <deja/messages/catalog.hpp>

#include <filesystem>

namespace deja::app {

/// Reads what a task file asks a key for: a JSON object with Flyte's messages `identifier`,
/// `interface` and `inputs` in proto3 JSON, `cache_version` and `cache_ignore_input_vars` (an array
/// of names). Null stands for an absent member.
///
///     {"identifier": {"resourceType": "TASK", "project": "p", "domain": "d", "name": "train"},
///      "interface": {"inputs": {"variables": [{"key": "x", "value": {"type": {"simple":
///      "INTEGER"}}}]}}, "inputs": {"literals": {"x": {"scalar": {"primitive": {"integer":
///      "1"}}}}}, "cache_version": "1.0"}
///
/// Errors: invalid_argument that names the place, for all that is not JSON by the letter (see
/// `split_json_object`), not of these messages, or has other members.
result<catalog_key> parse_key_file(std::string_view text);

/// The same of a file, whose name the error has too. resource_exhausted over 64 MiB.
result<catalog_key> read_key_file(const std::filesystem::path& file);

} // namespace deja::app
