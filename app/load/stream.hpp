#pragma once

#include <deja/app/load/address.hpp>
#include <deja/transport/blob/file_descriptor.hpp>

#include <memory>
#include <span>
#include <string_view>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace deja::app::load {

/// What the streams to one service share: its address, and TLS where its URL is https. Its
/// certificate must be trusted by the system, and be for the URL's host.
class stream_factory {
public:
  stream_factory(const service_url& url, const address& where);
  ~stream_factory();
  stream_factory(const stream_factory&) = delete;
  stream_factory& operator=(const stream_factory&) = delete;

private:
  friend class stream;

  address where_;
  std::string host_;
  SSL_CTX* tls_ = nullptr;
};

/// A non-blocking connection, plain or TLS.
class stream {
public:
  explicit stream(const stream_factory& factory) : factory_(&factory) {}

  stream(stream&& other) noexcept;

  ~stream() { close(); }

  /// What a step came to: done, or it goes on when the socket is readable, or writable.
  enum class progress { done, wants_read, wants_write, failed };

  /// Begins to connect; after that `shake_hands` until it is done.
  progress open();
  progress shake_hands();

  /// Done: `count` says how many bytes; 0 when reading: no more will come.
  progress read(std::span<char> into, std::size_t& count);
  progress write(std::string_view from, std::size_t& count);

  void close();

  int descriptor() const { return socket_.get(); }

  /// Why it failed.
  const std::string& problem() const { return problem_; }

private:
  progress fail_with(const char* doing, int number);
  progress judge_tls(const char* doing, int returned);

  const stream_factory* factory_;
  file_descriptor socket_;
  SSL* tls_ = nullptr;
  bool connected_ = false;
  std::string problem_;
};

} // namespace deja::app::load
