#include <deja/transport/connect/http_server.hpp>

#include <deja/transport/connect/session.hpp>
#include <deja/transport/quiet_thread.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <condition_variable>

namespace deja::http {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;
using tcp = asio::ip::tcp;
using local = asio::local::stream_protocol;

/// How exactly deadlines are kept.
constexpr duration sweep_interval = 100ms;

/// After a connection could not be taken, as with too many open files.
constexpr auto accept_pause = 100ms;

error cannot_listen(const std::string& where, const boost::system::error_code& problem) {
  namespace errors = boost::system::errc;
  auto code = errc::failed_precondition;
  if (problem == errors::permission_denied)
    code = errc::permission_denied;
  return {code, "can't listen on " + where + ": " + problem.message()};
}

/// Removes a socket that nobody listens on: it is left from a process that died. Anything else that
/// is there stays, and is why the path can't be listened on.
result<void> remove_dead_socket(const std::filesystem::path& path) {
  using std::filesystem::file_type;
  std::error_code unknown; // then the type says so
  const auto type = std::filesystem::symlink_status(path, unknown).type();
  if (type == file_type::not_found)
    return {};
  const auto doing = "can't listen on " + path.string() + ": ";
  if (type != file_type::socket)
    return error{errc::failed_precondition, doing + "there is something that is no socket"};
  asio::io_context context;
  local::socket probe{context};
  boost::system::error_code problem;
  probe.connect(local::endpoint{path.string()}, problem);
  if (!problem)
    return error{errc::failed_precondition, doing + "another process does"};
  if (problem != boost::system::errc::connection_refused)
    return cannot_listen(path.string(), problem);
  if (::unlink(path.c_str()) != 0)
    return cannot_listen(path.string(), {errno, boost::system::system_category()});
  return {};
}

} // namespace

class http_server::state {
public:
  state(router routes, server_config config, std::optional<access_tokens> tokens)
      : served_(std::make_shared<served>(
            served{std::move(routes), std::move(config), std::move(tokens)})) {}

  ~state() { stop(); }

  result<void> start() {
    const auto& config = served_->config;
    if (auto valid = config.validate(); !valid)
      return valid;
    const auto half_the_cores = std::thread::hardware_concurrency() / 2;
    const auto count = config.threads > 0 ? config.threads : half_the_cores;
    const auto sweep = std::min<duration>(sweep_interval, shortest_timeout() / 2);
    for (unsigned at = 0; at < std::max(count, 1U); ++at)
      loops_.push_back(std::make_unique<event_loop>(std::max<duration>(sweep, 1ms)));
    if (auto listening = listen_on_host(); !listening)
      return listening;
    if (auto listening = listen_on_socket(); !listening)
      return listening;
    if (host_)
      accept(*host_);
    if (socket_)
      accept(*socket_);
    run();
    return {};
  }

  std::uint16_t port() const { return port_; }

  void stop() {
    if (threads_.empty())
      return;
    // While it is still listened on: later it may be a successor's.
    if (socket_)
      ::unlink(served_->config.unix_socket.c_str());
    asio::post(loops_.front()->context(), [this] {
      boost::system::error_code ignored; // nothing more is accepted in any case
      if (host_)
        host_->close(ignored);
      if (socket_)
        socket_->close(ignored);
    });
    for (auto& loop : loops_) {
      asio::post(loop->context(), [&one = *loop] { one.drain(); });
      loop->finish();
    }
    std::unique_lock lock{mutex_};
    if (!ended_.wait_for(lock, served_->config.drain_timeout, [this] { return running_ == 0; }))
      for (auto& loop : loops_)
        asio::post(loop->context(), [&one = *loop] { one.cut(); });
    lock.unlock();
    for (auto& thread : threads_)
      thread.join();
    threads_.clear();
  }

private:
  duration shortest_timeout() const {
    const auto& config = served_->config;
    return std::min({config.idle_timeout, config.receive_timeout, config.answer_timeout,
                     config.write_timeout, config.stream_grace, config.linger_timeout});
  }

