#include <deja/app/load/workload.hpp>

#include <deja/transport/connect/connect_error.hpp>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <random>
#include <span>

namespace deja::app::load {

namespace {

constexpr auto is_mixed_in = [](const operation_mix& mix, operation what) {
  return mix[static_cast<std::size_t>(what)] > 0;
};

/// A request's calls, one after the other.
std::span<const method> calls_of(operation what) {
  static constexpr std::array get{method::get};
  static constexpr std::array put{method::put};
  static constexpr std::array reserve{method::reserve, method::reserve, method::release};
  static constexpr std::array memoize{method::get, method::reserve, method::get, method::put,
                                      method::release};
  static constexpr std::array wait{method::reserve, method::wait};
  switch (what) {
  case operation::get:
  case operation::miss:
    return get;
  case operation::put:
  case operation::put_again:
  case operation::overwrite:
  case operation::fill:
    return put;
  case operation::reserve:
    return reserve;
  case operation::memoize:
    return memoize;
  case operation::wait:
    return wait;
  case operation::async: // these aren't made of single calls
  case operation::upload:
  case operation::download:
    break;
  }
  return get;
}

/// When a request has so many bytes of values, it takes no more keys to fill with.
constexpr std::size_t filled_bytes = std::size_t{256} << 10;

/// A call that ended so was refused before anything was stored.
bool is_refusal(errc code) {
  switch (code) {
  case errc::invalid_argument:
  case errc::permission_denied:
  case errc::resource_exhausted:
  case errc::failed_precondition:
  case errc::unimplemented:
  case errc::unauthenticated:
    return true;
  default:
    return false;
  }
}

bool expects_hit(operation what) {
  return what == operation::get;
}

std::uint64_t new_run() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

std::string host_of(const service_url& url) {
  if (url.scheme == service_url::kind::unix_socket)
    return "localhost";
  const bool is_ipv6 = url.host.find(':') != url.host.npos;
  return (is_ipv6 ? '[' + url.host + ']' : url.host) + ':' + std::to_string(url.port);
}

} // namespace

shared_state::shared_state(const settings& how)
    : run(new_run()), texts(how.seed, run, how.sizes), versions(needs_fill(how.mix) ? how.keys : 0),
      holders(is_mixed_in(how.mix, operation::reserve) ? how.keys : 0) {}

workload::workload(const settings& how, shared_state& shared, unsigned thread)
    : how_(how), shared_(shared), random_(how.seed * 1000 + thread),
      wire_(make_cache_wire(how.body, shared.texts)),
      weights_(std::accumulate(how.mix.begin(), how.mix.end(), 0.0)),
      next_number_(std::uint64_t{thread} << 40), next_owner_((std::uint64_t{thread} << 40) + 1) {
  for (std::size_t at = 0; at < method_count; ++at) {
    auto& head = heads_[at];
    head = "POST " + std::string{path_of(method{static_cast<std::uint8_t>(at)})} +
           " HTTP/1.1\r\nHost: " + host_of(how.url) +
           "\r\nUser-Agent: deja-load\r\nContent-Type: " + std::string{wire_->content_type()} +
           "\r\nConnect-Protocol-Version: 1\r\n";
    if (!how.access_token.empty())
      head += "Authorization: Bearer " + how.access_token + "\r\n";
    head += "Content-Length: ";
  }
}

method workload::many_or_one(method one) const {
  if (how_.batch == 1 || one >= method::get_many)
    return one;
  return method{static_cast<std::uint8_t>(static_cast<std::uint8_t>(one) +
                                          static_cast<std::uint8_t>(method::get_many))};
}

bool workload::start(task& which) {
  which.step = 0;
  which.items.clear();
  which.owner = next_owner_++;
  auto left = random_.uniform() * weights_;
  which.what = operation::fill;
  for (std::size_t at = 0; at < operation_count; ++at)
    if (how_.mix[at] > 0) {
      which.what = operation{static_cast<std::uint8_t>(at)};
      left -= how_.mix[at];
      if (left < 0)
        break;
    }
  choose(which);
  if (which.items.empty())
    return false;
  which.answers.resize(which.items.size());
  aim(which);
  return true;
}

item workload::fresh() {
  return {.key = {key_space::fresh, next_number_++}};
}

void workload::choose(task& which) {
  if (which.what == operation::overwrite)
    choose_overwrites(which);
  const auto count = which.what == operation::wait ? 1 : how_.batch;
  std::size_t bytes = 0;
  while (which.items.size() < count) {
    item one;
    switch (which.what) {
    case operation::overwrite:
      // All keys are being written: they are read instead.
      if (!which.items.empty())
        return;
      which.what = operation::get;
      [[fallthrough]];
    case operation::get:
    case operation::put_again:
      one.key = {key_space::population, how_.distribution(random_)};
      one.version = which.what == operation::put_again ? ~0U : 0;
      break;
    case operation::miss:
      one.key = {key_space::none, random_.next()};
      break;
    case operation::put:
    case operation::memoize:
    case operation::wait:
      one = fresh();
      break;
    case operation::async:
    case operation::upload:
    case operation::download:
      return;
    case operation::reserve:
      one.key = {key_space::reservation, how_.distribution(random_)};
      break;
    case operation::fill:
      if (shared_.fill_failed)
        return;
      one.key = {key_space::population, shared_.filled++};
      one.overwrite = true;
      if (one.key.number >= how_.keys)
        return;
      break;
    }
    one.owner = which.owner;
    which.items.push_back(one);
    if (which.what == operation::fill) {
      bytes += shared_.texts.value_size(one.key, one.version);
      if (bytes >= filled_bytes)
        return;
    }
  }
}

void workload::choose_overwrites(task& which) {
  while (which.items.size() < how_.batch) {
    auto key = how_.distribution(random_);
    std::optional<std::uint32_t> version;
    for (std::uint64_t tried = 0; !version && tried < how_.keys; ++tried) {
      version = shared_.versions.begin_write(key);
      if (!version)
        key = (key + 1) % how_.keys;
    }
    if (!version)
      return;
    which.items.push_back(
        {.key = {key_space::population, key}, .version = *version, .overwrite = true});
  }
}

void workload::start_errand(task& which) {
  which.step = 0;
  which.what = operation::put;
  which.items.assign(1, item{.key = errands_.front()});
  errands_.pop_front();
  which.answers.resize(1);
  which.which = method::put;
}

// At the call that is due.
void workload::aim(task& which) {
  which.which = many_or_one(calls_of(which.what)[which.step]);
  if (expects_hit(which.what)) {
    which.oldest.clear();
    for (const auto& one : which.items)
      which.oldest.push_back(shared_.versions.answered(one.key.number));
  }
  if (which.which == method::release || which.which == method::release_many)
    let_go(which);
  if (which.which == method::wait)
    errands_.push_back(which.items.front().key);
}

void workload::write(const task& which, std::string& to) {
  body_.clear();
  wire_->write(body_, which.which, which.items);
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), body_.size()).ptr;
  to += heads_[static_cast<std::size_t>(which.which)];
  to.append(digits.data(), end);
  to += "\r\n\r\n";
  to += body_;
}

