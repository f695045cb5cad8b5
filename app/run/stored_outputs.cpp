#include <deja/app/run/file_error.hpp>
#include <deja/app/run/printable.hpp>
#include <deja/app/run/stored_outputs.hpp>

#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

namespace deja::run {

namespace {

constexpr auto console = "console";
constexpr auto kind = "kind";
constexpr auto size_field = "size";
constexpr auto executable = "executable";

std::string key_of(const std::string& output) {
  return "output:" + printable(output);
}

/// Equal maps give equal bytes, so that equal folders are one blob.
std::string deterministic(const core::LiteralMap& map) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream{&bytes};
    google::protobuf::io::CodedOutputStream coded{&stream};
    coded.SetSerializationDeterministic(true);
    map.SerializeToCodedStream(&coded);
  }
  return bytes;
}

result<std::string> bytes_of_file(const std::filesystem::path& path, std::uint64_t size) {
  const file_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!file)
    return file_error(errno, "open", path);
  std::string bytes(size + 1, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto got = ::pread(file.get(), bytes.data() + filled, bytes.size() - filled,
                             static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return file_error(errno, "read", path);
    if (got == 0)
      break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

core::Literal content_literal(const digest& name, std::uint64_t size) {
  core::Literal literal;
  literal.set_hash(to_hex(name));
  (*literal.mutable_metadata())[size_field] = std::to_string(size);
  return literal;
}

void refer_to(core::Literal& literal, const digest& name, core::BlobType::BlobDimensionality type) {
  auto& blob = *literal.mutable_scalar()->mutable_blob();
  blob.set_uri(content_uri(name));
  blob.mutable_metadata()->mutable_type()->set_dimensionality(type);
}

error damaged(const std::string& what) {
  return {errc::data_loss, "the entry is damaged: " + what};
}

std::string field(const core::Literal& literal, const char* name) {
  const auto found = literal.metadata().find(name);
  return found == literal.metadata().end() ? std::string{} : found->second;
}

result<stored_content> read_content(const core::Literal& literal) {
  stored_content content;
  const auto name = parse_digest(literal.hash());
  const auto size = field(literal, size_field);
  const auto [end, problem] = std::from_chars(size.data(), size.data() + size.size(), content.size);
  if (!name || problem != std::errc{} || end != size.data() + size.size())
    return damaged("a file without digest or size");
  content.name = *name;
  if (literal.scalar().has_binary()) {
    content.bytes = literal.scalar().binary().value();
    if (content.bytes->size() != content.size || sha256::of(*content.bytes) != content.name)
      return damaged("bytes that don't match their digest");
    return content;
  }
  const auto named = parse_content_uri(literal.scalar().blob().uri());
  if (!named || *named != content.name)
    return damaged("a blob that doesn't match its digest");
  return content;
}

result<stored_node> read_node(const core::Literal& literal, std::string path) {
  stored_node read;
  read.node.path = std::move(path);
  const auto type = field(literal, kind);
  if (type == "folder") {
    read.node.kind = node_kind::folder;
  } else if (type == "link") {
    read.node.kind = node_kind::link;
    auto target = original(literal.scalar().primitive().string_value());
    if (!target || target->empty() || target->find('\0') != std::string::npos)
      return damaged("a link without a target");
    read.node.target = std::move(*target);
  } else {
    auto content = read_content(literal);
    if (!content)
      return content.error();
    read.node.executable = field(literal, executable) == "true";
    read.node.content = content->name;
    read.node.size = content->size;
    read.content = std::move(*content);
  }
  return read;
}

bool is_plain(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos)
    return false;
  std::size_t begin = 0;
  for (;;) {
    const auto end = path.find('/', begin);
    const auto part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..")
      return false;
    if (end == std::string::npos)
      return true;
    begin = end + 1;
  }
}

result<stored_tree> read_folder(const core::LiteralMap& map) {
  // Sorted, so that each folder comes before its contents.
  std::map<std::string, const core::Literal*> sorted;
  for (const auto& [text, literal] : map.literals()) {
    auto path = text == "." ? std::string{} : original(text);
    if (!path || (text != "." && !is_plain(*path)))
      return damaged("\"" + text + "\" is no path in a folder");
    sorted.emplace(std::move(*path), &literal);
  }
  stored_tree nodes;
  for (const auto& [path, literal] : sorted) {
    auto node = read_node(*literal, path);
    if (!node)
      return node.error();
    if (!path.empty()) {
      const auto slash = path.rfind('/');
      const auto parent = sorted.find(slash == std::string::npos ? "" : path.substr(0, slash));
      if (parent == sorted.end() || field(*parent->second, kind) != "folder")
        return damaged("\"" + path + "\" does not lie in a folder");
    }
    nodes.push_back(std::move(*node));
  }
  if (nodes.empty() || nodes.front().node.kind != node_kind::folder)
    return damaged("a folder without itself");
  return nodes;
}

} // namespace

bool output_writer::fits(std::uint64_t size) {
  if (size > limits_.content || inlined_ + size > limits_.entry)
    return false;
  inlined_ += size;
  return true;
}

result<core::Literal> output_writer::store_file(const tree_node& node,
                                                const std::filesystem::path& place) {
  auto literal = content_literal(node.content, node.size);
  size_ += node.size;
  if (fits(node.size)) {
    auto bytes = bytes_of_file(place, node.size);
    if (!bytes)
      return bytes.error();
    if (sha256::of(*bytes) != node.content)
      return error{errc::failed_precondition,
                   "\"" + place.native() + "\" changed while it was being stored"};
    literal.mutable_scalar()->mutable_binary()->set_value(std::move(*bytes));
  } else {
    if (auto done = blobs_.put_file(node.content, place); !done)
      return done.error();
    refer_to(literal, node.content, core::BlobType::SINGLE);
  }
  return literal;
}

