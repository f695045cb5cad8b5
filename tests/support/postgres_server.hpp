#pragma once

#include "temporary_folder.hpp"

#include <deja/transport/index/postgres.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace deja::testing {

/// A PostgreSQL server of the test's own, on a socket in a temporary folder. It refuses to run as
/// root, so there it runs as nobody.
class postgres_server {
public:
  /// Where the server's programs are; empty where it is not installed.
  static std::filesystem::path programs() {
    const std::filesystem::path all = "/usr/lib/postgresql";
    std::filesystem::path newest;
    if (std::filesystem::is_directory(all))
      for (const auto& version : std::filesystem::directory_iterator{all})
        if (std::filesystem::exists(version.path() / "bin/postgres"))
          newest = std::max(newest, version.path() / "bin");
    return newest;
  }

  /// The one that the cases of a test program share, started at its first use. Each takes a schema
  /// of its own.
  static postgres_server& shared() {
    static postgres_server server;
    return server;
  }

  postgres_server() {
    if (::geteuid() == 0 && ::chown(folder_.path().c_str(), nobody, nobody) != 0)
      throw std::runtime_error("giving the database's folder to nobody");
    const auto made = ::fork();
    if (made == 0)
      run("initdb",
          {"-D", data(), "-U", "deja", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"});
    int status = 0;
    ::waitpid(made, &status, 0);
    if (status != 0)
      throw std::runtime_error("initdb failed: its output is " + (folder_ / "log").string());
    start();
  }

  ~postgres_server() { stop(); }

  postgres_server(const postgres_server&) = delete;

  /// Starts it and waits until it can be used.
  void start() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!is_up()) {
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error("PostgreSQL does not start: its log is " +
                                 (folder_ / "log").string());
      ::poll(nullptr, 0, 5);
      // A new one ends at once as long as there is something left of one that was killed.
      if (id_ <= 0 || ::waitpid(id_, nullptr, WNOHANG) == id_)
        spawn();
    }
  }

  /// Ends it as a crash would: nothing is written that is not written yet.
  void kill() { end(SIGKILL); }

  void stop() { end(SIGINT); }

  std::string url() const {
    return "postgresql:///postgres?user=deja&host=" + folder_.path().string();
  }

  /// With a schema to put the tables in.
  std::string url(const std::string& schema) const {
    return url() + "&options=-csearch_path%3D" + schema;
  }

  /// A new, empty schema's URL.
  std::string fresh_url() {
    const auto schema = "case_" + std::to_string(++schemas_);
    run_sql("CREATE SCHEMA " + schema);
    return url(schema);
  }

  postgres::connection connect(const std::string& to) const {
    return postgres::connection::open({.url = to}).value();
  }

  void run_sql(const std::string& sql) const {
    connect(url()).run(postgres::call::text(sql)).value();
  }

private:
  static constexpr uid_t nobody = 65534;

  std::string data() const { return folder_ / "data"; }

  /// In a fork of this process: becomes the program.
  [[noreturn]] void run(const std::string& program, std::vector<std::string> arguments) const {
    const int log =
        ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    ::dup2(log, 1);
    ::dup2(log, 2);
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 ||
                             ::setuid(nobody) != 0 || ::chdir("/") != 0))
      ::_exit(127);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT); // It does not outlive a test that crashes.
    const auto path = (programs() / program).string();
    std::vector<char*> all{const_cast<char*>(path.c_str())};
    for (auto& argument : arguments)
      all.push_back(argument.data());
    all.push_back(nullptr);
    ::execv(path.c_str(), all.data());
    ::_exit(127);
  }

  void spawn() {
    id_ = ::fork();
    if (id_ == 0)
      run("postgres", {"-D", data(), "-k", folder_.path().string(), "-h", "", "-c", "fsync=off",
                       "-c", "max_connections=200"});
  }

  bool is_up() const { return id_ > 0 && postgres::connection::open({.url = url()}).has_value(); }

  void end(int signal) {
    if (id_ <= 0)
      return;
    ::kill(id_, signal);
    while (::waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
  }

  temporary_folder folder_;
  pid_t id_ = -1;
  int schemas_ = 0;
};

} // namespace deja::testing
