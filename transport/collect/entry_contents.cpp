#include <deja/transport/collect/entry_contents.hpp>

#include <deja/messages/catalog.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/blob/content_store.hpp>

namespace deja {

namespace {

void gather(const core::Literal& literal, std::vector<digest>& lists);

void gather(const core::Scalar& scalar, std::vector<digest>& lists) {
  if (scalar.has_union_())
    gather(scalar.union_().value(), lists);
  const auto& blob = scalar.blob();
  if (blob.metadata().type().dimensionality() != core::BlobType::MULTIPART)
    return;
  if (const auto name = parse_content_uri(blob.uri()))
    lists.push_back(*name);
}

// No deeper than protobuf parses.
void gather(const core::Literal& literal, std::vector<digest>& lists) {
  if (literal.has_scalar())
    gather(literal.scalar(), lists);
  for (const auto& one : literal.collection().literals())
    gather(one, lists);
  for (const auto& [name, one] : literal.map().literals())
    gather(one, lists);
}

} // namespace

std::vector<digest> contents_named_in(std::string_view bytes) {
  constexpr std::string_view start = "cas://sha256/";
  constexpr std::size_t whole = start.size() + 2 * std::tuple_size_v<digest>;
  std::vector<digest> names;
  for (auto at = bytes.find(start); at != bytes.npos; at = bytes.find(start, at + start.size()))
    if (const auto name = parse_content_uri(bytes.substr(at, whole)))
      names.push_back(*name);
  return names;
}

std::vector<digest> content_lists_in(const std::string& output) {
  std::vector<digest> lists;
  if (const auto read = parse_message<cacheservice::CachedOutput>(output))
    for (const auto& [name, literal] : read->output_literals().literals())
      gather(literal, lists);
  return lists;
}

} // namespace deja
