#include <deja/transport/collect/content_marks.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;

digest numbered(int number) {
  return sha256::of(std::to_string(number));
}

BOOST_AUTO_TEST_SUITE(marks_of_contents)

BOOST_AUTO_TEST_CASE(never_miss_one_and_seldom_invent_one) {
  content_marks marks{{1, 2, 3, 4}};
  constexpr int many = 100'000;
  for (int number = 0; number < many; ++number)
    marks.mark(numbered(number));
  int missed = 0, invented = 0;
  for (int number = 0; number < many; ++number) {
    missed += marks.is_marked(numbered(number)) ? 0 : 1;
    invented += marks.is_marked(numbered(-1 - number)) ? 1 : 0;
  }
  BOOST_TEST(missed == 0);
  BOOST_TEST(invented <= 1);
}

BOOST_AUTO_TEST_CASE(tell_what_is_new) {
  content_marks marks{{1, 2, 3, 4}};
  BOOST_TEST(!marks.is_marked(numbered(1)));
  BOOST_TEST(marks.mark(numbered(1)));
  BOOST_TEST(!marks.mark(numbered(1)));
  BOOST_TEST(marks.mark(numbered(2)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
