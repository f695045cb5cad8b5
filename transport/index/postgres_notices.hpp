#pragma once

#include <deja/messages/cache.hpp>
#include <deja/transport/index/postgres_worker.hpp>

namespace deja {

/// Tells other processes on the same database which keys have changed, and hears of it from them,
/// by NOTIFY and LISTEN on a connection of its own. Nothing is promised: a notification is lost
/// while there is no connection, where too many wait, or where a key is too long for one.
class postgres_notices {
public:
  using watcher = std::function<void(std::span<const entry_key>)>;

  /// `heard` is called with the keys that others changed, on a thread of the notices.
  postgres_notices(postgres_worker_config config, watcher heard);

  void announce(std::vector<entry_key> keys);

private:
  struct announcement {
    std::size_t size() const { return keys.size(); }

    void refuse(const error&) const {} // As promised: nothing.

    std::vector<entry_key> keys;
  };

  void listen(postgres::connection& database) const;

  const std::string sender_; ///< Tells our own notifications from others'.
  const watcher heard_;
  postgres_worker<announcement> worker_;
};

/// A notification's text: who sends it and the keys, as many as fit. They are taken from the front
/// of `keys`; a key that fits nowhere is dropped.
std::string notice_of(std::span<const entry_key>& keys, const std::string& sender);

/// The keys of a notification; none where it is `own` or no notification of ours.
std::vector<entry_key> keys_of_notice(std::string_view text, const std::string& own);

} // namespace deja
