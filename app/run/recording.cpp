#include <deja/app/run/recording.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace deja::run {

namespace {

constexpr std::size_t head_size = 5;

struct frame {
  stream from;
  std::uint32_t length;
};

/// Fills the buffer from this place on; false where the file ends before.
bool read_exactly(int file, char* buffer, std::size_t size, std::uint64_t at) {
  while (size > 0) {
    const auto got = ::pread(file, buffer, size, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    buffer += got;
    size -= static_cast<std::size_t>(got);
    at += static_cast<std::uint64_t>(got);
  }
  return true;
}

std::optional<frame> frame_at(int file, std::uint64_t at) {
  std::array<char, head_size> head{};
  if (!read_exactly(file, head.data(), head.size(), at) || head[0] < 1 || head[0] > 2)
    return std::nullopt;
  frame found{static_cast<stream>(head[0]), 0};
  for (std::size_t byte = 0; byte < 4; ++byte)
    found.length |= static_cast<std::uint32_t>(static_cast<unsigned char>(head[byte + 1]))
                    << (8 * byte);
  return found;
}

std::uint64_t size_of(int file) {
  const auto end = ::lseek(file, 0, SEEK_END);
  return end < 0 ? 0 : static_cast<std::uint64_t>(end);
}

error damaged() {
  return {errc::data_loss, "the recorded output is damaged"};
}

/// Hands out all that the file's frames hold, piece by piece, until `take` gives an error's number.
template <class Take>
int for_each_piece(int file, Take take) {
  const auto size = size_of(file);
  std::vector<char> piece(64 * 1024);
  for (std::uint64_t at = 0; at < size;) {
    const auto next = frame_at(file, at);
    if (!next)
      return EIO;
    at += head_size;
    for (std::uint64_t left = next->length; left > 0;) {
      const auto some = std::min<std::uint64_t>(left, piece.size());
      if (!read_exactly(file, piece.data(), some, at))
        return EIO;
      if (const int problem = take(next->from, {piece.data(), some}))
        return problem;
      at += some;
      left -= some;
    }
  }
  return 0;
}

} // namespace

void recording::append(stream from, std::string_view bytes) {
  if (problem_ || bytes.empty())
    return;
  if (!file_) {
    auto made = temporary_file::create();
    if (!made) {
      problem_ = made.error();
      return;
    }
    file_ = std::move(*made);
  }
  std::string framed{static_cast<char>(from)};
  for (std::size_t byte = 0; byte < 4; ++byte)
    framed += static_cast<char>((bytes.size() >> (8 * byte)) & 0xff);
  framed += bytes;
  if (auto done = file_->write(framed); !done) {
    problem_ = done.error();
    return;
  }
  hash_.update(framed);
  size_ += framed.size();
}

result<stream_digests> digest_streams(int file) {
  if (auto fine = check_recording(file); !fine)
    return fine.error();
  sha256 output, errors;
  const int problem = for_each_piece(file, [&](stream from, std::string_view piece) {
    (from == stream::output ? output : errors).update(piece);
    return 0;
  });
  if (problem != 0)
    return damaged();
  return stream_digests{output.finish(), errors.finish()};
}

result<void> check_recording(int file) {
  const auto size = size_of(file);
  for (std::uint64_t at = 0; at < size;) {
    const auto next = frame_at(file, at);
    if (!next || next->length > size - at - head_size)
      return damaged();
    at += head_size + next->length;
  }
  return {};
}

int replay(int file) {
  return for_each_piece(file, write_to);
}

} // namespace deja::run
