#pragma once

#include <deja/messages/error.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;
struct pg_result;

namespace deja::postgres {

/// How a connection is made. Where there are several hosts it is never to a standby, which may lag
/// behind.
struct options {
  std::string url;       ///< postgresql://…, with what libpq takes in it.
  bool writable = false; ///< Only to a server that can be written to.
  std::chrono::milliseconds connect_timeout{3'000}; ///< For each host; the URL's goes before it.
  std::chrono::milliseconds statement_timeout{10'000};
  /// Once it is set, also while an answer is waited for, the next must come soon. Not owned.
  const std::atomic<bool>* hurry = nullptr;
};

/// Whether libpq understands the URL; else invalid_argument.
result<void> check_url(const std::string& url);

/// A statement with a name, to be prepared once a connection.
struct statement {
  std::string name;
  std::string sql;
};

/// The values for a statement's parameters, in PostgreSQL's binary form.
class arguments {
public:
  arguments& bytes(std::optional<std::string_view> value);
  arguments& text(std::string_view value);
  arguments& integer(std::int64_t value);
  arguments& all_bytes(std::span<const std::optional<std::string_view>> values); ///< bytea[]
  arguments& all_integers(std::span<const std::int64_t> values);                 ///< bigint[]

private:
  friend class connection;

  struct parameter {
    unsigned type;
    std::optional<std::string> bytes;
  };

  std::vector<parameter> values_;
};

/// One statement to run: a prepared one by its name, or SQL.
struct call {
  static call prepared(const statement& what, arguments with = {}) {
    return {what.name, {}, std::move(with)};
  }

  static call text(std::string sql) { return {{}, std::move(sql), {}}; }

  std::string name, sql;
  arguments with;
};

/// What a statement gave: rows of bytea and bigint.
class rows {
public:
  int count() const;
  bool is_null(int row, int column) const;
  std::string_view bytes(int row, int column) const; ///< Lives as long as the rows.
  std::int64_t integer(int row, int column) const;   ///< Of 2, 4 or 8 bytes.
  std::optional<std::int64_t> optional_integer(int row, int column) const;

private:
  friend class connection;

  struct closer {
    void operator()(pg_result* handle) const;
  };

  std::unique_ptr<pg_result, closer> handle_;
};

/// One connection. Moved, not copied; used by one thread at a time. Every error names the database,
/// without user and password.
class connection {
public:
  static result<connection> open(const options& how);

  result<void> prepare(const statement& what);

  /// Sends all at once and waits for all answers. They run in order, each only where those before
  /// it succeeded; bracketed by BEGIN and COMMIT they are one transaction, else each is one. A
  /// transaction that fails is rolled back. Where the connection breaks it may have happened:
  /// unavailable, and `lost` from then on.
  result<std::vector<rows>> run(std::span<const call> calls);
  result<rows> run(const call& only);

  /// Whether the connection has ended. `look` first finds out without waiting.
  bool lost() const;
  bool look();

  /// Gives up a connection that is of no use, as to a server that has become read-only.
  void lose();

  /// The payloads of notifications that have come since the last call.
  std::vector<std::string> notifications();

  /// To wait on for something to read.
  int socket() const;

  /// How errors name the database.
  const std::string& name() const { return name_; }

private:
  struct closer {
    void operator()(pg_conn* handle) const;
  };

  result<void> send(const call& what);
  result<std::vector<rows>> receive(std::size_t count);
  result<pg_result*> next_result(std::chrono::steady_clock::time_point deadline);
  error broken();
  error failure(const pg_result* of) const;

  std::unique_ptr<pg_conn, closer> handle_;
  std::string name_;
  std::chrono::milliseconds patience_{};
  const std::atomic<bool>* hurry_ = nullptr;
  bool lost_ = false;
};

} // namespace deja::postgres
