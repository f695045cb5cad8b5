#include <deja/app/catalog_view.hpp>

#include <deja/app/command_line.hpp>
#include <deja/app/existing_folder.hpp>
#include <deja/transport/connect/connect_caller.hpp>
#include <deja/transport/connect/extension_client.hpp>
#include <deja/transport/connect/extension_wire.hpp>
#include <deja/transport/folder/folder_endpoint.hpp>
#include <deja/transport/folder/here_or_there.hpp>
#include <deja/transport/index/call_rules.hpp>
#include <deja/transport/index/index_future.hpp>
#include <deja/transport/index/sqlite_index.hpp>

namespace deja::app {

namespace {

/// A large index takes its time to be counted, or to be looked through for few entries.
constexpr duration patience = std::chrono::minutes{5};

class service_view final : public catalog_view {
public:
  explicit service_view(const connect_config& config)
      : caller_(config), endpoint_(make_connect_endpoint(config)) {}

  cache_endpoint& calls() override { return *endpoint_; }

  result<found_output> find(const entry_key& key) override {
    auto found = extension_client{caller_}.get(caller_.deadline_of({}), {}, {&key, 1});
    return found ? std::move(found->front()) : endpoint_->get({}, key);
  }

  result<v1::ListEntriesResponse> entries(const v1::ListEntriesRequest& asked) override {
    return call<v1::ListEntriesResponse>("ListEntries", asked);
  }

  result<v1::ListReservationsResponse>
  reservations(const v1::ListReservationsRequest& asked) override {
    return call<v1::ListReservationsResponse>("ListReservations", asked);
  }

  result<v1::StatisticsResponse> statistics() override {
    return call<v1::StatisticsResponse>("Statistics", v1::StatisticsRequest{});
  }

private:
  template <class Reply>
  result<Reply> call(const std::string& method, const google::protobuf::MessageLite& asked) {
    const call_context context{0, patience, {}};
    return caller_.call<Reply>("/deja.v1.CacheService/" + method, caller_.deadline_of(context),
                               context, method + " at " + caller_.url(), asked);
  }

  connect_caller caller_;
  std::unique_ptr<cache_endpoint> endpoint_;
};

class folder_view final : public catalog_view {
public:
  explicit folder_view(data_folder folder)
      : folder_(std::move(folder)), endpoint_(make_folder_endpoint(folder_)) {}

  cache_endpoint& calls() override { return *endpoint_; }

  result<found_output> find(const entry_key& key) override {
    return ask<found_output>(
        duration::zero(),
        [&](index& here) -> result<found_output> {
          if (auto valid = call_rules{}.check(key); !valid)
            return valid.error();
          auto found = index_future<std::vector<outcome>>(
              [&](auto done) { here.lookup(std::vector{key}, std::move(done)); });
          return got(key, found.get().front());
        },
        [&](catalog_view& service) { return service.find(key); });
  }

  result<v1::ListEntriesResponse> entries(const v1::ListEntriesRequest& asked) override {
    return ask<v1::ListEntriesResponse>(
        patience,
        [&](index& here) -> result<v1::ListEntriesResponse> {
          v1::ListEntriesResponse told;
          const auto page = scan(here, asked, scan_filter::kind::entries);
          if (!page)
            return page.error();
          for (const auto& one : page->entries)
            *told.add_entries() = to_wire(one);
          told.set_next_page_token(page->next);
          return told;
        },
        [&](catalog_view& service) { return service.entries(asked); });
  }

  result<v1::ListReservationsResponse>
  reservations(const v1::ListReservationsRequest& asked) override {
    return ask<v1::ListReservationsResponse>(
        patience,
        [&](index& here) -> result<v1::ListReservationsResponse> {
          v1::ListReservationsResponse told;
          const auto page = scan(here, asked, scan_filter::kind::reservations);
          if (!page)
            return page.error();
          for (const auto& one : page->reservations)
            *told.add_reservations()->mutable_reservation() = to_wire(one);
          told.set_next_page_token(page->next);
          return told;
        },
        [&](catalog_view& service) { return service.reservations(asked); });
  }

  result<v1::StatisticsResponse> statistics() override {
    return ask<v1::StatisticsResponse>(
        patience,
        [](index& here) -> result<v1::StatisticsResponse> {
          const auto total = index_future<result<index_statistics>>([&](auto done) {
                               here.statistics(std::move(done));
                             }).get();
          if (!total)
            return total.error();
          v1::StatisticsResponse told;
          told.set_entries(total->entries);
          told.set_entry_bytes(total->bytes);
          told.set_reservations(total->reservations);
          return told;
        },
        [](catalog_view& service) { return service.statistics(); });
  }

private:
  template <class Reply, class Here, class There>
  result<Reply> ask(duration time, Here here, There there) {
    return here_or_there(
        folder_.lock(), time,
        [&](duration) -> result<Reply> {
          auto opened = make_sqlite_index({.path = folder_.index()});
          if (!opened)
            return opened.error();
          return here(**opened);
        },
        [&](duration) -> result<Reply> {
          auto holder = service();
          return there(holder);
        });
  }

  service_view service() const {
    return service_view{{.url = "unix:" + folder_.socket().string()}};
  }

  template <class Request>
  static result<scan_page> scan(index& here, const Request& asked, scan_filter::kind what) {
    auto filter = from_wire(asked.filter(), what, asked.page_size());
    if (!filter)
      return filter.error();
    return index_future<result<scan_page>>([&](auto done) {
             here.scan(std::move(*filter), asked.page_token(), std::move(done));
           })
        .get();
  }

  data_folder folder_;
  std::unique_ptr<cache_endpoint> endpoint_;
};

} // namespace

void add_options(CLI::App& app, catalog_options& into) {
  auto* server = app.add_option("--server", into.server, "URL of a cache service [DEJA_SERVER]")
                     ->check(not_empty);
  app.add_option("--data", into.data, "data folder [DEJA_DATA; default: the user's cache folder]")
      ->excludes(server)
      ->check(not_empty)
      ->type_name("DIR");
  app.add_option("--token-file", into.token_file,
                 "file with the service's access token [DEJA_TOKEN_FILE]")
      ->type_name("FILE");
  app.add_flag("--json", into.json, "print JSON");
}

result<std::unique_ptr<catalog_view>> open_view(catalog_options asked, bool make_folder) {
  if (asked.data.empty())
    stand_in(asked.server, "DEJA_SERVER");
  stand_in(asked.data, "DEJA_DATA");
  stand_in(asked.token_file, "DEJA_TOKEN_FILE");
  if (!asked.server.empty()) {
    auto token = read_token(asked.token_file);
    if (!token)
      return token.error();
    connect_config config{.url = asked.server, .token = std::move(*token)};
    if (auto valid = config.validate(); !valid)
      return within("--server", valid.error());
    return std::make_unique<service_view>(config);
  }
  auto folder = make_folder && !asked.data.empty() ? data_folder::open(asked.data)
                                                   : existing_folder(asked.data);
  if (!folder)
    return folder.error();
  return std::make_unique<folder_view>(std::move(*folder));
}

} // namespace deja::app
