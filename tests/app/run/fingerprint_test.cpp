#include "area.hpp"

#include <deja/app/run/fingerprint.hpp>

#include <set>

using namespace deja;
using namespace deja::run;

namespace {

/// A command whose circumstances can be varied one at a time.
struct command : area {
  command() {
    write("w/one", "first");
    write("w/two", "second");
    write("w/tree/x", "inner");
    write("bin/tool", "#!/bin/sh\n", true);
    asked.command = {"tool", "one", "-x"};
    asked.inputs = {"one", "two", "tree"};
    asked.outputs = {"out"};
    around.working_folder = folder / "w";
    around.environment = {{"PATH", "/bin"}, {"LANG", "C"}, {"HOME", "/home/me"}};
    around.platform = "x86_64 debian 12";
    tool_files = {folder / "bin/tool"};
  }

  fingerprint take() {
    digest_memory memory;
    file_digester digester{memory};
    auto taken = take_fingerprint(asked, around, tool_files, digester);
    BOOST_REQUIRE_MESSAGE(taken, (taken ? "" : taken.error().message));
    return *taken;
  }

  /// The key's own text form would do as well; its message says the same and needs no hashing.
  std::string key() {
    const auto made = to_catalog_key(take());
    const auto& inputs = *std::get<shared<core::LiteralMap>>(made.inputs);
    std::map<std::string, std::string> hashes;
    for (const auto& [name, literal] : inputs.literals())
      hashes[name] = literal.hash();
    std::string text = made.identifier->name() + '\n' + made.cache_version + '\n' +
                       made.interface->SerializeAsString();
    for (const auto& [name, hash] : hashes)
      text += name + '=' + hash + '\n';
    return text;
  }

  options asked;
  circumstances around;
  std::vector<std::filesystem::path> tool_files;
};

/// The keys seen so far, all of which must differ.
struct keys {
  explicit keys(command& of) : of_(of) { seen_.insert(of.key()); }

  void differ(const char* what) {
    BOOST_TEST(seen_.insert(of_.key()).second, what << " did not change the key");
  }

