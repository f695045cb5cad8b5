#include "area.hpp"

#include <deja/app/run/tree.hpp>

#include <set>

#include <sys/stat.h>

using namespace deja;
using namespace deja::run;

namespace {

struct trees : area {
  result<tree> read(const std::string& name, root_link links = root_link::follow) {
    return read_tree(folder / name, links, digester);
  }

  digest digest_now(const std::string& name = "t") {
    auto nodes = read(name);
    BOOST_REQUIRE_MESSAGE(nodes, (nodes ? "" : nodes.error().message));
    return digest_of(*nodes);
  }

  void make_one() const {
    write("t/b", "1");
    write("t/a/deep", "2");
    std::filesystem::create_directories(folder / "t/empty");
    link("t/to-b", "b");
  }

  digest_memory memory;
  file_digester digester{memory};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(tree_suite, trees)

BOOST_AUTO_TEST_CASE(a_folder_lists_all_that_is_in_it_in_byte_order) {
  make_one();
  auto nodes = read("t");
  BOOST_REQUIRE(nodes);
  std::string paths;
  for (const auto& node : *nodes)
    paths += static_cast<char>(node.kind) + (":" + node.path + " ");
  BOOST_TEST(paths == "d: d:a f:a/deep f:b d:empty l:to-b ");
}

BOOST_AUTO_TEST_CASE(every_change_in_a_folder_changes_its_digest) {
  make_one();
  std::set<digest> seen{digest_now()};
  const auto changed = [&](const char* what) {
    BOOST_TEST(seen.insert(digest_now()).second, what << " did not change the digest");
  };
  write("t/b", "3");
  changed("a content");
  write("t/b", "3", true);
  changed("an executable bit");
  std::filesystem::rename(folder / "t/b", folder / "t/c");
  changed("a name");
  std::filesystem::remove(folder / "t/to-b");
  link("t/to-b", "c");
  changed("a link's target");
  std::filesystem::remove(folder / "t/empty");
  changed("an empty folder less");
  write("t/empty", "");
  changed("an empty file instead of an empty folder");
  std::filesystem::rename(folder / "t/a/deep", folder / "t/deep");
  changed("a file moved up");
  write("t/\xff\xfe", "bytes that are no text");
  changed("a name that is no text");
}

BOOST_AUTO_TEST_CASE(times_and_other_modes_do_not_count) {
  make_one();
  const auto before = digest_now();
  namespace fs = std::filesystem;
  fs::permissions(folder / "t/b", fs::perms{0600});
  fs::last_write_time(folder / "t/b", fs::file_time_type::clock::now() - std::chrono::hours{5});
  BOOST_TEST((digest_now() == before));
}

BOOST_AUTO_TEST_CASE(a_file_and_a_folder_with_that_file_differ) {
  write("f", "x");
  write("d/f", "x");
  BOOST_TEST((digest_now("f") != digest_now("d")));
}

BOOST_AUTO_TEST_CASE(links_that_lead_out_are_refused) {
  for (const auto* target : {"/etc/passwd", "../outside", "a/../../outside", "way/../../x"}) {
    area other;
    other.write("t/a/deep", "");
    other.link("t/way", "a");
    other.link("t/out", target);
    auto nodes = read_tree(other / "t", root_link::follow, digester);
    BOOST_TEST(!nodes, target << " was let through");
    BOOST_TEST((nodes || nodes.error().code == errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_CASE(links_through_links_are_followed_to_see_where_they_lead) {
  write("t/a/b/x", "");
  link("t/deep", "a/b");
  link("t/fine", "deep/../b/x"); // a/b/../b/x
  BOOST_TEST(bool{read("t")});
  link("t/wrong", "deep/../../../x");
  BOOST_TEST(!read("t"));
}

BOOST_AUTO_TEST_CASE(links_in_a_circle_and_links_to_nothing_stay_links) {
  write("t/x", "");
  link("t/one", "two");
  link("t/two", "one");
  link("t/none", "nowhere/at/all");
  BOOST_TEST(bool{read("t")});
}

BOOST_AUTO_TEST_CASE(pipes_are_refused) {
  write("t/x", "");
  BOOST_REQUIRE_EQUAL(::mkfifo((folder / "t/pipe").c_str(), 0600), 0);
  auto nodes = read("t");
  BOOST_REQUIRE(!nodes);
  BOOST_TEST((nodes.error().code == errc::invalid_argument));
  BOOST_TEST(!read("t/pipe"));
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_not_found) {
  auto nodes = read("nothing");
  BOOST_REQUIRE(!nodes);
  BOOST_TEST((nodes.error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_link_named_itself_is_followed_or_refused) {
  write("f", "x");
  link("l", "f");
  BOOST_TEST((digest_now("l") == digest_now("f")));
  auto refused = read("l", root_link::refuse);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == errc::failed_precondition));
}

BOOST_AUTO_TEST_SUITE_END()
