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

BOOST_AUTO_TEST_SUITE_END()
