#include "../../support/results.hpp"

#include <deja/transport/blob/task_data.hpp>
#include <deja/transport/blob/task_paths.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using deja::testing::code_of;

core::LiteralMap literals(const std::string& text) {
  core::LiteralMap map;
  (*map.mutable_literals())["o0"].mutable_scalar()->mutable_primitive()->set_string_value(text);
  return map;
}

struct fixture {
  std::shared_ptr<blob_store> store = open_blob_store("mem://store").value();
  std::string prefix = "mem://store/execution/node";
};

BOOST_AUTO_TEST_SUITE(a_task_path)

BOOST_AUTO_TEST_CASE(is_joined_by_single_slashes) {
  BOOST_TEST(inputs_path("s3://b/p") == "s3://b/p/inputs.pb");
  BOOST_TEST(outputs_path("s3://b/p/") == "s3://b/p/outputs.pb");
  BOOST_TEST(error_path("p") == "p/error.pb");
  BOOST_TEST(deck_path("") == "deck.html");
  BOOST_TEST(join_reference("a", {"/b/", "", "//c//d"}) == "a/b/c//d");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(task_data, fixture)

BOOST_AUTO_TEST_CASE(are_read_as_they_were_written) {
  BOOST_TEST(code_of(write_literals(*store, prefix + "/inputs.pb", literals("x"))) == errc::ok);
  const auto read = read_inputs(*store, prefix).value();
  BOOST_TEST(read.literals().at("o0").scalar().primitive().string_value() == "x");
}

BOOST_AUTO_TEST_CASE(that_are_not_there_or_no_message_are_told_apart) {
  BOOST_TEST(code_of(read_inputs(*store, prefix)) == errc::not_found);
  BOOST_TEST(code_of(store->write(inputs_path(prefix), "\xff no protobuf")) == errc::ok);
  BOOST_TEST(code_of(read_inputs(*store, prefix)) == errc::data_loss);
}

BOOST_AUTO_TEST_CASE(have_a_size_limit) {
  BOOST_TEST(code_of(write_outcome(*store, prefix, literals(std::string(100, 'x')))) == errc::ok);
  BOOST_TEST(code_of(read_outputs(*store, prefix, 50)) == errc::resource_exhausted);
  BOOST_TEST(code_of(outputs_exist(*store, prefix, 50)) == errc::resource_exhausted);
  BOOST_TEST(outputs_exist(*store, prefix).value());
}

BOOST_AUTO_TEST_CASE(may_be_outputs) {
  BOOST_TEST(!outputs_exist(*store, prefix).value());
  BOOST_TEST(code_of(write_outcome(*store, prefix, literals("x"))) == errc::ok);
  BOOST_TEST(outputs_exist(*store, prefix).value());
  BOOST_TEST(!has_failed(*store, prefix).value());
  BOOST_TEST(std::get<core::LiteralMap>(read_outputs(*store, prefix).value()).literals().size() ==
             1U);
}

BOOST_AUTO_TEST_CASE(may_be_a_failure) {
  task_failure failure;
  failure.why.set_code("OOMKilled");
  failure.why.set_message("out of memory");
  failure.why.set_kind(core::ExecutionError::USER);
  failure.recoverable = true;
  BOOST_TEST(code_of(write_outcome(*store, prefix, failure)) == errc::ok);
  BOOST_TEST(has_failed(*store, prefix).value());
  BOOST_TEST(!outputs_exist(*store, prefix).value());
  const auto read = read_failure(*store, prefix).value();
  BOOST_TEST(read.recoverable);
  BOOST_TEST(read.why.code() == "OOMKilled");
  BOOST_TEST(read.why.message() == "out of memory");
  BOOST_TEST(read.why.kind() == core::ExecutionError::USER);
}

BOOST_AUTO_TEST_CASE(without_literals_are_a_recoverable_failure) {
  BOOST_TEST(code_of(store->write(outputs_path(prefix), "")) == errc::ok);
  const auto outcome = read_outputs(*store, prefix).value();
  BOOST_TEST(std::get<task_failure>(outcome).recoverable);
  BOOST_TEST(std::get<task_failure>(outcome).why.code() == "No outputs produced");
}

BOOST_AUTO_TEST_CASE(with_an_empty_error_document_are_a_recoverable_failure) {
  BOOST_TEST(code_of(store->write(error_path(prefix), "")) == errc::ok);
  const auto read = read_failure(*store, prefix).value();
  BOOST_TEST(read.recoverable);
  BOOST_TEST(read.why.code() == "ErrorFileBadFormat");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
