#include <deja/transport/index/postgres_notices.hpp>

#include <deja/messages/base64.hpp>

namespace deja {

namespace {

/// PostgreSQL takes less than 8,000 bytes.
constexpr std::size_t most_bytes = 7'999;

const postgres::statement notify{"notify", "SELECT pg_notify('deja', $1::text)"};

std::string random_name() {
  std::random_device random;
  return std::to_string(random()) + '-' + std::to_string(random());
}

std::string text_of(const entry_key& key) {
  return to_base64_url(key.where.org) + '.' + to_base64_url(key.where.project) + '.' +
         to_base64_url(key.where.domain) + '.' + to_base64_url(key.key);
}

/// Takes the text up to the separator from the front, and the separator.
std::string_view take(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return taken;
}

} // namespace

std::string notice_of(std::span<const entry_key>& keys, const std::string& sender) {
  auto text = sender;
  for (; !keys.empty(); keys = keys.subspan(1)) {
    const auto key = text_of(keys.front());
    if (sender.size() + 1 + key.size() > most_bytes)
      continue;
    if (text.size() + 1 + key.size() > most_bytes)
      break;
    text += ' ' + key;
  }
  return text;
}

std::vector<entry_key> keys_of_notice(std::string_view text, const std::string& own) {
  std::vector<entry_key> keys;
  if (take(text, ' ') == own)
    return keys;
  while (!text.empty()) {
    auto one = take(text, ' ');
    entry_key key;
    for (auto* part : {&key.where.org, &key.where.project, &key.where.domain, &key.key}) {
      auto bytes = parse_base64(take(one, '.'));
      if (!bytes)
        return {};
      *part = std::move(*bytes);
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

postgres_notices::postgres_notices(postgres_worker_config config, watcher heard)
    : sender_(random_name()), heard_(std::move(heard)),
      worker_(std::move(config),
              {.prepare = [](postgres::connection& database) -> result<void> {
                 if (auto done = database.run(postgres::call::text("LISTEN deja")); !done)
                   return done.error();
                 return database.prepare(notify);
               },
               .serve =
                   [this](postgres::connection& database, std::vector<announcement> jobs) {
                     std::vector<entry_key> all;
                     for (auto& job : jobs)
                       std::move(job.keys.begin(), job.keys.end(), std::back_inserter(all));
                     std::vector<postgres::call> calls;
                     for (std::span<const entry_key> rest{all}; !rest.empty();) {
                       postgres::arguments with;
                       with.text(notice_of(rest, sender_));
                       calls.push_back(postgres::call::prepared(notify, std::move(with)));
                     }
                     if (!database.run(calls))
                       database.lose();
                     listen(database); // What came along with the answers.
                     return std::vector<announcement>{};
                   },
               .listen =
                   [this](postgres::connection& database) {
                     listen(database);
                   }}) {}

void postgres_notices::announce(std::vector<entry_key> keys) {
  worker_.submit({std::move(keys)});
}

void postgres_notices::listen(postgres::connection& database) const {
  for (const auto& text : database.notifications())
    if (const auto keys = keys_of_notice(text, sender_); !keys.empty())
      heard_(keys);
}

} // namespace deja
