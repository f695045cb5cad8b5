#include "area.hpp"

#include <deja/app/run/fingerprint.hpp>
#include <deja/app/run/restoration.hpp>

#include <sys/stat.h>

using namespace deja;
using namespace deja::run;

namespace {

struct stored : area {
  /// Stores outputs as they lie in `made/`.
  void store(const std::vector<std::string>& outputs, inline_limits limits = {}) {
    digest_memory memory;
    file_digester digester{memory};
    output_writer writer{*contents, limits};
    for (const auto& name : outputs) {
      auto nodes = read_tree(folder / "made" / name, root_link::refuse, digester);
      BOOST_REQUIRE(nodes);
      BOOST_REQUIRE(writer.add(name, folder / "made" / name, *nodes));
    }
    names = outputs;
    entry = writer.finish();
  }

  result<restoration> prepare() {
    std::filesystem::create_directories(folder / "back");
    return restoration::prepare(entry, names, folder / "back", *contents);
  }

  void restore() {
    auto made = prepare();
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
    BOOST_REQUIRE(made->commit());
  }

  /// That what lies in `made/` and what was restored are the same.
  void check_same(const std::string& name) {
    digest_memory memory;
    file_digester digester{memory};
    auto before = read_tree(folder / "made" / name, root_link::refuse, digester);
    auto after = read_tree(folder / "back" / name, root_link::refuse, digester);
    BOOST_REQUIRE(before);
    BOOST_REQUIRE(after);
    BOOST_TEST((digest_of(*before) == digest_of(*after)));
  }

  void check_damaged(errc code = errc::data_loss) {
    auto made = prepare();
    BOOST_REQUIRE(!made);
    BOOST_TEST(to_string(made.error().code) == to_string(code));
  }

  core::Literal& literal(const std::string& name) {
    return (*entry.mutable_literals())["output:" + printable(name)];
  }

  core::Literal small_file(const std::string& text) const {
    core::Literal made;
    made.set_hash(to_hex(sha256::of(text)));
    (*made.mutable_metadata())["size"] = std::to_string(text.size());
    made.mutable_scalar()->mutable_binary()->set_value(text);
    return made;
  }

