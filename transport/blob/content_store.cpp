#include <deja/transport/blob/content_store.hpp>

#include <deja/transport/blob/content_file.hpp>

#include <vector>

namespace deja {

namespace {

constexpr std::string_view uri_start = "cas://sha256/";

class blob_content_store : public content_store {
public:
  explicit blob_content_store(std::shared_ptr<blob_store> blobs) : blobs_(std::move(blobs)) {}

  result<bool> has(const digest& name) override {
    auto info = blobs_->head(content_reference(name));
    if (info)
      return true;
    if (info.error().code == errc::not_found)
      return false;
    return info.error();
  }

  result<void> put_file(const digest& name, const std::filesystem::path& file) override {
    auto source = content_source::open(file);
    if (!source)
      return source.error();
    auto known = renew(name, source->size);
    if (!known)
      return known.error();
    if (*known)
      return {};
    auto writer = blobs_->create(content_reference(name));
    if (!writer)
      return writer.error();
    sha256 hash;
    std::vector<char> buffer(stream_buffer);
    for (;;) {
      auto count = read_some(source->file.get(), buffer, source->doing);
      if (!count)
        return count.error();
      if (*count == 0)
        break;
      const std::string_view bytes{buffer.data(), *count};
      hash.update(bytes);
      if (auto written = (*writer)->write(bytes); !written)
        return written;
    }
    if (const auto found = hash.finish(); found != name)
      return misnamed_content(name, found, file.string());
    return (*writer)->commit();
  }

  result<void> put_bytes(const digest& name, std::string_view bytes) override {
    if (const auto found = sha256::of(bytes); found != name)
      return misnamed_content(name, found, std::to_string(bytes.size()) + " bytes");
    auto known = renew(name, bytes.size());
    if (!known)
      return known.error();
    if (*known)
      return {};
    return blobs_->write(content_reference(name), bytes);
  }

  result<void> fetch_file(const digest& name, const std::filesystem::path& file) override {
    auto blob = blobs_->open(content_reference(name));
    if (!blob)
      return blob.error();
    auto target = content_target::create(file);
    if (!target)
      return target.error();
    std::vector<char> buffer(stream_buffer);
    for (;;) {
      auto count = (*blob)->read(buffer);
      if (!count)
        return count.error();
      if (*count == 0)
        break;
      if (auto written = target->write({buffer.data(), *count}); !written)
        return written;
    }
    if (auto finished = target->finish(name); !finished)
      return discard(name, finished.error());
    return {};
  }

  result<std::string> fetch_bytes(const digest& name, std::uint64_t limit) override {
    auto bytes = blobs_->read(content_reference(name), limit);
    if (!bytes)
      return bytes;
    if (const auto found = sha256::of(*bytes); found != name)
      return discard(name, damaged_content(name, found));
    return bytes;
  }

private:
  /// Renews the age of a blob that is there with this size. One of another size is none: the next
  /// write replaces it.
  result<bool> renew(const digest& name, std::uint64_t size) {
    auto info = blobs_->head(content_reference(name));
    if (info && info->size != size)
      return false;
    // Touched even though `head` has just seen it: a collector may have been quicker.
    auto touched = info ? blobs_->touch(content_reference(name)) : result<void>{info.error()};
    if (touched)
      return true;
    if (touched.error().code == errc::not_found)
      return false;
    return touched.error();
  }

  /// Removes a damaged blob, so that the next put of its content heals it.
  error discard(const digest& name, error why) {
    const auto removed = blobs_->remove(content_reference(name));
    if (!removed && removed.error().code != errc::not_found)
      why.message += "; it could not be removed: " + removed.error().message;
    return why;
  }

  std::shared_ptr<blob_store> blobs_;
};

} // namespace

std::string content_uri(const digest& name) {
  return std::string{uri_start} + to_hex(name);
}

result<digest> parse_content_uri(std::string_view uri) {
  if (uri.starts_with(uri_start))
    if (auto name = parse_digest(uri.substr(uri_start.size())))
      return name;
  return error{errc::invalid_argument, "\"" + std::string{uri} +
                                           "\" names no content: cas://sha256/ and 64 lower-case "
                                           "hexadecimal digits are wanted"};
}

std::string content_reference(const digest& name) {
  const auto hex = to_hex(name);
  return "deja/cas/sha256/" + hex.substr(0, 2) + '/' + hex;
}

std::unique_ptr<content_store> make_content_store(std::shared_ptr<blob_store> blobs) {
  return std::make_unique<blob_content_store>(std::move(blobs));
}

} // namespace deja