  command& of_;
  std::set<std::string> seen_;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(fingerprint_suite, command)

BOOST_AUTO_TEST_CASE(the_command_line_is_in_the_key_as_it_is) {
  keys all{*this};
  asked.command = {"tool", "-x", "one"};
  all.differ("the arguments' order");
  asked.command = {"tool", "one -x"};
  all.differ("another cut between arguments");
  asked.command = {"tool", "one", "-x", ""};
  all.differ("an empty argument");
  asked.command = {"tool", "one", "\xff"};
  all.differ("an argument that is no text");
}

BOOST_AUTO_TEST_CASE(name_and_versions_are_in_the_key) {
  keys all{*this};
  asked.name = "other";
  all.differ("the name");
  asked.cache_version = "2";
  all.differ("the cache version");
}

BOOST_AUTO_TEST_CASE(inputs_are_in_the_key_by_name_type_and_content) {
  keys all{*this};
  write("w/one", "second");
  all.differ("a content");
  write("w/two", "first");
  all.differ("two contents swapped");
  write("w/two", "first", true);
  all.differ("an executable bit");
  write("w/tree/y", "");
  all.differ("a file in a folder");
  asked.inputs = {"one", "two"};
  all.differ("an input less");
  std::filesystem::rename(folder / "w/two", folder / "w/three");
  asked.inputs = {"one", "three"};
  all.differ("an input's name");
  asked.inputs = {"one", "./three"};
  all.differ("an input named in another way");
}

BOOST_AUTO_TEST_CASE(order_and_repetition_of_inputs_do_not_count) {
  const auto before = key();
  asked.inputs = {"tree", "two", "one", "two"};
  BOOST_TEST(key() == before);
}

BOOST_AUTO_TEST_CASE(the_working_folder_is_in_the_key) {
  keys all{*this};
  std::filesystem::copy(folder / "w", folder / "elsewhere",
                        std::filesystem::copy_options::recursive);
  around.working_folder = folder / "elsewhere";
  all.differ("another working folder");
}

BOOST_AUTO_TEST_CASE(below_a_root_only_the_way_from_there_counts) {
  for (const auto* checkout : {"c1/src", "c2/src", "c2/other"})
    std::filesystem::copy(
        folder / "w", (std::filesystem::create_directories(folder / checkout), folder / checkout),
        std::filesystem::copy_options::recursive);
  asked.root = "..";
  around.working_folder = folder / "c1/src";
  const auto first = key();
  around.working_folder = folder / "c2/src";
  BOOST_TEST(key() == first);
  around.working_folder = folder / "c2/other";
  BOOST_TEST(key() != first);
}

BOOST_AUTO_TEST_CASE(a_root_that_is_not_above_is_refused) {
  asked.root = folder / "bin";
  digest_memory memory;
  file_digester digester{memory};
  auto taken = take_fingerprint(asked, around, tool_files, digester);
  BOOST_REQUIRE(!taken);
  BOOST_TEST((taken.error().code == errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(the_tools_are_in_the_key_by_content) {
  keys all{*this};
  write("bin/tool", "#!/bin/sh\n#\n", true);
  all.differ("the tool's content");
  asked.tools = {"two"};
  all.differ("a further tool");
  write("w/two", "changed");
  all.differ("a further tool's content");
  tool_files.push_back("/bin/sh");
  all.differ("an interpreter");
}

BOOST_AUTO_TEST_CASE(the_platform_is_in_the_key_or_what_stands_for_it) {
  keys all{*this};
  around.platform = "aarch64 debian 12";
  all.differ("the platform");
  asked.platform = "any";
  all.differ("a platform as given");
  const auto before = key();
  around.platform = "x86_64 debian 13";
  BOOST_TEST(key() == before);
}

BOOST_AUTO_TEST_CASE(keyed_variables_are_in_the_key) {
  keys all{*this};
  around.environment["PATH"] = "/usr/bin";
  all.differ("PATH");
  around.environment.erase("LANG");
  all.differ("LANG unset");
  around.environment["LANG"] = "";
  all.differ("LANG empty");
  around.environment["LC_ALL"] = "";
  all.differ("an empty LC_ALL");
  around.environment["TZ"] = "UTC";
  all.differ("TZ");
  asked.keyed_variables = {"MINE"};
  all.differ("a variable of one's own, unset");
  around.environment["MINE"] = "";
  all.differ("a variable of one's own, empty");
  around.environment["MINE"] = "1";
  all.differ("a variable of one's own, set");
}

BOOST_AUTO_TEST_CASE(other_variables_are_not_in_the_key) {
  const auto before = key();
  around.environment["HOME"] = "/home/you";
  around.environment["OTHER"] = "1";
  asked.passed_variables = {"OTHER"};
  BOOST_TEST(key() == before);
}

BOOST_AUTO_TEST_CASE(output_names_are_in_the_key) {
  keys all{*this};
  asked.outputs = {"out", "log"};
  all.differ("an output more");
  asked.outputs = {"log"};
  all.differ("an output's name");
}

BOOST_AUTO_TEST_CASE(a_depfile_is_in_the_key_by_name) {
  keys all{*this};
  asked.depfile = "a.d";
  all.differ("a depfile");
  asked.depfile = "b.d";
  all.differ("another depfile");
}

BOOST_AUTO_TEST_CASE(standard_input_is_in_the_key) {
  keys all{*this};
  around.standard_input = sha256::of("");
  all.differ("an empty standard input");
  around.standard_input = sha256::of("text");
  all.differ("standard input");
}

BOOST_AUTO_TEST_CASE(a_file_that_was_written_as_it_was_differs_but_not_in_the_key) {
  const auto before = take();
  const auto key_before = key();
  const auto file = folder / "w/one";
  std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) -
                                             std::chrono::seconds{1});
  BOOST_TEST(differences(before, take()) == std::vector<std::string>{"input:one"},
             boost::test_tools::per_element());
  BOOST_TEST(key() == key_before);
}

BOOST_AUTO_TEST_CASE(differences_name_the_parts) {
  const auto before = take();
  write("w/one", "changed");
  asked.keyed_variables = {"MINE"};
  const auto names = differences(before, take());
  BOOST_TEST(names == (std::vector<std::string>{"env:MINE", "input:one"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(printable_names_are_ascii_and_never_alike) {
  BOOST_TEST(printable("a/b.c") == "a/b.c");
  BOOST_TEST(printable("a b%\xff\n") == "a%20b%25%FF%0A");
}

BOOST_AUTO_TEST_SUITE_END()
