#pragma once

#include <cerrno>
#include <csignal>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace deja::testing {

/// One end of a conversation between two processes, line by line.
class line_channel {
public:
  explicit line_channel(int socket) : socket_(socket) {}

  line_channel(line_channel&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), unread_(std::move(other.unread_)) {}

  ~line_channel() {
    if (socket_ >= 0)
      ::close(socket_);
  }

  /// What the other process no longer hears is lost.
  void say(std::string line) {
    line += '\n';
    for (std::string_view rest = line; !rest.empty();) {
      const auto sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EINTR)
        return;
      rest.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    }
  }

  /// The next line; empty where the other process has gone.
  std::string hear() {
    while (true) {
      if (const auto end = unread_.find('\n'); end != std::string::npos) {
        auto line = unread_.substr(0, end);
        unread_.erase(0, end + 1);
        return line;
      }
      char bytes[4096];
      const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        return {};
      unread_.append(bytes, static_cast<std::size_t>(got));
    }
  }

private:
  int socket_;
  std::string unread_;
};

/// A fork of the test that runs a function and ends: with 0, or with 1 where it throws. To be made
/// while no other thread runs and no SQLite database is open, neither of which survives a fork. The
/// function tells what it found to the test, which checks it. Killed and reaped where it still runs
/// when this is destroyed.
class child_process {
public:
  explicit child_process(const std::function<void(line_channel&)>& work)
      : child_process(work, sockets()) {}

  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  ~child_process() {
    if (id_ > 0)
      kill();
  }

  line_channel& channel() { return channel_; }

  void say(std::string line) { channel_.say(std::move(line)); }

  std::string hear() { return channel_.hear(); }

  /// Ends it at once, as a power loss or the kernel's out-of-memory killer would.
  void kill() {
    ::kill(id_, SIGKILL);
    wait();
  }

  /// Waits for its end and gives its exit status; -1 after a signal.
  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

private:
  static std::pair<int, int> sockets() {
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0)
      throw std::system_error{errno, std::generic_category(), "socketpair"};
    return {both[0], both[1]};
  }

  child_process(const std::function<void(line_channel&)>& work, std::pair<int, int> ends)
      : channel_(ends.first), id_(::fork()) {
    if (id_ < 0)
      throw std::system_error{errno, std::generic_category(), "fork"};
    if (id_ == 0) {
      ::close(ends.first);
      run(work, line_channel{ends.second});
    }
    ::close(ends.second);
  }

  [[noreturn]] static void run(const std::function<void(line_channel&)>& work,
                               line_channel channel) {
    try {
      work(channel);
    } catch (const std::exception& problem) {
      channel.say(problem.what());
      ::_exit(1);
    }
    ::_exit(0);
  }

  line_channel channel_;
  pid_t id_;
};

} // namespace deja::testing
