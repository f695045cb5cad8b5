#include <deja/transport/connect/http_client.hpp>

#include <deja/transport/blob/content_file.hpp>
#include <deja/transport/connect/signal_guard.hpp>
#include <deja/transport/connect/watchdog.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <httplib.h>
#include <optional>
#include <sys/un.h>

namespace deja {

namespace {

using steady = std::chrono::steady_clock;

constexpr auto connect_timeout = std::chrono::seconds{5};

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string describe(duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) +
         " ms";
}

} // namespace

class http_client::connection {
public:
  connection(service_url url, std::string text) : url_(std::move(url)), text_(std::move(text)) {}

  result<http_answer> send(const http_request& request) {
    for (const auto& [name, value] : request.headers)
      if (!is_printable(value))
        return error{errc::invalid_argument,
                     "calling " + text_ + ": header " + name + " holds other than printable ASCII"};
    if (!client_)
      if (auto opened = open(); !opened)
        return opened.error();
    const auto deadline = steady::now() + request.timeout;
    exchange first{request, *this, deadline};
    auto answer = first.run();
    // A service may close an idle connection just as we write to it. Nothing is wrong then.
    if (!first.met_stale_connection())
      return answer;
    exchange second{request, *this, deadline};
    answer = second.run();
    if (answer)
      answer->repeated = true;
    return answer;
  }

private:
  /// One request on its way.
  class exchange {
  public:
    exchange(const http_request& request, connection& owner, steady::time_point deadline)
        : request_(request), owner_(owner), time_left_(deadline - steady::now()),
          watch_(watchdog::shared(), deadline), cut_(request.stop, cut{watch_}) {}

    result<http_answer> run();

    /// The request went out on an old connection, which broke before an answer began.
    bool met_stale_connection() const {
      return broke_early_ && !connected_ && !watch_.expired() && !request_.stop.stop_requested();
    }

  private:
    void moved() {
      if (request_.while_moving && !request_.stop.stop_requested())
        watch_.set_deadline(steady::now() + request_.timeout);
    }

    void prepare(httplib::Client& client);
    httplib::Request to_request();
    bool on_header(const httplib::Response& answer);
    bool on_body(std::string_view bytes);
    bool send_body(std::size_t offset, httplib::DataSink& sink);

    bool is_received() const { return request_.receive && status_ == 200; }

    bool stop(error why);
    error over_limit() const;
    error explain(httplib::Error problem) const;

    const http_request& request_;
    connection& owner_;
    duration time_left_; // at the beginning
    watchdog::watch watch_;

    struct cut {
      void operator()() const { watch.set_deadline(steady::now()); }

      watchdog::watch& watch;
    };

    std::stop_callback<cut> cut_;
    bool connected_ = false;   // with a new connection
    bool answered_ = false;    // its header has come
    bool broke_early_ = false; // before that
    int status_ = 0;
    std::string body_;
    std::vector<char> buffer_;
    std::optional<error> stopped_; // by us, and why
  };

  result<void> open();

  service_url url_;
  std::string text_;
  file_descriptor socket_folder_;
  std::shared_ptr<const file_descriptor> socket_; // a copy, for the watchdog
  std::unique_ptr<httplib::Client> client_;
};

