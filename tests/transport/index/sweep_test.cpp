#include "index_fixture.hpp"

namespace {

using namespace deja;
using namespace deja::testing;
using names = std::vector<std::string>;

put_operation short_lived(std::string key, duration lifetime) {
  auto what = put(std::move(key), "a");
  what.lifetime = lifetime;
  return what;
}

sweep_operation sweep(std::string key, duration reservation_rest = {}) {
  return {key_named(std::move(key)), reservation_rest};
}

/// The keys that a listing gives, page by page, and how many pages it took.
std::pair<names, std::size_t> listed(blocking_index& at, const scan_filter& filter) {
  names found;
  std::size_t pages = 0;
  std::string cursor;
  do {
    const auto page = at.scan(filter, cursor).value();
    for (const auto& one : page.entries)
      found.push_back(one.key.key);
    for (const auto& one : page.reservations)
      found.push_back(one.key.key);
    cursor = page.next;
    ++pages;
  } while (!cursor.empty());
  std::sort(found.begin(), found.end());
  return {found, pages};
}

constexpr auto reservations = scan_filter::kind::reservations;

BOOST_AUTO_TEST_SUITE(a_sweep_of_an_index)

BOOST_DATA_TEST_CASE(removes_what_has_expired_and_only_that, backends, backend) {
  index_fixture f{backend};
  f.at.apply({short_lived("short", 5s), short_lived("long", 15s), put("ever", "a"),
              reserve("short", "me", 15s), reserve("long", "me", 5s)});
  f.clock->pass(5s);
  const auto swept = f.at.apply({sweep("short"), sweep("long"), sweep("ever"), sweep("never")});
  BOOST_TEST(uri_of(swept.at(0).entry) == "a");
  BOOST_TEST(owner_of(swept.at(0).reservation) == "nobody");
  BOOST_TEST(uri_of(swept.at(1).entry) == "none");
  BOOST_TEST(owner_of(swept.at(1).reservation) == "me");
  for (const auto& one : swept)
    BOOST_TEST(code_of(one) == errc::ok);
  for (const std::size_t kept : {2, 3})
    BOOST_TEST((!swept.at(kept).entry && !swept.at(kept).reservation));
  BOOST_TEST(f.at.uri("long") == "a");
  BOOST_TEST(f.at.uri("ever") == "a");
  BOOST_TEST(owner_of(f.at.lookup("short").reservation) == "me");
  BOOST_TEST(!f.at.apply(sweep("short")).entry);
}

BOOST_DATA_TEST_CASE(spares_a_reservation_that_has_expired_just_now, backends, backend) {
  index_fixture f{backend};
  const auto token = f.at.apply(reserve("k", "me", 5s)).reservation->fencing_token;
  f.clock->pass(14s);
  BOOST_TEST(!f.at.apply(sweep("k", 10s)).reservation);
  // So its owner can go on with it, as with one that nobody has swept.
  BOOST_TEST(f.at.apply(reserve("k", "me", 5s)).reservation->fencing_token == token);
  f.clock->pass(15s);
  BOOST_TEST(owner_of(f.at.apply(sweep("k", 10s)).reservation) == "me");
  BOOST_TEST(f.at.apply(reserve("k", "me", 5s)).reservation->fencing_token > token);
}

BOOST_DATA_TEST_CASE(leaves_room_for_new_entries, backends, backend) {
  index_fixture f{backend};
  const auto old = f.at.apply(short_lived("k", 1s)).entry->generation;
  f.clock->pass(1s);
  f.at.apply(sweep("k"));
  BOOST_TEST(f.at.apply(put("k", "b")).entry->generation > old);
  BOOST_TEST(!f.at.apply(sweep("k")).entry);
  BOOST_TEST(f.at.uri("k") == "b");
}

BOOST_DATA_TEST_CASE(finds_what_has_expired_in_pages, backends, backend) {
  index_fixture f{backend};
  names expired;
  for (int number = 10; number < 50; ++number) {
    const auto key = std::to_string(number);
    const auto later = number % 4 == 1 ? put(key, "a") : short_lived(key, 50s);
    f.at.apply({number % 4 == 0 ? short_lived(key, 5s) : later,
                reserve(key, "me", number % 4 == 0 ? 5s : 50s)});
    if (number % 4 == 0)
      expired.push_back(key);
  }
  BOOST_TEST(listed(f.at, {.expired_for = 0s}).first.empty());
  f.clock->pass(6s);
  const auto same = boost::test_tools::per_element();
  for (const auto what : {scan_filter::kind::entries, reservations})
    for (const std::size_t rows : {0, 1, 7, 40, 41})
      for (const std::size_t limit : {1, 3, 100}) {
        const auto [found, pages] =
            listed(f.at, {.what = what, .limit = limit, .expired_for = 1s, .rows = rows});
        BOOST_TEST(found == expired, same);
        if (rows != 0)
          BOOST_TEST(pages >= 30 / rows); // What lives for ever need not be looked at.
      }
  BOOST_TEST(listed(f.at, {.expired_for = 2s}).first.empty());
}

BOOST_DATA_TEST_CASE(looks_at_so_many_rows_a_page_whatever_they_are, backends, backend) {
  index_fixture f{backend};
  for (int number = 10; number < 50; ++number)
    f.at.apply(short_lived(std::to_string(number), 5s));
  const auto first = f.at.scan({.expired_for = 0s, .rows = 30}).value();
  BOOST_TEST(first.entries.empty());
  BOOST_TEST(!first.next.empty());
  const auto second = f.at.scan({.expired_for = 0s, .rows = 30}, first.next).value();
  BOOST_TEST(second.next.empty());
  const auto some = f.at.scan({.rows = 30}).value();
  BOOST_TEST(some.entries.size() == 30u);
  BOOST_TEST(f.at.scan({.rows = 30}, some.next).value().entries.size() == 10u);
}

BOOST_DATA_TEST_CASE(is_preceded_by_a_listing_of_what_nobody_uses, backends, backend) {
  index_fixture f{backend};
  f.at.apply({put("a", "1"), put("b", "1")});
  f.clock->pass(10s);
  f.at.apply(touch("a"));
  f.clock->pass(1s);
  BOOST_TEST(listed(f.at, {.unused_for = 1s}).first == names{"b"},
             boost::test_tools::per_element());
  BOOST_TEST(listed(f.at, {.unused_for = 11s}).first.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
