#include "area.hpp"

#include <deja/app/run/file_digester.hpp>
#include <deja/transport/blob/file_descriptor.hpp>
#include <deja/transport/index/sqlite.hpp>

#include <fcntl.h>
#include <sys/stat.h>

using namespace deja;
using namespace deja::run;
using namespace std::chrono_literals;

namespace {

const std::string large(file_digester::worth_remembering, 'a');

/// Digests a file through one memory, at a time that the case moves.
struct remembered_file : area {
  digest digest_at(wall_time now) {
    digest_memory memory{folder / "digests.sqlite"};
    file_digester digester{memory, [now] {
                             return now;
                           }};
    const file_descriptor file{::open((folder / "file").c_str(), O_RDONLY)};

    struct stat status {};

    BOOST_REQUIRE_EQUAL(::fstat(file.get(), &status), 0);
    auto content = digester.of(file.get(), status, folder / "file");
    BOOST_REQUIRE(content);
    memory.save();
    return *content;
  }

  struct stat status() const {
    struct stat found {};

    BOOST_REQUIRE_EQUAL(::stat((folder / "file").c_str(), &found), 0);
    return found;
  }

  std::optional<digest> recalled() const {
    return digest_memory{folder / "digests.sqlite"}.recall(stamp_of(status()));
  }

