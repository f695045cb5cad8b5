// Fills the index of a data folder with entries as calls.lua asks for them, by Deja's own rules and
// index, in the order of their primary keys: in any other, ten million take hours.
//   deja_fill_index FOLDER COUNT

#include <deja/transport/folder/data_folder.hpp>
#include <deja/transport/index/call_rules.hpp>
#include <deja/transport/index/index_future.hpp>
#include <deja/transport/index/sqlite_index.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace deja;

constexpr std::size_t entries_a_group = 10'000;

entry_key key_of(std::uint32_t number) {
  char text[120];
  std::snprintf(text, sizeof text, "%044d-aaaaaaaa-bbbbbbbb-%043u-1.0", 7, number);
  return {{"org", "project", "development"}, text};
}

operation put_of(std::uint32_t number) {
  static const call_rules rules;
  static const auto common = [] {
    cacheservice::CachedOutput output;
    auto& source = *output.mutable_metadata()->mutable_source_identifier();
    source.set_org("org");
    source.set_project("project");
    source.set_domain("development");
    source.set_name("workflows.training.train_model");
    source.set_version("v1");
    auto& values = *output.mutable_metadata()->mutable_key_map()->mutable_values();
    values["execution-name"] = "e";
    values["exec-node"] = "n0";
    return output;
  }();
  auto output = common;
  output.set_output_uri("s3://bucket/metadata/run-" + std::to_string(number) + "/outputs.pb");
  return rules.put(key_of(number), output, {}).value();
}

void put(deja::index& into, std::vector<operation> group) {
  auto told = index_future<std::vector<outcome>>(
      [&](auto done) { into.apply(std::move(group), std::move(done)); });
  for (const auto& one : told.get())
    if (one.why) {
      std::fprintf(stderr, "%s\n", to_string(*one.why).c_str());
      std::exit(1);
    }
}

/// The numbers of all entries, by their primary keys.
std::vector<std::uint32_t> in_order(std::uint32_t count) {
  struct place {
    digest id;
    std::uint32_t number;
  };

  std::vector<place> all;
  all.reserve(count);
  for (std::uint32_t number = 0; number < count; ++number)
    all.push_back({primary_key(key_of(number)), number});
  std::ranges::sort(all, {}, &place::id);
  std::vector<std::uint32_t> numbers;
  numbers.reserve(count);
  for (const auto& one : all)
    numbers.push_back(one.number);
  return numbers;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s FOLDER COUNT\n", argv[0]);
    return 2;
  }
  const auto folder = data_folder::open(argv[1]).value();
  const auto lock = folder.take({}).value();
  const auto index = make_sqlite_index({.path = folder.index(), .full_sync = false}).value();
  std::vector<operation> group;
  for (const auto number : in_order(static_cast<std::uint32_t>(std::stoul(argv[2])))) {
    group.push_back(put_of(number));
    if (group.size() == entries_a_group)
      put(*index, std::exchange(group, {}));
  }
  if (!group.empty())
    put(*index, std::move(group));
}
