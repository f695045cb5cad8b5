#include <deja/transport/blob/blob_store.hpp>

#include <deja/transport/blob/local_blob_store.hpp>
#include <deja/transport/blob/memory_blob_store.hpp>

#include <filesystem>

namespace deja {

result<std::string> blob_store::read(const std::string& reference, std::uint64_t limit) {
  auto blob = open(reference);
  if (!blob)
    return blob.error();
  const error too_large{errc::resource_exhausted, "reading blob \"" + reference +
                                                      "\": it is larger than the limit of " +
                                                      std::to_string(limit) + " bytes"};
  const auto size = (*blob)->size();
  if (size > limit)
    return too_large;
  // One byte more than expected, so that the end is seen without growing.
  std::string bytes(static_cast<std::size_t>(size) + 1, '\0');
  std::size_t filled = 0;
  for (;;) {
    auto count = (*blob)->read(std::span{bytes}.subspan(filled));
    if (!count)
      return count.error();
    filled += *count;
    if (filled > limit)
      return too_large;
    if (*count == 0)
      break;
    if (filled == bytes.size())
      bytes.resize(bytes.size() * 2);
  }
  bytes.resize(filled);
  return bytes;
}

result<void> blob_store::write(const std::string& reference, std::string_view bytes) {
  auto writer = create(reference);
  if (!writer)
    return writer.error();
  if (auto written = (*writer)->write(bytes); !written)
    return written;
  return (*writer)->commit();
}

result<std::shared_ptr<blob_store>> open_blob_store(const std::string& url) {
  const auto wrong = [&](const std::string& why) {
    return error{errc::invalid_argument, "opening blob store \"" + url + "\": " + why};
  };
  if (url.find('\0') != url.npos)
    return wrong("it contains a NUL");
  const auto scheme_end = url.find("://");
  const auto scheme = scheme_end == url.npos ? "file" : url.substr(0, scheme_end);
  auto rest = scheme_end == url.npos ? url : url.substr(scheme_end + 3);
  if (scheme == "mem") {
    if (rest.empty() || rest.find('/') != rest.npos)
      return wrong("a name without slashes is wanted, as in mem://name");
    return make_memory_blob_store(url);
  }
  if (scheme != "file")
    return error{errc::unimplemented, "opening blob store \"" + url +
                                          "\": there is no backend for " + scheme +
                                          "://, only for file:// and mem://"};
  if (rest.empty())
    return wrong("a folder is wanted, as in file:///path");
  if (scheme_end != url.npos && rest.front() != '/')
    return wrong("its path must be absolute, as in file:///path");
  std::error_code problem;
  const auto path = std::filesystem::absolute(rest, problem);
  if (problem)
    return wrong(problem.message());
  auto normal = path.lexically_normal().string();
  if (normal.size() > 1 && normal.back() == '/')
    normal.pop_back();
  return open_local_blob_store(normal);
}

} // namespace deja
