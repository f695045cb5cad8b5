#pragma once

#include <deja/app/run/file_digester.hpp>

#include <string>
#include <vector>

namespace deja::run {

enum class node_kind : char { file = 'f', folder = 'd', link = 'l' };

/// One file, folder or link of a tree.
struct tree_node {
  std::string path; ///< Relative to the tree's root; empty for the root itself.
  node_kind kind = node_kind::file;
  bool executable = false; ///< Of a file.
  std::string target;      ///< Of a link.
  digest content{};        ///< Of a file.
  std::uint64_t size = 0;  ///< Of a file, in bytes.
  file_stamp stamp{};      ///< Of a file that was read.
};

/// A file, or a folder with all that is in it, each folder before its contents, names in byte
/// order.
using tree = std::vector<tree_node>;

enum class root_link { follow, refuse };

/// Reads the tree at `path`, which must be a file or a folder, or with `root_link::follow` a link
/// to one. Errors: not_found (nothing there, or it vanished meanwhile), permission_denied,
/// invalid_argument (a device, socket or pipe; a link that leads out of the folder),
/// failed_precondition (it changes while it is read; a link that is refused).
result<tree> read_tree(const std::filesystem::path& path, root_link links, file_digester& digester);

/// One digest over all of the tree.
digest digest_of(const tree& nodes);

} // namespace deja::run
