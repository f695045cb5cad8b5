#include <deja/app/run/file_error.hpp>
#include <deja/app/run/process.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace deja::run {

namespace {

constexpr auto passed_on = std::to_array<int>({SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2});

sigset_t watched_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : passed_on)
    ::sigaddset(&set, number);
  ::sigaddset(&set, SIGCHLD);
  return set;
}

struct pipe_ends {
  file_descriptor read, write;
};

result<pipe_ends> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return file_error(errno, "make", "a pipe");
  return pipe_ends{file_descriptor{ends[0]}, file_descriptor{ends[1]}};
}

/// A list of C strings that ends in a null pointer, over texts that stay where they are.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (auto& text : texts)
    list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

/// All that the child needs, made before the fork: between fork and exec only system calls are
/// safe.
struct child_plan {
  explicit child_plan(const process_config& config) : arguments(config.arguments) {
    executable = config.executable.native();
    for (const auto& [name, value] : config.environment)
      environment.push_back(name + '=' + value);
    // As execvp does for a file that is neither binary nor script.
    shell_arguments = {"/bin/sh", executable};
    shell_arguments.insert(shell_arguments.end(), std::next(arguments.begin()), arguments.end());
    argv = pointers(arguments);
    envp = pointers(environment);
    shell_argv = pointers(shell_arguments);
  }

  std::string executable;
  std::vector<std::string> arguments, environment, shell_arguments;
  std::vector<char*> argv, envp, shell_argv;
  std::array<int, 3> streams{}; ///< To become 0, 1 and 2.
  int failed = -1;              ///< Takes the error's number where exec fails.
  pid_t parent = 0;
  sigset_t mask{}; ///< The signal mask it starts with.
};

[[noreturn]] void become(const child_plan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) // It was killed before it could be watched.
    ::_exit(127);
  // First out of the way of 0, 1 and 2, whatever of them was closed when we started.
  std::array<int, 3> moved{};
  for (std::size_t at = 0; at < moved.size(); ++at)
    moved[at] = ::fcntl(plan.streams[at], F_DUPFD_CLOEXEC, 3);
  for (std::size_t at = 0; at < moved.size(); ++at)
    ::dup2(moved[at], static_cast<int>(at));
  ::umask(022);
  ::signal(SIGPIPE, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &plan.mask, nullptr);
  ::execve(plan.executable.c_str(), plan.argv.data(), plan.envp.data());
  if (errno == ENOEXEC)
    ::execve("/bin/sh", plan.shell_argv.data(), plan.envp.data());
  const int problem = errno;
  [[maybe_unused]] const auto told = ::write(plan.failed, &problem, sizeof problem);
  ::_exit(127);
}

/// One of the command's streams, on its way to ours.
struct channel {
  stream from;
  file_descriptor source;
};

/// Watches a command that runs: passes its words and our signals on until it has ended.
class supervision {
public:
  supervision(pid_t child, int signals, file_descriptor output, file_descriptor errors,
              std::chrono::nanoseconds grace, recording& said)
      : child_(child), signals_(signals), grace_(grace), said_(said) {
    channels_[0] = {stream::output, std::move(output)};
    channels_[1] = {stream::errors, std::move(errors)};
  }

