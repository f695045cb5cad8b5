#include "watched_sqlite.hpp"

#include <new>

namespace deja::testing {

/// The system's file lies behind it in the memory that SQLite gives.
struct watched_sqlite::file {
  sqlite3_file base;
  sqlite3_io_methods methods;
  watched_sqlite* watcher;
  const char* path; ///< SQLite's own, which outlives the file.

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }

  static file& of(sqlite3_file* from) { return *reinterpret_cast<file*>(from); }

  /// The system's own method, on its own file.
  template <auto Method, class... In>
  static int pass(sqlite3_file* from, In... in) {
    auto* real = of(from).real();
    return (real->pMethods->*Method)(real, in...);
  }

  static int write(sqlite3_file* from, const void* bytes, int count, sqlite3_int64 at) {
    auto& self = of(from);
    if (self.watcher->fail_write && self.path)
      if (const int status = self.watcher->fail_write(self.path); status != SQLITE_OK)
        return status;
    return pass<&sqlite3_io_methods::xWrite>(from, bytes, count, at);
  }

  static int sync(sqlite3_file* from, int how) {
    auto& self = of(from);
    if (self.watcher->fail_sync && self.path)
      if (const int status = self.watcher->fail_sync(self.path); status != SQLITE_OK)
        return status;
    return pass<&sqlite3_io_methods::xSync>(from, how);
  }

  // The first lock of a write-ahead log's is the writer's, who lets go of it after its commit has
  // been entered in the log's index (https://www.sqlite.org/walformat.html, section 2.3).
  static int lock(sqlite3_file* from, int first, int count, int how) {
    const int status = pass<&sqlite3_io_methods::xShmLock>(from, first, count, how);
    auto& self = of(from);
    ++self.watcher->locks;
    if (first == 0 && how == (SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE) &&
        self.watcher->on_commit_shown)
      self.watcher->on_commit_shown();
    return status;
  }

  static void barrier(sqlite3_file* from) {
    auto* real = of(from).real();
    real->pMethods->xShmBarrier(real);
  }

  void watch() {
    using m = sqlite3_io_methods;
    methods = {.iVersion = real()->pMethods->iVersion,
               .xClose = pass<&m::xClose>,
               .xRead = pass<&m::xRead, void*, int, sqlite3_int64>,
               .xWrite = write,
               .xTruncate = pass<&m::xTruncate, sqlite3_int64>,
               .xSync = sync,
               .xFileSize = pass<&m::xFileSize, sqlite3_int64*>,
               .xLock = pass<&m::xLock, int>,
               .xUnlock = pass<&m::xUnlock, int>,
               .xCheckReservedLock = pass<&m::xCheckReservedLock, int*>,
               .xFileControl = pass<&m::xFileControl, int, void*>,
               .xSectorSize = pass<&m::xSectorSize>,
               .xDeviceCharacteristics = pass<&m::xDeviceCharacteristics>,
               .xShmMap = pass<&m::xShmMap, int, int, int, void volatile**>,
               .xShmLock = lock,
               .xShmBarrier = barrier,
               .xShmUnmap = pass<&m::xShmUnmap, int>,
               .xFetch = pass<&m::xFetch, sqlite3_int64, int, void**>,
               .xUnfetch = pass<&m::xUnfetch, sqlite3_int64, void*>};
    base.pMethods = &methods;
  }
};

watched_sqlite::watched_sqlite() : system_(sqlite3_vfs_find(nullptr)), vfs_(*system_) {
  vfs_.zName = "watched";
  vfs_.szOsFile += static_cast<int>(sizeof(file));
  vfs_.pAppData = this;
  vfs_.xOpen = open;
  sqlite3_vfs_register(&vfs_, 1);
}

watched_sqlite::~watched_sqlite() {
  sqlite3_vfs_unregister(&vfs_);
}

int watched_sqlite::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* into, int flags,
                         int* got) {
  auto* self = static_cast<watched_sqlite*>(vfs->pAppData);
  auto* opened = new (into) file{{nullptr}, {}, self, path};
  const int status = self->system_->xOpen(self->system_, path, opened->real(), flags, got);
  if (opened->real()->pMethods)
    opened->watch();
  return status;
}

} // namespace deja::testing
