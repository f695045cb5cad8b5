#include "area.hpp"

#include <deja/app/run/process.hpp>

#include <array>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace deja;
using namespace deja::run;
using namespace std::chrono_literals;

namespace {

/// Runs shell scripts, with our standard output and error going to files.
struct shell : area {
  shell() { config.environment = {{"PATH", "/usr/bin:/bin"}}; }

  result<process_end> run(const std::string& script) {
    config.executable = "/bin/sh";
    config.arguments = {"sh", "-c", script};
    return run_config();
  }

  result<process_end> run_config() {
    const redirected output{STDOUT_FILENO, folder / "stdout"};
    const redirected errors{STDERR_FILENO, folder / "stderr"};
    return run_process(config, said);
  }

  int status(const std::string& script) {
    auto end = run(script);
    BOOST_REQUIRE(end);
    return end->status;
  }

  /// Sends one of our standard streams to a file while it lives.
  struct redirected {
    redirected(int number, const std::filesystem::path& file) : stream(number) {
      ::fflush(nullptr);
      before = ::dup(stream);
      const file_descriptor to{::open(file.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600)};
      ::dup2(to.get(), stream);
    }

    ~redirected() {
      ::fflush(nullptr);
      ::dup2(before, stream);
      ::close(before);
    }

    int stream;
    int before = -1;
  };