  process_end run() {
    while (!ended_ || channels_[0].source || channels_[1].source) {
      std::array<pollfd, 3> waits{};
      waits[0] = {signals_, POLLIN, 0};
      waits[1] = {channels_[0].source.get(), POLLIN, 0};
      waits[2] = {channels_[1].source.get(), POLLIN, 0};
      const int ready = ::poll(waits.data(), waits.size(), time_left());
      if (ready < 0 && errno == EINTR)
        continue;
      if (ended_ && (ready == 0 || is_late())) {
        miss("a process that it left behind still holds its output open");
        break;
      }
      if (waits[0].revents)
        take_signal();
      for (std::size_t at = 0; at < channels_.size(); ++at)
        if (waits[at + 1].revents)
          pass_on(channels_[at]);
    }
    return end_;
  }

private:
  int time_left() const {
    if (!ended_)
      return -1;
    const auto left = until_ - std::chrono::steady_clock::now();
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<std::int64_t>(whole, 0, 3'600'000));
  }

  /// Whether it goes on speaking past the grace. What still lay in the pipes when that ended is
  /// heard, in a few rounds more.
  bool is_late() {
    constexpr int last_rounds = 4;
    return std::chrono::steady_clock::now() >= until_ && ++late_rounds_ > last_rounds;
  }

  void take_signal() {
    signalfd_siginfo told{};
    if (::read(signals_, &told, sizeof told) != sizeof told)
      return;
    if (told.ssi_signo == SIGCHLD)
      look_after();
    else if (!ended_ && told.ssi_code != SI_KERNEL) // The terminal's go to the whole group.
      ::kill(child_, static_cast<int>(told.ssi_signo));
  }

  void look_after() {
    int status = 0;
    if (ended_ || ::waitpid(child_, &status, WNOHANG) != child_)
      return;
    ended_ = true;
    until_ = std::chrono::steady_clock::now() + grace_;
    end_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  void pass_on(channel& one) {
    const auto got = ::read(one.source.get(), buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR)
      return;
    if (got <= 0) {
      one.source.close();
      return;
    }
    const std::string_view bytes{buffer_.data(), static_cast<std::size_t>(got)};
    said_.append(one.from, bytes);
    if (const int problem = write_to(one.from, bytes)) {
      // Nobody listens: the command is to notice as it would without us.
      miss("its output could not be passed on: " + std::generic_category().message(problem));
      one.source.close();
    }
  }

  void miss(std::string why) {
    end_.complete = false;
    end_.incomplete = std::move(why);
  }

  pid_t child_;
  int signals_;
  std::chrono::nanoseconds grace_;
  recording& said_;
  std::array<channel, 2> channels_{};
  bool ended_ = false;
  std::chrono::steady_clock::time_point until_;
  int late_rounds_ = 0;
  process_end end_;
  std::array<char, 64 * 1024> buffer_{};
};

error cannot_execute(int number, const std::filesystem::path& executable) {
  auto why = file_error(number, "execute", executable);
  if (why.code != errc::not_found && why.code != errc::resource_exhausted)
    why.code = errc::permission_denied;
  return why;
}

} // namespace

signals_blocked::signals_blocked() {
  const auto set = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

signals_blocked::~signals_blocked() {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

result<process_end> run_process(const process_config& config, recording& said) {
  ::signal(SIGPIPE, SIG_IGN); // A write says so itself where nobody listens.
  ::signal(SIGCHLD, SIG_DFL); // Where it was ignored no status would be kept.
  child_plan plan{config};
  auto output = make_pipe();
  auto errors = make_pipe();
  auto failed = make_pipe();
  if (!output || !errors || !failed)
    return !output ? output.error() : !errors ? errors.error() : failed.error();
  const file_descriptor nothing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const auto set = watched_signals();
  const file_descriptor signals{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!nothing || !signals)
    return file_error(errno, "open", nothing ? "a signal descriptor" : "/dev/null");
  const int input = config.standard_input < 0 ? nothing.get() : config.standard_input;
  plan.streams = {input, output->write.get(), errors->write.get()};
  plan.failed = failed->write.get();
  plan.parent = ::getpid();
  ::pthread_sigmask(SIG_SETMASK, nullptr, &plan.mask);
  const signals_blocked blocked;
  const pid_t child = ::fork();
  if (child < 0)
    return file_error(errno, "start", config.executable);
  if (child == 0)
    become(plan);
  output->write.close();
  errors->write.close();
  failed->write.close();
  int problem = 0;
  ssize_t told = 0;
  while ((told = ::read(failed->read.get(), &problem, sizeof problem)) < 0 && errno == EINTR) {
  }
  if (told > 0) {
    ::waitpid(child, nullptr, 0);
    return cannot_execute(problem, config.executable);
  }
  supervision watch{child,        signals.get(), std::move(output->read), std::move(errors->read),
                    config.grace, said};
  return watch.run();
}

} // namespace deja::run
