#include <deja/transport/connect/connect_endpoint.hpp>

#include <deja/transport/blob/content_file.hpp>
#include <deja/transport/connect/connect_error.hpp>
#include <deja/transport/connect/http_client.hpp>

#include <cerrno>
#include <mutex>
#include <optional>
#include <unistd.h>

namespace deja {

namespace {

/// Blobs may be gigabytes, so they have no deadline; but one whose bytes stand still is given up.
constexpr auto stall_timeout = std::chrono::seconds{30};

/// Up to this size it is quicker to send a blob than to ask whether it is there.
constexpr std::uint64_t sent_unasked = std::uint64_t{64} << 10;

class connect_content_store : public content_store {
public:
  connect_content_store(connect_config config, service_url url)
      : config_(std::move(config)), http_(std::move(url), config_.url) {}

  result<bool> has(const digest& name) override {
    const std::lock_guard lock{mutex_};
    return ask(name);
  }

  result<void> put_file(const digest& name, const std::filesystem::path& file) override {
    auto source = content_source::open(file);
    if (!source)
      return source.error();
    auto request = request_for("PUT", name);
    request.body_size = source->size;
    request.source = [&](std::uint64_t offset, std::span<char> buffer) {
      return read_at(*source, offset, buffer);
    };
    return put(name, request);
  }

  result<void> put_bytes(const digest& name, std::string_view bytes) override {
    if (const auto found = sha256::of(bytes); found != name)
      return misnamed_content(name, found, std::to_string(bytes.size()) + " bytes");
    auto request = request_for("PUT", name);
    request.body_size = bytes.size();
    request.body = bytes;
    return put(name, request);
  }

  result<void> fetch_file(const digest& name, const std::filesystem::path& file) override {
    // Made only when content comes: a miss shouldn't touch the disk.
    std::optional<content_target> target;
    auto request = request_for("GET", name);
    request.receive = [&](std::string_view bytes) -> result<void> {
      if (!target) {
        auto made = content_target::create(file);
        if (!made)
          return made.error();
        target.emplace(std::move(*made));
      }
      return target->write(bytes);
    };
    if (auto answer = send("reading", name, request); !answer)
      return answer.error();
    if (auto made = request.receive({}); !made) // an empty blob has no bytes
      return made;
    return target->finish(name);
  }

  result<std::string> fetch_bytes(const digest& name, std::uint64_t limit) override {
    std::string content;
    auto request = request_for("GET", name);
    request.receive = [&](std::string_view bytes) -> result<void> {
      if (bytes.size() > limit - content.size())
        return error{errc::resource_exhausted,
                     "reading blob " + to_hex(name) + " from " + config_.url +
                         ": it is larger than the limit of " + std::to_string(limit) + " bytes"};
      content += bytes;
      return {};
    };
    if (auto answer = send("reading", name, request); !answer)
      return answer.error();
    if (const auto found = sha256::of(content); found != name)
      return damaged_content(name, found);
    return content;
  }

private:
  static result<std::size_t> read_at(const content_source& source, std::uint64_t offset,
                                     std::span<char> buffer) {
    for (;;) {
      const auto count =
          ::pread(source.file.get(), buffer.data(), buffer.size(), static_cast<::off_t>(offset));
      if (count >= 0)
        return static_cast<std::size_t>(count);
      if (errno != EINTR)
        return system_error(source.doing, errno);
    }
  }

  http_request request_for(std::string method, const digest& name) const {
    http_request request;
    request.method = std::move(method);
    request.path = "/cas/sha256/" + to_hex(name);
    if (request.method == "PUT")
      request.headers.emplace_back("Content-Type", "application/octet-stream");
    if (!config_.token.empty())
      request.headers.emplace_back("Authorization", "Bearer " + config_.token);
    request.timeout = stall_timeout;
    request.while_moving = true;
    return request;
  }

  /// Whether the blob is there. The service takes the question as a use, which renews its age.
  result<bool> ask(const digest& name) {
    auto answer = exchange("looking for", name, request_for("HEAD", name));
    if (answer)
      return true;
    if (answer.error().code == errc::not_found)
      return false;
    return answer.error();
  }

  result<void> put(const digest& name, const http_request& request) {
    const std::lock_guard lock{mutex_};
    if (request.body_size > sent_unasked) {
      auto known = ask(name);
      if (!known)
        return known.error();
      if (*known)
        return {};
    }
    auto answer = exchange("storing", name, request);
    if (!answer)
      return answer.error();
    return {};
  }

  result<http_answer> send(std::string_view doing, const digest& name,
                           const http_request& request) {
    const std::lock_guard lock{mutex_};
    return exchange(doing, name, request);
  }

  /// An answer of success; else the error that the service told. With the mutex held.
  result<http_answer> exchange(std::string_view doing, const digest& name,
                               const http_request& request) {
    const auto what = std::string{doing} + " blob " + to_hex(name) + " at " + config_.url;
    auto answer = http_.send(request);
    if (!answer)
      return within(what, answer.error());
    if (answer->status >= 200 && answer->status < 300)
      return answer;
    auto why = connect_error(answer->status, answer->body);
    if (answer->status == 404) // a miss, also where the answer has no body, as to HEAD
      why.code = errc::not_found;
    else if (answer->status == 413 || answer->status == 507)
      why.code = errc::resource_exhausted;
    return within(what, std::move(why));
  }

  connect_config config_;
  std::mutex mutex_; // one connection, one request at a time
  http_client http_;
};

} // namespace

std::unique_ptr<content_store> make_connect_content_store(connect_config config) {
  config.validate().value();
  auto url = parse_service_url(config.url).value();
  return std::make_unique<connect_content_store>(std::move(config), std::move(url));
}

} // namespace deja
