#include "../support/fake_store.hpp"
#include "../support/results.hpp"
#include "../support/tasks.hpp"
#include "../support/virtual_time.hpp"

#include <deja/actors/download.hpp>
#include <deja/actors/upload.hpp>
#include <deja/messages/key.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;
using testing::code_of;
using testing::some_key;
using testing::some_literals;

std::string key_of(std::int64_t input) {
  return make_key(some_key(input)).value();
}

/// Both workers, at a fake service and a fake store.
struct workers : testing::virtual_time {
  ~workers() {
    caf::anon_send_exit(download, caf::exit_reason::kill);
    caf::anon_send_exit(upload, caf::exit_reason::kill);
    caf::anon_send_exit(connection, caf::exit_reason::kill);
    caf::anon_send_exit(storage, caf::exit_reason::kill);
  }

  void serve(std::int64_t input, std::int64_t output) {
    cacheservice::CachedOutput found;
    *found.mutable_output_literals() = some_literals(output);
    serve(input, std::move(found));
  }

  void serve(std::int64_t input, cacheservice::CachedOutput found) {
    *found.mutable_metadata()->mutable_source_identifier() = *some_key().identifier;
    service.entries.insert(
        {key_of(input), found_output{shared<cacheservice::CachedOutput>{std::move(found)}, {}}});
  }

  auto get(std::vector<download_request> items) {
    return *ask<many<result<download_outcome>>>(download, download_atom_v, call_context{},
                                                many<download_request>{std::move(items)})
                .value();
  }

  auto put(std::vector<catalog_put> items) {
    return *ask<many<result<put_status>>>(upload, upload_atom_v, call_context{},
                                          many<catalog_put>{std::move(items)})
                .value();
  }

  testing::fake_service service;
  testing::fake_store store;
  connection_actor connection = testing::connect(system, service);
  storage_actor storage = testing::store_in(system, store);
  download_actor download = spawn_download(system, connection, storage);
  upload_actor upload = spawn_upload(system, connection, storage);
};

download_request item(std::int64_t input, std::optional<std::string> target = {}) {
  download_request one{some_key(input), {}};
  if (target)
    one.target = outputs_under{*target};
  return one;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(download_and_upload, workers)

BOOST_AUTO_TEST_CASE(a_hit_comes_with_its_outputs_where_no_target_is_given) {
  serve(1, 42);
  const auto done = get({item(1)});
  BOOST_TEST(done[0]->cached);
  BOOST_TEST(done[0]->outputs->literals().at("x").scalar().primitive().integer() == 42);
  BOOST_TEST(store.calls.empty());
}

BOOST_AUTO_TEST_CASE(a_hit_is_written_to_its_target) {
  serve(1, 42);
  const auto done = get({item(1, "mem://run/1")});
  BOOST_TEST(done[0]->cached);
  BOOST_TEST(store.calls == (std::vector<std::string>{"write mem://run/1/outputs.pb"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_miss_is_no_failure) {
  const auto done = get({item(1, "mem://run/1")});
  BOOST_TEST(!done[0]->cached);
  BOOST_TEST(store.calls.empty());
}

BOOST_AUTO_TEST_CASE(one_bad_item_harms_no_other) {
  serve(1, 42);
  serve(2, 43);
  cacheservice::CachedOutput gone;
  gone.set_output_uri("s3://gone/outputs.pb");
  serve(3, gone);
  store.unwritable.insert({"mem://full/outputs.pb", {errc::resource_exhausted, "disk full"}});
  auto keyless = item(1);
  keyless.key = {};
  const auto done = get({item(1, "mem://a"), item(2, "mem://full"), item(3, "mem://c"), keyless,
                         item(4, "mem://d"), item(2, "mem://e")});
  BOOST_TEST(code_of(done[0]) == errc::ok);
  BOOST_TEST(code_of(done[1]) == errc::resource_exhausted);
  BOOST_TEST(done[1].error().message.find("disk full") != std::string::npos);
  BOOST_TEST(code_of(done[3]) == errc::invalid_argument);
  BOOST_TEST((code_of(done[4]) == errc::ok && !done[4]->cached));
  BOOST_TEST((code_of(done[5]) == errc::ok && done[5]->cached));
}

BOOST_AUTO_TEST_CASE(an_entry_whose_outputs_are_gone_is_no_hit) {
  cacheservice::CachedOutput gone;
  gone.set_output_uri("s3://gone/outputs.pb");
  serve(3, gone);
  const auto done = get({item(3, "mem://c")});
  BOOST_TEST((!done[0] || !done[0]->cached));
}

BOOST_AUTO_TEST_CASE(uploads_put_each_item) {
  store.blobs.insert({"s3://out/outputs.pb", shared<core::LiteralMap>{some_literals(2)}});
  const auto done = put({{some_key(1), shared<core::LiteralMap>{some_literals(1)}, {}},
                         {some_key(2), outputs_under{"s3://out"}, {}},
                         {some_key(3), outputs_under{"s3://nowhere"}, {}}});
  BOOST_TEST(code_of(done[0]) == errc::ok);
  BOOST_TEST(code_of(done[1]) == errc::ok);
  BOOST_TEST(code_of(done[2]) == errc::not_found);
  BOOST_TEST(service.puts.size() == 2);
}

BOOST_AUTO_TEST_CASE(an_entry_that_is_there_already_is_no_failure) {
  service.put = put_status::already_other;
  const auto done = put({{some_key(1), shared<core::LiteralMap>{some_literals(1)}, {}}});
  BOOST_TEST((done[0].value() == put_status::already_other));
}

BOOST_AUTO_TEST_SUITE_END()
