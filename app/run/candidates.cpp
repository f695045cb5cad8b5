#include <deja/app/run/candidates.hpp>
#include <deja/app/run/catalog_access.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/index/sqlite_index.hpp>

#include <algorithm>
#include <future>

namespace deja::run {

namespace {

error no_listing(const std::string& where) {
  return {errc::unimplemented, where + " lists no entries"};
}

class no_candidates final : public candidate_source {
public:
  explicit no_candidates(std::string where) : where_(std::move(where)) {}

  result<std::vector<candidate>> list(const std::string&, std::size_t) override {
    return no_listing(where_);
  }

private:
  std::string where_;
};

/// The index in a file, of an application that holds no service.
class index_candidates final : public candidate_source {
public:
  explicit index_candidates(folder_index where) : where_(std::move(where)) {}

  result<std::vector<candidate>> list(const std::string& name, std::size_t most) override {
    const auto shared = folder_lock::share(where_.lock);
    if (!shared)
      return shared.error().code == errc::unavailable
                 ? no_listing("the service that holds " + where_.path.native())
                 : shared.error();
    auto index = make_sqlite_index({.path = where_.path});
    if (!index)
      return index.error();
    std::vector<candidate> found;
    scan_filter filter{.project = "deja", .domain = "run", .task = name};
    for (std::string cursor;;) {
      auto page = scan(**index, filter, cursor);
      if (!page)
        return page.error();
      for (const auto& one : page->entries)
        if (auto read = read_entry(one))
          found.push_back(std::move(*read));
      keep_newest(found, most);
      cursor = page->next;
      if (cursor.empty())
        return found;
    }
  }

private:
  static result<scan_page> scan(index& from, const scan_filter& filter, const std::string& cursor) {
    std::promise<result<scan_page>> page;
    from.scan(filter, cursor, [&](auto done) { page.set_value(std::move(done)); });
    return page.get_future().get();
  }

  static std::optional<candidate> read_entry(const entry& one) {
    const auto output = parse_message<cacheservice::CachedOutput>(one.output);
    if (!output)
      return std::nullopt;
    const auto& map = output->metadata().key_map().values();
    const auto uri = map.find(parts_field);
    const auto parts =
        uri == map.end() ? std::nullopt : std::optional{parse_content_uri(uri->second)};
    if (!parts || !*parts)
      return std::nullopt;
    return candidate{one.key.key, one.updated, **parts};
  }

  static void keep_newest(std::vector<candidate>& found, std::size_t most) {
    std::stable_sort(found.begin(), found.end(), [](const auto& left, const auto& right) {
      return left.stored > right.stored;
    });
    if (found.size() > most)
      found.resize(most);
  }

  folder_index where_;
};

} // namespace

std::unique_ptr<candidate_source> open_candidates(const options& asked) {
  if (!asked.server.empty())
    return std::make_unique<no_candidates>("the service at " + asked.server);
  if (auto where = find_index(asked))
    return std::make_unique<index_candidates>(std::move(*where));
  return std::make_unique<no_candidates>("a data folder that can't be opened");
}

} // namespace deja::run