  process_config config;
  recording said;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(process_suite, shell)

BOOST_AUTO_TEST_CASE(the_exit_status_is_the_commands) {
  BOOST_TEST(status("exit 0") == 0);
  BOOST_TEST(status("exit 7") == 7);
  BOOST_TEST(status("exit 255") == 255);
}

BOOST_AUTO_TEST_CASE(a_command_that_dies_by_a_signal_ends_with_128_and_its_number) {
  BOOST_TEST(status("kill -TERM $$") == 128 + SIGTERM);
  BOOST_TEST(status("kill -KILL $$") == 128 + SIGKILL);
}

BOOST_AUTO_TEST_CASE(what_it_says_goes_through_and_is_recorded_in_order) {
  BOOST_TEST(status("echo one; sleep 0.02; echo two >&2; sleep 0.02; echo three") == 0);
  BOOST_TEST(read("stdout") == "one\nthree\n");
  BOOST_TEST(read("stderr") == "two\n");
  BOOST_REQUIRE(said.file());
  {
    const redirected both{STDOUT_FILENO, folder / "again"};
    const int errors = ::dup(STDERR_FILENO);
    ::dup2(STDOUT_FILENO, STDERR_FILENO);
    const int problem = replay(said.file()->get());
    ::dup2(errors, STDERR_FILENO);
    ::close(errors);
    BOOST_TEST(problem == 0);
  }
  BOOST_TEST(read("again") == "one\ntwo\nthree\n");
}

BOOST_AUTO_TEST_CASE(much_output_goes_through_whole) {
  BOOST_TEST(status("head -c 5000000 /dev/zero; head -c 3000000 /dev/zero >&2") == 0);
  BOOST_TEST(std::filesystem::file_size(folder / "stdout") == 5'000'000);
  BOOST_TEST(std::filesystem::file_size(folder / "stderr") == 3'000'000);
  BOOST_TEST(bool{check_recording(said.file()->get())});
}

BOOST_AUTO_TEST_CASE(it_sees_the_environment_it_is_given_and_no_other) {
  config.environment["GIVEN"] = "yes";
  BOOST_TEST(status("echo $GIVEN-$HOME-$USER") == 0);
  BOOST_TEST(read("stdout") == "yes--\n");
}

BOOST_AUTO_TEST_CASE(the_umask_is_022) {
  const auto before = ::umask(0);
  BOOST_TEST(status("umask") == 0);
  ::umask(before);
  BOOST_TEST(read("stdout") == "0022\n");
}

BOOST_AUTO_TEST_CASE(standard_input_is_empty_or_what_is_given) {
  BOOST_TEST(status("cat; echo end") == 0);
  BOOST_TEST(read("stdout") == "end\n");
  write("input", "given\n");
  const file_descriptor input{::open((folder / "input").c_str(), O_RDONLY)};
  config.standard_input = input.get();
  BOOST_TEST(status("cat") == 0);
  BOOST_TEST(read("stdout") == "given\n");
}

BOOST_AUTO_TEST_CASE(what_is_not_there_or_not_executable_is_an_error) {
  config.arguments = {"x"};
  config.executable = folder / "none";
  auto end = run_config();
  BOOST_REQUIRE(!end);
  BOOST_TEST((end.error().code == errc::not_found));
  write("text", "text");
  config.executable = folder / "text";
  end = run_config();
  BOOST_REQUIRE(!end);
  BOOST_TEST((end.error().code == errc::permission_denied));
}

BOOST_AUTO_TEST_CASE(a_file_that_says_nothing_is_run_by_the_shell) {
  write("script", "echo \"$0 $1\"\n", true);
  config.executable = folder / "script";
  config.arguments = {"script", "argument"};
  auto end = run_config();
  BOOST_REQUIRE(end);
  BOOST_TEST(read("stdout") == (folder / "script").native() + " argument\n");
}

BOOST_AUTO_TEST_CASE(signals_reach_the_command_and_not_us) {
  BOOST_TEST(status("trap 'echo got; exit 3' TERM; kill -TERM $PPID; while :; do :; done") == 3);
  BOOST_TEST(read("stdout") == "got\n");
  BOOST_TEST(status("trap 'exit 4' USR1; kill -USR1 $PPID; while :; do :; done") == 4);
}

BOOST_AUTO_TEST_CASE(a_process_left_behind_with_the_streams_does_not_hold_us) {
  config.grace = 1ms;
  auto end = run("sleep 1000 & echo $! > " + (folder / "left").native() + "; echo said");
  ::kill(std::stoi(read("left")), SIGKILL);
  BOOST_REQUIRE(end);
  BOOST_TEST(end->status == 0);
  BOOST_TEST(!end->complete);
  BOOST_TEST(read("stdout") == "said\n");
}

BOOST_AUTO_TEST_CASE(a_process_left_behind_that_never_stops_speaking_does_not_hold_us) {
  config.grace = 1ms;
  auto end = run("yes & echo $! > " + (folder / "left").native());
  ::kill(std::stoi(read("left")), SIGKILL);
  BOOST_REQUIRE(end);
  BOOST_TEST(!end->complete);
}

BOOST_AUTO_TEST_CASE(a_process_left_behind_without_the_streams_is_none_of_our_business) {
  auto end = run("sleep 1000 >/dev/null 2>&1 & echo $! > " + (folder / "left").native());
  ::kill(std::stoi(read("left")), SIGKILL);
  BOOST_REQUIRE(end);
  BOOST_TEST(end->complete);
}

BOOST_AUTO_TEST_CASE(where_nobody_listens_the_command_is_told) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE_EQUAL(::pipe(ends.data()), 0);
  ::close(ends[0]);
  const int before = ::dup(STDOUT_FILENO);
  ::dup2(ends[1], STDOUT_FILENO);
  config.executable = "/usr/bin/yes";
  config.arguments = {"yes"};
  auto end = run_process(config, said);
  ::dup2(before, STDOUT_FILENO);
  ::close(before);
  ::close(ends[1]);
  BOOST_REQUIRE(end);
  BOOST_TEST(end->status == 128 + SIGPIPE);
  BOOST_TEST(!end->complete);
}

BOOST_AUTO_TEST_CASE(a_frame_that_is_cut_short_is_damage) {
  said.append(stream::output, "some words");
  const auto path = said.file()->path();
  BOOST_TEST(bool{check_recording(said.file()->get())});
  BOOST_REQUIRE_EQUAL(::truncate(path.c_str(), 9), 0);
  auto checked = check_recording(said.file()->get());
  BOOST_REQUIRE(!checked);
  BOOST_TEST((checked.error().code == errc::data_loss));
}

BOOST_AUTO_TEST_SUITE_END()
