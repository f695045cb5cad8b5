#include "area.hpp"

#include <deja/app/run/output_names.hpp>

using namespace deja;
using namespace deja::run;

namespace {

struct names : area {
  bool fine(const std::vector<std::string>& outputs, const std::vector<std::string>& inputs = {}) {
    auto places = places_of_outputs(folder, outputs, inputs);
    BOOST_TEST((places || places.error().code == errc::invalid_argument));
    return bool{places};
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(output_names_suite, names)

BOOST_AUTO_TEST_CASE(names_below_the_working_folder_are_fine) {
  BOOST_TEST(fine({"a", "b/c", "./d", "e/", "..f", "g..h"}));
}

BOOST_AUTO_TEST_CASE(names_that_lead_out_are_refused) {
  std::filesystem::create_directories(folder / "in");
  link("out", "/tmp");
  link("inner", "in");
  for (const auto* name : {"", ".", "./", "/etc/x", "..", "../x", "in/../../x", "in/..", "out/x"})
    BOOST_TEST(!fine({name}), "\"" << name << "\" was let through");
  BOOST_TEST(fine({"inner/x"}));
}

BOOST_AUTO_TEST_CASE(an_output_that_is_a_link_now_is_itself_replaced) {
  link("out", "/etc/passwd");
  auto place = place_of_output(folder, "out");
  BOOST_REQUIRE(place);
  BOOST_TEST(*place == folder / "out");
}

BOOST_AUTO_TEST_CASE(outputs_in_one_another_are_refused) {
  BOOST_TEST(!fine({"a", "a"}));
  BOOST_TEST(!fine({"a", "./a/"}));
  BOOST_TEST(!fine({"a", "a/b"}));
  BOOST_TEST(!fine({"a/b", "a"}));
  BOOST_TEST(fine({"a", "ab"}));
}

BOOST_AUTO_TEST_CASE(outputs_and_inputs_must_not_meet) {
  write("in/x", "");
  link("to-in", "in");
  BOOST_TEST(!fine({"in/x"}, {"in/x"}));
  BOOST_TEST(!fine({"in/y"}, {"in"}));
  BOOST_TEST(!fine({"in"}, {"in/x"}));
  BOOST_TEST(!fine({"in/y"}, {"to-in"}));
  BOOST_TEST(!fine({"to-in"}, {"to-in/x"}));
  BOOST_TEST(!fine({"to-in"}, {"to-in"}));
  BOOST_TEST(!fine({"x"}, {"."}));
  BOOST_TEST(!fine({"x"}, {folder / "x"}));
  BOOST_TEST(fine({"in/y"}, {"in/x"}));
}

BOOST_AUTO_TEST_CASE(a_depfile_is_named_as_an_output_and_may_be_one) {
  write("in/x", "");
  const auto place = [&](const std::string& name) {
    return place_of_depfile(folder, name, {folder / "a.d", folder / "out", folder / "dir/a.o"},
                            {"in"});
  };
  BOOST_TEST(place("a.d").value() == folder / "a.d");
  BOOST_TEST(place("out/a.d").value() == folder / "out/a.d");
  BOOST_TEST(place("other.d").value() == folder / "other.d");
  std::filesystem::create_directories(folder / "folder");
  for (const auto* name : {"", "/tmp/a.d", "../a.d", "in", "in/x", "in/y", "dir", "folder"})
    BOOST_TEST(!place(name), "\"" << name << "\" was let through");
}

BOOST_AUTO_TEST_SUITE_END()
