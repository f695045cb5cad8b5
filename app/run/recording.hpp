#pragma once

#include <deja/app/run/stream.hpp>
#include <deja/app/run/temporary_file.hpp>
#include <deja/messages/sha256.hpp>

#include <cstdint>
#include <optional>

namespace deja::run {

/// What a command said, in the order in which it came: frames of one byte (the stream), four bytes
/// (the length, little-endian) and that many bytes. Held in a temporary file, so of any size. A
/// recording that can't be written fails once and then takes no more: what the command says still
/// goes through.
class recording {
public:
  /// Takes what was said next.
  void append(stream from, std::string_view bytes);

  /// Empty while it can be stored; else why not.
  const std::optional<error>& problem() const { return problem_; }

  std::uint64_t size() const { return size_; }

  /// The digest of all frames; only once, at the end.
  digest finish() { return hash_.finish(); }

  /// The frames' file; nothing where nothing was said.
  const std::optional<temporary_file>& file() const { return file_; }

private:
  std::optional<temporary_file> file_;
  std::optional<error> problem_;
  std::uint64_t size_ = 0;
  sha256 hash_;
};

/// Digests of all that was said on each stream.
struct stream_digests {
  digest output = sha256::of("");
  digest errors = sha256::of("");
};

/// Of a file of frames; data_loss where it does not hold whole ones.
result<stream_digests> digest_streams(int file);

/// Checks that the file holds whole frames; else data_loss.
result<void> check_recording(int file);

/// Says it all again, on standard output and standard error. 0, or the number of the write error.
int replay(int file);

} // namespace deja::run
