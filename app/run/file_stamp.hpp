#pragma once

#include <deja/messages/cache.hpp>

#include <compare>

struct stat;

namespace deja::run {

/// What tells one state of a file from another without reading it. Times in ns since the epoch.
struct file_stamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;
  std::int64_t changed = 0;

  auto operator<=>(const file_stamp&) const = default;
};

file_stamp stamp_of(const struct stat& status);

/// Whether the file lies where times are coarse (FAT, exFAT, ext3, HFS+): `changed` is a multiple
/// of 10 ms, which the clocks of other file systems hit once in millions of times. Some of these
/// also let `changed` be set, or make it up from `modified`: a stamp proves nothing there.
bool has_coarse_times(const file_stamp& stamp);

/// Whether the file may have been changed at that moment of the kernel's coarse clock (see
/// `kernel_time`) or later, be it rounded down by its file system.
bool may_have_changed_since(wall_time moment, const file_stamp& stamp);

/// The clock that the kernel stamps files by: the wall clock at its last tick, some ms ago. No
/// change gets an earlier stamp; one of a file that is looked at often may get a later, finer one.
wall_time kernel_time();

} // namespace deja::run