std::optional<verdict> workload::read(task& which, int status, std::string_view content_type,
                                      std::string_view body) {
  if (status == 200) {
    auto read = wire_->read(which.which, body, which.answers);
    if (content_type != wire_->content_type())
      read = error{errc::internal, "the answer's content type is \"" + std::string{content_type} +
                                       "\", not " + std::string{wire_->content_type()}};
    if (read)
      return std::nullopt;
    abandon(which, true);
    return verdict{.code = errc::internal, .wrong = read.error().message};
  }
  // What is told of misses all the time is not parsed.
  const auto told = body.starts_with(R"({"code":"not_found")") ? error{errc::not_found, {}}
                                                               : connect_error(status, body);
  if (which.which <= method::release &&
      (told.code == errc::not_found || told.code == errc::already_exists)) {
    which.answers.front() = {.code = told.code};
    return std::nullopt;
  }
  abandon(which, !is_refusal(told.code));
  return verdict{.code = told.code, .why = told.message};
}

verdict workload::judge(task& which) {
  verdict all;
  const auto wrong = [&](const char* call, std::size_t at, const std::string& what) {
    if (all.wrong.empty())
      all.wrong = std::string{call} + " of " + describe(which.items[at].key) + ' ' + what;
  };
  for (std::size_t at = 0; at < which.items.size(); ++at) {
    const auto& told = which.answers[at];
    const auto code = told.code;
    const bool is_other =
        code != errc::ok && code != errc::not_found && code != errc::already_exists;
    if (is_other)
      all.code = code;
    switch (calls_of(which.what)[which.step]) {
    case method::get: {
      if (is_other)
        break;
      const auto problem = expects_hit(which.what)   ? check_hit(which, at)
                           : code == errc::not_found ? std::string{}
                                                     : "gave a value, but it was never put";
      if (!problem.empty())
        wrong("get", at, problem);
      break;
    }
    case method::put: {
      const bool must_exist = which.what == operation::put_again;
      if (!is_other && code != (must_exist ? errc::already_exists : errc::ok))
        wrong(must_exist ? "second put" : "put", at,
              code == errc::ok ? std::string{"was accepted, but it was there already"}
                               : "gave " + std::string{to_string(code)});
      if (which.what == operation::overwrite)
        settle(which, at, code);
      if (which.what == operation::fill && code == errc::ok)
        ++shared_.fill_done;
      break;
    }
    case method::reserve:
      if (const auto problem = check_reservation(which, at); !is_other && !problem.empty())
        wrong("reservation", at, problem);
      break;
    case method::release:
      if (!is_other && (code != errc::ok || !told.held))
        wrong("release", at, "told that it was not held, but it was");
      break;
    case method::wait:
      if (!is_other && !told.has_entry)
        wrong("wait", at, "ended without an entry");
      break;
    default:
      break;
    }
  }
  if (all.code != errc::ok || !all.wrong.empty()) {
    if (which.what == operation::fill)
      shared_.fill_failed = true;
    let_go(which);
    return all;
  }
  all.is_done = !go_on(which);
  return all;
}

