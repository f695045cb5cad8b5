#include <deja/app/load/stream.hpp>

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <system_error>

namespace deja::app::load {

stream_factory::stream_factory(const service_url& url, const address& where)
    : where_(where), host_(url.host) {
  if (url.scheme != service_url::kind::https)
    return;
  tls_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(tls_, TLS1_2_VERSION);
  SSL_CTX_set_default_verify_paths(tls_);
  SSL_CTX_set_verify(tls_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(tls_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

stream_factory::~stream_factory() {
  SSL_CTX_free(tls_);
}

stream::stream(stream&& other) noexcept
    : factory_(other.factory_), socket_(std::move(other.socket_)),
      tls_(std::exchange(other.tls_, nullptr)), connected_(other.connected_),
      problem_(std::move(other.problem_)) {}

void stream::close() {
  SSL_free(tls_);
  tls_ = nullptr;
  socket_.close();
  connected_ = false;
}

stream::progress stream::fail_with(const char* doing, int number) {
  problem_ = std::string{doing} + ": " + std::generic_category().message(number);
  return progress::failed;
}

stream::progress stream::open() {
  close();
  const auto& where = factory_->where_;
  socket_ =
      file_descriptor{::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket_)
    return fail_with("no socket", errno);
  if (where.family() != AF_UNIX) {
    const int on = 1;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (factory_->tls_) {
    tls_ = SSL_new(factory_->tls_);
    SSL_set_fd(tls_, socket_.get());
    // An address is checked against the certificate's addresses, a name against its names.
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_), factory_->host_.c_str()) != 1) {
      SSL_set1_host(tls_, factory_->host_.c_str());
      SSL_set_tlsext_host_name(tls_, factory_->host_.c_str());
    }
    SSL_set_connect_state(tls_);
  }
  if (::connect(socket_.get(), where.get(), where.size) != 0 && errno != EINPROGRESS)
    return fail_with("connecting", errno);
  return progress::wants_write;
}

stream::progress stream::shake_hands() {
  if (!connected_) {
    int problem = 0;
    ::socklen_t size = sizeof problem;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &problem, &size);
    if (problem != 0)
      return fail_with("connecting", problem);
    connected_ = true;
  }
  if (!tls_)
    return progress::done;
  ERR_clear_error();
  return judge_tls("TLS", SSL_do_handshake(tls_));
}

stream::progress stream::judge_tls(const char* doing, int returned) {
  if (returned > 0)
    return progress::done;
  const auto number = errno;
  switch (SSL_get_error(tls_, returned)) {
  case SSL_ERROR_WANT_READ:
    return progress::wants_read;
  case SSL_ERROR_WANT_WRITE:
    return progress::wants_write;
  case SSL_ERROR_SYSCALL:
    return fail_with(doing, number == 0 ? ECONNRESET : number);
  default:
    break;
  }
  const auto* why = ERR_reason_error_string(ERR_peek_error());
  problem_ = std::string{doing} + ": " + (why ? why : "it failed");
  return progress::failed;
}

stream::progress stream::read(std::span<char> into, std::size_t& count) {
  count = 0;
  if (tls_) {
    ERR_clear_error();
    const auto got = SSL_read_ex(tls_, into.data(), into.size(), &count);
    if (got <= 0 && SSL_get_error(tls_, got) == SSL_ERROR_ZERO_RETURN)
      return progress::done;
    return judge_tls("reading", got);
  }
  const auto got = ::recv(socket_.get(), into.data(), into.size(), 0);
  if (got >= 0) {
    count = static_cast<std::size_t>(got);
    return progress::done;
  }
  return errno == EAGAIN || errno == EINTR ? progress::wants_read : fail_with("reading", errno);
}

stream::progress stream::write(std::string_view from, std::size_t& count) {
  count = 0;
  if (tls_) {
    ERR_clear_error();
    return judge_tls("writing", SSL_write_ex(tls_, from.data(), from.size(), &count));
  }
  const auto put = ::send(socket_.get(), from.data(), from.size(), MSG_NOSIGNAL);
  if (put >= 0) {
    count = static_cast<std::size_t>(put);
    return progress::done;
  }
  return errno == EAGAIN || errno == EINTR ? progress::wants_write : fail_with("writing", errno);
}

} // namespace deja::app::load
