#include "area.hpp"

#include "../../support/results.hpp"

#include <deja/app/run/discovered_inputs.hpp>
#include <deja/app/run/remembered_states.hpp>
#include <deja/app/run/stored_outputs.hpp>

using namespace deja;
using namespace deja::run;
using namespace std::chrono_literals;
using deja::testing::code_of;

namespace {

/// A working folder `c1/src` with files that a depfile names.
struct discovering : area {
  discovering() {
    write("c1/src/a.h", "one");
    write("c1/inc/b.h", "two");
    config = {.depfile = folder / "c1/src/a.d", .working_folder = folder / "c1/src"};
    config.made = {folder / "c1/src/out", config.depfile};
  }

  result<dependency_list> read(const std::string& depfile) {
    write("c1/src/a.d", depfile);
    return discovered_inputs{config, digester}.read(long_after);
  }

  dependency_list list(const std::string& depfile) {
    auto files = read(depfile);
    BOOST_REQUIRE_MESSAGE(files, (files ? "" : files.error().message));
    return *files;
  }

  std::vector<std::string> paths(const std::string& depfile) {
    std::vector<std::string> names;
    for (const auto& file : list(depfile))
      names.push_back(file.path);
    return names;
  }

  core::Literal state(const dependency_list& files, wall_time stored = {}) {
    output_writer writer{*blobs};
    BOOST_REQUIRE(writer.add(files_field, to_text(files)));
    return make_state(writer.finish(), stored, 1s);
  }

  result<const core::Literal*> find(const core::LiteralMap& entry, duration max_age = 0s,
                                    wall_time now = {}) {
    return discovered_inputs{config, digester}.find(entry, max_age, now, *blobs);
  }

  /// A moment that all that was written before it lies before.
  static wall_time past_a_tick() {
    const wall_time written = std::chrono::system_clock::now();
    auto now = kernel_time();
    while (now <= written)
      now = kernel_time();
    return now;
  }

