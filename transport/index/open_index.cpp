#include <deja/transport/index/open_index.hpp>

#include <deja/transport/index/memory_index.hpp>
#include <deja/transport/index/postgres_index.hpp>

namespace deja {

result<std::unique_ptr<index>> open_index(const std::string& url, sqlite_index_config sqlite) {
  constexpr std::string_view file = "sqlite:";
  if (url == "memory:")
    return make_memory_index();
  if (url.starts_with(file) && url.size() > file.size()) {
    sqlite.path = url.substr(file.size());
    return make_sqlite_index(std::move(sqlite));
  }
  if (url.starts_with("postgresql://") || url.starts_with("postgres://"))
    return make_postgres_index({.url = url});
  return error{errc::invalid_argument,
               "index \"" + url +
                   "\": a URL memory:, sqlite:PATH or postgresql://HOST/DATABASE is wanted"};
}

} // namespace deja
