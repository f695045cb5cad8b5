#pragma once

#include <deja/app/run/dependencies.hpp>
#include <deja/app/run/file_digester.hpp>
#include <deja/messages/catalog.hpp>
#include <deja/transport/blob/content_store.hpp>

namespace deja::run {

/// Where the inputs that only the tool knows are told, and what their names mean.
struct depfile_config {
  std::filesystem::path depfile;               ///< Absolute.
  std::filesystem::path working_folder;        ///< Absolute, without links.
  std::optional<std::filesystem::path> root{}; ///< `--root`, likewise, above the working folder.
  std::vector<std::filesystem::path> made{}; ///< Places of the outputs: the command made what lies
                                             ///< there itself, so it is no input.
};

/// The inputs that only the tool knows and tells in a depfile (`--depfile`). An entry holds a list
/// of them, with their digests, for each state that they were seen in (remembered_states.hpp). With
/// `--root` a file below it is known by its path from the working folder.
class discovered_inputs {
public:
  discovered_inputs(depfile_config config, file_digester& digester);

  /// The files that a command read which began at `began` (of `kernel_time`), as they are now.
  /// Errors: not_found and invalid_argument (the depfile or a file in it is missing, is no file or
  /// can't be parsed), resource_exhausted (it is too large), failed_precondition (a file was
  /// changed since the command began).
  result<dependency_list> read(wall_time began) const;

  /// The entry's newest state whose files are all as they are now, and not stored longer than
  /// `max_age` before `now` (zero: any age). not_found says in what the nearest one differs.
  result<const core::Literal*> find(const core::LiteralMap& entry, duration max_age, wall_time now,
                                    content_store& blobs) const;

  /// The largest depfile, in bytes, and the most files in one.
  static constexpr std::uint64_t largest_depfile = 16 * 1024 * 1024;
  static constexpr std::size_t most_files = 100'000;

private:
  result<std::vector<std::string>> read_depfile() const;
  bool is_made(const std::filesystem::path& place) const;
  std::string known_as(const std::string& name) const;

  depfile_config config_;
  file_digester& digester_;
};

} // namespace deja::run
