#pragma once

#include <deja/transport/cache_endpoint.hpp>

#include <deja/v1/cache.pb.h>

#include <CLI/CLI.hpp>

namespace deja::app {

/// Which catalog an operator's command looks at.
struct catalog_options {
  std::string server, data, token_file;
  bool json = false;
};

void add_options(CLI::App& app, catalog_options& into);

/// A catalog as an operator sees it: a service, or a data folder, whose own service is asked where
/// one holds it. Blocking, each call with a deadline; for one thread.
class catalog_view {
public:
  virtual ~catalog_view() = default;

  virtual cache_endpoint& calls() = 0;

  /// The entry, with its generation where that can be had; not_found is a miss.
  virtual result<found_output> find(const entry_key& key) = 0;

  /// Pages of what a filter selects; unimplemented where a service has Flyte's calls alone.
  virtual result<v1::ListEntriesResponse> entries(const v1::ListEntriesRequest& asked) = 0;
  virtual result<v1::ListReservationsResponse>
  reservations(const v1::ListReservationsRequest& asked) = 0;

  virtual result<v1::StatisticsResponse> statistics() = 0;
};

/// Opens the catalog that options and environment name. invalid_argument where they name none that
/// could be, not_found where there is no such folder: none is made unless `make_folder`.
result<std::unique_ptr<catalog_view>> open_view(catalog_options asked, bool make_folder = false);

} // namespace deja::app
