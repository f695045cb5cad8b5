#include "../../support/child_process.hpp"
#include "../../support/results.hpp"
#include "../../support/temporary_folder.hpp"

#include <deja/transport/folder/holder_lock.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <sys/resource.h>
#include <thread>

namespace {

using namespace deja;
using namespace deja::testing;
namespace fs = std::filesystem;

struct holder_fixture {
  bool ended(const std::string& owner = "me") { return holder_has_ended(folder, owner); }

  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& one : fs::directory_iterator{folder.path() / "holders"})
      all.push_back(one.path());
    return all;
  }

  /// A process that holds the lock until it is killed.
  const std::function<void(line_channel&)> hold = [this](line_channel& test) {
    const auto lock = holder_lock::take(folder, "me").value();
    test.say("held");
    test.hear();
  };

  temporary_folder parent;
  data_folder folder = data_folder::open(parent / "data").value();
};

BOOST_FIXTURE_TEST_SUITE(a_holder_with_a_lock, holder_fixture)

BOOST_AUTO_TEST_CASE(has_ended_when_it_was_killed) {
  child_process holder{hold};
  BOOST_TEST(holder.hear() == "held");
  BOOST_TEST(!ended());
  holder.kill();
  BOOST_TEST(ended());
  BOOST_TEST(!ended("another"));
}

BOOST_AUTO_TEST_CASE(has_not_ended_while_what_it_started_goes_on) {
  int ends[2]; // What was started goes on until the second is closed.
  BOOST_REQUIRE_EQUAL(::pipe2(ends, O_CLOEXEC), 0);
  child_process holder{[&](line_channel& test) {
    const auto lock = holder_lock::take(folder, "me").value();
    if (::fork() == 0) {
      ::dup2(ends[0], 0);
      ::execlp("cat", "cat", nullptr);
      ::_exit(1);
    }
    test.say("held");
    test.hear();
  }};
  BOOST_TEST(holder.hear() == "held");
  holder.kill();
  BOOST_TEST(!ended());
  ::close(ends[0]);
  ::close(ends[1]);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!ended() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  BOOST_TEST(ended());
}

BOOST_AUTO_TEST_CASE(leaves_nothing_when_it_ends_in_peace) {
  {
    const auto lock = holder_lock::take(folder, "me");
    BOOST_TEST(code_of(lock) == errc::ok);
    BOOST_TEST(files().size() == 1u);
  }
  BOOST_TEST(files().empty());
  BOOST_TEST(!ended());
}

BOOST_AUTO_TEST_CASE(is_known_to_have_ended_by_who_comes_after_it_was_killed) {
  child_process holder{hold};
  BOOST_TEST(holder.hear() == "held");
  holder.kill();
  const auto next = holder_lock::take(folder, "you").value();
  BOOST_TEST(ended());
}

BOOST_AUTO_TEST_CASE(is_cleared_away_a_day_after_its_beginning_where_it_was_killed) {
  child_process holder{hold};
  BOOST_TEST(holder.hear() == "held");
  const auto beside = holder_lock::take(folder, "you").value();
  for (const auto& file : files())
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours{25});
  holder.kill();
  const auto next = holder_lock::take(folder, "they").value();
  BOOST_TEST(files().size() == 2u);
  BOOST_TEST(!ended("you"));
}

BOOST_AUTO_TEST_CASE(leaves_nothing_where_it_has_too_few_descriptors) {
  child_process holder{[&](line_channel& test) {
    const rlimit few{64, 64};
    ::setrlimit(RLIMIT_NOFILE, &few);
    test.say(code_of(holder_lock::take(folder, "me")) == errc::ok ? "held" : "not held");
  }};
  BOOST_TEST(holder.hear() == "not held");
  BOOST_TEST(files().empty());
}

BOOST_AUTO_TEST_CASE(of_another_boot_or_machine_is_not_judged) {
  child_process holder{hold};
  BOOST_TEST(holder.hear() == "held");
  holder.kill();
  BOOST_TEST(ended());
  std::ofstream{files().at(0)} << "another-boot";
  BOOST_TEST(!ended());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
