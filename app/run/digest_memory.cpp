#include <deja/app/run/digest_memory.hpp>

#include <sqlite3.h>

#include <algorithm>

#include <sys/stat.h>

namespace deja::run {

namespace {

std::int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

using connection = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;
using statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

statement prepare(sqlite3* database, const char* text) {
  sqlite3_stmt* made = nullptr;
  // A null statement does nothing but fail, which is what we do with an error as well.
  sqlite3_prepare_v2(database, text, -1, &made, nullptr);
  return {made, sqlite3_finalize};
}

void bind(sqlite3_stmt* to, const file_stamp& stamp) {
  sqlite3_bind_int64(to, 1, static_cast<sqlite3_int64>(stamp.device));
  sqlite3_bind_int64(to, 2, static_cast<sqlite3_int64>(stamp.inode));
  sqlite3_bind_int64(to, 3, static_cast<sqlite3_int64>(stamp.size));
  sqlite3_bind_int64(to, 4, stamp.modified);
  sqlite3_bind_int64(to, 5, stamp.changed);
}

} // namespace

file_stamp stamp_of(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified = nanoseconds(status.st_mtim),
          .changed = nanoseconds(status.st_ctim)};
}

class digest_memory::database {
public:
  explicit database(connection opened)
      : connection_(std::move(opened)),
        find_(prepare(connection_.get(), "SELECT digest FROM files WHERE device=? AND inode=? "
                                         "AND size=? AND modified=? AND changed=?")) {}

  bool usable() const { return find_ != nullptr; }

  std::optional<digest> find(const file_stamp& stamp) {
    bind(find_.get(), stamp);
    std::optional<digest> found;
    digest content{};
    if (sqlite3_step(find_.get()) == SQLITE_ROW &&
        sqlite3_column_bytes(find_.get(), 0) == static_cast<int>(content.size())) {
      const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(find_.get(), 0));
      std::copy_n(bytes, content.size(), content.begin());
      found = content;
    }
    sqlite3_reset(find_.get());
    return found;
  }

  bool put(const std::map<file_stamp, digest>& fresh) {
    const auto insert =
        prepare(connection_.get(), "INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?)");
    bool fine = insert && sqlite3_exec(connection_.get(), "BEGIN IMMEDIATE", nullptr, nullptr,
                                       nullptr) == SQLITE_OK;
    for (const auto& [stamp, content] : fresh) {
      if (!fine)
        break;
      bind(insert.get(), stamp);
      sqlite3_bind_blob(insert.get(), 6, content.data(), static_cast<int>(content.size()),
                        SQLITE_STATIC);
      fine = sqlite3_step(insert.get()) == SQLITE_DONE;
      sqlite3_reset(insert.get());
    }
    return fine &&
           sqlite3_exec(connection_.get(), "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK;
  }

private:
  connection connection_;
  statement find_;
};

digest_memory::digest_memory(std::filesystem::path file) : path_(std::move(file)) {}

digest_memory::~digest_memory() = default;

digest_memory::database* digest_memory::open(bool make) {
  if (database_ || failed_ || path_.empty())
    return database_.get();
  sqlite3* opened = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | (make ? SQLITE_OPEN_CREATE : 0);
  const bool fine = sqlite3_open_v2(path_.c_str(), &opened, flags, nullptr) == SQLITE_OK;
  connection guard{opened, sqlite3_close};
  if (!fine) {
    failed_ = make;
    return nullptr;
  }
  // Losing the newest rows in a crash costs reading some files once more.
  sqlite3_busy_timeout(opened, 200);
  sqlite3_exec(opened, "PRAGMA synchronous=OFF", nullptr, nullptr, nullptr);
  if (make)
    sqlite3_exec(opened,
                 "PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS files (device INTEGER, inode "
                 "INTEGER, size INTEGER, modified INTEGER, changed INTEGER, digest BLOB, "
                 "PRIMARY KEY (device, inode)) WITHOUT ROWID",
                 nullptr, nullptr, nullptr);
  auto made = std::make_unique<database>(std::move(guard));
  if (made->usable())
    database_ = std::move(made);
  else
    failed_ = make;
  return database_.get();
}

std::optional<digest> digest_memory::recall(const file_stamp& stamp) {
  if (const auto found = fresh_.find(stamp); found != fresh_.end())
    return found->second;
  auto* known = open(false);
  return known ? known->find(stamp) : std::nullopt;
}

void digest_memory::record(const file_stamp& stamp, const digest& content, wall_time read_at) {
  const auto newest = std::max(stamp.modified, stamp.changed);
  if (newest <= (read_at.time_since_epoch() - grain).count())
    fresh_[stamp] = content;
}

void digest_memory::save() {
  if (fresh_.empty())
    return;
  if (auto* known = open(true); known && known->put(fresh_))
    fresh_.clear();
}

} // namespace deja::run
