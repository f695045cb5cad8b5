#include "area.hpp"

#include <deja/app/run/tool.hpp>

using namespace deja;
using namespace deja::run;

namespace {

struct tools : area {
  result<tool> find(const std::string& command, const std::string& path) {
    return find_tool(command, {{"PATH", path}});
  }

  errc code(const std::string& command, const std::string& path) {
    auto found = find(command, path);
    return found ? errc::ok : found.error().code;
  }

  std::string at(const std::string& name) const { return folder / name; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(tool_suite, tools)

BOOST_AUTO_TEST_CASE(the_first_executable_on_the_path_is_found) {
  write("a/x", "#!/bin/sh\n");
  write("b/x", "#!/bin/sh\n", true);
  write("c/x", "#!/bin/sh\n", true);
  auto found = find("x", at("a") + ":" + at("b") + ":" + at("c"));
  BOOST_REQUIRE(found);
  BOOST_TEST(found->path == folder / "b/x");
}

BOOST_AUTO_TEST_CASE(what_is_nowhere_is_not_found) {
  BOOST_TEST((code("no-such-command", at("")) == errc::not_found));
  BOOST_TEST((code("", "/bin") == errc::not_found));
  BOOST_TEST((code(at("none"), "/bin") == errc::not_found));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_executed_is_denied) {
  write("a/x", "text");
  std::filesystem::create_directories(folder / "b/x");
  BOOST_TEST((code("x", at("a")) == errc::permission_denied));
  BOOST_TEST((code("x", at("b")) == errc::permission_denied));
  BOOST_TEST((code(at("a/x"), "") == errc::permission_denied));
}

BOOST_AUTO_TEST_CASE(a_script_brings_its_interpreter) {
  write("x", "#! /bin/sh -e\necho\n", true);
  auto found = find(at("x"), "/bin");
  BOOST_REQUIRE(found);
  BOOST_TEST(found->files == (std::vector<std::filesystem::path>{at("x"), "/bin/sh"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(behind_env_stands_another_interpreter) {
  for (const auto* line : {"#!/usr/bin/env sh\n", "#!/usr/bin/env -S A=1 sh -e\n",
                           "#!/usr/bin/env -S -u HOME sh\n", "#!/usr/bin/env -Ssh -e\n"}) {
    write("x", line, true);
    auto found = find(at("x"), "/bin");
    BOOST_REQUIRE(found);
    BOOST_TEST(found->files ==
                   (std::vector<std::filesystem::path>{at("x"), "/usr/bin/env", "/bin/sh"}),
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(an_interpreter_may_be_a_script_itself) {
  write("inner", "#!/bin/sh\n", true);
  write("outer", "#!" + at("inner") + "\n", true);
  auto found = find(at("outer"), "/bin");
  BOOST_REQUIRE(found);
  BOOST_TEST(found->files.size() == 3);
}

BOOST_AUTO_TEST_CASE(scripts_in_a_circle_are_denied) {
  write("x", "#!" + at("x") + "\n", true);
  BOOST_TEST((code(at("x"), "/bin") == errc::permission_denied));
}

BOOST_AUTO_TEST_CASE(an_interpreter_that_is_missing_is_not_found) {
  write("x", "#!/no/such/interpreter\n", true);
  BOOST_TEST((code(at("x"), "/bin") == errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_file_that_says_nothing_is_run_by_the_shell) {
  write("x", "echo\n", true);
  auto found = find(at("x"), "/bin");
  BOOST_REQUIRE(found);
  BOOST_TEST(found->files.back() == "/bin/sh");
}

BOOST_AUTO_TEST_SUITE_END()
