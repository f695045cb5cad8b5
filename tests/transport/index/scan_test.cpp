#include "index_fixture.hpp"

#include <algorithm>
#include <future>

namespace {

using namespace deja;
using namespace deja::testing;
using names = std::vector<std::string>;

/// All that a filter selects, gathered page by page, as `org/project/domain/key`, sorted.
names listed(blocking_index& at, scan_filter filter) {
  names found;
  std::string cursor;
  do {
    auto page = at.scan(filter, cursor).value();
    BOOST_TEST(page.entries.size() + page.reservations.size() <= filter.limit);
    const auto take = [&](const auto& all) {
      for (const auto& one : all)
        found.push_back(one.key.where.org + '/' + one.key.where.project + '/' +
                        one.key.where.domain + '/' + one.key.key);
    };
    take(page.entries);
    take(page.reservations);
    cursor = page.next;
  } while (!cursor.empty());
  std::sort(found.begin(), found.end());
  return found;
}

const std::vector<entry_key> keys = {{{"o", "p", "d"}, "ab"}, {{"o", "p", "d"}, "ac"},
                                     {{"o", "p", ""}, "ab"},  {{"o", "q", "d"}, "b"},
                                     {{"", "p", "d"}, "ab"},  {{"ü", "p", "d"}, "ключ"}};

/// An index with these keys, each with an entry and a reservation.
struct scan_fixture : index_fixture {
  explicit scan_fixture(const std::string& backend) : index_fixture(backend) {
    for (const auto& key : keys) {
      auto what = put(key, "a");
      what.task = "task of " + key.where.project;
      at.apply({what, reserve_operation{key, "me", 10s, 24h}});
    }
  }

  /// What is found among entries and, the same, among reservations.
  names both(scan_filter filter) {
    const auto entries = listed(at, filter);
    filter.what = scan_filter::kind::reservations;
    BOOST_TEST(listed(at, filter) == entries, boost::test_tools::per_element());
    return entries;
  }
};

BOOST_AUTO_TEST_SUITE(a_listing_of_an_index)

BOOST_DATA_TEST_CASE(has_everything_without_a_filter, backends, backend) {
  scan_fixture f{backend};
  for (const std::size_t limit : {1, 2, 5, 6, 7, 10'000})
    BOOST_TEST(f.both({.limit = limit}).size() == keys.size());
}

BOOST_DATA_TEST_CASE(goes_by_every_part_of_the_scope, backends, backend) {
  scan_fixture f{backend};
  const auto same = boost::test_tools::per_element();
  BOOST_TEST(f.both({.org = ""}) == names{"/p/d/ab"}, same);
  BOOST_TEST(f.both({.org = "ü"}) == names{"ü/p/d/ключ"}, same);
  BOOST_TEST(f.both({.project = "q"}) == names{"o/q/d/b"}, same);
  BOOST_TEST(f.both({.domain = ""}) == names{"o/p//ab"}, same);
  BOOST_TEST(f.both({.org = "o", .project = "p", .domain = "d"}) == (names{"o/p/d/ab", "o/p/d/ac"}),
             same);
  BOOST_TEST(f.both({.org = "nobody"}) == names{}, same);
}

BOOST_DATA_TEST_CASE(goes_by_prefix_and_task, backends, backend) {
  scan_fixture f{backend};
  const auto same = boost::test_tools::per_element();
  BOOST_TEST(f.both({.key_prefix = "ac"}) == names{"o/p/d/ac"}, same);
  BOOST_TEST(f.both({.key_prefix = "a", .limit = 1}).size() == 4u);
  BOOST_TEST(listed(f.at, {.task = "task of q"}) == names{"o/q/d/b"}, same);
}

BOOST_DATA_TEST_CASE(goes_by_age, backends, backend) {
  scan_fixture f{backend};
  const auto same = boost::test_tools::per_element();
  f.clock->pass(60s);
  const entry_key late{{"late", "", ""}, "k"};
  f.at.apply({put(late, "a"), reserve_operation{late, "me", 10s, 24h}});
  // Neither a look nor an extension makes them younger.
  f.at.apply({touch_operation{keys[0]}, reserve_operation{keys[0], "me", 10s, 24h}});
  BOOST_TEST(f.both({.older_than = 60s}) == names{}, same);
  BOOST_TEST(f.both({.older_than = 60s - 1ns}).size() == keys.size());
  f.clock->pass(1ns);
  BOOST_TEST(f.both({.older_than = 60s}).size() == keys.size());
  BOOST_TEST(f.both({.older_than = 0s}).size() == keys.size() + 1);
}

BOOST_DATA_TEST_CASE(comes_in_the_order_of_primary_keys, backends, backend) {
  scan_fixture f{backend};
  const auto page = f.at.scan({}).value();
  BOOST_TEST(page.next.empty());
  BOOST_TEST(std::is_sorted(page.entries.begin(), page.entries.end(), [](auto& a, auto& b) {
    return primary_key(a.key) < primary_key(b.key);
  }));
}

BOOST_DATA_TEST_CASE(has_entries_as_they_are, backends, backend) {
  index_fixture f{backend};
  f.at.apply({put("k", "a"), reserve("k", "me")});
  f.clock->pass(1s);
  const auto found = f.at.lookup("k");
  const auto listed = f.at.scan({}).value().entries.at(0);
  BOOST_TEST(listed.output == found.entry->output);
  BOOST_TEST((listed.content == found.entry->content));
  BOOST_TEST(listed.generation == found.entry->generation);
  BOOST_TEST(listed.size == found.entry->size);
  const auto held = f.at.scan({.what = scan_filter::kind::reservations}).value().reservations;
  BOOST_TEST((held.at(0) == *found.reservation));
}

BOOST_DATA_TEST_CASE(goes_on_though_entries_come_and_go, backends, backend) {
  scan_fixture f{backend};
  const auto first = f.at.scan({.limit = 2}).value();
  f.at.apply(delete_operation{first.entries.back().key, {}}); // The one that the cursor names.
  const auto second = f.at.scan({.limit = 10}, first.next).value();
  BOOST_TEST(second.entries.size() == keys.size() - 2);
  BOOST_TEST(second.next.empty());
}

BOOST_DATA_TEST_CASE(refuses_limits_and_cursors_that_are_none, backends, backend) {
  scan_fixture f{backend};
  for (const std::size_t limit : {0, 10'001}) {
    const auto refused = f.at.scan({.limit = limit});
    BOOST_TEST(code_of(refused) == errc::invalid_argument);
    BOOST_TEST(refused.error().message.find(std::to_string(limit)) != std::string::npos);
  }
  for (const auto& cursor : {std::string{"x"}, std::string(64, 'g'), std::string(66, '0')})
    BOOST_TEST(code_of(f.at.scan({}, cursor)) == errc::invalid_argument);
}

BOOST_DATA_TEST_CASE(can_be_had_as_numbers, backends, backend) {
  scan_fixture f{backend};
  std::uint64_t bytes = 0;
  for (const auto& entry : f.at.scan({}).value().entries)
    bytes += entry.size;
  f.at.lookup("key"); // which an index held alone may keep a transaction open for
  const auto total = f.at.statistics();
  BOOST_TEST(total.entries == keys.size());
  if (std::string{backend} == "postgresql") // which adds the times when it reads
    BOOST_TEST((total.bytes > 0 && total.bytes < bytes));
  else
    BOOST_TEST(total.bytes == bytes);
  BOOST_TEST(total.reservations == keys.size());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