result<void> http_client::connection::open() {
  switch (url_.scheme) {
  case service_url::kind::https:
    client_ = std::make_unique<httplib::Client>(
        "https://" + (url_.host.find(':') == url_.host.npos ? url_.host : '[' + url_.host + ']') +
        ':' + std::to_string(url_.port));
    break;
  case service_url::kind::http:
    client_ = std::make_unique<httplib::Client>(url_.host, url_.port);
    break;
  case service_url::kind::unix_socket:
    auto path = url_.path;
    if (path.size() >= sizeof(::sockaddr_un::sun_path)) {
      // The system takes some hundred bytes only; through an open folder it is short.
      const auto slash = path.rfind('/');
      const auto folder = path.substr(0, std::max<std::size_t>(slash, 1));
      socket_folder_ = file_descriptor{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
      if (!socket_folder_)
        return error{errc::unavailable, "could not reach cache service at " + text_ +
                                            ": its folder could not be opened"};
      path = "/proc/self/fd/" + std::to_string(socket_folder_.get()) + path.substr(slash);
    }
    client_ = std::make_unique<httplib::Client>(path, 80);
    client_->set_address_family(AF_UNIX);
    break;
  }
  client_->set_keep_alive(true);
  client_->set_tcp_nodelay(url_.scheme != service_url::kind::unix_socket);
  client_->set_decompress(false);
  client_->set_url_encode(false);
  client_->set_follow_location(false);
  return {};
}

result<http_answer> http_client::connection::exchange::run() {
  if (request_.stop.stop_requested())
    return explain(httplib::Error::Canceled);
  if (time_left_ <= duration::zero())
    return error{errc::deadline_exceeded,
                 "calling cache service at " + owner_.text_ + ": no time was left for it"};
  prepare(*owner_.client_);
  auto request = to_request();
  httplib::Response answer;
  auto problem = httplib::Error::Success;
  bool done = false;
  {
    const sigpipe_guard guard;
    done = owner_.client_->send(request, answer, problem);
  }
  if (stopped_)
    return *stopped_;
  if (!done) {
    broke_early_ =
        !answered_ && (problem == httplib::Error::Read || problem == httplib::Error::Write ||
                       problem == httplib::Error::Unknown);
    return explain(problem);
  }
  return http_answer{answer.status, answer.get_header_value("Content-Type"), std::move(body_),
                     false};
}

void http_client::connection::exchange::prepare(httplib::Client& client) {
  // The watchdog ends what takes too long; these come after it, should it ever fail.
  const auto silence = time_left_ + std::chrono::seconds{1};
  client.set_connection_timeout(std::min<duration>(silence, connect_timeout));
  client.set_read_timeout(silence);
  client.set_write_timeout(silence);
  watch_.set_socket(owner_.socket_);
  client.set_socket_options([this](::socket_t socket) {
    connected_ = true;
    owner_.socket_ = std::make_shared<const file_descriptor>(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
    watch_.set_socket(owner_.socket_);
  });
}

httplib::Request http_client::connection::exchange::to_request() {
  httplib::Request request;
  request.method = request_.method;
  request.path = request_.path;
  for (const auto& [name, value] : request_.headers)
    request.headers.emplace(name, value);
  request.headers.emplace("User-Agent", "deja");
  request.headers.emplace("Accept-Encoding", "identity");
  if (owner_.url_.scheme == service_url::kind::unix_socket)
    request.headers.emplace("Host", "localhost");
  if (request_.source) {
    buffer_.resize(stream_buffer);
    request.content_length_ = request_.body_size;
    request.content_provider_ = [this](std::size_t offset, std::size_t, httplib::DataSink& sink) {
      return send_body(offset, sink);
    };
  } else {
    request.body = request_.body;
  }
  request.response_handler = [this](const httplib::Response& answer) {
    return on_header(answer);
  };
  request.content_receiver = [this](const char* data, std::size_t size, std::uint64_t,
                                    std::uint64_t) {
    return on_body({data, size});
  };
  return request;
}

bool http_client::connection::exchange::on_header(const httplib::Response& answer) {
  answered_ = true;
  status_ = answer.status;
  moved();
  if (answer.has_header("Content-Encoding") &&
      answer.get_header_value("Content-Encoding") != "identity")
    return stop({errc::internal, "the answer of the cache service at " + owner_.text_ +
                                     " is compressed, which was not asked for"});
  if (!is_received() &&
      answer.get_header_value<std::uint64_t>("Content-Length") > request_.answer_limit)
    return stop(over_limit());
  return true;
}

bool http_client::connection::exchange::on_body(std::string_view bytes) {
  moved();
  if (is_received()) {
    auto received = request_.receive(bytes);
    return received ? true : stop(received.error());
  }
  if (bytes.size() > request_.answer_limit - body_.size())
    return stop(over_limit());
  body_.append(bytes);
  return true;
}

bool http_client::connection::exchange::send_body(std::size_t offset, httplib::DataSink& sink) {
  const auto wanted = std::min<std::uint64_t>(buffer_.size(), request_.body_size - offset);
  auto count = request_.source(offset, std::span{buffer_}.first(wanted));
  if (!count)
    return stop(count.error());
  if (*count == 0)
    return stop({errc::invalid_argument, "sending to the cache service at " + owner_.text_ +
                                             ": the content ended after " + std::to_string(offset) +
                                             " of " + std::to_string(request_.body_size) +
                                             " bytes"});
  moved();
  return sink.write(buffer_.data(), *count);
}

bool http_client::connection::exchange::stop(error why) {
  stopped_ = std::move(why);
  return false;
}

error http_client::connection::exchange::over_limit() const {
  return {errc::internal, "the answer of the cache service at " + owner_.text_ +
                              " is over the limit of " + std::to_string(request_.answer_limit) +
                              " bytes"};
}

error http_client::connection::exchange::explain(httplib::Error problem) const {
  if (request_.stop.stop_requested())
    return {errc::canceled, "calling cache service at " + owner_.text_ + ": it was stopped"};
  if (watch_.expired())
    return {errc::deadline_exceeded,
            "the cache service at " + owner_.text_ + " did not " +
                (request_.while_moving ? "move a byte for " : "answer within ") +
                describe(request_.timeout)};
  if (answered_)
    return {errc::internal, "the answer of the cache service at " + owner_.text_ +
                                " was cut off after " + std::to_string(body_.size()) + " bytes"};
  if (broke_early_)
    return {errc::unavailable, "the cache service at " + owner_.text_ +
                                   " closed the connection without an HTTP answer"};
  return {errc::unavailable,
          "could not reach cache service at " + owner_.text_ + ": " +
              (problem == httplib::Error::ConnectionTimeout
                   ? "no connection within " + describe(connect_timeout)
               : problem == httplib::Error::SSLServerVerification ? "its certificate is not trusted"
               : problem == httplib::Error::SSLConnection         ? "no TLS connection"
                                                                  : "no connection")};
}

http_client::http_client(service_url url, std::string url_text)
    : connection_(std::make_unique<connection>(std::move(url), std::move(url_text))) {}

http_client::http_client(http_client&&) noexcept = default;
http_client& http_client::operator=(http_client&&) noexcept = default;
http_client::~http_client() = default;

result<http_answer> http_client::send(const http_request& request) {
  return connection_->send(request);
}

} // namespace deja
