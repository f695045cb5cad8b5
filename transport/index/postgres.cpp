#include <deja/transport/index/postgres.hpp>

#include <deja/transport/index/libpq.hpp>

#include <algorithm>
#include <cstring>
#include <endian.h>
#include <poll.h>

namespace deja::postgres {

namespace {

constexpr Oid bytea_type = 17, bigint_type = 20, text_type = 25;
constexpr Oid bytea_array_type = 1001, bigint_array_type = 1016;

/// How much longer than a statement may take its answer may be on the way.
constexpr std::chrono::milliseconds answer_grace{5'000};

/// How long an answer may take when there is a hurry, and how often a wait looks for that.
constexpr std::chrono::milliseconds answer_in_a_hurry{500};
constexpr std::chrono::milliseconds look_up_from_wait{100};

/// The library, once something was made with it.
const libpq& pq() {
  return **libpq::load();
}

void put_int32(std::string& into, std::uint32_t value) {
  value = htobe32(value);
  into.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_int64(std::string& into, std::int64_t value) {
  const auto wire = htobe64(static_cast<std::uint64_t>(value));
  into.append(reinterpret_cast<const char*>(&wire), sizeof wire);
}

/// The head of an array of one dimension; its elements follow, each behind its length.
void put_array_head(std::string& into, Oid type, bool has_nulls, std::size_t count) {
  put_int32(into, 1);
  put_int32(into, has_nulls ? 1 : 0);
  put_int32(into, type);
  put_int32(into, static_cast<std::uint32_t>(count));
  put_int32(into, 1);
}

template <class Integer>
Integer get_int(const char* at) {
  Integer value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// libpq's messages as one line.
std::string one_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.remove_suffix(1);
  std::string line;
  for (const char c : text)
    if (c == '\n')
      line += "; ";
    else if (c != '\t')
      line += c;
  return line;
}

/// What PostgreSQL's five-letter codes mean to us; where one is unknown its class decides.
errc code_of(std::string_view state) {
  constexpr std::pair<std::string_view, errc> codes[] = {
      {"25006", errc::unavailable},       // read-only: another server may not be
      {"40001", errc::aborted},           // serialization failure
      {"40P01", errc::aborted},           // deadlock
      {"42501", errc::permission_denied}, // insufficient privilege
      {"55P03", errc::aborted},           // lock not available
      {"57014", errc::deadline_exceeded}, // statement timeout
      {"58030", errc::unavailable},       // I/O error
      {"53300", errc::unavailable},       // too many connections
      {"08", errc::unavailable},          // connection exceptions
      {"22", errc::invalid_argument},     // data exceptions
      {"28", errc::permission_denied},    // authorization
      {"3D", errc::failed_precondition},  // no such database
      {"3F", errc::failed_precondition},  // no such schema
      {"42", errc::failed_precondition},  // tables or functions are not as expected
      {"53", errc::resource_exhausted},   // disk full, out of memory
      {"54", errc::invalid_argument},     // program limits
      {"57", errc::unavailable},          // shut down, starting up
      {"58", errc::resource_exhausted},   // system errors
      {"XX001", errc::data_loss},         // data corrupted
      {"XX002", errc::data_loss},         // index corrupted
  };
  for (const auto& [prefix, code] : codes)
    if (state.starts_with(prefix))
      return code;
  return errc::internal;
}

/// The keywords of a connection, from its URL and our defaults.
class keywords {
public:
  static result<keywords> parse(const std::string& url) {
    const auto library = libpq::load();
    if (!library)
      return library.error();
    char* why = nullptr;
    auto* parsed = pq().parse_options(url.c_str(), &why);
    if (parsed == nullptr) {
      std::string text = why ? one_line(why) : "out of memory";
      pq().free(why);
      if (const auto at = text.find(url); at != std::string::npos)
        text.replace(at, url.size(), "..."); // There may be a password in it.
      return error{errc::invalid_argument, "index URL: " + text};
    }
    keywords all;
    for (const auto* option = parsed; option->keyword != nullptr; ++option)
      if (option->val != nullptr)
        all.values_.emplace_back(option->keyword, option->val);
    pq().free_options(parsed);
    return all;
  }

  std::string_view get(std::string_view name) const {
    for (const auto& [keyword, value] : values_)
      if (keyword == name)
        return value;
    return {};
  }

  void set_default(const char* name, std::string value) {
    if (get(name).empty())
      values_.emplace_back(name, std::move(value));
  }

  pg_conn* connect() const {
    std::vector<const char*> names, values;
    for (const auto& [keyword, value] : values_) {
      names.push_back(keyword.c_str());
      values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    return pq().connect(names.data(), values.data(), 0);
  }

  /// Where the database is, for errors.
  std::string where() const {
    const auto host = get("host").empty() ? get("hostaddr") : get("host");
    const auto port = get("port");
    const auto slash = host.starts_with('/');
    return "database " + std::string{host.empty() || slash ? "" : "//"} + std::string{host} +
           (port.empty() ? "" : ':' + std::string{port}) + '/' + std::string{get("dbname")};
  }

private:
  std::vector<std::pair<std::string, std::string>> values_;
};

} // namespace

result<void> check_url(const std::string& url) {
  if (const auto parsed = keywords::parse(url); !parsed)
    return parsed.error();
  return {};
}

arguments& arguments::bytes(std::optional<std::string_view> value) {
  values_.push_back({bytea_type, value ? std::optional{std::string{*value}} : std::nullopt});
  return *this;
}

arguments& arguments::text(std::string_view value) {
  values_.push_back({text_type, std::string{value}});
  return *this;
}

arguments& arguments::integer(std::int64_t value) {
  std::string wire;
  put_int64(wire, value);
  values_.push_back({bigint_type, std::move(wire)});
  return *this;
}

arguments& arguments::all_bytes(std::span<const std::optional<std::string_view>> values) {
  std::string wire;
  const bool has_nulls = std::find(values.begin(), values.end(), std::nullopt) != values.end();
  put_array_head(wire, bytea_type, has_nulls, values.size());
  for (const auto& value : values) {
    put_int32(wire, value ? static_cast<std::uint32_t>(value->size()) : ~std::uint32_t{});
    if (value)
      wire += *value;
  }
  values_.push_back({bytea_array_type, std::move(wire)});
  return *this;
}

arguments& arguments::all_integers(std::span<const std::int64_t> values) {
  std::string wire;
  put_array_head(wire, bigint_type, false, values.size());
  for (const auto value : values) {
    put_int32(wire, sizeof value);
    put_int64(wire, value);
  }
  values_.push_back({bigint_array_type, std::move(wire)});
  return *this;
}

void rows::closer::operator()(pg_result* handle) const {
  pq().clear(handle);
}

int rows::count() const {
  return pq().row_count(handle_.get());
}

bool rows::is_null(int row, int column) const {
  return pq().is_null(handle_.get(), row, column) != 0;
}

std::string_view rows::bytes(int row, int column) const {
  return {pq().value(handle_.get(), row, column),
          static_cast<std::size_t>(pq().length(handle_.get(), row, column))};
}

std::int64_t rows::integer(int row, int column) const {
  const auto wire = bytes(row, column);
  switch (wire.size()) {
  case 8:
    return static_cast<std::int64_t>(be64toh(get_int<std::uint64_t>(wire.data())));
  case 4:
    return static_cast<std::int32_t>(be32toh(get_int<std::uint32_t>(wire.data())));
  case 2:
    return static_cast<std::int16_t>(be16toh(get_int<std::uint16_t>(wire.data())));
  default:
    return 0;
  }
}

std::optional<std::int64_t> rows::optional_integer(int row, int column) const {
  if (is_null(row, column))
    return std::nullopt;
  return integer(row, column);
}

void connection::closer::operator()(pg_conn* handle) const {
  pq().finish(handle);
}

result<connection> connection::open(const options& how) {
  auto wanted = keywords::parse(how.url);
  if (!wanted)
    return wanted.error();
  using std::chrono::seconds;
  const auto whole_seconds = std::chrono::ceil<seconds>(how.connect_timeout).count();
  wanted->set_default("connect_timeout", std::to_string(whole_seconds));
  wanted->set_default("fallback_application_name", "deja");
  wanted->set_default("client_encoding", "UTF8");
  // A peer that vanished without a word is noticed within half a minute.
  wanted->set_default("keepalives_idle", "10");
  wanted->set_default("keepalives_interval", "5");
  wanted->set_default("keepalives_count", "3");
  wanted->set_default("tcp_user_timeout", "25000");
  wanted->set_default("target_session_attrs", how.writable ? "read-write" : "primary");

  connection opened;
  opened.name_ = wanted->where();
  opened.patience_ = how.statement_timeout + answer_grace;
  opened.hurry_ = how.hurry;
  opened.handle_.reset(wanted->connect());
  auto* handle = opened.handle_.get();
  if (handle == nullptr)
    return error{errc::resource_exhausted, opened.name_ + ": out of memory"};
  if (pq().status(handle) != CONNECTION_OK)
    return error{errc::unavailable, opened.name_ + ": " + one_line(pq().error_message(handle))};
  pq().set_notice_processor(
      handle, [](void*, const char*) {}, nullptr);
  if (pq().set_nonblocking(handle, 1) != 0 || pq().enter_pipeline_mode(handle) != 1)
    return error{errc::internal, opened.name_ + ": " + one_line(pq().error_message(handle))};
  // A transaction of a process that was stopped halfway must not hold its locks for long.
  const auto limit = std::to_string(how.statement_timeout.count());
  for (const auto* setting : {"statement_timeout", "idle_in_transaction_session_timeout"})
    if (auto set = opened.run(call::text(std::string{"SET "} + setting + " = " + limit)); !set)
      return set.error();
  return opened;
}

result<void> connection::prepare(const statement& what) {
  if (pq().send_prepare(handle_.get(), what.name.c_str(), what.sql.c_str(), 0, nullptr) != 1 ||
      pq().send_sync(handle_.get()) != 1)
    return broken();
  if (auto done = receive(1); !done)
    return within("preparing " + what.name, done.error());
  return {};
}

result<void> connection::send(const call& what) {
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths, formats(what.with.values_.size(), 1);
  for (const auto& [type, bytes] : what.with.values_) {
    types.push_back(type);
    values.push_back(bytes ? bytes->c_str() : nullptr);
    lengths.push_back(bytes ? static_cast<int>(bytes->size()) : 0);
  }
  const int count = static_cast<int>(values.size());
  const int sent = what.name.empty()
                       ? pq().send_query(handle_.get(), what.sql.c_str(), count, types.data(),
                                         values.data(), lengths.data(), formats.data(), 1)
                       : pq().send_prepared(handle_.get(), what.name.c_str(), count, values.data(),
                                            lengths.data(), formats.data(), 1);
  if (sent != 1)
    return broken();
  return {};
}

result<std::vector<rows>> connection::run(std::span<const call> calls) {
  for (const auto& one : calls)
    if (auto sent = send(one); !sent)
      return sent.error();
  if (pq().send_sync(handle_.get()) != 1)
    return broken();
  auto answers = receive(calls.size());
  if (!answers && !lost_ && pq().transaction_status(handle_.get()) != PQTRANS_IDLE)
    if (auto undone = run(call::text("ROLLBACK")); !undone)
      lose();
  return answers;
}

result<rows> connection::run(const call& only) {
  auto all = run({&only, 1});
  if (!all)
    return all.error();
  return std::move(all->front());
}

result<std::vector<rows>> connection::receive(std::size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  std::vector<rows> answers;
  std::optional<error> why;
  while (true) {
    auto next = next_result(deadline);
    if (!next)
      return next.error();
    rows answer;
    answer.handle_.reset(*next);
    if (pq().status(handle_.get()) != CONNECTION_OK)
      return broken();
    if (*next == nullptr) // Between the answers to two statements.
      continue;
    const auto status = pq().result_status(*next);
    if (status == PGRES_PIPELINE_SYNC)
      break;
    if (status == PGRES_FATAL_ERROR && !why)
      why = failure(*next);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
      // How a COMMIT of what had failed answers.
      if (std::string_view{pq().command_tag(*next)} == "ROLLBACK" && count > 1 && !why)
        why = error{errc::aborted, name_ + ": the transaction was rolled back"};
      answers.push_back(std::move(answer));
    }
  }
  if (why)
    return *why;
  if (answers.size() != count)
    return error{errc::internal, name_ + ": " + std::to_string(answers.size()) + " answers to " +
                                     std::to_string(count) + " statements"};
  return answers;
}

result<pg_result*> connection::next_result(std::chrono::steady_clock::time_point deadline) {
  using namespace std::chrono;
  bool hurried = false;
  while (true) {
    const int unsent = pq().flush(handle_.get());
    if (unsent < 0)
      return broken();
    if (pq().is_busy(handle_.get()) == 0)
      return pq().get_result(handle_.get());
    if (hurry_ && hurry_->load() && !hurried) {
      hurried = true;
      deadline = std::min(deadline, steady_clock::now() + answer_in_a_hurry);
    }
    const auto left = duration_cast<milliseconds>(deadline - steady_clock::now());
    if (left <= milliseconds::zero()) {
      lose();
      return error{errc::deadline_exceeded,
                   name_ + ": no answer in time, it may have happened; the limit is " +
                       std::to_string(patience_.count()) + " ms"};
    }
    ::pollfd wait{pq().socket(handle_.get()), static_cast<short>(POLLIN | (unsent ? POLLOUT : 0)),
                  0};
    if (::poll(&wait, 1, static_cast<int>(std::min(left, look_up_from_wait).count())) > 0 &&
        (wait.revents & ~POLLOUT) != 0 && pq().consume_input(handle_.get()) != 1)
      return broken();
  }
}

bool connection::lost() const {
  return lost_;
}

bool connection::look() {
  if (!lost_ &&
      (pq().consume_input(handle_.get()) != 1 || pq().status(handle_.get()) != CONNECTION_OK))
    lose();
  return lost_;
}

void connection::lose() {
  lost_ = true;
}

error connection::broken() {
  lose();
  return {errc::unavailable, name_ + ": the connection broke, it may have happened; try again: " +
                                 one_line(pq().error_message(handle_.get()))};
}

error connection::failure(const pg_result* of) const {
  const auto* state = pq().error_field(of, PG_DIAG_SQLSTATE);
  const auto* text = pq().error_field(of, PG_DIAG_MESSAGE_PRIMARY);
  const auto code = state ? code_of(state) : errc::unavailable;
  auto message = name_ + ": " + one_line(text ? text : pq().error_message(handle_.get()));
  if (state)
    message += " (" + std::string{state} + ')';
  return {code, std::move(message)};
}

std::vector<std::string> connection::notifications() {
  std::vector<std::string> all;
  while (auto* one = pq().notifies(handle_.get())) {
    all.emplace_back(one->extra);
    pq().free(one);
  }
  return all;
}

int connection::socket() const {
  return pq().socket(handle_.get());
}

} // namespace deja::postgres
