#include <deja/transport/folder/folder_endpoint.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/transport/connect/connect_endpoint.hpp>
#include <deja/transport/folder/here_or_there.hpp>
#include <deja/transport/folder/holder_lock.hpp>
#include <deja/transport/index/decision.hpp>
#include <deja/transport/index/index_future.hpp>
#include <deja/transport/index/index_lock.hpp>
#include <deja/transport/index/sqlite_index.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <future>
#include <thread>

namespace deja {

namespace {

/// Of a wait whose context has no time.
constexpr duration usual_time = std::chrono::seconds{10};

/// So exactly is known when an entry was last used.
constexpr duration access_grain = std::chrono::hours{1};

/// A hit waits at most so long for its use to be recorded.
constexpr duration touch_patience = std::chrono::seconds{1};

std::filesystem::path lock_of(const data_folder& folder, const std::filesystem::path& index) {
  return index == folder.index() ? folder.lock() : index_lock(index);
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
          const auto found = look_up({key}).front();
          note_use(found);
          return got(key, found);
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

  std::vector<result<found_output>> get_many(const call_context& context,
                                             std::span<const entry_key> keys) override {
    return call_many<found_output>(
        context, keys,
        [&](duration) {
          std::vector<result<entry_key>> wanted;
          for (const auto& key : keys) {
            const auto valid = rules_.check(key);
            wanted.push_back(valid ? result<entry_key>{key} : result<entry_key>{valid.error()});
          }
          return for_valid(wanted, [&](std::vector<entry_key> valid) { return look_up(valid); });
        },
        [&](std::size_t at, const outcome& found) { return got(keys[at], found); },
        [&](cache_endpoint& service, const call_context& left) {
          return service.get_many(left, keys);
        });
  }

  std::vector<result<put_status>> put_many(const call_context& context,
                                           std::span<const entry_put> puts) override {
    return call_many<put_status>(
        context, puts,
        [&](duration left) {
          std::vector<result<operation>> wanted;
          for (const auto& one : puts)
            wanted.push_back(rules_.put(one.key, *one.output, one.when));
          return for_valid(wanted, [&](auto valid) { return apply_all(left, std::move(valid)); });
        },
        [&](std::size_t at, const outcome& done) {
          return was_put(content_digest(*puts[at].output), done);
        },
        [&](cache_endpoint& service, const call_context& left) {
          return service.put_many(left, puts);
        });
  }

  std::vector<result<reservation>>
  reserve_many(const call_context& context,
               std::span<const reservation_request> requests) override {
    return call_many<reservation>(
        context, requests,
        [&](duration left) {
          std::vector<result<operation>> wanted;
          for (const auto& one : requests)
            wanted.push_back(rules_.reserve(one.key, one.owner, one.heartbeat));
          return for_valid(wanted, [&](auto valid) { return apply_all(left, std::move(valid)); });
        },
        [](std::size_t, const outcome& done) { return was_reserved(done); },
        [&](cache_endpoint& service, const call_context& left) {
          return service.reserve_many(left, requests);
        });
  }

  std::vector<result<void>> release_many(const call_context& context,
                                         std::span<const release_request> requests) override {
    return call_many<void>(
        context, requests,
        [&](duration left) {
          std::vector<result<operation>> wanted;
          for (const auto& one : requests)
            wanted.push_back(rules_.release(one.key, one.owner));
          return for_valid(wanted, [&](auto valid) { return apply_all(left, std::move(valid)); });
        },
        [](std::size_t, const outcome& done) { return was_done(done); },
        [&](cache_endpoint& service, const call_context& left) {
          return service.release_many(left, requests);
        });
  }

  std::size_t items_per_call() const override { return 1024; }

  /// Other processes' changes are not told, so it looks again and again; between the looks the
  /// folder is free. A holder that has ended is no longer waited for: its reservation is released.
  result<waited> wait(const call_context& context, const wait_request& what) override {
    using steady = std::chrono::steady_clock;
    const auto time = context.time_left > duration::zero() ? context.time_left : usual_time;
    const auto deadline = steady::now() + time;
    std::optional<reservation> before;
    for (duration pause = std::chrono::milliseconds{2};;
         pause = std::min<duration>(2 * pause, std::chrono::milliseconds{50})) {
      auto left = context;
      left.time_left = std::max<duration>(deadline - steady::now(), std::chrono::milliseconds{1});
      waited seen;
      const auto ended = call(
          left,
          [&](duration rest) -> result<bool> {
            if (auto valid = rules_.check(what.key); !valid)
              return valid.error();
            auto found = look_up({what.key}).front();
            if (found.reservation && holder_has_ended(folder_, found.reservation->owner)) {
              (void)apply(rest, rules_.release(what.key, found.reservation->owner));
              found = look_up({what.key}).front();
            }
            if (found.why)
              return *found.why;
            return ends(what, found, before, seen);
          },
          [&](cache_endpoint& service, const call_context& rest) -> result<bool> {
            auto told = service.wait(rest, what);
            if (!told)
              return told.error();
            seen = std::move(*told);
            return true;
          });
      if (!ended)
        return ended.error();
      if (*ended || steady::now() + pause >= deadline)
        return seen;
      before = seen.holder;
      std::this_thread::sleep_for(pause);
    }
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

  /// Calls for many items: `here(time left)` gives an outcome each, of which `meaning(place,
  /// outcome)` is told.
  template <class T, class In, class Here, class Meaning, class There>
  std::vector<result<T>> call_many(const call_context& context, std::span<const In> items,
                                   Here here, Meaning meaning, There there) {
    using results = std::vector<result<T>>;
    if (items.empty())
      return {};
    auto all = call(
        context,
        [&](duration left) -> result<results> {
          const auto outcomes = here(left);
          results told;
          for (std::size_t at = 0; at < outcomes.size(); ++at)
            told.push_back(meaning(at, outcomes[at]));
          return told;
        },
        [&](cache_endpoint& service, const call_context& left) -> result<results> {
          auto told = there(service, left);
          if (const auto& first = told.front(); !first && first.error().code == errc::unavailable)
            return first.error(); // it starts or stops: to be tried again
          return told;
        });
    if (!all)
      return results(items.size(), result<T>{all.error()});
    return std::move(*all);
  }

  /// Outcomes in order: those of `ask`, which is asked for the valid ones, and what the others are.
  template <class T, class Ask>
  static std::vector<outcome> for_valid(std::vector<result<T>>& all, Ask ask) {
    std::vector<outcome> outcomes(all.size());
    std::vector<std::size_t> places;
    std::vector<T> valid;
    for (std::size_t at = 0; at < all.size(); ++at)
      if (all[at]) {
        places.push_back(at);
        valid.push_back(std::move(*all[at]));
      } else {
        outcomes[at].why = all[at].error();
      }
    if (valid.empty())
      return outcomes;
    auto asked = ask(std::move(valid));
    for (std::size_t at = 0; at < places.size(); ++at)
      outcomes[places[at]] = std::move(asked[at]);
    return outcomes;
  }

  /// Whether what was found ends the wait, and as what.
  static bool ends(const wait_request& what, const outcome& found,
                   const std::optional<reservation>& before, waited& as) {
    as = {wait_event::timeout, std::nullopt, found.reservation, 0};
    if (found.entry)
      as.generation = found.entry->generation;
    if (as.generation.value_or(0) > what.newer_than.value_or(0)) {
      as.event = wait_event::entry;
      return true;
    }
    if (found.reservation || what.entry_only)
      return false;
    as.event = !before                                               ? wait_event::not_reserved
               : before->expires <= std::chrono::system_clock::now() ? wait_event::expired
                                                                     : wait_event::released;
    return true;
  }

  /// No service keeps the book here, so it is written at once, but seldom.
  void note_use(const outcome& found) {
    const auto now = std::chrono::system_clock::now();
    if (found.entry && now - found.entry->accessed > access_grain)
      (void)apply(touch_patience,
                  operation{touch_operation{found.entry->key}}); // a hit all the same
  }

  std::vector<outcome> look_up(std::vector<entry_key> keys) {
    auto index = open();
    if (!index)
      return std::vector<outcome>(keys.size(), {.why = index.error()});
    return index_future<std::vector<outcome>>(
               [&](auto done) { (*index)->lookup(std::move(keys), std::move(done)); })
        .get();
  }

  outcome apply(duration left, result<operation> what) {
    if (!what)
      return {.why = what.error()};
    return apply_all(left, {std::move(*what)}).front();
  }

  std::vector<outcome> apply_all(duration left, std::vector<operation> what) {
    const auto count = what.size();
    const auto fail = [&](const error& why) {
      return std::vector<outcome>(count, {.why = why});
    };
    auto index = open();
    if (!index)
      return fail(index.error());
    const auto name = key_of(what.front()).key;
    auto answer = index_future<std::vector<outcome>>(
        [&](auto done) { (*index)->apply(std::move(what), std::move(done)); });
    if (answer.wait_for(left) == std::future_status::ready)
      return answer.get();
    return fail({errc::deadline_exceeded, "key \"" + name + "\": " + path_.string() +
                                              " is locked by another process; what was asked "
                                              "may still happen"});
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
