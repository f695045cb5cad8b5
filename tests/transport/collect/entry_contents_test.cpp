#include "collect_fixture.hpp"

#include <deja/transport/collect/entry_contents.hpp>

namespace {

using namespace deja;
using namespace deja::testing;

const auto name = sha256::of("some content");

bool names_it(const cacheservice::CachedOutput& output) {
  return contents_named_in(output.SerializeAsString()) == std::vector{name};
}

/// An output with one literal, and this literal.
struct with_literal {
  cacheservice::CachedOutput output;
  core::Literal& literal = (*output.mutable_output_literals()->mutable_literals())["o"];
};

BOOST_AUTO_TEST_SUITE(contents_of_an_entry)

BOOST_AUTO_TEST_CASE(are_found_wherever_a_text_can_stand) {
  const auto uri = content_uri(name);
  cacheservice::CachedOutput by_uri, in_key_map;
  by_uri.set_output_uri(uri);
  BOOST_TEST(names_it(by_uri));
  (*in_key_map.mutable_metadata()->mutable_key_map()->mutable_values())["deja-parts"] = uri;
  BOOST_TEST(names_it(in_key_map));

  with_literal blob, in_union, in_collection, in_map, offloaded, text, schema, dataset, metadata;
  blob.literal.mutable_scalar()->mutable_blob()->set_uri(uri);
  in_union.literal.mutable_scalar()
      ->mutable_union_()
      ->mutable_value()
      ->mutable_scalar()
      ->mutable_blob()
      ->set_uri(uri);
  in_collection.literal.mutable_collection()
      ->add_literals()
      ->mutable_scalar()
      ->mutable_blob()
      ->set_uri(uri);
  (*in_map.literal.mutable_map()->mutable_literals())["deep"]
      .mutable_collection()
      ->add_literals()
      ->mutable_scalar()
      ->mutable_blob()
      ->set_uri(uri);
  offloaded.literal.mutable_offloaded_metadata()->set_uri(uri);
  text.literal.mutable_scalar()->mutable_primitive()->set_string_value("see " + uri + " there");
  schema.literal.mutable_scalar()->mutable_schema()->set_uri(uri);
  dataset.literal.mutable_scalar()->mutable_structured_dataset()->set_uri(uri);
  (*metadata.literal.mutable_metadata())["where"] = uri;
  for (const auto* one :
       {&blob, &in_union, &in_collection, &in_map, &offloaded, &text, &schema, &dataset, &metadata})
    BOOST_TEST(names_it(one->output), one->output.ShortDebugString());
}

BOOST_AUTO_TEST_CASE(are_whole_names_only) {
  const auto uri = content_uri(name);
  BOOST_TEST(contents_named_in(uri + uri).size() == 2U);
  for (const auto& text :
       {std::string{}, uri.substr(0, uri.size() - 1), "cas://sha256/cas://sha256/" + to_hex(name),
        "cas://sha256/" + std::string(64, 'G'), std::string{"cas://sha256/"}})
    BOOST_TEST(contents_named_in(text).size() == (text.ends_with(to_hex(name)) ? 1U : 0U), text);
}

BOOST_AUTO_TEST_CASE(are_lists_where_a_blob_says_so) {
  BOOST_TEST(content_lists_in(output_of(name).SerializeAsString()).empty());
  const auto list = output_of(name, core::BlobType::MULTIPART);
  BOOST_TEST((content_lists_in(list.SerializeAsString()) == std::vector{name}));
  with_literal deep;
  *(*deep.literal.mutable_map()->mutable_literals())["state"]
       .mutable_collection()
       ->add_literals()
       ->mutable_scalar()
       ->mutable_union_()
       ->mutable_value() = list.output_literals().literals().at("o");
  BOOST_TEST((content_lists_in(deep.output.SerializeAsString()) == std::vector{name}));
  BOOST_TEST(content_lists_in("no message").empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