  depfile_config config;
  digest_memory memory;
  file_digester digester{memory};
  std::unique_ptr<content_store> blobs{
      make_content_store(open_blob_store((folder / "blobs").native()).value())};
  const wall_time long_after = kernel_time() + 1h; ///< When the command began, as if.
};

using names = std::vector<std::string>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(discovered_inputs_suite, discovering)

BOOST_AUTO_TEST_CASE(the_files_of_a_depfile_are_listed_with_their_digests) {
  const auto files = list("a.o: a.h ../inc/b.h\n");
  BOOST_REQUIRE(files.size() == 2u);
  BOOST_TEST(files[0].path == "../inc/b.h");
  BOOST_TEST(files[1].path == "a.h");
  write("c1/src/a.h", "changed");
  BOOST_TEST((list("a.o: a.h\n").front().content != files[1].content));
}

BOOST_AUTO_TEST_CASE(what_the_command_made_is_no_input) {
  write("c1/src/out/made.h", "made");
  std::filesystem::create_directories(folder / "c1/other");
  link("c1/src/way", "../other");
  write("c1/out/made.h", "not made");
  BOOST_TEST(paths("a.o: a.h a.d out/made.h ./out/../out/made.h\n") == names{"a.h"},
             boost::test_tools::per_element());
  // Behind a link `..` leads elsewhere.
  BOOST_TEST(paths("a.o: way/../out/made.h\n") == names{"way/../out/made.h"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(below_a_root_absolute_names_are_those_of_every_checkout) {
  const auto absolute = (folder / "c1/inc/b.h").native();
  BOOST_TEST(paths("a.o: " + absolute) == names{absolute}, boost::test_tools::per_element());
  config.root = folder / "c1";
  link("elsewhere", "c1/inc");
  BOOST_TEST(paths("a.o: " + absolute) == names{"../inc/b.h"}, boost::test_tools::per_element());
  BOOST_TEST(paths("a.o: " + (folder / "elsewhere/b.h").native()) == names{"../inc/b.h"},
             boost::test_tools::per_element());
  write("outside.h", "outside");
  BOOST_TEST(paths("a.o: " + (folder / "outside.h").native()) ==
                 names{(folder / "outside.h").native()},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_link_below_a_root_keeps_its_name) {
  config.root = folder / "c1";
  link("c1/src/current.h", "a.h");
  BOOST_TEST(paths("a.o: " + (folder / "c1/src/current.h").native()) == names{"current.h"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_file_that_was_changed_since_the_command_began_is_an_error) {
  write("c1/src/a.d", "a.o: a.h\n");
  const discovered_inputs inputs{config, digester};
  const auto files = inputs.read(kernel_time() - 1h);
  BOOST_TEST(code_of(files) == errc::failed_precondition);
  BOOST_TEST(files.error().message.find("a.h") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_path_that_was_turned_elsewhere_since_the_command_began_is_an_error) {
  write("v1/h.h", "one");
  write("v2/h.h", "two");
  link("c1/src/link", "../../v1");
  link("c1/src/chain", "link");
  write("c1/src/a.d", "a.o: link/h.h\n");
  const auto began = past_a_tick();
  const auto read_since = [&](const std::string& depfile) {
    write("c1/src/a.d", depfile);
    return code_of(discovered_inputs{config, digester}.read(began));
  };
  write("c1/src/made", "in a folder on the path");
  BOOST_TEST(read_since("a.o: chain/h.h ../inc/b.h\n") == errc::ok);
  std::filesystem::remove(folder / "c1/src/link");
  link("c1/src/link", "../../v2");
  BOOST_TEST(read_since("a.o: link/h.h\n") == errc::failed_precondition);
  BOOST_TEST(read_since("a.o: chain/h.h\n") == errc::failed_precondition);
  std::filesystem::rename(folder / "c1/inc", folder / "c1/old");
  std::filesystem::rename(folder / "v2", folder / "c1/inc");
  BOOST_TEST(read_since("a.o: ../inc/h.h\n") == errc::failed_precondition);
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_no_file_is_an_error_that_names_it) {
  const auto told = [&](const std::string& depfile) {
    const auto files = read(depfile);
    BOOST_REQUIRE(!files);
    return files.error().message;
  };
  BOOST_TEST(told("a.o: absent.h\n").find("absent.h") != std::string::npos);
  BOOST_TEST(told("a.o: ../inc\n").find("folder") != std::string::npos);
  BOOST_TEST(told("oops\n").find("a.d\": line 1") != std::string::npos);
  std::filesystem::remove(folder / "c1/src/a.d");
  const auto none = discovered_inputs{config, digester}.read(long_after);
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().message.find("did not write") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_newest_state_that_is_the_present_one_is_found) {
  const auto before = list("a.o: a.h ../inc/b.h\n");
  write("c1/src/a.h", "changed");
  const auto after = list("a.o: a.h ../inc/b.h\n");
  const auto entry = with_state(with_state({}, state(before)), state(after));
  const auto states = states_of(entry);
  BOOST_TEST((find(entry).value() == states[0]));
  write("c1/src/a.h", "one");
  BOOST_TEST((find(entry).value() == states[1]));
  std::filesystem::remove(folder / "c1/src/a.h");
  const auto neither = find(entry);
  BOOST_TEST(code_of(neither) == errc::not_found);
  BOOST_TEST(neither.error().message.ends_with("the nearest differs in a.h"));
}

BOOST_AUTO_TEST_CASE(an_executable_bit_makes_another_state) {
  const auto entry = with_state({}, state(list("a.o: a.h\n")));
  write("c1/src/a.h", "one", true);
  BOOST_TEST(code_of(find(entry)) == errc::not_found);
}

BOOST_AUTO_TEST_CASE(an_age_limit_is_one_for_each_state) {
  const wall_time start{1000h};
  const auto entry = with_state({}, state(list("a.o: a.h\n"), start));
  BOOST_TEST(code_of(find(entry, 1h, start + 30min)) == errc::ok);
  BOOST_TEST(code_of(find(entry, 1h, start + 2h)) == errc::not_found);
  BOOST_TEST(code_of(find(entry, 1h, start - 2h)) == errc::not_found);
  BOOST_TEST(code_of(find(entry, 0s, start + 2h)) == errc::ok);
}

BOOST_AUTO_TEST_CASE(a_damaged_list_is_as_if_it_were_not_there) {
  const auto files = list("a.o: a.h\n");
  output_writer writer{*blobs};
  BOOST_REQUIRE(writer.add(files_field, "nonsense"));
  const auto damaged = make_state(writer.finish(), {}, 1s);
  BOOST_TEST(code_of(find(with_state({}, damaged))) == errc::not_found);
  BOOST_TEST(code_of(find(with_state(with_state({}, state(files)), damaged))) == errc::ok);
  BOOST_TEST(code_of(find(with_state({}, make_state({}, {}, 1s)))) == errc::not_found);
}

BOOST_AUTO_TEST_CASE(an_entry_without_states_is_a_miss) {
  BOOST_TEST(code_of(find({})) == errc::not_found);
}

BOOST_AUTO_TEST_CASE(a_list_reads_as_it_was_written) {
  const dependency_list files{{"a \xff\n%.h", sha256::of("a")}, {"b.h", sha256::of("b")}};
  BOOST_TEST((parse_dependencies(to_text(files)).value() == files));
  const std::string hex(64, '0');
  for (const auto& text : std::vector<std::string>{"x", "x y\n", hex + " \n", hex + " a%0\n", hex})
    BOOST_TEST(code_of(parse_dependencies(text)) == errc::data_loss);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(remembered_states_suite)

namespace {

core::Literal numbered(int number, std::size_t size = 0) {
  core::LiteralMap result;
  (*result.mutable_literals())[files_field].set_hash("list " + std::to_string(number));
  (*result.mutable_literals())["bulk"].set_hash(std::string(size, 'x'));
  return make_state(result, wall_time{std::chrono::milliseconds{number}}, 2s);
}

std::vector<int> numbers(const core::LiteralMap& entry) {
  std::vector<int> all;
  for (const auto* state : states_of(entry))
    all.push_back(static_cast<int>(stored_at(*state).time_since_epoch() / 1ms));
  return all;
}

core::LiteralMap put(int count, std::size_t size = 0, state_limits limits = {}) {
  core::LiteralMap entry;
  for (int number = 1; number <= count; ++number)
    entry = with_state(entry, numbered(number, size), limits);
  return entry;
}

} // namespace

BOOST_AUTO_TEST_CASE(states_are_newest_first) {
  BOOST_TEST(numbers(put(12)) == (std::vector<int>{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}),
             boost::test_tools::per_element());
  BOOST_TEST((taken_by(*states_of(put(1)).front()) == 2s));
}

BOOST_AUTO_TEST_CASE(the_oldest_go_where_there_are_too_many) {
  const auto kept = numbers(put(20));
  BOOST_TEST(kept.size() == 16u);
  BOOST_TEST(kept.back() == 5);
}

BOOST_AUTO_TEST_CASE(the_oldest_go_where_they_are_too_large) {
  BOOST_TEST(numbers(put(5, 1000, {.bytes = 2500})) == (std::vector<int>{5, 4}),
             boost::test_tools::per_element());
  BOOST_TEST(numbers(put(5, 1000, {.bytes = 10})) == std::vector<int>{5},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_same_list_takes_the_place_of_its_former_result) {
  BOOST_TEST(numbers(with_state(put(3), numbered(2))) == (std::vector<int>{2, 3, 1}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_no_state_is_passed_over) {
  core::LiteralMap entry;
  (*entry.mutable_literals())["output:a"].set_hash("h");
  (*entry.mutable_literals())["state:00"].set_hash("no map");
  BOOST_TEST(states_of(entry).empty());
}

BOOST_AUTO_TEST_SUITE_END()
