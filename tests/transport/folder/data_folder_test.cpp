#include "../../support/child_process.hpp"
#include "../../support/results.hpp"
#include "../../support/temporary_folder.hpp"

#include <deja/transport/folder/data_folder.hpp>

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sys/stat.h>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

int mode_of(const fs::path& path) {
  return static_cast<int>(fs::status(path).permissions());
}

std::string read(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// What opening the folder fails with, as text; empty where it opens.
std::string why_not(const fs::path& path) {
  const auto opened = data_folder::open(path);
  return opened ? "" : to_string(opened.error());
}

/// Runs as somebody to whom not all is permitted.
void leave_root() {
  constexpr uid_t nobody = 65534;
  if (::geteuid() == 0 && ::setuid(nobody) != 0)
    throw std::runtime_error("setuid");
}

struct folder_fixture {
  temporary_folder parent;
  fs::path path = parent / "data";
};

BOOST_FIXTURE_TEST_SUITE(a_data_folder, folder_fixture)

BOOST_AUTO_TEST_CASE(is_made_for_its_owner_alone) {
  for (const auto& name : {path, parent / "a/b/c", parent / "with a slash/"}) {
    const auto folder = data_folder::open(name);
    BOOST_REQUIRE_EQUAL(code_of(folder), errc::ok);
    BOOST_TEST(mode_of(folder->path()) == 0700);
    BOOST_TEST(read(name / "format") == "deja data folder 1\n");
    BOOST_TEST(std::distance(fs::directory_iterator{name}, {}) == 1);
  }
}

BOOST_AUTO_TEST_CASE(names_its_files) {
  const auto folder = data_folder::open(path / "").value();
  BOOST_TEST(folder.path() == path);
  BOOST_TEST(folder.index() == path / "index.sqlite");
  BOOST_TEST(folder.digests() == path / "digests.sqlite");
  BOOST_TEST(folder.socket() == path / "socket");
}

BOOST_AUTO_TEST_CASE(is_opened_again_as_it_is) {
  BOOST_TEST(why_not(path) == "");
  fs::permissions(path, fs::perms{0750});
  std::ofstream{path / "other"} << "x";
  BOOST_TEST(why_not(path) == "");
  BOOST_TEST(mode_of(path) == 0750);
  BOOST_TEST(read(path / "other") == "x");
}

BOOST_AUTO_TEST_CASE(is_made_by_many_at_once) {
  std::vector<std::unique_ptr<child_process>> all;
  for (int n = 0; n < 8; ++n)
    all.push_back(std::make_unique<child_process>([&](line_channel& test) {
      test.hear();
      test.say("it says: " + why_not(path));
    }));
  for (auto& one : all)
    one->say("go");
  for (auto& one : all)
    BOOST_TEST(one->hear() == "it says: ");
}

BOOST_AUTO_TEST_CASE(of_a_newer_format_is_refused) {
  fs::create_directory(path);
  std::ofstream{path / "format"} << "deja data folder 2\n";
  const auto why = why_not(path);
  BOOST_TEST(why.starts_with("failed_precondition"), why);
  BOOST_TEST(why.find("format 2, made by a newer Deja; this one knows 1") != std::string::npos,
             why);
  BOOST_TEST(read(path / "format") == "deja data folder 2\n");
}

BOOST_AUTO_TEST_CASE(of_no_format_is_refused) {
  fs::create_directory(path);
  for (const auto& content : {std::string{}, std::string{"x"}, std::string{"deja data folder "},
                              std::string{"deja data folder 1\nx"}, std::string(100'000, 'x')}) {
    std::ofstream{path / "format", std::ios::binary} << content;
    const auto why = why_not(path);
    BOOST_TEST(why.starts_with("failed_precondition"), why);
    BOOST_TEST(why.find((path / "format").string()) != std::string::npos, why);
    BOOST_TEST(read(path / "format") == content);
  }
}

BOOST_AUTO_TEST_CASE(that_is_no_folder_is_refused) {
  std::ofstream{path} << "x";
  BOOST_TEST(why_not(path).starts_with("invalid_argument: data folder " + path.string()));
  BOOST_TEST(why_not(path / "below").starts_with("invalid_argument"));
  BOOST_TEST(why_not(parent / std::string(300, 'x')).starts_with("invalid_argument"));
}

BOOST_AUTO_TEST_CASE(that_may_not_be_written_is_refused) {
  fs::create_directory(path);
  fs::permissions(path, fs::perms{0555});
  fs::permissions(parent.path(), fs::perms{0755});
  std::ofstream{parent / "format"} << "deja data folder 1\n";
  fs::permissions(parent / "format", fs::perms{0});
  child_process stranger{[&](line_channel& test) {
    leave_root();
    test.say(why_not(path));
    test.say(why_not(path / "below"));
    test.say(why_not(parent.path()));
  }};
  for (int n = 0; n < 3; ++n) {
    const auto why = stranger.hear();
    BOOST_TEST(why.starts_with("permission_denied"), why);
    BOOST_TEST(why.find("Permission denied") != std::string::npos, why);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_lock_of_a_folder, folder_fixture)

BOOST_AUTO_TEST_CASE(is_shared_or_held_alone) {
  const auto folder = data_folder::open(path).value();
  {
    const auto one = folder.share();
    const auto other = folder.share();
    BOOST_TEST(code_of(one) == errc::ok);
    BOOST_TEST(code_of(other) == errc::ok);
    const auto refused = folder.take(0s);
    BOOST_TEST(code_of(refused) == errc::unavailable);
    BOOST_TEST(refused.error().message.find("held by another") != std::string::npos);
  }
  const auto alone = folder.take(0s);
  BOOST_TEST(code_of(alone) == errc::ok);
  BOOST_TEST(code_of(folder.take(0s)) == errc::unavailable);
  BOOST_TEST(code_of(folder.share()) == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(moves) {
  const auto folder = data_folder::open(path).value();
  auto first = folder.take(0s).value();
  auto second = std::move(first);
  BOOST_TEST(code_of(folder.share()) == errc::unavailable);
  auto other = file_lock::take(parent / "other", 0s).value();
  other = std::move(second); // What it held before is let go at once.
  BOOST_TEST(code_of(file_lock::share(parent / "other")) == errc::ok);
  BOOST_TEST(code_of(folder.share()) == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(holds_between_processes_and_ends_with_its_own) {
  const auto folder = data_folder::open(path).value();
  child_process service{[&](line_channel& test) {
    const auto lock = folder.take(0s).value();
    test.say("held");
    test.hear();
  }};
  BOOST_TEST(service.hear() == "held");
  BOOST_TEST(code_of(folder.share()) == errc::unavailable);
  service.kill();
  BOOST_TEST(code_of(folder.take(0s)) == errc::ok);
}

BOOST_AUTO_TEST_CASE(is_waited_for) {
  const auto folder = data_folder::open(path).value();
  child_process user{[&](line_channel& test) {
    const auto lock = folder.share().value();
    test.say("held");
    test.hear();
  }};
  BOOST_TEST(user.hear() == "held");
  BOOST_TEST(code_of(folder.take(1ms)) == errc::unavailable);
  user.say("go");
  BOOST_TEST(code_of(folder.take(30s)) == errc::ok);
}

BOOST_AUTO_TEST_CASE(that_is_waited_for_is_not_shared_anew) {
  const auto folder = data_folder::open(path).value();
  child_process service{[&](line_channel& test) {
    test.hear();
    test.say(code_of(folder.take(30s)) == errc::ok ? "taken" : "not taken");
  }};
  {
    const auto lock = file_lock::share_in_turn(folder.lock()).value();
    BOOST_TEST(code_of(file_lock::share_in_turn(folder.lock())) == errc::ok);
    service.say("take it");
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    auto another = file_lock::share_in_turn(folder.lock());
    while (another && std::chrono::steady_clock::now() < deadline)
      another = file_lock::share_in_turn(folder.lock());
    BOOST_TEST(code_of(another) == errc::unavailable);
    BOOST_TEST(code_of(folder.share()) == errc::ok); // by who holds it already
  }
  BOOST_TEST(service.hear() == "taken");
  BOOST_TEST(service.wait() == 0);
  BOOST_TEST(code_of(file_lock::share_in_turn(folder.lock())) == errc::ok);
}

BOOST_AUTO_TEST_CASE(that_is_waited_for_in_vain_is_shared_again) {
  const auto folder = data_folder::open(path).value();
  const auto lock = folder.share().value();
  BOOST_TEST(code_of(folder.take(0s)) == errc::unavailable);
  BOOST_TEST(code_of(file_lock::share_in_turn(folder.lock())) == errc::ok);
}

BOOST_AUTO_TEST_CASE(that_cannot_be_had_is_not_taken_for_held) {
  BOOST_TEST(code_of(file_lock::share(parent / "nowhere" / "lock")) == errc::failed_precondition);
  BOOST_TEST(code_of(file_lock::take(parent / "nowhere" / "lock", 30s)) ==
             errc::failed_precondition);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_default_data_folder)

BOOST_AUTO_TEST_CASE(follows_the_base_directory_specification) {
  child_process other{[](line_channel& test) {
    const auto say = [&] {
      const auto path = default_data_folder();
      test.say(path ? path->string() : to_string(path.error()));
    };
    ::setenv("HOME", "/home/me", 1);
    ::setenv("XDG_CACHE_HOME", "/cache", 1);
    say();
    ::setenv("XDG_CACHE_HOME", "relative", 1);
    say();
    ::unsetenv("XDG_CACHE_HOME");
    ::unsetenv("HOME");
    say();
  }};
  BOOST_TEST(other.hear() == "/cache/deja");
  BOOST_TEST(other.hear() == "/home/me/.cache/deja");
  BOOST_TEST(other.hear().starts_with("failed_precondition"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