// To the request's next call; false where there is none.
bool workload::go_on(task& which) {
  // Reservations that others hold are left to them.
  std::erase_if(which.items, [&](const item& one) { return one.owner == 0; });
  if (which.what == operation::overwrite || which.items.empty() ||
      ++which.step == calls_of(which.what).size())
    return false;
  which.answers.resize(which.items.size());
  aim(which);
  return true;
}

std::string workload::check_hit(const task& which, std::size_t at) const {
  const auto key = which.items[at].key;
  const auto& told = which.answers[at];
  if (told.code != errc::ok)
    return "gave " + std::string{to_string(told.code)} + ", but it was put";
  const auto newest = shared_.versions.begun(key.number);
  for (auto version = which.oldest[at]; version <= newest; ++version)
    if (shared_.texts.is_value(told.value, key, version))
      return {};
  for (std::uint32_t version = 0; version < which.oldest[at]; ++version)
    if (shared_.texts.is_value(told.value, key, version))
      return "gave version " + std::to_string(version) + ", but version " +
             std::to_string(which.oldest[at]) + " had been put before";
  return "gave another value than was put";
}

// Marks an item that another holds with owner 0.
std::string workload::check_reservation(task& which, std::size_t at) {
  auto& one = which.items[at];
  const auto& told = which.answers[at];
  if (told.code != errc::ok)
    return "gave " + std::string{to_string(told.code)};
  const auto own = shared_.texts.owner(one.owner);
  const bool is_own = told.owner == view_of(own);
  if (!is_own && !shared_.texts.is_owner(told.owner))
    return "has an owner that is none of this run's";
  if (which.step > 0 && which.what == operation::reserve)
    return is_own ? std::string{} : "is another's, but it was held and had not run out";
  if (which.what != operation::reserve)
    return is_own ? std::string{} : "is another's, but nobody else knows the key";
  const auto key = one.key.number;
  if (!is_own) {
    one.owner = 0;
    return {};
  }
  switch (shared_.holders.take(key, one.owner)) {
  case holder_table::claim::taken:
    return {};
  case holder_table::claim::own_already: // the key is in the request twice
    one.owner = 0;
    return {};
  case holder_table::claim::other:
    break;
  }
  return "has two owners";
}

// Of an overwrite. The item is not looked at again.
void workload::settle(task& which, std::size_t at, errc code) {
  const auto key = which.items[at].key.number;
  if (code == errc::ok)
    shared_.versions.written(key);
  else if (is_refusal(code))
    shared_.versions.not_written(key);
}

void workload::let_go(const task& which) {
  if (which.what == operation::reserve)
    for (const auto& one : which.items)
      if (one.owner != 0)
        shared_.holders.let_go(one.key.number, one.owner);
}

operation workload::commonest() const {
  const auto most = std::ranges::max_element(how_.mix);
  return operation{static_cast<std::uint8_t>(most - how_.mix.begin())};
}

void workload::abandon(task& which, bool may_have_run) {
  let_go(which);
  if (which.what == operation::fill)
    shared_.fill_failed = true;
  if (which.what == operation::overwrite && !may_have_run)
    for (const auto& one : which.items)
      shared_.versions.not_written(one.key.number);
}

} // namespace deja::app::load