result<core::Literal> output_writer::store_node(const tree_node& node,
                                                const std::filesystem::path& place) {
  core::Literal literal;
  switch (node.kind) {
  case node_kind::folder:
    literal.mutable_scalar()->mutable_none_type();
    (*literal.mutable_metadata())[kind] = "folder";
    return literal;
  case node_kind::link:
    literal.mutable_scalar()->mutable_primitive()->set_string_value(printable(node.target));
    (*literal.mutable_metadata())[kind] = "link";
    return literal;
  case node_kind::file:
    break;
  }
  auto file = store_file(node, place);
  if (file && node.executable)
    (*file->mutable_metadata())[executable] = "true";
  return file;
}

result<core::Literal> output_writer::store_folder(const std::filesystem::path& place,
                                                  const tree& nodes) {
  core::LiteralMap map;
  for (const auto& node : nodes) {
    auto literal = store_node(node, node.path.empty() ? place : place / node.path);
    if (!literal)
      return literal;
    (*map.mutable_literals())[node.path.empty() ? "." : printable(node.path)] = std::move(*literal);
  }
  const auto whole = map.ByteSizeLong();
  core::Literal literal;
  if (whole <= limits_.entry && outputs_.ByteSizeLong() + whole <= 2 * limits_.entry) {
    *literal.mutable_map() = std::move(map);
    return literal;
  }
  const auto bytes = deterministic(map);
  const auto name = sha256::of(bytes);
  if (auto done = blobs_.put_bytes(name, bytes); !done)
    return done.error();
  literal = content_literal(name, bytes.size());
  refer_to(literal, name, core::BlobType::MULTIPART);
  return literal;
}

result<void> output_writer::add(const std::string& name, const std::filesystem::path& place,
                                const tree& nodes) {
  const bool folder = nodes.front().kind == node_kind::folder;
  auto literal = folder ? store_folder(place, nodes) : store_node(nodes.front(), place);
  if (!literal)
    return literal.error();
  (*outputs_.mutable_literals())[key_of(name)] = std::move(*literal);
  return {};
}

result<void> output_writer::add(recording& said) {
  if (!said.file())
    return {};
  const tree_node node{.path = {},
                       .kind = node_kind::file,
                       .target = {},
                       .content = said.finish(),
                       .size = said.size()};
  auto literal = store_file(node, said.file()->path());
  if (!literal)
    return literal.error();
  (*outputs_.mutable_literals())[console] = std::move(*literal);
  return {};
}

result<void> output_writer::add(const std::string& name, std::string_view bytes) {
  const auto content = sha256::of(bytes);
  auto literal = content_literal(content, bytes.size());
  if (fits(bytes.size())) {
    literal.mutable_scalar()->mutable_binary()->set_value(std::string{bytes});
  } else {
    if (auto done = blobs_.put_bytes(content, bytes); !done)
      return done;
    refer_to(literal, content, core::BlobType::SINGLE);
  }
  (*outputs_.mutable_literals())[name] = std::move(literal);
  return {};
}

result<stored_tree> read_output(const core::LiteralMap& outputs, const std::string& name,
                                content_store& blobs) {
  constexpr std::uint64_t largest_map = 1024 * 1024 * 1024;
  const auto found = outputs.literals().find(key_of(name));
  if (found == outputs.literals().end())
    return damaged("the output \"" + name + "\" is missing");
  const auto& literal = found->second;
  if (literal.has_map())
    return read_folder(literal.map());
  const auto& type = literal.scalar().blob().metadata().type();
  if (type.dimensionality() == core::BlobType::MULTIPART) {
    auto content = read_content(literal);
    if (!content)
      return content.error();
    auto bytes = blobs.fetch_bytes(content->name, largest_map);
    if (!bytes)
      return bytes.error();
    core::LiteralMap map;
    if (!map.ParseFromString(*bytes))
      return damaged("a folder's map can't be read");
    return read_folder(map);
  }
  auto node = read_node(literal, {});
  if (!node)
    return node.error();
  if (node->node.kind != node_kind::file)
    return damaged("the output \"" + name + "\" is neither file nor folder");
  return stored_tree{std::move(*node)};
}

result<std::string> read_text(const core::LiteralMap& outputs, const std::string& name,
                              content_store& blobs) {
  constexpr std::uint64_t largest_text = 64 * 1024 * 1024;
  const auto found = outputs.literals().find(name);
  if (found == outputs.literals().end())
    return damaged("\"" + name + "\" is missing");
  auto content = read_content(found->second);
  if (!content)
    return content.error();
  if (content->bytes)
    return std::move(*content->bytes);
  return blobs.fetch_bytes(content->name, largest_text);
}

result<temporary_file> fetch_recording(const stored_content& content, content_store& blobs) {
  if (!content.bytes) {
    const auto path = temporary_path();
    if (auto done = blobs.fetch_file(content.name, path); !done)
      return done.error();
    return temporary_file::adopt(path);
  }
  auto file = temporary_file::create();
  if (!file)
    return file;
  if (auto done = file->write(*content.bytes); !done)
    return done.error();
  return file;
}

result<std::optional<stored_content>> read_console(const core::LiteralMap& outputs) {
  const auto found = outputs.literals().find(console);
  if (found == outputs.literals().end())
    return std::optional<stored_content>{};
  auto content = read_content(found->second);
  if (!content)
    return content.error();
  return std::optional{std::move(*content)};
}

} // namespace deja::run
