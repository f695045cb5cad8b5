#pragma once

#include <deja/app/run/environment.hpp>
#include <deja/app/run/options.hpp>
#include <deja/app/run/printable.hpp>
#include <deja/app/run/tree.hpp>
#include <deja/messages/catalog.hpp>

#include <filesystem>

namespace deja::run {

/// Changed with every change of the rules by which a command's key is made, so that entries made by
/// other rules are never met.
constexpr std::string_view key_schema = "deja-run-1";

/// What a command finds around it, beside its options.
struct circumstances {
  std::filesystem::path working_folder; ///< Absolute, without links.
  variables environment;                ///< All of it.
  std::string platform;
  std::optional<digest> standard_input; ///< Of what it will read, where it reads any.
};

enum class part_type { text, file, folder };

/// The folder that `--root` names, without links; nothing where it names none. invalid_argument
/// where the working folder is not below it.
result<std::optional<std::filesystem::path>> root_of(const options& asked,
                                                     const circumstances& around);

/// One part of a command's key, as `command`, `tool`, `env:PATH` or `input:data.csv`.
struct key_part {
  std::string name; ///< Printable ASCII.
  digest value{};
  part_type type = part_type::text;
  /// Of the files it was read from. Not in the key: they tell of a file that was changed meanwhile
  /// and changed back.
  std::vector<file_stamp> stamps{};

  bool operator==(const key_part&) const = default;
};

/// All that a remembered command is known by.
struct fingerprint {
  std::string name;            ///< The entry's.
  std::string cache_version;   ///< The schema tag, and the user's.
  std::vector<key_part> parts; ///< Sorted by name, no two alike.
  std::vector<std::string> outputs;

  bool operator==(const fingerprint&) const = default;
};

/// Takes it, reading the inputs and the executable's files (see tool.hpp). Errors are those of
/// `read_tree`, and invalid_argument where the working folder is not below `--root`.
result<fingerprint> take_fingerprint(const options& asked, const circumstances& around,
                                     const std::vector<std::filesystem::path>& tool_files,
                                     file_digester& digester);

/// The names of the parts in which two fingerprints of one command differ, be it only in the stamps
/// of their files.
std::vector<std::string> differences(const fingerprint& before, const fingerprint& after);

/// The catalog's terms for it: a task in project `deja`, domain `run`, with one input for each
/// part, given by its digest alone.
catalog_key to_catalog_key(const fingerprint& command);

/// One line a part, `<hex> <name>`, for people and for later comparison.
std::string parts_text(const fingerprint& command);

} // namespace deja::run
