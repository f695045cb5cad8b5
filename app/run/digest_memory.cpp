#include <deja/app/run/digest_memory.hpp>
#include <deja/messages/record_hash.hpp>
#include <deja/transport/index/sqlite.hpp>

#include <algorithm>

namespace deja::run {

namespace {

constexpr sqlite::options quick{
    .read_only = false, .busy_timeout = std::chrono::milliseconds{200}, .full_sync = false};

void bind(sqlite::statement& to, const file_stamp& stamp) {
  to.bind(1, static_cast<std::int64_t>(stamp.device))
      .bind(2, static_cast<std::int64_t>(stamp.inode))
      .bind(3, static_cast<std::int64_t>(stamp.size))
      .bind(4, stamp.modified)
      .bind(5, stamp.changed);
}

/// Tells a row as it was written from one that a crash tore, so that writing need not wait for the
/// disk.
digest check_of(const file_stamp& stamp, const digest& content) {
  record_hash hash;
  for (const auto number :
       {stamp.device, stamp.inode, stamp.size, static_cast<std::uint64_t>(stamp.modified),
        static_cast<std::uint64_t>(stamp.changed)})
    hash.add(std::to_string(number));
  return hash.add(bytes_of(content)).finish();
}

} // namespace

class digest_memory::reader {
public:
  reader(sqlite::database opened, sqlite::statement find)
      : database_(std::move(opened)), find_(std::move(find)) {}

  std::optional<digest> find(const file_stamp& stamp) {
    bind(find_, stamp);
    std::optional<digest> found;
    if (const auto row = find_.step(); row && *row) {
      const auto bytes = find_.bytes(0);
      digest content{};
      if (bytes.size() == content.size()) {
        std::copy(bytes.begin(), bytes.end(), content.begin());
        if (find_.bytes(1) == bytes_of(check_of(stamp, content)))
          found = content;
      }
    }
    find_.reset();
    return found;
  }

private:
  sqlite::database database_;
  sqlite::statement find_;
};

digest_memory::digest_memory(std::filesystem::path database) : path_(std::move(database)) {}

digest_memory::~digest_memory() = default;

void digest_memory::read_database() {
  tried_to_read_ = true;
  if (path_.empty())
    return;
  auto how = quick;
  how.read_only = true;
  auto opened = sqlite::database::open(path_, how);
  if (!opened)
    return;
  auto find = opened->prepare("SELECT digest, row_check FROM files WHERE device=? AND inode=? AND "
                              "size=? AND modified=? AND changed=?");
  if (find)
    reader_ = std::make_unique<reader>(std::move(*opened), std::move(*find));
}

std::optional<digest> digest_memory::recall(const file_stamp& stamp) {
  if (has_coarse_times(stamp))
    return std::nullopt;
  if (const auto found = fresh_.find(stamp); found != fresh_.end())
    return found->second;
  if (!tried_to_read_)
    read_database();
  return reader_ ? reader_->find(stamp) : std::nullopt;
}

void digest_memory::record(const file_stamp& stamp, const digest& content, wall_time read_at) {
  if (has_coarse_times(stamp))
    return;
  const auto newest = std::max(stamp.modified, stamp.changed);
  if (newest <= (read_at.time_since_epoch() - grain).count())
    fresh_[stamp] = content;
}

result<void> digest_memory::write_database() {
  auto opened = sqlite::database::open(path_, quick);
  if (!opened)
    return opened.error();
  if (auto done = opened->run("PRAGMA synchronous=OFF; CREATE TABLE IF NOT EXISTS files (device "
                              "INTEGER, inode INTEGER, size INTEGER, modified INTEGER, changed "
                              "INTEGER, digest BLOB, row_check BLOB, PRIMARY KEY (device, inode)) "
                              "WITHOUT ROWID; BEGIN IMMEDIATE");
      !done)
    return done;
  auto insert = opened->prepare("INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?,?)");
  if (!insert)
    return insert.error();
  for (const auto& [stamp, content] : fresh_) {
    const auto check = check_of(stamp, content);
    bind(*insert, stamp);
    insert->bind(6, bytes_of(content)).bind(7, bytes_of(check));
    if (auto done = insert->run(); !done)
      return done;
  }
  return opened->run("COMMIT");
}

void digest_memory::save() {
  if (fresh_.empty() || path_.empty())
    return;
  const auto written = write_database();
  if (written) {
    fresh_.clear();
  } else if (const auto code = written.error().code;
             code == errc::failed_precondition || code == errc::data_loss) {
    // It only costs reading some files once more; where it can't be removed that goes on.
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
}

} // namespace deja::run
