#include <deja/app/command_line.hpp>
#include <deja/app/run/candidates.hpp>
#include <deja/app/run/catalog_access.hpp>
#include <deja/messages/cached_output.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/connect/connect_caller.hpp>
#include <deja/transport/folder/here_or_there.hpp>
#include <deja/transport/index/index_future.hpp>
#include <deja/transport/index/sqlite_index.hpp>

#include <deja/v1/cache.pb.h>

#include <algorithm>

namespace deja::run {

namespace {

error no_listing(const std::string& where) {
  return {errc::unimplemented, where + " lists no entries"};
}

/// All entries of `deja run` by that name.
scan_filter calls_of(const std::string& name) {
  return {.project = "deja", .domain = "run", .task = name};
}

/// What an entry tells of its call; none where it is no `deja run`'s.
std::optional<candidate> to_candidate(std::string key, wall_time stored,
                                      const cacheservice::CachedOutput& output) {
  const auto& map = output.metadata().key_map().values();
  const auto uri = map.find(parts_field);
  const auto parts =
      uri == map.end() ? std::nullopt : std::optional{parse_content_uri(uri->second)};
  if (!parts || !*parts)
    return std::nullopt;
  return candidate{std::move(key), stored, **parts};
}

template <class Entry>
void keep_newest(std::vector<Entry>& found, std::size_t most) {
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& left, const auto& right) { return left.stored > right.stored; });
  if (found.size() > most)
    found.resize(most);
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

/// A service with Deja's extension: its listing tells of the entries, which are then looked up.
class service_candidates final : public candidate_source {
public:
  explicit service_candidates(connect_config config) : config_(std::move(config)) {}

  result<std::vector<candidate>> list(const std::string& name, std::size_t most) override {
    auto listed = list_keys(name, most);
    if (!listed)
      return listed.error().code == errc::unimplemented
                 ? no_listing("the service at " + config_.url)
                 : listed.error();
    std::vector<entry_key> keys;
    for (const auto& one : *listed)
      keys.push_back({calls_scope(), one.key});
    const auto entries = make_connect_endpoint(config_)->get_many({}, keys);
    std::vector<candidate> found;
    for (std::size_t at = 0; at < keys.size(); ++at)
      if (entries[at]) // Else it has gone meanwhile.
        if (auto read = to_candidate(keys[at].key, (*listed)[at].stored, *entries[at]->output))
          found.push_back(std::move(*read));
    return found;
  }

private:
  struct listed_key {
    std::string key;
    wall_time stored{};
  };

  static scope calls_scope() {
    const auto filter = calls_of({});
    return {{}, *filter.project, *filter.domain};
  }

  result<std::vector<listed_key>> list_keys(const std::string& name, std::size_t most) const {
    connect_caller caller{config_};
    v1::ListEntriesRequest asked;
    constexpr std::uint32_t page_size = 1'000;
    asked.set_page_size(page_size);
    auto& filter = *asked.mutable_filter();
    filter.set_project(calls_scope().project);
    filter.set_domain(calls_scope().domain);
    filter.set_task(name);
    std::vector<listed_key> found;
    do {
      const auto page = caller.call<v1::ListEntriesResponse>("/deja.v1.CacheService/ListEntries",
                                                             caller.deadline_of({}), {},
                                                             "listing what is remembered", asked);
      if (!page)
        return page.error();
      for (const auto& one : page->entries())
        if (const auto updated = from_wire(one.updated_at(), "updated_at"))
          found.push_back({one.key().key(), *updated});
      keep_newest(found, most);
      asked.set_page_token(page->next_page_token());
    } while (!asked.page_token().empty());
    return found;
  }

  connect_config config_;
};

/// The index in a file, or the service that holds it.
class index_candidates final : public candidate_source {
public:
  explicit index_candidates(folder_index where) : where_(std::move(where)) {}

  result<std::vector<candidate>> list(const std::string& name, std::size_t most) override {
    using keys = result<std::vector<candidate>>;
    const auto here = [&](duration) {
      return list_here(name, most);
    };
    const auto there = [&](duration) -> keys {
      if (where_.socket.empty())
        return error{errc::unavailable, where_.path.string() + " is held by another process"};
      return service_candidates{{.url = "unix:" + where_.socket.string()}}.list(name, most);
    };
    // Where there is nobody to ask, waiting is in vain.
    const duration patience{where_.socket.empty() ? 1 : 0};
    return here_or_there(where_.lock, patience, here, there);
  }

private:
  result<std::vector<candidate>> list_here(const std::string& name, std::size_t most) const {
    auto index = make_sqlite_index({.path = where_.path});
    if (!index)
      return index.error();
    std::vector<candidate> found;
    const auto filter = calls_of(name);
    for (std::string cursor;;) {
      auto page = scan(**index, filter, cursor);
      if (!page)
        return page.error();
      for (const auto& one : page->entries)
        if (const auto output = parse_message<cacheservice::CachedOutput>(one.output))
          if (auto read = to_candidate(one.key.key, one.updated, *output))
            found.push_back(std::move(*read));
      keep_newest(found, most);
      cursor = page->next;
      if (cursor.empty())
        return found;
    }
  }

  static result<scan_page> scan(index& from, const scan_filter& filter, const std::string& cursor) {
    return index_future<result<scan_page>>(
               [&](auto done) { from.scan(filter, cursor, std::move(done)); })
        .get();
  }

  folder_index where_;
};

} // namespace

std::unique_ptr<candidate_source> open_candidates(const options& asked) {
  if (!asked.server.empty()) {
    auto token = app::read_token(asked.token_file);
    if (!token)
      return std::make_unique<no_candidates>("a service whose access token can't be read");
    return std::make_unique<service_candidates>(
        connect_config{.url = asked.server, .token = std::move(*token)});
  }
  if (auto where = find_index(asked))
    return std::make_unique<index_candidates>(std::move(*where));
  return std::make_unique<no_candidates>("a data folder that can't be opened");
}

} // namespace deja::run