  result<void> listen_on_host() {
    const auto& config = served_->config;
    const auto where = config.host + ':' + std::to_string(config.port);
    boost::system::error_code problem;
    auto& context = loops_.front()->context();
    const auto found = tcp::resolver{context}.resolve(config.host, std::to_string(config.port),
                                                      tcp::resolver::passive, problem);
    if (problem || found.empty())
      return error{errc::invalid_argument, "can't listen on " + where + ": " + problem.message()};
    const auto endpoint = found.begin()->endpoint();
    host_.emplace(context);
    host_->open(endpoint.protocol(), problem);
    if (!problem)
      host_->set_option(tcp::acceptor::reuse_address{true}, problem);
    if (!problem)
      host_->bind(endpoint, problem);
    if (!problem)
      host_->listen(config.backlog, problem);
    if (problem)
      return cannot_listen(where, problem);
    port_ = host_->local_endpoint().port();
    return {};
  }

  result<void> listen_on_socket() {
    const auto& path = served_->config.unix_socket;
    if (path.empty())
      return {};
    constexpr std::size_t longest = sizeof(::sockaddr_un::sun_path) - 1;
    if (path.native().size() > longest)
      return error{errc::invalid_argument, "can't listen on " + path.string() +
                                               ": the path of a socket may have " +
                                               std::to_string(longest) + " bytes"};
    if (auto removed = remove_dead_socket(path); !removed)
      return removed;
    const local::endpoint endpoint{path.string()};
    boost::system::error_code problem;
    socket_.emplace(loops_.front()->context());
    socket_->open(endpoint.protocol(), problem);
    if (!problem)
      socket_->bind(endpoint, problem);
    // Before anyone can connect: that takes a call of `listen`.
    if (!problem && ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0)
      problem = {errno, boost::system::system_category()};
    if (!problem)
      socket_->listen(served_->config.backlog, problem);
    if (problem)
      return cannot_listen(path.string(), problem);
    return {};
  }

  template <class Acceptor>
  void accept(Acceptor& acceptor) {
    asio::co_spawn(
        loops_.front()->context(), [this, &acceptor] { return take_connections(acceptor); },
        asio::detached);
  }

  template <class Acceptor>
  asio::awaitable<void> take_connections(Acceptor& acceptor) {
    asio::steady_timer pause{loops_.front()->context()};
    while (acceptor.is_open()) {
      auto& loop = *loops_[next_++ % loops_.size()];
      boost::system::error_code problem;
      auto connection = co_await acceptor.async_accept(
          loop.context(), asio::redirect_error(asio::use_awaitable, problem));
      if (!acceptor.is_open())
        break;
      if (problem) {
        spdlog::warn("can't take a connection: {}", problem.message());
        pause.expires_after(accept_pause);
        co_await pause.async_wait(asio::use_awaitable);
        continue;
      }
      if (connections_ >= served_->config.max_connections) {
        turn_away(connection);
        continue;
      }
      if constexpr (std::is_same_v<Acceptor, tcp::acceptor>)
        connection.set_option(tcp::no_delay{true}, problem); // an old connection, if it fails
      ++connections_;
      asio::post(loop.context(),
                 [this, &loop, one = session::socket{std::move(connection)}]() mutable {
                   std::make_shared<session>(loop, std::move(one), served_, [this] {
                     --connections_;
                   })->start();
                 });
    }
  }

  template <class Socket>
  void turn_away(Socket& connection) {
    const auto answer = error_response(
        {errc::unavailable, "the service has its limit of " +
                                std::to_string(served_->config.max_connections) + " connections"});
    std::string bytes;
    append_head(bytes, answer, {.content_length = answer.body.size(), .keep_alive = false});
    bytes += answer.body;
    boost::system::error_code ignored; // who is turned away may have gone
    connection.non_blocking(true, ignored);
    connection.write_some(asio::buffer(bytes), ignored);
  }

  void run() {
    running_ = loops_.size();
    for (auto& loop : loops_)
      threads_.push_back(quiet_thread([this, &one = *loop] {
        one.run();
        const std::lock_guard lock{mutex_};
        --running_;
        ended_.notify_all();
      }));
  }

  const std::shared_ptr<const served> served_;
  std::vector<std::unique_ptr<event_loop>> loops_;
  std::optional<tcp::acceptor> host_;     // on the first loop
  std::optional<local::acceptor> socket_; // on the first loop
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;
  std::atomic<std::size_t> connections_ = 0;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t running_ = 0;
};

http_server::http_server(router routes, server_config config, std::optional<access_tokens> tokens)
    : state_(std::make_unique<state>(std::move(routes), std::move(config), std::move(tokens))) {}

http_server::~http_server() = default;

result<void> http_server::start() {
  return state_->start();
}

std::uint16_t http_server::port() const {
  return state_->port();
}

void http_server::stop() {
  state_->stop();
}

} // namespace deja::http
