#include <deja/actors/work_posts.hpp>

#include <boost/test/unit_test.hpp>

namespace {

struct two_posts {
  /// Whom the next chunk goes to; 0: nobody.
  int give() {
    auto* post = posts.free();
    if (post == nullptr)
      return 0;
    ++post->chunks;
    return post->who;
  }

  int made = 0;
  deja::work_posts<int> posts{2, [this] {
                                return ++made;
                              }};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(posts_of_workers, two_posts)

BOOST_AUTO_TEST_CASE(workers_are_made_when_there_is_work_for_them) {
  BOOST_TEST(made == 0);
  BOOST_TEST(give() == 1);
  BOOST_TEST(made == 1);
  posts.returned(1);
  BOOST_TEST(give() == 1); // it is idle
  BOOST_TEST(give() == 2);
}

BOOST_AUTO_TEST_CASE(each_worker_gets_a_second_chunk_when_all_have_one) {
  for (const auto whom : {1, 2, 1, 2, 0})
    BOOST_TEST(give() == whom);
  posts.returned(2);
  BOOST_TEST(give() == 2);
  BOOST_TEST(give() == 0);
  BOOST_TEST(posts.capacity() == 4U);
}

BOOST_AUTO_TEST_CASE(another_takes_the_place_of_a_worker_that_is_lost) {
  for (int chunk = 0; chunk < 4; ++chunk)
    give();
  BOOST_TEST(posts.dismiss(1) == 1U);
  BOOST_TEST(posts.dismiss(1) == 0U);
  posts.returned(1); // nobody's
  BOOST_TEST(give() == 3);
  BOOST_TEST(give() == 3);
  BOOST_TEST(give() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
