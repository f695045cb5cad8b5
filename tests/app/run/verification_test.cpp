#include "area.hpp"

#include "../../support/results.hpp"

#include <deja/app/run/verification.hpp>

using namespace deja;
using namespace deja::run;

namespace {

/// Two runs of one command: what the first made is remembered.
struct two_runs : area {
  core::LiteralMap remember(recording& said) {
    output_writer writer{*blobs};
    digest_memory memory;
    file_digester digester{memory};
    for (const auto& name : names) {
      const auto nodes = read_tree(folder / name, root_link::refuse, digester);
      BOOST_REQUIRE(nodes);
      BOOST_REQUIRE(writer.add(name, folder / name, *nodes));
    }
    BOOST_REQUIRE(writer.add(said));
    return writer.finish();
  }

  void remember() { remembered = remember(said_then); }

  std::vector<std::string> told() {
    command_plan plan;
    for (const auto& name : names)
      plan.places.push_back(folder / name);
    auto lines = differences(remembered, names, plan, said_now, *blobs);
    BOOST_REQUIRE_MESSAGE(lines, (lines ? "" : lines.error().message));
    return *lines;
  }

  void expect(const std::vector<std::string>& lines) {
    BOOST_TEST(told() == lines, boost::test_tools::per_element());
  }

  std::vector<std::string> names{"out"};
  recording said_then, said_now;
  core::LiteralMap remembered;
  std::unique_ptr<content_store> blobs{
      make_content_store(open_blob_store((folder / "blobs").native()).value())};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(verification_suite, two_runs)

BOOST_AUTO_TEST_CASE(the_same_is_the_same) {
  write("out", "made");
  said_then.append(stream::output, "one two");
  remember();
  said_now.append(stream::output, "one");
  said_now.append(stream::output, " two"); // In how many pieces it comes is chance.
  expect({});
}

BOOST_AUTO_TEST_CASE(a_content_that_differs_is_told) {
  write("out", std::string(100'000, 'x'));
  remember();
  write("out", std::string(100'000, 'y'));
  expect({"the output \"out\" differs"});
}

BOOST_AUTO_TEST_CASE(an_executable_bit_and_a_type_that_differ_are_told) {
  write("out", "made");
  remember();
  write("out", "made", true);
  expect({"the output \"out\" differs"});
  std::filesystem::remove(folder / "out");
  write("out/inner", "made");
  expect({"the output \"out\" differs"});
}

BOOST_AUTO_TEST_CASE(an_output_that_is_not_made_is_told) {
  names = {"out", "other"};
  write("out", "made");
  write("other", "made");
  remember();
  std::filesystem::remove(folder / "out");
  expect({"the output \"out\" was not made"});
}

BOOST_AUTO_TEST_CASE(of_folders_the_paths_are_told) {
  write("out/same", "same");
  write("out/changed", "one");
  write("out/gone", "");
  remember();
  write("out/changed", "two");
  write("out/new", "");
  std::filesystem::remove(folder / "out/gone");
  expect({"the output \"out\" differs, in \"changed\", \"new\", \"gone\""});
}

BOOST_AUTO_TEST_CASE(each_stream_is_compared_by_itself) {
  write("out", "made");
  said_then.append(stream::output, "said");
  said_then.append(stream::errors, "told");
  remember();
  expect({"standard output differs", "standard error differs"});
  said_now.append(stream::errors, "told");
  said_now.append(stream::output, "said"); // The other way round: how they mix is chance.
  expect({});
}

BOOST_AUTO_TEST_CASE(a_large_recording_is_compared_as_well) {
  write("out", "made");
  said_then.append(stream::output, std::string(100'000, 'x'));
  remember();
  said_now.append(stream::output, std::string(99'999, 'x'));
  expect({"standard output differs"});
  said_now.append(stream::output, "x");
  expect({});
}

BOOST_AUTO_TEST_CASE(what_is_damaged_cannot_be_compared) {
  write("out", std::string(100'000, 'x'));
  remember();
  std::filesystem::remove_all(folder / "blobs/deja");
  BOOST_TEST(told().empty()); // The digests are in the entry.
  remembered.mutable_literals()->clear();
  command_plan plan;
  plan.places = {folder / "out"};
  BOOST_TEST(deja::testing::code_of(differences(remembered, names, plan, said_now, *blobs)) ==
             errc::data_loss);
}

BOOST_AUTO_TEST_SUITE_END()
