#pragma once

#include <deja/transport/blob/content_store.hpp>
#include <deja/transport/cache_endpoint.hpp>
#include <deja/transport/folder/data_folder.hpp>
#include <deja/transport/index/call_rules.hpp>

#include <functional>

namespace deja {

/// How the service that holds a folder is reached, by the path of its socket. Tests give their own.
struct folder_services {
  std::function<std::unique_ptr<cache_endpoint>(const std::filesystem::path& socket)> endpoint;
  std::function<std::unique_ptr<content_store>(const std::filesystem::path& socket)> content;

  /// Over HTTP.
  static folder_services over_http();
};

/// Calls on a data folder: in this process under the shared lock, or over the socket of the service
/// that holds it, chosen anew at each call; while the service starts or stops, tried again until
/// the call's time is up. `index`: an index elsewhere, with its lock beside it (`PATH.lock`);
/// empty: the folder's own.
std::unique_ptr<cache_endpoint>
make_folder_endpoint(data_folder folder, call_limits limits = {}, std::filesystem::path index = {},
                     folder_services services = folder_services::over_http());

/// The folder's content store, chosen likewise; tried for at most 10 s. Thread-safe.
std::unique_ptr<content_store>
make_folder_content_store(data_folder folder,
                          folder_services services = folder_services::over_http());

} // namespace deja
