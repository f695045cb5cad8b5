#include "../../support/results.hpp"
#include "../../support/temporary_folder.hpp"

#include <deja/transport/blob/local_blob_store.hpp>

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>

namespace {

using namespace deja;
using deja::testing::code_of;
using deja::testing::temporary_folder;
namespace fs = std::filesystem;

struct fixture {
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& each : fs::recursive_directory_iterator(root))
      if (each.is_regular_file())
        found.push_back(each.path());
    return found;
  }

  temporary_folder folder;
  fs::path root = folder / "root";
  std::shared_ptr<blob_store> store = open_local_blob_store(root).value();
};

BOOST_FIXTURE_TEST_SUITE(a_local_blob_store, fixture)

BOOST_AUTO_TEST_CASE(follows_no_link_out_of_its_root) {
  std::ofstream{folder / "secret"} << "secret";
  fs::create_directory(folder / "outside");
  fs::create_symlink(folder / "secret", root / "file");
  fs::create_symlink(folder / "outside", root / "way");
  fs::create_symlink("..", root / "up");
  for (const auto* name : {"file", "way/x", "up/secret"}) {
    BOOST_TEST(code_of(store->read(name, 100)) == errc::invalid_argument, name);
    BOOST_TEST(code_of(store->touch(name)) == errc::invalid_argument, name);
    BOOST_TEST(code_of(store->remove(name)) == errc::invalid_argument, name);
  }
  BOOST_TEST(code_of(store->write("way/x", "1")) == errc::invalid_argument);
  BOOST_TEST(code_of(store->write("up/x", "1")) == errc::invalid_argument);
  BOOST_TEST(fs::is_empty(folder / "outside"));
  BOOST_TEST(!fs::exists(folder / "x"));
  BOOST_TEST(store->list("", "", 10)->references.empty());
}

BOOST_AUTO_TEST_CASE(replaces_a_link_instead_of_writing_through_it) {
  std::ofstream{folder / "target"} << "untouched";
  fs::create_symlink(folder / "target", root / "link");
  BOOST_TEST(code_of(store->write("link", "1")) == errc::ok);
  BOOST_TEST(store->read("link", 100).value() == "1");
  BOOST_TEST(fs::file_size(folder / "target") == 9U);
}

BOOST_AUTO_TEST_CASE(follows_no_link_where_it_writes_unfinished_blobs) {
  fs::create_directory(folder / "outside");
  fs::create_directories(root / "deja");
  fs::create_symlink(folder / "outside", root / "deja/tmp");
  BOOST_TEST(code_of(store->write("a", "1")) == errc::invalid_argument);
  BOOST_TEST(fs::is_empty(folder / "outside"));
}

BOOST_AUTO_TEST_CASE(hides_unfinished_blobs) {
  auto writer = store->create("a").value();
  BOOST_TEST(code_of(writer->write("half")) == errc::ok);
  BOOST_REQUIRE_EQUAL(files().size(), 1U);
  const auto unfinished = files().front().lexically_relative(root).string();
  BOOST_TEST(unfinished.starts_with(unfinished_blobs));
  BOOST_TEST(store->list("", "", 10)->references.empty());
  BOOST_TEST(store->list("deja/tmp/", "", 10)->references.empty());
  BOOST_TEST(code_of(store->head(unfinished)) == errc::invalid_argument);
  writer.reset();
  BOOST_TEST(files().empty());
}

BOOST_AUTO_TEST_CASE(takes_only_regular_files_for_blobs) {
  BOOST_REQUIRE(::mkfifo((root / "pipe").c_str(), 0600) == 0);
  fs::create_directory(root / "folder");
  BOOST_TEST(code_of(store->read("pipe", 100)) == errc::not_found);
  BOOST_TEST(code_of(store->read("folder", 100)) == errc::not_found);
  BOOST_TEST(code_of(store->remove("folder")) == errc::not_found);
  BOOST_TEST(store->list("", "", 10)->references.empty());
}

BOOST_AUTO_TEST_CASE(says_where_a_file_is_in_the_way_of_a_folder_or_the_other_way_round) {
  BOOST_TEST(code_of(store->write("a", "1")) == errc::ok);
  BOOST_TEST(code_of(store->write("a/b", "1")) == errc::failed_precondition);
  BOOST_TEST(code_of(store->write("c/d", "1")) == errc::ok);
  BOOST_TEST(code_of(store->write("c", "1")) == errc::failed_precondition);
  BOOST_TEST(files().size() == 2U);
}

BOOST_AUTO_TEST_CASE(that_has_been_removed_is_no_miss) {
  fs::remove_all(root);
  BOOST_TEST(code_of(store->read("a/b", 100)) == errc::unavailable);
  BOOST_TEST(code_of(store->write("a", "1")) == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(says_where_its_root_is_no_folder) {
  std::ofstream{folder / "file"} << "x";
  BOOST_TEST(code_of(open_local_blob_store(folder / "file")) == errc::failed_precondition);
  BOOST_TEST(code_of(open_local_blob_store(folder / "file/below")) == errc::failed_precondition);
}

BOOST_AUTO_TEST_CASE(leaves_nothing_on_a_full_disk) {
  const auto small = folder / "small";
  fs::create_directory(small);
  if (::mount("none", small.c_str(), "tmpfs", 0, "size=1m") != 0) {
    BOOST_TEST_MESSAGE("skipped: leaves_nothing_on_a_full_disk (can't mount a tmpfs)");
    return;
  }
  {
    auto full = open_local_blob_store(small).value();
    BOOST_TEST(code_of(full->write("small", "fits")) == errc::ok);
    BOOST_TEST(code_of(full->write("large", std::string(2'000'000, 'x'))) ==
               errc::resource_exhausted);
    BOOST_TEST(full->list("", "", 10)->references == std::vector<std::string>{"small"},
               boost::test_tools::per_element());
    BOOST_TEST(fs::is_empty(small / "deja/tmp"));
    BOOST_TEST(code_of(full->write("small", "fits again")) == errc::ok);
  }
  ::umount2(small.c_str(), MNT_DETACH);
}

BOOST_AUTO_TEST_CASE(removes_what_dead_writers_have_left) {
  const auto now = std::chrono::system_clock::now();
  BOOST_TEST(store->remove_unfinished(now, false).value().blobs == 0U);
  auto writer = store->create("a").value();
  writer->write("half").value();
  BOOST_TEST(store->remove_unfinished(now - std::chrono::hours{1}, false).value().blobs == 0U);
  const auto later = now + std::chrono::hours{1};
  BOOST_TEST(store->remove_unfinished(later, true).value().bytes == 4U);
  BOOST_TEST(files().size() == 1U);
  BOOST_TEST(store->remove_unfinished(later, false).value().blobs == 1U);
  BOOST_TEST(files().empty());
}

BOOST_AUTO_TEST_CASE(loses_no_blob_that_is_renewed_while_it_is_removed) {
  const auto hour_ago = std::chrono::system_clock::now() - std::chrono::hours{1};
  int lost = 0, removed = 0;
  for (int round = 0; round < 500; ++round) {
    store->write("a", "1").value();
    fs::last_write_time(root / "a", fs::file_time_type::clock::now() - std::chrono::hours{2});
    std::thread collector{[&] {
      const auto done = store->remove_if_older("a", hour_ago);
      removed += done && *done ? 1 : 0;
    }};
    const bool renewed = store->touch("a").has_value();
    collector.join();
    lost += renewed && !store->head("a") ? 1 : 0;
  }
  BOOST_TEST(lost == 0);
  BOOST_TEST_MESSAGE(removed << " of 500 were removed");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
