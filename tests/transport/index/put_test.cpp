#include "index_fixture.hpp"

#include <iostream>

namespace {

using namespace deja;
using namespace deja::testing;

struct announcement {
  announcement() {
    std::string names;
    for (const auto& name : all_backends)
      names += ' ' + name;
    std::cout << "indexes under test:" << names << '\n';
    if (postgres_server::programs().empty())
      std::cout << "skipped: postgresql, which is not installed\n";
  }
};

BOOST_TEST_GLOBAL_FIXTURE(announcement);

BOOST_AUTO_TEST_SUITE(an_entry_of_an_index)

BOOST_DATA_TEST_CASE(is_found_once_it_is_put, backends, backend) {
  index_fixture f{backend};
  BOOST_TEST(f.at.uri("k") == "none");
  const auto done = f.at.apply(put("k", "a"));
  BOOST_TEST(code_of(done) == errc::ok);
  BOOST_TEST(uri_of(done.entry) == "a");
  BOOST_TEST(f.at.uri("k") == "a");
}

BOOST_DATA_TEST_CASE(is_not_replaced_without_a_word, backends, backend) {
  index_fixture f{backend};
  f.at.apply(put("k", "a"));
  const auto done = f.at.apply(put("k", "b"));
  BOOST_TEST(code_of(done) == errc::already_exists);
  BOOST_TEST(uri_of(done.entry) == "a");
  BOOST_TEST((done.entry->content == content_digest(output_at("a"))));
  BOOST_TEST(f.at.uri("k") == "a");
}

BOOST_DATA_TEST_CASE(is_overwritten_where_the_put_says_so, backends, backend) {
  index_fixture f{backend};
  BOOST_TEST(code_of(f.at.apply(put("k", "a", {.overwrite = true}))) == errc::ok);
  BOOST_TEST(code_of(f.at.apply(put("k", "b", {.overwrite = true}))) == errc::ok);
  BOOST_TEST(f.at.uri("k") == "b");
}

BOOST_DATA_TEST_CASE(is_replaced_once_it_is_older_than_the_age, backends, backend) {
  index_fixture f{backend};
  f.at.apply(put("k", "a"));
  f.clock->pass(60s);
  BOOST_TEST(code_of(f.at.apply(put("k", "b", {.max_age = 60s}))) == errc::already_exists);
  f.clock->pass(1ns);
  BOOST_TEST(code_of(f.at.apply(put("k", "b", {.max_age = 60s}))) == errc::ok);
  BOOST_TEST(f.at.uri("k") == "b");
  BOOST_TEST(code_of(f.at.apply(put("k", "c", {.max_age = 60s}))) == errc::already_exists);
}

BOOST_DATA_TEST_CASE(is_replaced_where_it_is_the_generation_named, backends, backend) {
  index_fixture f{backend};
  const auto first = f.at.apply(put("k", "a")).entry->generation;
  BOOST_TEST(code_of(f.at.apply(put("k", "b", {.generation = first}))) == errc::ok);
  const auto late = f.at.apply(put("k", "c", {.generation = first}));
  BOOST_TEST(code_of(late) == errc::failed_precondition);
  BOOST_TEST(uri_of(late.entry) == "b");
  BOOST_TEST(f.at.uri("k") == "b");
}

BOOST_DATA_TEST_CASE(is_put_anew_where_the_generation_is_gone, backends, backend) {
  index_fixture f{backend};
  const auto first = f.at.apply(put("k", "a")).entry->generation;
  f.at.apply(erase("k"));
  BOOST_TEST(code_of(f.at.apply(put("k", "b", {.generation = first}))) == errc::ok);
}

BOOST_DATA_TEST_CASE(never_has_a_generation_twice, backends, backend) {
  index_fixture f{backend};
  std::uint64_t last = 0;
  for (int round = 0; round < 5; ++round) {
    const auto next = f.at.apply(put("k", "a", {.overwrite = true})).entry->generation;
    BOOST_TEST(next > last);
    last = next;
    BOOST_TEST(f.at.lookup("k").entry->generation == last);
    if (round % 2 == 0)
      f.at.apply(erase("k"));
  }
}

BOOST_DATA_TEST_CASE(is_gone_once_it_is_deleted, backends, backend) {
  index_fixture f{backend};
  BOOST_TEST(code_of(f.at.apply(erase("k"))) == errc::not_found);
  f.at.apply(put("k", "a"));
  const auto done = f.at.apply(erase("k"));
  BOOST_TEST(code_of(done) == errc::ok);
  BOOST_TEST(uri_of(done.entry) == "a");
  BOOST_TEST(f.at.uri("k") == "none");
  BOOST_TEST(code_of(f.at.apply(erase("k"))) == errc::not_found);
}

BOOST_DATA_TEST_CASE(is_deleted_only_as_the_generation_named, backends, backend) {
  index_fixture f{backend};
  const auto first = f.at.apply(put("k", "a")).entry->generation;
  const auto second = f.at.apply(put("k", "b", {.overwrite = true})).entry->generation;
  const auto late = f.at.apply(erase("k", first));
  BOOST_TEST(code_of(late) == errc::failed_precondition);
  BOOST_TEST(uri_of(late.entry) == "b");
  BOOST_TEST(code_of(f.at.apply(erase("k", second))) == errc::ok);
}

BOOST_DATA_TEST_CASE(knows_its_times_and_its_size, backends, backend) {
  index_fixture f{backend};
  const auto first = f.clock->now();
  f.at.apply(put("k", "a"));
  f.clock->pass(7ns);
  f.at.apply(touch("k"));
  auto found = *f.at.lookup("k").entry;
  BOOST_TEST((found.key == key_named("k")));
  BOOST_TEST(found.task == "task");
  BOOST_TEST((found.created == first));
  BOOST_TEST((found.updated == first));
  BOOST_TEST((found.accessed == first + 7ns));
  BOOST_TEST(!found.expires);
  BOOST_TEST(found.size == found.output.size());

  f.clock->pass(1s);
  const auto second = f.clock->now();
  f.at.apply(put("k", "longer", {.overwrite = true}));
  found = *f.at.lookup("k").entry;
  BOOST_TEST((found.created == first)); // kept, for the request has none
  BOOST_TEST((found.updated == second));
  BOOST_TEST((found.accessed == second));
  BOOST_TEST(found.size == with_times(without_times(output_at("longer")), first, second).size());
  const auto stored = parse_message<cacheservice::CachedOutput>(found.output).value();
  BOOST_TEST((from_wire(stored.metadata().created_at(), "").value() == first));
  BOOST_TEST((from_wire(stored.metadata().last_updated_at(), "").value() == second));
}

BOOST_DATA_TEST_CASE(keeps_the_creation_that_the_request_has, backends, backend) {
  index_fixture f{backend};
  for (const auto created : {wall_time::min() + 1s, wall_time{-1ns}, wall_time{}, f.clock->now(),
                             wall_time::max() - 1s}) {
    auto what = put("k", "a", {.overwrite = true});
    what.created = created;
    f.at.apply(what);
    BOOST_TEST((f.at.lookup("k").entry->created == created));
  }
}

BOOST_DATA_TEST_CASE(is_touched_only_where_it_is, backends, backend) {
  index_fixture f{backend};
  BOOST_TEST(code_of(f.at.apply(touch("k"))) == errc::ok);
  BOOST_TEST(f.at.uri("k") == "none");
}

BOOST_DATA_TEST_CASE(ends_with_its_lifetime, backends, backend) {
  index_fixture f{backend};
  auto what = put("k", "a");
  what.lifetime = 10s;
  const auto first = *f.at.apply(what).entry;
  BOOST_TEST((first.expires == f.clock->now() + 10s));
  f.clock->pass(10s - 1ns);
  BOOST_TEST(f.at.uri("k") == "a");
  BOOST_TEST((f.at.lookup("k").entry->expires == first.expires));
  f.clock->pass(1ns);
  BOOST_TEST(f.at.uri("k") == "none");
  BOOST_TEST(f.at.scan({}).value().entries.empty());
  BOOST_TEST(code_of(f.at.apply(erase("k"))) == errc::not_found);
}

BOOST_DATA_TEST_CASE(that_ended_is_as_if_it_had_never_been, backends, backend) {
  index_fixture f{backend};
  auto what = put("k", "a");
  what.lifetime = 10s;
  what.created = wall_time{};
  f.at.apply(what);
  f.clock->pass(10s);
  f.at.apply(touch("k"));
  const auto refused = f.at.apply(put("k", "b", {.held = fence{"nobody", 0}}));
  BOOST_TEST(code_of(refused) == errc::failed_precondition);
  BOOST_TEST(uri_of(refused.entry) == "none");
  const auto done = f.at.apply(put("k", "b"));
  BOOST_TEST(code_of(done) == errc::ok);
  BOOST_TEST((done.entry->created == f.clock->now()));
  BOOST_TEST(!done.entry->expires);
}

BOOST_DATA_TEST_CASE(may_live_longer_than_the_clock_counts, backends, backend) {
  index_fixture f{backend};
  auto what = put("k", "a");
  what.lifetime = duration::max();
  f.at.apply(what);
  BOOST_TEST(f.at.uri("k") == "a");
}

BOOST_DATA_TEST_CASE(is_told_from_those_of_other_scopes, backends, backend) {
  index_fixture f{backend};
  const std::vector<entry_key> keys = {{{"", "", ""}, "k"},
                                       {{"", "", "k"}, "k"},
                                       {{"k", "", ""}, "k"},
                                       {{"", "p", ""}, "k"},
                                       {{"a", "bc", ""}, "k"},
                                       {{"ab", "c", ""}, "k"},
                                       {{"орг", "проект", "域"}, "ключ 🔑"},
                                       {{"орг", "проект", "域"}, std::string{"a\0b", 3}},
                                       {{"орг", "проект", "域"}, "a"},
                                       {{"p", "p", "p"}, std::string(1024, 'k')}};
  for (std::size_t at = 0; at < keys.size(); ++at)
    BOOST_TEST(code_of(f.at.apply(put(keys[at], std::to_string(at)))) == errc::ok);
  const auto found = f.at.lookup(keys);
  for (std::size_t at = 0; at < keys.size(); ++at) {
    BOOST_TEST(uri_of(found[at].entry) == std::to_string(at));
    BOOST_TEST((found[at].entry->key == keys[at]));
  }
}

BOOST_DATA_TEST_CASE(may_be_large, backends, backend) {
  index_fixture f{backend};
  const std::string large(1 << 20, 'x');
  f.at.apply(put("k", large));
  BOOST_TEST((f.at.uri("k") == large));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
