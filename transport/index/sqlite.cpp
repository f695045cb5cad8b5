#include <deja/transport/index/sqlite.hpp>

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace deja::sqlite {

namespace {

/// A failure of the operating system's: what it says tells more than what SQLite makes of it.
errc code_of_system(int number, errc otherwise) {
  switch (number) {
  case ENOSPC:
  case EDQUOT:
  case EFBIG:
  case EMFILE:
  case ENFILE:
  case ENOMEM:
    return errc::resource_exhausted;
  case EACCES:
  case EPERM:
  case EROFS:
    return errc::permission_denied;
  case ENOENT:
  case ENOTDIR:
  case EISDIR:
    return errc::failed_precondition;
  default:
    return otherwise;
  }
}

errc code_of(int status, int number) {
  switch (status & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_PROTOCOL:
    return errc::unavailable;
  case SQLITE_IOERR: // In a commit it may have come after the commit's last byte.
    return code_of_system(number, errc::unavailable);
  case SQLITE_FULL:
  case SQLITE_NOMEM:
    return errc::resource_exhausted;
  case SQLITE_CANTOPEN:
    return code_of_system(number, errc::permission_denied);
  case SQLITE_READONLY:
  case SQLITE_PERM:
  case SQLITE_AUTH:
    return errc::permission_denied;
  case SQLITE_NOTADB:
    return errc::failed_precondition;
  case SQLITE_CORRUPT:
    return errc::data_loss;
  case SQLITE_TOOBIG:
    return errc::invalid_argument;
  default:
    return errc::internal;
  }
}

/// The operating system's reason for a failure; 0: SQLite's own failure.
int system_reason(int status, sqlite3* handle) {
  const int kind = status & 0xff;
  return handle && (kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN) ? sqlite3_system_errno(handle)
                                                                     : 0;
}

error describe(int status, int number, const std::filesystem::path& path, sqlite3* handle) {
  auto text = "database " + path.string() + ": " +
              (handle ? sqlite3_errmsg(handle) : sqlite3_errstr(status));
  if (number != 0)
    text += std::string{": "} + std::strerror(number);
  return {code_of(status, number), std::move(text)};
}

error describe(int status, const std::filesystem::path& path, sqlite3* handle) {
  return describe(status, system_reason(status, handle), path, handle);
}

} // namespace

void database::closer::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

void statement::finalizer::operator()(sqlite3_stmt* handle) const {
  sqlite3_finalize(handle);
}

result<database> database::open(const std::filesystem::path& path, const options& how) {
  sqlite3* handle = nullptr;
  const int flags =
      how.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int status = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  database opened;
  opened.handle_.reset(handle);
  opened.path_ = path;
  opened.busy_timeout_ = how.busy_timeout;
  if (status != SQLITE_OK) {
    int number = system_reason(status, handle);
    // A file that SQLite may not make it tries to read, and then reports that it isn't there.
    std::error_code ignored; // of a folder that can't be looked at
    if (number == ENOENT && !how.read_only &&
        std::filesystem::is_directory(path.parent_path(), ignored))
      number = EACCES;
    return describe(status, number, path, handle);
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(how.busy_timeout.count()));
  if (auto done =
          opened.run(how.full_sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
      !done)
    return done.error();
  if (how.map_bytes > 0)
    if (auto done = opened.run(("PRAGMA mmap_size=" + std::to_string(how.map_bytes)).c_str());
        !done)
      return done.error();
  return opened;
}

result<void> database::use_write_ahead_log(std::chrono::milliseconds patience) {
  // Where several go over at once, SQLite refuses some without waiting for the busy timeout.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto done = run("PRAGMA journal_mode=WAL");
    if (done || done.error().code != errc::unavailable ||
        std::chrono::steady_clock::now() >= deadline)
      return done;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

result<void> database::transaction(access kind, const std::function<result<void>()>& work) {
  if (auto begun = run(kind == access::write ? "BEGIN IMMEDIATE" : "BEGIN"); !begun)
    return begun;
  auto done = work();
  if (done)
    done = run("COMMIT");
  if (!done &&
      sqlite3_get_autocommit(handle_.get()) == 0) // Some failures have rolled back already.
    (void)run("ROLLBACK");                        // What it could fail with is what `done` says.
  return done;
}

result<void> database::run(const char* sql) {
  const int status = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (status != SQLITE_OK)
    return describe(status, path_, handle_.get());
  return {};
}

result<database::write_ahead_log> database::do_checkpoint(checkpoint kind,
                                                          const std::function<bool()>& wait) {
  int mode = SQLITE_CHECKPOINT_PASSIVE;
  if (kind == checkpoint::restart)
    mode = SQLITE_CHECKPOINT_RESTART;
  else if (kind == checkpoint::empty)
    mode = SQLITE_CHECKPOINT_TRUNCATE;
  const auto ask = [](void* waiting, int) {
    return (*static_cast<const std::function<bool()>*>(waiting))() ? 1 : 0;
  };
  sqlite3_busy_handler(handle_.get(), ask, const_cast<std::function<bool()>*>(&wait));
  int pages = 0, copied = 0;
  const int status = sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, mode, &pages, &copied);
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(busy_timeout_.count()));
  if (status != SQLITE_OK)
    return describe(status, path_, handle_.get());
  return write_ahead_log{static_cast<std::size_t>(pages), static_cast<std::size_t>(copied)};
}

void database::leave_checkpoints_to_others() {
  const auto told = [](void* count, sqlite3*, const char*, int pages) {
    *static_cast<std::size_t*>(count) = static_cast<std::size_t>(pages);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_.get(), told, log_pages_.get()); // in the place of SQLite's own
}

result<statement> database::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int status = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (status != SQLITE_OK)
    return describe(status, path_, handle_.get());
  statement prepared;
  prepared.handle_.reset(handle);
  prepared.path_ = path_;
  return prepared;
}

result<std::int64_t> database::number(std::string_view sql) {
  auto query = prepare(sql);
  if (!query)
    return query.error();
  auto row = query->step();
  if (!row)
    return row.error();
  return *row ? query->integer(0) : 0;
}

statement& statement::bind(int at, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), at, value);
  return *this;
}

statement& statement::bind(int at, std::string_view bytes) {
  sqlite3_bind_blob64(handle_.get(), at, bytes.empty() ? "" : bytes.data(), bytes.size(),
                      SQLITE_STATIC);
  return *this;
}

statement& statement::bind_text(int at, std::string_view text) {
  sqlite3_bind_text64(handle_.get(), at, text.empty() ? "" : text.data(), text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

statement& statement::bind(int at, const std::optional<std::int64_t>& value) {
  if (value)
    return bind(at, *value);
  sqlite3_bind_null(handle_.get(), at);
  return *this;
}

result<bool> statement::step() {
  const int status = sqlite3_step(handle_.get());
  if (status == SQLITE_ROW)
    return true;
  if (status == SQLITE_DONE)
    return false;
  auto why = describe(status, path_, sqlite3_db_handle(handle_.get()));
  reset();
  return why;
}

result<void> statement::run() {
  auto row = step();
  reset();
  if (!row)
    return row.error();
  return {};
}

std::int64_t statement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::optional<std::int64_t> statement::optional_integer(int column) const {
  if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL)
    return std::nullopt;
  return integer(column);
}

std::string_view statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(handle_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return {static_cast<const char*>(data), size};
}

void statement::reset() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
}

} // namespace deja::sqlite
