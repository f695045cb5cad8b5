#include <deja/transport/folder/folder_endpoint.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/transport/connect/connect_endpoint.hpp>
#include <deja/transport/folder/here_or_there.hpp>
#include <deja/transport/index/decision.hpp>
#include <deja/transport/index/sqlite_index.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <future>

namespace deja {

namespace {

std::filesystem::path lock_of(const data_folder& folder, const std::filesystem::path& index) {
  return index == folder.index() ? folder.path() / "lock"
                                 : std::filesystem::path{index.string() + ".lock"};
}

class folder_endpoint final : public cache_endpoint {
public:
  folder_endpoint(data_folder folder, call_limits limits, std::filesystem::path path,
                  folder_services services)
      : folder_(std::move(folder)), rules_(limits),
        path_(path.empty() ? folder_.index() : std::move(path)), lock_(lock_of(folder_, path_)),
        services_(std::move(services)) {}

  result<found_output> get(const call_context& context, const entry_key& key) override {
    return call(
        context,
        [&](duration) -> result<found_output> {
          if (auto valid = rules_.check(key); !valid)
            return valid.error();
          auto index = open();
          if (!index)
            return index.error();
          std::promise<outcome> found;
          (*index)->lookup({key}, [&](auto all) { found.set_value(std::move(all.front())); });
          return got(key, found.get_future().get());
        },
        [&](cache_endpoint& service, const call_context& left) { return service.get(left, key); });
  }

  result<put_status> put(const call_context& context, const entry_key& key,
                         const cacheservice::CachedOutput& output,
                         const put_condition& when) override {
    return call(
        context,
        [&](duration left) {
          return was_put(content_digest(output), apply(left, rules_.put(key, output, when)));
        },
        [&](cache_endpoint& service, const call_context& left) {
          return service.put(left, key, output, when);
        });
  }

  result<void> remove(const call_context& context, const entry_key& key) override {
    return call(
        context, [&](duration left) { return was_done(apply(left, rules_.remove(key))); },
        [&](cache_endpoint& service, const call_context& left) {
          return service.remove(left, key);
        });
  }

  result<reservation> reserve(const call_context& context, const entry_key& key,
                              const std::string& owner, duration heartbeat) override {
    return call(
        context,
        [&](duration left) {
          return was_reserved(apply(left, rules_.reserve(key, owner, heartbeat)));
        },
        [&](cache_endpoint& service, const call_context& left) {
          return service.reserve(left, key, owner, heartbeat);
        });
  }

  result<void> release(const call_context& context, const entry_key& key,
                       const std::string& owner) override {
    return call(
        context, [&](duration left) { return was_done(apply(left, rules_.release(key, owner))); },
        [&](cache_endpoint& service, const call_context& left) {
          return service.release(left, key, owner);
        });
  }

private:
  template <class Here, class There>
  auto call(const call_context& context, Here here, There there) -> decltype(here(duration{})) {
    return here_or_there(lock_, context.time_left, here, [&](duration left) {
      if (!service_)
        service_ = services_.endpoint(folder_.socket());
      auto shorter = context;
      shorter.time_left = std::max<duration>(left, std::chrono::milliseconds{1});
      return there(*service_, shorter);
    });
  }

  outcome apply(duration left, result<operation> what) {
    if (!what)
      return {what.error(), std::nullopt, std::nullopt};
    auto index = open();
    if (!index)
      return {index.error(), std::nullopt, std::nullopt};
    const auto done = std::make_shared<std::promise<outcome>>();
    const auto name = key_of(*what).key;
    (*index)->apply({std::move(*what)},
                    [done](auto all) { done->set_value(std::move(all.front())); });
    auto answer = done->get_future();
    if (answer.wait_for(left) == std::future_status::ready)
      return answer.get();
    return {error{errc::deadline_exceeded, "key \"" + name + "\": " + path_.string() +
                                               " is locked by another process; what was asked "
                                               "may still happen"},
            std::nullopt, std::nullopt};
  }

  /// The index, opened once and anew where the file has been replaced since.
  result<index*> open() {
    struct stat now {};

    const bool there = ::stat(path_.c_str(), &now) == 0;
    if (index_ && there && now.st_dev == device_ && now.st_ino == inode_)
      return index_.get();
    index_.reset();
    auto opened = make_sqlite_index({.path = path_});
    if (!opened)
      return opened.error();
    index_ = std::move(*opened);
    if (::stat(path_.c_str(), &now) == 0) {
      device_ = now.st_dev;
      inode_ = now.st_ino;
    }
    return index_.get();
  }

  const data_folder folder_;
  const call_rules rules_;
  const std::filesystem::path path_;
  const std::filesystem::path lock_;
  const folder_services services_;
  std::unique_ptr<index> index_;
  dev_t device_{};
  ino_t inode_{};
  std::unique_ptr<cache_endpoint> service_;
};

} // namespace

folder_services folder_services::over_http() {
  return {[](const std::filesystem::path& socket) {
            return make_connect_endpoint({.url = "unix:" + socket.string()});
          },
          [](const std::filesystem::path& socket) {
            return make_connect_content_store({.url = "unix:" + socket.string()});
          }};
}

std::unique_ptr<cache_endpoint> make_folder_endpoint(data_folder folder, call_limits limits,
                                                     std::filesystem::path index,
                                                     folder_services services) {
  return std::make_unique<folder_endpoint>(std::move(folder), limits, std::move(index),
                                           std::move(services));
}

} // namespace deja