  wall_time long_after() const { return std::chrono::system_clock::now() + 1h; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(digest_memory_suite, remembered_file)

BOOST_AUTO_TEST_CASE(a_file_that_lies_still_is_remembered) {
  write("file", large);
  const auto content = digest_at(long_after());
  BOOST_TEST((content == sha256::of(large)));
  BOOST_TEST((recalled() == content));
}

BOOST_AUTO_TEST_CASE(a_file_that_changed_within_the_clocks_grain_is_not_remembered) {
  write("file", large);
  digest_at(std::chrono::system_clock::now());
  BOOST_TEST(!recalled());
}

BOOST_AUTO_TEST_CASE(a_file_from_the_future_is_not_remembered) {
  write("file", large);
  digest_at(std::chrono::system_clock::now() - 1h);
  BOOST_TEST(!recalled());
}

BOOST_AUTO_TEST_CASE(same_size_and_restored_modification_time_do_not_deceive) {
  write("file", large);
  digest_at(long_after());
  const auto before = status();
  write("file", std::string(large.size(), 'b'));
  const timespec times[] = {before.st_atim, before.st_mtim};
  BOOST_REQUIRE_EQUAL(::utimensat(AT_FDCWD, (folder / "file").c_str(), times, 0), 0);
  BOOST_TEST((digest_at(long_after()) == sha256::of(std::string(large.size(), 'b'))));
}

BOOST_AUTO_TEST_CASE(a_file_replaced_by_rename_is_read) {
  write("file", large);
  digest_at(long_after());
  const auto before = status();
  write("other", std::string(large.size(), 'c'));
  const timespec times[] = {before.st_atim, before.st_mtim};
  BOOST_REQUIRE_EQUAL(::utimensat(AT_FDCWD, (folder / "other").c_str(), times, 0), 0);
  std::filesystem::rename(folder / "other", folder / "file");
  BOOST_TEST((digest_at(long_after()) == sha256::of(std::string(large.size(), 'c'))));
}

BOOST_AUTO_TEST_CASE(a_second_state_takes_the_place_of_the_first) {
  write("file", large);
  digest_at(long_after());
  write("file", large + "more");
  const auto content = digest_at(long_after());
  BOOST_TEST((recalled() == content));
}

BOOST_AUTO_TEST_CASE(a_database_that_is_none_costs_only_the_reading) {
  write("digests.sqlite", "this is not a database, and long enough to be looked at as one");
  write("file", large);
  BOOST_TEST((digest_at(long_after()) == sha256::of(large)));
  BOOST_TEST(!recalled());
  BOOST_TEST((digest_at(long_after()) == sha256::of(large)));
  BOOST_TEST(bool{recalled()});
}

BOOST_AUTO_TEST_CASE(a_row_that_was_torn_is_not_believed) {
  write("file", large);
  digest_at(long_after());
  {
    auto database = sqlite::database::open(folder / "digests.sqlite", {});
    BOOST_REQUIRE(database);
    BOOST_REQUIRE(database->run("UPDATE files SET digest = zeroblob(32)"));
  }
  BOOST_TEST(!recalled());
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_costs_only_the_reading) {
  digest_memory memory{folder / "nowhere" / "digests.sqlite"};
  memory.record({1, 2, 3, 4, 5}, sha256::of("x"), long_after());
  memory.save();
  BOOST_TEST(!has("nowhere"));
}

BOOST_AUTO_TEST_CASE(a_file_that_took_over_the_inode_is_read) {
  write("file", large);
  digest_at(long_after());
  const auto before = status();
  // The inode is given out again as soon as it is free, by file systems such as ext4.
  std::filesystem::remove(folder / "file");
  write("file", std::string(large.size(), 'd'));
  const timespec times[] = {before.st_atim, before.st_mtim};
  BOOST_REQUIRE_EQUAL(::utimensat(AT_FDCWD, (folder / "file").c_str(), times, 0), 0);
  BOOST_TEST((digest_at(long_after()) == sha256::of(std::string(large.size(), 'd'))));
}

BOOST_AUTO_TEST_CASE(another_name_of_the_file_changes_nothing_but_its_stamp) {
  write("file", large);
  digest_at(long_after());
  std::filesystem::create_hard_link(folder / "file", folder / "other");
  BOOST_TEST(!recalled());
  BOOST_TEST((digest_at(long_after()) == sha256::of(large)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(file_stamps)

namespace {

constexpr std::int64_t fine = 1'700'000'000'123'456'789, whole = 1'700'000'000'000'000'000;

/// Recorded as read so long after its last change.
std::optional<digest> recalled(const file_stamp& stamp, duration later) {
  digest_memory memory;
  memory.record(stamp, sha256::of("x"), wall_time{duration{stamp.changed}} + later);
  return memory.recall(stamp);
}

bool since(wall_time moment, std::int64_t changed) {
  return may_have_changed_since(moment, {.modified = 1, .changed = changed});
}

} // namespace

BOOST_AUTO_TEST_CASE(one_that_is_old_enough_is_remembered) {
  BOOST_TEST(bool{recalled({1, 2, 3, fine, fine}, 2s)});
  BOOST_TEST(!recalled({1, 2, 3, fine, fine}, 2s - 1ns));
  BOOST_TEST(bool{recalled({1, 2, 3, whole, fine}, 2s)}); // As `tar` sets them.
}

BOOST_AUTO_TEST_CASE(one_with_coarse_times_is_not_remembered) {
  BOOST_TEST(!recalled({1, 2, 3, whole, whole}, 1h));             // FAT, ext3
  BOOST_TEST(!recalled({1, 2, 3, fine, whole + 20'000'000}, 1h)); // exFAT
}

BOOST_AUTO_TEST_CASE(a_clock_that_was_set_back_is_no_reason_to_believe_one) {
  // Read before it was changed, as the clocks have it.
  BOOST_TEST(!recalled({1, 2, 3, fine, fine}, -1h));
  // Changed again in the very second in which it was changed before: on a file system with fine
  // times that shows, and on another none is believed.
  digest_memory memory;
  memory.record({1, 2, 3, fine, fine}, sha256::of("x"), wall_time{duration{fine}} + 1h);
  BOOST_TEST(!memory.recall({1, 2, 3, fine, fine + 4'000'000}));
}

BOOST_AUTO_TEST_CASE(each_number_of_one_counts) {
  digest_memory memory;
  memory.record({1, 2, 3, fine, fine}, sha256::of("x"), wall_time{duration{fine}} + 1h);
  for (const auto& other : {file_stamp{9, 2, 3, fine, fine}, file_stamp{1, 9, 3, fine, fine},
                            file_stamp{1, 2, 9, fine, fine}, file_stamp{1, 2, 3, fine + 1, fine},
                            file_stamp{1, 2, 3, fine, fine + 1}})
    BOOST_TEST(!memory.recall(other));
}

BOOST_AUTO_TEST_CASE(a_row_with_coarse_times_in_the_database_is_not_believed) {
  const area place;
  const auto file = place / "digests.sqlite";
  const file_stamp stamp{1, 2, 3, fine, fine};
  digest_memory memory{file};
  memory.record(stamp, sha256::of("x"), wall_time{duration{fine}} + 1h);
  memory.save();
  BOOST_TEST(bool{digest_memory{file}.recall(stamp)});
  BOOST_TEST(!digest_memory{file}.recall({1, 2, 3, fine, whole}));
}

BOOST_AUTO_TEST_CASE(a_change_at_a_moment_or_later_is_one_since) {
  const wall_time moment{duration{fine}};
  BOOST_TEST(since(moment, fine));
  BOOST_TEST(since(moment, fine + 1));
  BOOST_TEST(!since(moment, fine - 1));
}

BOOST_AUTO_TEST_CASE(a_change_may_have_been_rounded_down_to_before_the_moment) {
  const wall_time moment{duration{whole} + 1500ms};
  BOOST_TEST(since(moment, whole)); // by 2 s at most
  BOOST_TEST(!since(moment + 1s, whole));
  BOOST_TEST(since(moment + 5ms, whole + 1'500'000'000)); // by 10 ms
  BOOST_TEST(!since(moment + 15ms, whole + 1'500'000'000));
}

BOOST_AUTO_TEST_CASE(the_kernel_stamps_by_its_own_clock) {
  const auto before = kernel_time();
  const area place;
  place.write("file", "x");

  struct stat status {};

  BOOST_REQUIRE_EQUAL(::stat((place / "file").c_str(), &status), 0);
  BOOST_TEST(may_have_changed_since(before, stamp_of(status)));
}

BOOST_AUTO_TEST_SUITE_END()
