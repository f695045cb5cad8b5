#include "../../support/results.hpp"
#include "../../support/temporary_folder.hpp"

#include <deja/transport/blob/blob_store.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <thread>

// One suite over every backend.

namespace {

using namespace deja;
using deja::testing::code_of;
using deja::testing::temporary_folder;

/// A fresh store of the named backend.
struct fixture {
  explicit fixture(const std::string& backend)
      : root(backend == "memory" ? "mem://store" : "file://" + (folder / "store").string()),
        store(open_blob_store(root).value()) {}

  std::string read(const std::string& reference) { return store->read(reference, 1 << 20).value(); }

  temporary_folder folder;
  std::string root;
  std::shared_ptr<blob_store> store;
};

const auto backends = boost::unit_test::data::make({"memory", "local"});

struct announcement {
  announcement() { BOOST_TEST_MESSAGE("blob stores under test: memory, local"); }
};

BOOST_TEST_GLOBAL_FIXTURE(announcement);

BOOST_AUTO_TEST_SUITE(a_blob_store)

BOOST_DATA_TEST_CASE(gives_back_what_was_written, backends, backend) {
  fixture at{backend};
  for (const auto& content : {std::string{}, std::string{"text"}, std::string{"\0\xff\n", 3},
                              std::string(300'000, 'x')}) {
    BOOST_TEST(code_of(at.store->write("a/b/c", content)) == errc::ok);
    BOOST_TEST(at.read("a/b/c") == content);
    BOOST_TEST(at.store->head("a/b/c")->size == content.size());
  }
}

BOOST_DATA_TEST_CASE(knows_a_blob_by_name_and_by_url, backends, backend) {
  fixture at{backend};
  BOOST_TEST(code_of(at.store->write(at.root + "/a", "1")) == errc::ok);
  BOOST_TEST(at.read("a") == "1");
  BOOST_TEST(at.read(at.root + "/a") == "1");
}

BOOST_DATA_TEST_CASE(takes_names_as_they_are, backends, backend) {
  fixture at{backend};
  for (const auto* name : {"ünïcödé/日本語", "with space", "a%2Fb", "a?b#c", "...", "..a", "-rf",
                           "back\\slash", "new\nline", "\xff\xfe"}) {
    BOOST_TEST(code_of(at.store->write(name, name)) == errc::ok, name);
    BOOST_TEST(at.read(name) == name);
  }
}

BOOST_DATA_TEST_CASE(refuses_names_that_lead_out_or_nowhere, backends, backend) {
  fixture at{backend};
  const std::vector<std::string> wrong = {"",
                                          "/",
                                          "/etc/passwd",
                                          "..",
                                          "../x",
                                          "a/../b",
                                          "a/..",
                                          ".",
                                          "./a",
                                          "a//b",
                                          "a/",
                                          std::string{"a\0b", 3},
                                          std::string(256, 'x'),
                                          "a/" + std::string(256, 'x') + "/b",
                                          [] {
                                            std::string deep;
                                            while (deep.size() < 4100)
                                              deep += "part/";
                                            return deep + "x";
                                          }(),
                                          at.root,
                                          at.root + "/",
                                          at.root + "/../x",
                                          at.root + "x/y",
                                          at.root + "//etc/passwd"};
  for (const auto& reference : wrong) {
    BOOST_TEST_CONTEXT("reference \"" << reference << '"') {
      BOOST_TEST(code_of(at.store->head(reference)) == errc::invalid_argument);
      BOOST_TEST(code_of(at.store->open(reference)) == errc::invalid_argument);
      BOOST_TEST(code_of(at.store->create(reference)) == errc::invalid_argument);
      BOOST_TEST(code_of(at.store->remove(reference)) == errc::invalid_argument);
      BOOST_TEST(code_of(at.store->touch(reference)) == errc::invalid_argument);
      BOOST_TEST(code_of(at.store->copy("a", reference)) != errc::ok);
    }
  }
}

BOOST_DATA_TEST_CASE(names_the_schemes_there_are, backends, backend) {
  fixture at{backend};
  const auto outcome = at.store->head("s3://bucket/key");
  BOOST_TEST(code_of(outcome) == errc::unimplemented);
  BOOST_TEST(outcome.error().message.find(at.root.substr(0, at.root.find(":"))) !=
             std::string::npos);
}

BOOST_DATA_TEST_CASE(does_not_find_what_is_not_there, backends, backend) {
  fixture at{backend};
  BOOST_TEST(code_of(at.store->write("a/b", "1")) == errc::ok);
  for (const auto* name : {"b", "a", "a/c", "a/b/c", "x/y/z"}) {
    BOOST_TEST(code_of(at.store->head(name)) == errc::not_found, name);
    BOOST_TEST(code_of(at.store->open(name)) == errc::not_found, name);
    BOOST_TEST(code_of(at.store->remove(name)) == errc::not_found, name);
    BOOST_TEST(code_of(at.store->touch(name)) == errc::not_found, name);
    BOOST_TEST(code_of(at.store->copy(name, "to")) == errc::not_found, name);
  }
}

BOOST_DATA_TEST_CASE(shows_nothing_before_commit_and_nothing_without, backends, backend) {
  fixture at{backend};
  {
    auto writer = at.store->create("a").value();
    BOOST_TEST(code_of(writer->write("half")) == errc::ok);
    BOOST_TEST(code_of(at.store->head("a")) == errc::not_found);
  }
  BOOST_TEST(code_of(at.store->head("a")) == errc::not_found);
  BOOST_TEST(at.store->list("", "", 10)->references.empty());
}

BOOST_DATA_TEST_CASE(replaces_whole_blobs, backends, backend) {
  fixture at{backend};
  BOOST_TEST(code_of(at.store->write("a", "old and long")) == errc::ok);
  auto reader = at.store->open("a").value();
  BOOST_TEST(code_of(at.store->write("a", "new")) == errc::ok);
  BOOST_TEST(at.read("a") == "new");
  std::string old(20, ' ');
  old.resize(reader->read(old).value());
  BOOST_TEST(old == "old and long");
}

BOOST_DATA_TEST_CASE(reads_no_more_than_the_limit, backends, backend) {
  fixture at{backend};
  BOOST_TEST(code_of(at.store->write("a", "12345")) == errc::ok);
  BOOST_TEST(at.store->read("a", 5).value() == "12345");
  const auto over = at.store->read("a", 4);
  BOOST_TEST(code_of(over) == errc::resource_exhausted);
  BOOST_TEST(over.error().message.find("limit of 4 bytes") != std::string::npos);
}

BOOST_DATA_TEST_CASE(copies, backends, backend) {
  fixture at{backend};
  const std::string content(1'000'000, 'c');
  BOOST_TEST(code_of(at.store->write("from", content)) == errc::ok);
  BOOST_TEST(code_of(at.store->copy("from", "some/where/to")) == errc::ok);
  BOOST_TEST(at.read("some/where/to") == content);
  BOOST_TEST(code_of(at.store->write("from", "changed")) == errc::ok);
  BOOST_TEST(at.read("some/where/to") == content);
}

BOOST_DATA_TEST_CASE(removes, backends, backend) {
  fixture at{backend};
  BOOST_TEST(code_of(at.store->write("a", "1")) == errc::ok);
  BOOST_TEST(code_of(at.store->remove("a")) == errc::ok);
  BOOST_TEST(code_of(at.store->head("a")) == errc::not_found);
}

BOOST_DATA_TEST_CASE(renews_the_age, backends, backend) {
  fixture at{backend};
  BOOST_TEST(code_of(at.store->write("a", "1")) == errc::ok);
  const auto before = at.store->head("a")->modified;
  // File systems stamp with the tick of the kernel's clock, some milliseconds.
  while (at.store->head("a")->modified == before)
    BOOST_REQUIRE_EQUAL(code_of(at.store->touch("a")), errc::ok);
  BOOST_TEST((at.store->head("a")->modified > before));
}

BOOST_DATA_TEST_CASE(lists_in_order_page_by_page, backends, backend) {
  fixture at{backend};
  std::vector<std::string> names = {"a",   "a.b", "a/b", "a/b.c", "a/b/c", "a0",
                                    "a/ü", "a-b", "b/x", "b/y",   "c",     "deja/x"};
  std::erase(names, "a"); // a file and a folder of one name can't both be
  std::erase(names, "a/b");
  for (const auto& name : names)
    BOOST_REQUIRE_EQUAL(code_of(at.store->write(name, name)), errc::ok);
  std::sort(names.begin(), names.end());
  for (const std::size_t limit : {1, 2, 3, 100}) {
    std::vector<std::string> listed;
    std::string cursor;
    do {
      auto page = at.store->list("", cursor, limit).value();
      BOOST_TEST(page.references.size() <= limit);
      listed.insert(listed.end(), page.references.begin(), page.references.end());
      cursor = page.next;
    } while (!cursor.empty());
    BOOST_TEST(listed == names, boost::test_tools::per_element());
  }
}

BOOST_DATA_TEST_CASE(lists_by_prefix_in_the_form_of_the_prefix, backends, backend) {
  fixture at{backend};
  for (const auto* name : {"a/1", "a/2", "ab/3", "b/4"})
    BOOST_REQUIRE_EQUAL(code_of(at.store->write(name, name)), errc::ok);
  const auto list = [&](const std::string& prefix) {
    return at.store->list(prefix, "", 10).value().references;
  };
  using names = std::vector<std::string>;
  BOOST_TEST(list("a") == (names{"a/1", "a/2", "ab/3"}), boost::test_tools::per_element());
  BOOST_TEST(list("a/") == (names{"a/1", "a/2"}), boost::test_tools::per_element());
  BOOST_TEST(list("a/2") == (names{"a/2"}), boost::test_tools::per_element());
  BOOST_TEST(list("nothing").empty());
  BOOST_TEST(list(at.root + "/b") == (names{at.root + "/b/4"}), boost::test_tools::per_element());
  const auto page = at.store->list(at.root + "/", "", 1).value();
  const auto rest = at.store->list(at.root + "/", page.next, 10).value();
  BOOST_TEST(page.references.size() + rest.references.size() == 4U);
  BOOST_TEST(code_of(at.store->list("../", "", 10)) == errc::invalid_argument);
  BOOST_TEST(code_of(at.store->list("", "", 0)) == errc::invalid_argument);
}

BOOST_DATA_TEST_CASE(signs_nothing, backends, backend) {
  fixture at{backend};
  BOOST_TEST(code_of(at.store->sign("a", std::chrono::hours{1})) == errc::unimplemented);
}

BOOST_DATA_TEST_CASE(lets_many_write_one_blob, backends, backend) {
  fixture at{backend};
  std::vector<std::thread> writers;
  for (char letter = 'a'; letter < 'i'; ++letter)
    writers.emplace_back([&, letter] {
      for (int i = 0; i < 20; ++i)
        at.store->write("deep/er/blob", std::string(10'000, letter)).value();
    });
  for (auto& writer : writers)
    writer.join();
  const auto content = at.read("deep/er/blob");
  BOOST_TEST(content == std::string(10'000, content.front()));
  BOOST_TEST(at.store->list("", "", 10)->references.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(opening_a_blob_store)

BOOST_AUTO_TEST_CASE(takes_a_bare_path) {
  temporary_folder folder;
  auto store = open_blob_store((folder / "new/store").string()).value();
  BOOST_TEST(code_of(store->write("a", "1")) == errc::ok);
  BOOST_TEST(code_of(store->head("file://" + (folder / "new/store/a").string())) == errc::ok);
}

BOOST_AUTO_TEST_CASE(names_the_schemes_there_are) {
  const auto outcome = open_blob_store("s3://bucket/prefix");
  BOOST_TEST(code_of(outcome) == errc::unimplemented);
  BOOST_TEST(outcome.error().message.find("file:// and mem://") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_store) {
  for (const auto& url :
       {std::string{}, std::string{"file://"}, std::string{"file://relative/path"},
        std::string{"mem://"}, std::string{"mem://a/b"}, std::string{"a\0b", 3}})
    BOOST_TEST(code_of(open_blob_store(url)) == errc::invalid_argument, url);
}

BOOST_DATA_TEST_CASE(removes_a_blob_only_if_it_is_old, backends, backend) {
  fixture at{backend};
  at.store->write("a", "1").value();
  const auto written = at.store->head("a")->modified;
  BOOST_TEST(!at.store->remove_if_older("a", written).value());
  BOOST_TEST(at.read("a") == "1");
  BOOST_TEST(at.store->remove_if_older("a", written + std::chrono::nanoseconds{1}).value());
  BOOST_TEST(code_of(at.store->head("a")) == errc::not_found);
  BOOST_TEST(code_of(at.store->remove_if_older("a", written)) == errc::not_found);
  BOOST_TEST(code_of(at.store->touch("a")) == errc::not_found);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
