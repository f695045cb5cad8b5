#include <deja/app/enumerate.hpp>
#include <deja/app/run/verification.hpp>

namespace deja::run {

namespace {

bool same(const tree_node& one, const tree_node& other) {
  return one.kind == other.kind && one.executable == other.executable &&
         one.target == other.target && one.content == other.content;
}

/// The paths of an output's files, folders and links in which two trees differ.
std::vector<std::string> differing_paths(const stored_tree& before, const tree& now) {
  std::map<std::string, const tree_node*> left;
  for (const auto& [node, content] : before)
    left.emplace(node.path, &node);
  std::vector<std::string> paths;
  for (const auto& node : now) {
    const auto found = left.find(node.path);
    if (found == left.end() || !same(*found->second, node))
      paths.push_back('"' + node.path + '"');
    if (found != left.end())
      left.erase(found);
  }
  for (const auto& [path, node] : left)
    paths.push_back('"' + path + '"');
  return paths;
}

result<void> compare_output(const core::LiteralMap& remembered, const std::string& name,
                            const std::filesystem::path& place, content_store& blobs,
                            std::vector<std::string>& told) {
  digest_memory nothing_known;
  file_digester digester{nothing_known};
  const auto before = read_output(remembered, name, blobs);
  if (!before)
    return before.error();
  const auto shown = "the output \"" + name + "\"";
  const auto now = read_tree(place, root_link::refuse, digester);
  if (!now && now.error().code == errc::not_found) {
    told.push_back(shown + " was not made");
    return {};
  }
  if (!now)
    return now.error();
  const auto paths = differing_paths(*before, *now);
  const bool folders =
      before->front().node.kind == node_kind::folder && now->front().kind == node_kind::folder;
  if (!paths.empty())
    told.push_back(shown + " differs" + (folders ? ", in " + app::enumerate(paths) : ""));
  return {};
}

result<stream_digests> said_before(const core::LiteralMap& remembered, content_store& blobs) {
  const auto content = read_console(remembered);
  if (!content)
    return content.error();
  if (!*content)
    return stream_digests{};
  const auto file = fetch_recording(**content, blobs);
  if (!file)
    return file.error();
  return digest_streams(file->get());
}

} // namespace

result<std::vector<std::string>> differences(const core::LiteralMap& remembered,
                                             const std::vector<std::string>& names,
                                             const command_plan& plan, const recording& said,
                                             content_store& blobs) {
  std::vector<std::string> told;
  for (std::size_t at = 0; at < names.size(); ++at)
    if (auto done = compare_output(remembered, names[at], plan.places[at], blobs, told); !done)
      return within("output \"" + names[at] + "\"", done.error());
  const auto before = said_before(remembered, blobs);
  if (!before)
    return before.error();
  const auto now = said.file() ? digest_streams(said.file()->get()) : stream_digests{};
  if (!now)
    return now.error();
  if (before->output != now->output)
    told.emplace_back("standard output differs");
  if (before->errors != now->errors)
    told.emplace_back("standard error differs");
  return told;
}

} // namespace deja::run
