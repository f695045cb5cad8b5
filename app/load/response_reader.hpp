#pragma once

#include <deja/messages/error.hpp>

#include <span>
#include <string>
#include <string_view>

namespace deja::app::load {

/// Reads the answers of one HTTP/1.1 connection, in whatever pieces they come: with Content-Length,
/// chunked, or up to the connection's end. Keeps its memory from answer to answer.
///
///     auto space = reader.space();
///     auto read = recv(socket, space.data(), space.size(), 0);
///     auto done = reader.took(read);          // 0: the connection has ended
///     if (done && *done) use(reader.status(), reader.body()), reader.next();
class response_reader {
public:
  static constexpr std::size_t longest_head = std::size_t{64} << 10;
  static constexpr std::size_t longest_body = std::size_t{64} << 20;

  /// Where the next bytes go: 16 KiB at least.
  std::span<char> space();

  /// So many bytes have been put there; 0: no more will come. Whether the answer is complete.
  /// internal where it is no HTTP answer, is cut off or is too long; unavailable where the
  /// connection ended before an answer began.
  result<bool> took(std::size_t count);

  /// Of the complete answer, until `next`.
  int status() const { return status_; }

  std::string_view body() const { return body_; }

  /// Without parameters.
  std::string_view content_type() const { return content_type_; }

  /// Whether the connection may be used for another request: it is neither closing nor has it
  /// brought more than was asked for.
  bool can_go_on() const { return keep_alive_ && end_ == used_; }

  /// The complete answer is done with.
  void next();

  /// As new, for another connection.
  void reset();

private:
  enum class part { head, sized_body, chunk_size, chunk, chunk_end, trailer, open_body };

  result<bool> advance();
  result<bool> read_head();
  result<void> read_header(std::string_view line);
  result<bool> read_chunked();
  void find_texts();

  std::string_view unread() const { return {buffer_.data() + used_, end_ - used_}; }

  std::string buffer_;
  std::size_t used_ = 0, end_ = 0; // what has been understood of what has come
  std::size_t searched_ = 0;       // of the head, for its end

  part part_ = part::head;
  int status_ = 0;
  bool keep_alive_ = true, chunked_ = false, sized_ = false;
  std::size_t left_ = 0; // of the body or the chunk
  std::string_view body_, content_type_;
  std::size_t type_at_ = 0, type_size_ = 0, body_at_ = 0;
  std::string joined_; // a chunked body
};

} // namespace deja::app::load
