#include <deja/transport/connect/cas_routes.hpp>

#include <deja/transport/blob/content_file.hpp>
#include <deja/transport/blob/content_store.hpp>
#include <deja/transport/connect/stream.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace deja::http {

namespace {

namespace asio = boost::asio;

constexpr std::string_view prefix = "/cas/sha256/";
constexpr std::string_view content_type = "application/octet-stream";

result<digest> name_of(const request& asked) {
  const auto hex = asked.path().substr(prefix.size());
  if (auto name = parse_digest(hex))
    return *name;
  return error{errc::invalid_argument, "the path names no content: " + std::string{prefix} +
                                           " and 64 lower-case hexadecimal digits are wanted"};
}

response too_large(std::uint64_t limit) {
  return error_response({errc::resource_exhausted, "the content is larger than the limit of " +
                                                       std::to_string(limit) + " bytes"},
                        413);
}

response success(unsigned status) {
  response answer;
  answer.status = status;
  return answer;
}

class cas_handler : public std::enable_shared_from_this<cas_handler> {
public:
  cas_handler(std::shared_ptr<blob_store> blobs, asio::thread_pool& pool, cas_config config)
      : blobs_(std::move(blobs)), pool_(pool), config_(config) {}

  asio::awaitable<void> get(const request& asked, stream& client) {
    const auto name = name_of(asked);
    if (!name)
      co_return client.respond(error_response(name.error()));
    const auto blob = co_await away([&] { return blobs_->open(content_reference(*name)); });
    if (!blob)
      co_return client.respond(error_response(blob.error()));
    co_await send(*name, **blob, client);
  }

  asio::awaitable<void> head(const request& asked, stream& client) {
    const auto name = name_of(asked);
    if (!name)
      co_return client.respond(error_response(name.error()));
    const auto known = co_await away([&] { return use(*name); });
    if (!known)
      co_return client.respond(error_response(known.error()));
    const auto found = content_head();
    co_await client.begin(found, *known);
  }

  asio::awaitable<void> put(const request& asked, stream& client) {
    const auto name = name_of(asked);
    if (!name)
      co_return client.respond(error_response(name.error()));
    const auto size = client.content_length();
    if (size.value_or(0) > config_.max_content)
      co_return client.respond(too_large(config_.max_content));
    auto writer = co_await away([&] { return blobs_->create(content_reference(*name)); });
    if (!writer)
      co_return client.respond(error_response(writer.error()));
    auto answer = co_await receive(*name, **writer, client);
    client.respond(std::move(answer));
  }

private:
  // Does what blocks on a thread of the pool, and comes back to the session's loop.
  template <class Work>
  asio::awaitable<std::invoke_result_t<Work>> away(Work work) {
    co_return co_await asio::co_spawn(
        pool_, [&work]() -> asio::awaitable<std::invoke_result_t<Work>> { co_return work(); },
        asio::use_awaitable);
  }

  static response content_head() {
    response answer;
    answer.content_type = content_type;
    return answer;
  }

  // The size of a content that is there, whose age is renewed.
  result<std::uint64_t> use(const digest& name) {
    auto info = blobs_->head(content_reference(name));
    if (!info)
      return info.error();
    if (auto touched = blobs_->touch(content_reference(name)); !touched)
      return touched.error();
    return info->size;
  }

  // The last piece is sent when the whole has turned out to be what its name says. So damaged
  // content of one piece gets a proper error, and of larger one the client never sees the end.
  asio::awaitable<void> send(const digest& name, blob_reader& blob, stream& client) {
    std::vector<char> buffer(stream_buffer);
    const auto found = content_head();
    std::uint64_t left = blob.size();
    bool begun = false;
    sha256 hash;
    do {
      const auto piece = co_await away([&]() -> result<std::string_view> {
        const auto count = fill(blob, buffer);
        if (!count)
          return count.error();
        hash.update({buffer.data(), *count});
        return std::string_view{buffer.data(), *count};
      });
      auto why = piece ? std::optional<error>{} : piece.error();
      if (piece && (piece->size() > left || (piece->empty() && left > 0)))
        why = error{errc::data_loss, "the content changed while it was read"};
      if (!why)
        left -= piece->size();
      if (!why && left == 0)
        why = co_await judge(name, hash.finish());
      if (why) {
        if (!begun)
          client.respond(error_response(*why));
        co_return; // an answer that was begun is cut
      }
      bool sent = true;
      if (!std::exchange(begun, true))
        sent = co_await client.begin(found, blob.size());
      if (sent)
        sent = co_await client.write(*piece);
      if (!sent)
        co_return;
    } while (left > 0);
  }

  // Reads until the buffer is full or the blob ends.
  static result<std::size_t> fill(blob_reader& blob, std::span<char> buffer) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      auto count = blob.read(buffer.subspan(filled));
      if (!count)
        return count.error();
      if (*count == 0)
        break;
      filled += *count;
    }
    return filled;
  }

  asio::awaitable<std::optional<error>> judge(const digest& name, const digest& hashed) {
    if (hashed == name)
      co_return std::nullopt;
    auto why = damaged_content(name, hashed);
    const auto removed = co_await away([&] { return blobs_->remove(content_reference(name)); });
    if (!removed && removed.error().code != errc::not_found)
      why.message += "; it could not be removed: " + removed.error().message;
    co_return why;
  }

  asio::awaitable<response> receive(const digest& name, blob_writer& writer, stream& client) {
    sha256 hash;
    std::uint64_t size = 0;
    for (;;) {
      const auto piece = co_await client.read();
      if (!piece)
        co_return error_response(piece.error());
      if (piece->empty())
        break;
      size += piece->size();
      if (size > config_.max_content)
        co_return too_large(config_.max_content);
      const auto written = co_await away([&] {
        hash.update(*piece);
        return writer.write(*piece);
      });
      if (!written)
        co_return error_response(written.error());
    }
    if (const auto hashed = hash.finish(); hashed != name)
      co_return error_response(
          misnamed_content(name, hashed, "a body of " + std::to_string(size) + " bytes"));
    const auto committed = co_await away([&] { return writer.commit(); });
    co_return committed ? success(201) : error_response(committed.error());
  }

  const std::shared_ptr<blob_store> blobs_;
  asio::thread_pool& pool_;
  const cas_config config_;
};

} // namespace

std::vector<route> cas_routes(std::shared_ptr<blob_store> blobs, asio::thread_pool& pool,
                              cas_config config) {
  const auto handler = std::make_shared<cas_handler>(std::move(blobs), pool, config);
  const auto path = std::string{prefix} + '*';
  using member = asio::awaitable<void> (cas_handler::*)(const request&, stream&);
  const auto streamed = [&](member what) {
    return streamed_handler{[handler, what](const request& asked, stream& client) {
      return ((*handler).*what)(asked, client);
    }};
  };
  return {{"GET", path, streamed(&cas_handler::get)},
          {"HEAD", path, streamed(&cas_handler::head)},
          {"PUT", path, streamed(&cas_handler::put)}};
}

} // namespace deja::http
