#include "../../support/results.hpp"

#include <deja/app/run/depfile.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace deja;
using namespace deja::run;

namespace {

namespace data = boost::unit_test::data;
using names = std::vector<std::string>;

void is_read_as(const std::string& text, const names& files) {
  const auto parsed = parse_depfile(text);
  BOOST_REQUIRE_MESSAGE(parsed, text << ": " << (parsed ? "" : parsed.error().message));
  BOOST_TEST(*parsed == files, boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_SUITE(depfile_suite)

BOOST_AUTO_TEST_CASE(prerequisites_may_stand_on_continued_lines) {
  is_read_as("a.o: a.cc \\\n /usr/include/b.h c.h\\\n\td.h\n",
             {"a.cc", "/usr/include/b.h", "c.h", "d.h"});
}

BOOST_AUTO_TEST_CASE(line_ends_may_be_those_of_windows) {
  is_read_as("a.o: a.cc \\\r\n b.h\r\n\r\nb.h:\r\n", {"a.cc", "b.h"});
}

BOOST_AUTO_TEST_CASE(the_last_line_needs_no_end) {
  is_read_as("a.o: a.cc", {"a.cc"});
  is_read_as("a.o:", {});
}

BOOST_AUTO_TEST_CASE(several_targets_and_rules_and_phony_ones_add_up) {
  is_read_as("a.o a.d: a.cc b.h\n\nb.h:\nc.o : c.cc b.h\n", {"a.cc", "b.h", "c.cc"});
}

BOOST_AUTO_TEST_CASE(a_file_is_named_once) {
  is_read_as("a.o: a.cc b.h a.cc\n", {"a.cc", "b.h"});
}

BOOST_AUTO_TEST_CASE(escapes_are_those_of_gcc_and_clang) {
  is_read_as(R"(a\ b.o: a\ b.cc h\#1.h d$$x.h t\	t.h)",
             {"a b.cc", "h#1.h", "d$x.h", "t\tt.h"});
}

BOOST_AUTO_TEST_CASE(other_backslashes_are_themselves) {
  is_read_as(R"(a.o: b\s.h p\%.h C:\x\y.h end\)", {R"(b\s.h)", R"(p\%.h)", R"(C:\x\y.h)", "end\\"});
}

BOOST_AUTO_TEST_CASE(before_a_blank_backslashes_are_doubled) {
  is_read_as(R"(a.o: one\\\ s.h two\\\\\ s.h)", {R"(one\ s.h)", R"(two\\ s.h)"});
  is_read_as(R"(a.o: end\\ next)", {R"(end\\)", "next"});
}

BOOST_AUTO_TEST_CASE(a_backslash_before_a_continuation_stays) {
  is_read_as("a.o: b\\\\\n c\n", {"b\\", "c"});
}

BOOST_AUTO_TEST_CASE(colons_within_names_are_theirs) {
  // As g++ 12 writes files named "c:x.h" and "colon:", with -MP.
  is_read_as("a:b.o: c:x.h colon: x:.h\ncolon::\nx:.h:\n", {"c:x.h", "colon:", "x:.h"});
}

BOOST_AUTO_TEST_CASE(comments_are_passed_over) {
  // rustc names environment variables so.
  is_read_as("# env-dep:HOME=/x: y\na.o: a.rs # more \\\n still\nb.o: b#c.rs\n",
             {"a.rs", "b#c.rs"});
}

BOOST_AUTO_TEST_CASE(what_is_no_text_is_taken_as_it_is) {
  is_read_as("a.o: \xff.h \xc3\xa4.h\n", {"\xff.h", "\xc3\xa4.h"});
}

BOOST_DATA_TEST_CASE(what_no_compiler_writes_is_an_error,
                     data::make({"", "\n\n", "# only a comment\n", "no rule", "a.o: a.cc\nmore\n",
                                 "a.o:a.cc\n", "X += y\n", "a.o: $(X)\n", "a.o: a$b\n", "a.o: $",
                                 "a.o: a.cc\n\tcc -c a.cc\n", "a\\\n"}),
                     text) {
  BOOST_TEST(testing::code_of(parse_depfile(text)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(an_error_names_the_line) {
  BOOST_TEST(parse_depfile("a.o: a.cc \\\n b.h\n\noops\n").error().message ==
             "line 4: no colon behind a target");
}

BOOST_AUTO_TEST_CASE(a_zero_byte_is_an_error) {
  using namespace std::string_literals;
  BOOST_TEST(testing::code_of(parse_depfile("a.o: a\0.cc"s)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
