#include "../../support/child_process.hpp"
#include "index_fixture.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace deja;
using namespace deja::testing;

struct process_fixture {
  blocking_index open() const { return blocking_index{make_sqlite_index({.path = file}).value()}; }

  temporary_folder folder;
  std::filesystem::path file = folder / "index.sqlite";
};

/// Makes the writes of this process fail where they need space: on a small disk of its own where
/// it may mount one, else by a limit on each file's size.
class small_disk {
public:
  explicit small_disk(const std::filesystem::path& folder) {
    mounted_ = ::unshare(CLONE_NEWNS) == 0 &&
               ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=1m") == 0;
    folder_ = folder;
    if (mounted_)
      return;
    ::signal(SIGXFSZ, SIG_IGN);
    limit(1 << 20);
  }

  /// What a write without space fails with: only a full disk is more to SQLite than an I/O error.
  errc when_full() const { return mounted_ ? errc::resource_exhausted : errc::unavailable; }

  void grow() {
    if (mounted_)
      ::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT, "size=64m");
    else
      limit(RLIM_INFINITY);
  }

private:
  static void limit(rlim_t bytes) {
    const rlimit now{bytes, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }

  bool mounted_ = false;
  std::filesystem::path folder_;
};

BOOST_FIXTURE_TEST_SUITE(processes_with_one_sqlite_index, process_fixture)

BOOST_AUTO_TEST_CASE(lose_nothing_acknowledged_when_killed) {
  for (int round = 0; round < 3; ++round) {
    const auto prefix = std::to_string(round) + '/';
    child_process writer{[&](line_channel& test) {
      auto at = open();
      for (int n = 0;; ++n)
        if (const auto done = at.apply({put(prefix + std::to_string(n), "a"), reserve("k", "me")});
            code_of(done[0]) == errc::ok)
          test.say(std::to_string(done[0].entry->generation));
    }};
    int acknowledged = 0;
    std::uint64_t last = 0;
    while (acknowledged < 30) {
      last = std::stoull(writer.hear());
      ++acknowledged;
    }
    writer.kill();
    for (auto line = writer.hear(); !line.empty(); line = writer.hear()) {
      last = std::stoull(line);
      ++acknowledged;
    }
    auto at = open();
    int missing = 0;
    for (int n = 0; n < acknowledged; ++n)
      missing += at.uri(prefix + std::to_string(n)) != "a";
    BOOST_TEST(missing == 0);
    BOOST_TEST(at.apply(put("next", "a", {.overwrite = true})).entry->generation > last);
    BOOST_TEST(owner_of(at.lookup("k").reservation) == "me");
  }
}

BOOST_AUTO_TEST_CASE(have_one_winner_a_key) {
  constexpr int keys = 100;
  const auto race = [&](const std::string& me) {
    return [&, me](line_channel& test) {
      test.hear();
      auto at = open(); // Also the first opening is a race.
      std::string won;
      for (int n = 0; n < keys; ++n)
        won += at.apply(put(std::to_string(n), me)).why ? '0' : '1';
      test.say(won);
    };
  };
  std::vector<std::unique_ptr<child_process>> all;
  for (const auto* me : {"a", "b", "c"})
    all.push_back(std::make_unique<child_process>(race(me)));
  for (auto& one : all)
    one->say("go");
  std::vector<int> winners(keys);
  for (auto& one : all) {
    const auto won = one->hear();
    BOOST_REQUIRE_EQUAL(won.size(), std::size_t{keys});
    for (std::size_t n = 0; n < keys; ++n)
      winners[n] += won[n] == '1';
    BOOST_TEST(one->wait() == 0);
  }
  BOOST_TEST(winners == std::vector<int>(keys, 1), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(see_what_the_other_does) {
  child_process other{[&](line_channel& test) {
    auto at = open();
    at.apply({put("k", "theirs"), reserve("k", "they")});
    test.say("done");
    test.hear();
    test.say(at.uri("k"));
  }};
  BOOST_TEST(other.hear() == "done");
  auto at = open();
  BOOST_TEST(at.uri("k") == "theirs");
  BOOST_TEST(owner_of(at.apply(reserve("k", "me")).reservation) == "they");
  at.apply(put("k", "ours", {.overwrite = true}));
  other.say("look");
  BOOST_TEST(other.hear() == "ours");
}

BOOST_AUTO_TEST_CASE(make_the_file_together) {
  for (int round = 0; round < 10; ++round) {
    file = folder / std::to_string(round);
    std::vector<std::unique_ptr<child_process>> all;
    for (int n = 0; n < 4; ++n)
      all.push_back(std::make_unique<child_process>([&](line_channel& test) {
        test.hear();
        const auto opened = make_sqlite_index({.path = file});
        test.say(opened ? "opened" : opened.error().message);
      }));
    for (auto& one : all)
      one->say("go");
    for (auto& one : all)
      BOOST_TEST(one->hear() == "opened");
  }
}

BOOST_AUTO_TEST_CASE(go_on_after_the_disk_was_full) {
  child_process writer{[&](line_channel& test) {
    small_disk disk{folder.path()};
    auto at = open();
    int stored = 0;
    outcome done;
    while (!(done = at.apply(put(std::to_string(stored), std::string(50'000, 'x')))).why)
      ++stored;
    test.say(code_of(done) == disk.when_full() ? "full" : to_string(*done.why));
    test.say(done.why->message);
    int missing = 0;
    for (int n = 0; n < stored; ++n)
      missing += !at.lookup(std::to_string(n)).entry;
    test.say(stored > 0 ? "some" : "none");
    test.say(std::to_string(missing));
    test.say(std::string{to_string(code_of(at.lookup(std::to_string(stored))))});
    disk.grow();
    const auto again = at.apply(put(std::to_string(stored), std::string(50'000, 'x')));
    test.say(again.why ? to_string(*again.why) : "stored");
  }};
  BOOST_TEST(writer.hear() == "full");
  BOOST_TEST(writer.hear().starts_with("database " + file.string()));
  BOOST_TEST(writer.hear() == "some");
  BOOST_TEST(writer.hear() == "0");
  BOOST_TEST(writer.hear() == "ok");
  BOOST_TEST(writer.hear() == "stored");
  BOOST_TEST(writer.wait() == 0);
}

BOOST_AUTO_TEST_CASE(are_told_what_they_may_not_write) {
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0555});
  child_process stranger{[&](line_channel& test) {
    constexpr uid_t nobody = 65534;
    if (::geteuid() == 0 && ::setuid(nobody) != 0) // To root all is permitted.
      throw std::runtime_error("setuid");
    const auto refused = make_sqlite_index({.path = file});
    test.say(refused ? "opened" : to_string(refused.error()));
  }};
  const auto why = stranger.hear();
  BOOST_TEST(why.starts_with("permission_denied: database " + file.string()), why);
  BOOST_TEST(why.find("Permission denied") != std::string::npos, why);
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