  std::unique_ptr<content_store> contents =
      make_content_store(open_blob_store((folder / "blobs").native()).value());
  std::vector<std::string> names;
  core::LiteralMap entry;
};

const std::string large(100'000, 'x');

} // namespace

BOOST_FIXTURE_TEST_SUITE(restoration_suite, stored)

BOOST_AUTO_TEST_CASE(files_come_back_small_and_large) {
  write("made/empty", "");
  write("made/small", "text");
  write("made/run", "#!/bin/sh\n", true);
  write("made/large", large);
  store({"empty", "small", "run", "large"});
  restore();
  for (const auto& name : names)
    check_same(name);
}

BOOST_AUTO_TEST_CASE(a_folder_comes_back_whole) {
  write("made/t/a b/\xff", "odd name");
  write("made/t/large", large, true);
  std::filesystem::create_directories(folder / "made/t/empty/inner");
  link("made/t/link", "a b");
  store({"t"});
  restore();
  check_same("t");
}

BOOST_AUTO_TEST_CASE(a_large_folder_lies_in_a_blob) {
  for (int at = 0; at < 50; ++at)
    write("made/t/" + std::to_string(at), "content " + std::to_string(at));
  store({"t"}, {.content = 16, .entry = 64});
  BOOST_TEST(entry.ByteSizeLong() < 400);
  restore();
  check_same("t");
}

BOOST_AUTO_TEST_CASE(small_contents_need_no_blob_but_only_up_to_a_sum) {
  for (int at = 0; at < 40; ++at)
    write("made/" + std::to_string(at), std::string(4096, static_cast<char>('a' + at % 26)));
  std::vector<std::string> all;
  for (int at = 0; at < 40; ++at)
    all.push_back(std::to_string(at));
  store(all);
  BOOST_TEST(entry.ByteSizeLong() < 80 * 1024);
  restore();
  for (const auto& name : all)
    check_same(name);
}

BOOST_AUTO_TEST_CASE(what_lay_there_is_replaced) {
  write("made/f", "new");
  write("made/t/new", "new");
  store({"f", "t"});
  write("back/f/was", "a folder");
  write("back/t/stale", "old");
  restore();
  check_same("f");
  check_same("t");
  write("back/t", "a file now");
  std::filesystem::remove(folder / "back/f");
  link("back/f", "/etc/passwd");
  restore();
  check_same("f");
  check_same("t");
  BOOST_TEST(count("back") == 2);
}

BOOST_AUTO_TEST_CASE(parents_are_made) {
  write("made/deep/er/f", "text");
  store({"deep/er/f"});
  restore();
  check_same("deep/er/f");
}

BOOST_AUTO_TEST_CASE(an_edited_output_does_not_edit_the_cache) {
  write("made/f", large);
  store({"f"});
  restore();
  write("back/f", "edited");
  restore();
  check_same("f");
}

BOOST_AUTO_TEST_CASE(nothing_changes_where_one_blob_is_missing) {
  write("made/one", "small");
  write("made/two", large);
  store({"one", "two"});
  write("back/one", "old");
  std::filesystem::remove_all(folder / "blobs");
  contents = make_content_store(open_blob_store((folder / "blobs").native()).value());
  check_damaged(errc::not_found);
  BOOST_TEST(read("back/one") == "old");
  BOOST_TEST(count("back") == 1);
}

BOOST_AUTO_TEST_CASE(a_damaged_blob_is_noticed) {
  write("made/f", large);
  store({"f"});
  for (const auto& item : std::filesystem::recursive_directory_iterator{folder / "blobs"})
    if (item.is_regular_file()) {
      std::filesystem::permissions(item.path(), std::filesystem::perms{0600});
      std::ofstream{item.path()} << std::string(large.size(), 'y');
    }
  check_damaged();
  BOOST_TEST(count("back") == 0);
}

BOOST_AUTO_TEST_CASE(damaged_entries_are_refused) {
  write("made/f", "text");
  store({"f"});
  const auto whole = entry;
  entry.clear_literals();
  check_damaged();
  entry = whole;
  literal("f").mutable_scalar()->mutable_binary()->set_value("texT");
  check_damaged();
  entry = whole;
  (*literal("f").mutable_metadata())["size"] = "5";
  check_damaged();
  entry = whole;
  literal("f").set_hash("none");
  check_damaged();
  entry = whole;
  literal("f").mutable_scalar()->mutable_blob()->set_uri("file:///etc/passwd");
  check_damaged();
  entry = whole;
  literal("f").mutable_collection();
  check_damaged();
}

BOOST_AUTO_TEST_CASE(names_in_a_folder_that_lead_out_are_refused) {
  write("made/t/x", "text");
  store({"t"});
  const auto whole = entry;
  for (const auto* name : {"/etc/x", "..", "../x", "a/../../x", "x/", "", "x//y", "./x",
                           "nowhere/x", "x/below-a-file", "a%00b", "%2e%2e/x", "%2Fx", "%G0"}) {
    entry = whole;
    (*literal("t").mutable_map()->mutable_literals())[name] = small_file("y");
    check_damaged();
  }
}

BOOST_AUTO_TEST_CASE(links_in_an_entry_that_lead_out_are_refused) {
  write("made/t/a/x", "text");
  link("made/t/l", "a");
  store({"t"});
  const auto whole = entry;
  for (const auto* target : {"/etc", "..", "a/../../x"}) {
    entry = whole;
    (*literal("t").mutable_map()->mutable_literals())["l"]
        .mutable_scalar()
        ->mutable_primitive()
        ->set_string_value(target);
    check_damaged(errc::invalid_argument);
  }
  entry = whole;
  (*literal("t").mutable_map()->mutable_literals())["l/x"] = small_file("through a link");
  check_damaged();
  BOOST_TEST(count("back") == 0);
}

BOOST_AUTO_TEST_CASE(what_a_killed_process_left_is_swept) {
  write("made/f", "text");
  store({"f"});
  write("back/.deja-staging-0123/0", "left behind");
  restore();
  BOOST_TEST(count("back") == 1);
}

BOOST_AUTO_TEST_CASE(what_another_process_stages_is_left_alone) {
  std::filesystem::create_directories(folder / "back");
  auto others = staging_folder::create(folder / "back");
  BOOST_REQUIRE(others);
  write("made/f", "text");
  store({"f"});
  restore();
  BOOST_TEST(std::filesystem::exists(others->path()));
}

BOOST_AUTO_TEST_CASE(modes_are_022_but_for_the_executable_bit) {
  write("made/f", "text");
  write("made/x", "text", true);
  std::filesystem::permissions(folder / "made/f", std::filesystem::perms{0600});
  store({"f", "x"});
  restore();
  BOOST_TEST(
      (std::filesystem::status(folder / "back/f").permissions() == std::filesystem::perms{0644}));
  BOOST_TEST(
      (std::filesystem::status(folder / "back/x").permissions() == std::filesystem::perms{0755}));
}

BOOST_AUTO_TEST_SUITE_END()
