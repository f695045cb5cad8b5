#include <deja/app/load/history.hpp>

#include <deja/app/plain_text.hpp>

namespace deja::app::load {

namespace {

constexpr std::size_t buffered = std::size_t{256} << 10;

const char* kind_of(method which) {
  switch (which) {
  case method::get:
  case method::get_many:
    return "get";
  case method::put:
  case method::put_many:
    return "put";
  case method::reserve:
  case method::reserve_many:
    return "reserve";
  case method::release:
  case method::release_many:
    return "release";
  case method::wait:
    break;
  }
  return nullptr;
}

/// Other codes leave open whether the call took effect.
bool tells_outcome(errc code) {
  return code == errc::ok || code == errc::not_found || code == errc::already_exists ||
         code == errc::failed_precondition;
}

bool is_own(method which) {
  return which >= method::get_many;
}

/// The texts of a history need no escapes but those of values that a service has made up.
std::string in_quotes(std::string_view text) {
  std::string all = "\"";
  for (const char c : valid_utf8(text))
    if (c == '"' || c == '\\')
      (all += '\\') += c;
    else
      all += static_cast<unsigned char>(c) < ' ' ? '?' : c;
  return all + '"';
}

} // namespace

result<std::unique_ptr<history_file>> history_file::create(const std::string& path) {
  std::unique_ptr<history_file> made{new history_file{path}};
  if (!made->file_)
    return error{errc::invalid_argument, "can't write the history to \"" + path + '"'};
  return made;
}

history_file::history_file(const std::string& path) : path_(path), file_(path) {}

bool history_file::add(std::uint64_t client, const payload& texts, const task& call,
                       steady::time_point called, steady::time_point returned) {
  return write(client, texts, call, called, returned);
}

void history_file::add_unknown(std::uint64_t client, const payload& texts, const task& call,
                               steady::time_point called) {
  write(client, texts, call, called, std::nullopt);
}

bool history_file::write(std::uint64_t client, const payload& texts, const task& call,
                         steady::time_point called, std::optional<steady::time_point> returned) {
  const auto* kind = kind_of(call.which);
  if (!kind)
    return true;
  bool all_known = true;
  const auto since_start = [&](steady::time_point at) {
    return std::to_string(std::chrono::nanoseconds{at - start_}.count());
  };
  const bool puts = call.which == method::put || call.which == method::put_many;
  const bool reserves = call.which == method::reserve || call.which == method::reserve_many;
  const bool releases = call.which == method::release || call.which == method::release_many;
  const std::lock_guard lock{mutex_};
  for (std::size_t at = 0; at < call.items.size(); ++at) {
    const auto& asked = call.items[at];
    const auto& told = call.answers[at];
    const bool is_known = returned && tells_outcome(told.code);
    if (!is_known && !puts && !reserves && !releases)
      continue; // it changes nothing
    all_known = all_known && is_known;
    const auto key = texts.key(asked.key);
    lines_ += "{\"client\":" + std::to_string(client) + ",\"called\":" + since_start(called);
    if (is_known)
      lines_ += ",\"returned\":" + since_start(*returned);
    lines_ += std::string{",\"kind\":\""} + kind +
              "\",\"extension\":" + (is_own(call.which) ? "true" : "false") +
              ",\"key\":" + in_quotes(view_of(key));
    if (puts) {
      std::string value;
      texts.append_value(value, asked.key, asked.version);
      lines_ += ",\"value\":" + in_quotes(value);
      if (asked.overwrite)
        lines_ += ",\"overwrite\":true";
    }
    if (reserves || releases) {
      const auto owner = texts.owner(asked.owner);
      lines_ += ",\"owner\":" + in_quotes(view_of(owner));
    }
    if (reserves)
      lines_ += ",\"lease\":" + std::to_string(std::chrono::nanoseconds{lease}.count());
    if (is_known) {
      const auto code =
          releases && !told.held ? std::string_view{"not_held"} : to_string(told.code);
      if (!(releases && !is_own(call.which) && told.code == errc::ok))
        lines_ += ",\"code\":" + in_quotes(code);
      if (!puts && !releases && !reserves && told.code == errc::ok)
        lines_ += ",\"value\":" + in_quotes(told.value);
      if (reserves && told.code == errc::ok)
        lines_ += ",\"holder\":" + in_quotes(told.owner);
    }
    lines_ += "}\n";
  }
  if (lines_.size() >= buffered) {
    file_ << lines_;
    lines_.clear();
  }
  return all_known;
}

result<void> history_file::close() {
  const std::lock_guard lock{mutex_};
  file_ << lines_;
  lines_.clear();
  file_.close();
  if (!file_)
    return error{errc::unavailable, "the history could not be written to \"" + path_ + '"'};
  return {};
}

} // namespace deja::app::load
