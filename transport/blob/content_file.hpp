#pragma once

#include <deja/messages/sha256.hpp>
#include <deja/transport/blob/file_descriptor.hpp>

#include <filesystem>

namespace deja {

/// How much of a blob is in memory at once, in bytes, while it is streamed.
inline constexpr std::size_t stream_buffer = std::size_t{256} << 10;

/// A regular file that is sent as content, read once from beginning to end.
struct content_source {
  /// Errors: not_found, permission_denied, invalid_argument (not a regular file).
  static result<content_source> open(const std::filesystem::path& path);

  file_descriptor file;
  std::uint64_t size = 0; ///< When it was opened.
  std::string doing;      ///< For error texts.
};

/// A new file that content is received into, hashed on the way. Without `finish` it is removed.
class content_target {
public:
  /// Makes the file; failed_precondition where there is one of that name already.
  static result<content_target> create(const std::filesystem::path& path);

  content_target(content_target&&) = default;
  content_target& operator=(content_target&&) = delete;
  ~content_target();

  result<void> write(std::string_view bytes);

  /// Keeps the file if its content is what `name` says; else data_loss, and it is removed.
  result<void> finish(const digest& name);

private:
  content_target(std::filesystem::path path, file_descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  file_descriptor file_; // closed once finished
  sha256 hash_;
};

/// data_loss: content that came under `name` hashes to something else.
error damaged_content(const digest& name, const digest& found);

/// invalid_argument: what was to be stored as `name` is something else.
error misnamed_content(const digest& name, const digest& found, std::string_view what);

} // namespace deja
