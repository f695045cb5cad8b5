#include <deja/transport/connect/gzip.hpp>

#include <zlib.h>

#include <array>

namespace deja::http {

namespace {

class inflater {
public:
  inflater() {
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (::inflateInit2(&stream_, gzip_only) != Z_OK)
      throw std::bad_alloc{};
  }

  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;

  ~inflater() { ::inflateEnd(&stream_); }

  ::z_stream& operator*() { return stream_; }

private:
  ::z_stream stream_{};
};

error broken() {
  return {errc::invalid_argument, "the body is not the gzip that Content-Encoding says it is"};
}

} // namespace

result<std::string> unpack_gzip(std::string_view packed, std::size_t limit) {
  inflater unpacker;
  auto& stream = *unpacker;
  stream.next_in = reinterpret_cast<::Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<::uInt>(packed.size());
  std::string whole;
  std::array<char, 16 * 1024> piece;
  for (;;) {
    stream.next_out = reinterpret_cast<::Bytef*>(piece.data());
    stream.avail_out = piece.size();
    const int state = ::inflate(&stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END)
      return broken();
    const auto count = piece.size() - stream.avail_out;
    if (count > limit - whole.size())
      return error{errc::resource_exhausted, "the body unpacks to more than the limit of " +
                                                 std::to_string(limit) + " bytes"};
    whole.append(piece.data(), count);
    if (state == Z_STREAM_END && stream.avail_in == 0)
      return whole;
    if (state == Z_STREAM_END && ::inflateReset(&stream) != Z_OK)
      return broken();
  }
}

} // namespace deja::http
