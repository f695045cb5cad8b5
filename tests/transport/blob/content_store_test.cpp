#include "../../support/results.hpp"
#include "../../support/temporary_folder.hpp"

#include <deja/transport/blob/content_store.hpp>

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>

namespace {

using namespace deja;
using deja::testing::code_of;
using deja::testing::temporary_folder;
namespace fs = std::filesystem;

struct fixture {
  fs::path write(const std::string& file, std::string_view bytes) {
    std::ofstream{folder / file, std::ios::binary} << bytes;
    return folder / file;
  }

  std::string read(const std::string& file) {
    std::ostringstream bytes;
    bytes << std::ifstream{folder / file, std::ios::binary}.rdbuf();
    return bytes.str();
  }

  /// Where the blob lies in the blob store.
  static std::string reference_of(const digest& blob) {
    return "deja/cas/sha256/" + to_hex(blob).substr(0, 2) + '/' + to_hex(blob);
  }

  temporary_folder folder;
  std::shared_ptr<blob_store> blobs = open_blob_store((folder / "store").string()).value();
  std::unique_ptr<content_store> store = make_content_store(blobs);
  const std::string content = std::string(1'000'000, 'c') + "end";
  const digest name = sha256::of(content);
};

BOOST_FIXTURE_TEST_SUITE(a_content_store, fixture)

BOOST_AUTO_TEST_CASE(gives_back_a_file) {
  BOOST_TEST(!store->has(name).value());
  BOOST_TEST(code_of(store->put_file(name, write("in", content))) == errc::ok);
  BOOST_TEST(store->has(name).value());
  BOOST_TEST(code_of(store->fetch_file(name, folder / "out")) == errc::ok);
  BOOST_TEST((read("out") == content));
}

BOOST_AUTO_TEST_CASE(gives_back_bytes_also_none) {
  for (const auto& bytes : {std::string{}, std::string{"\0x", 2}}) {
    const auto called = sha256::of(bytes);
    BOOST_TEST(code_of(store->put_bytes(called, bytes)) == errc::ok);
    BOOST_TEST(store->fetch_bytes(called, 2).value() == bytes);
  }
  BOOST_TEST(code_of(store->fetch_file(sha256::of(""), folder / "empty")) == errc::ok);
  BOOST_TEST(fs::file_size(folder / "empty") == 0U);
}

BOOST_AUTO_TEST_CASE(lies_where_other_tools_look_for_it) {
  BOOST_TEST(code_of(store->put_bytes(sha256::of("abc"), "abc")) == errc::ok);
  BOOST_TEST(code_of(blobs->head(
                 "deja/cas/sha256/ba/"
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")) == errc::ok);
}

BOOST_AUTO_TEST_CASE(takes_nothing_under_a_wrong_name) {
  const auto wrong = sha256::of("something else");
  BOOST_TEST(code_of(store->put_file(wrong, write("in", content))) == errc::invalid_argument);
  BOOST_TEST(code_of(store->put_bytes(wrong, content)) == errc::invalid_argument);
  BOOST_TEST(!store->has(wrong).value());
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong_with_a_file_that_is_to_be_stored) {
  BOOST_TEST(code_of(store->put_file(name, folder / "missing")) == errc::not_found);
  BOOST_TEST(code_of(store->put_file(name, folder.path())) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(does_not_find_what_is_not_there) {
  BOOST_TEST(code_of(store->fetch_bytes(name, 10)) == errc::not_found);
  BOOST_TEST(code_of(store->fetch_file(name, folder / "out")) == errc::not_found);
  BOOST_TEST(!fs::exists(folder / "out"));
}

BOOST_AUTO_TEST_CASE(replaces_no_file_when_it_fetches) {
  BOOST_TEST(code_of(store->put_bytes(name, content)) == errc::ok);
  BOOST_TEST(code_of(store->fetch_file(name, write("out", "mine"))) == errc::failed_precondition);
  BOOST_TEST(read("out") == "mine");
}

BOOST_AUTO_TEST_CASE(reads_no_more_than_the_limit) {
  BOOST_TEST(code_of(store->put_bytes(name, content)) == errc::ok);
  BOOST_TEST(code_of(store->fetch_bytes(name, content.size() - 1)) == errc::resource_exhausted);
  BOOST_TEST(code_of(store->fetch_bytes(name, content.size())) == errc::ok);
}

BOOST_AUTO_TEST_CASE(hands_out_no_damaged_blob) {
  for (const auto& damaged :
       {std::string{}, content.substr(1), content + "x", std::string(content.size(), 'd')}) {
    BOOST_TEST(code_of(blobs->write(reference_of(name), damaged)) == errc::ok);
    BOOST_TEST(code_of(store->fetch_file(name, folder / "out")) == errc::data_loss);
    BOOST_TEST(!fs::exists(folder / "out"));
    BOOST_TEST(code_of(blobs->write(reference_of(name), damaged)) == errc::ok);
    BOOST_TEST(code_of(store->fetch_bytes(name, 2'000'000)) == errc::data_loss);
  }
}

BOOST_AUTO_TEST_CASE(heals_a_damaged_blob) {
  BOOST_TEST(code_of(blobs->write(reference_of(name), "too short")) == errc::ok);
  BOOST_TEST(code_of(store->put_file(name, write("in", content))) == errc::ok);
  BOOST_TEST((store->fetch_bytes(name, 2'000'000).value() == content));
  // One of the right size is found out when it is read, and is gone then.
  BOOST_TEST(code_of(blobs->write(reference_of(name), std::string(content.size(), 'd'))) ==
             errc::ok);
  BOOST_TEST(code_of(store->fetch_bytes(name, 2'000'000)) == errc::data_loss);
  BOOST_TEST(!store->has(name).value());
  BOOST_TEST(code_of(store->put_bytes(name, content)) == errc::ok);
  BOOST_TEST((store->fetch_bytes(name, 2'000'000).value() == content));
}

BOOST_AUTO_TEST_CASE(renews_the_age_of_a_blob_that_is_there) {
  BOOST_TEST(code_of(store->put_bytes(name, content)) == errc::ok);
  const auto path = folder / ("store/" + reference_of(name));
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours{1};
  fs::last_write_time(path, old);
  BOOST_TEST(code_of(store->put_bytes(name, content)) == errc::ok);
  BOOST_TEST((fs::last_write_time(path) > old));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_content_uri)

BOOST_AUTO_TEST_CASE(names_a_digest) {
  const auto name = sha256::of("abc");
  BOOST_TEST(content_uri(name) ==
             "cas://sha256/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST((parse_content_uri(content_uri(name)).value() == name));
}

BOOST_AUTO_TEST_CASE(is_nothing_else) {
  const auto good = content_uri(sha256::of("abc"));
  for (const auto& wrong :
       {std::string{}, std::string{"cas://sha256/"}, good + "0", good.substr(0, good.size() - 1),
        "x" + good, good + "/../x", "cas://sha256/" + std::string(64, 'G')})
    BOOST_TEST(code_of(parse_content_uri(wrong)) == errc::invalid_argument, wrong);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
