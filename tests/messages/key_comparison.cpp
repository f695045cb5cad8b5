#include "key_comparison.hpp"

#include "../support/big_stack.hpp"
#include "random_message.hpp"
#include "reference_key.hpp"

#include <deja/messages/key.hpp>
#include <deja/messages/object_hash.hpp>

#include <google/protobuf/arena.h>

#include <algorithm>
#include <atomic>
#include <mutex>

namespace deja::testing {

namespace {

using google::protobuf::Arena;
using google::protobuf::Message;

constexpr std::size_t most_differences = 10;

// Of longer messages the text isn't shown: protobuf makes it in memory that grows with the square
// of the depth.
constexpr std::size_t most_shown = 20'000;

// What the library and the reference made of one message.
struct pair_of_outcomes {
  std::string kind;
  result<std::string> library;
  reference::outcome expected;
  std::string shown; // The message, where the two differ.

  bool differ() const {
    if (!library)
      return expected || library.error().code != errc::invalid_argument;
    return !expected || *library != *expected;
  }
};

result<std::string> bytes_of(const result<digest>& hash) {
  if (!hash)
    return hash.error();
  return std::string{deja::bytes_of(*hash)};
}

std::string shown(const Message& message) {
  const auto size = message.ByteSizeLong();
  return size > most_shown ? std::to_string(size) + " bytes" : message.ShortDebugString();
}

pair_of_outcomes compare_objects(random_messages& random, Arena& arena) {
  const auto& types = key_message_types();
  const auto* type = types[random.below(types.size())];
  auto* message =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New(&arena);
  random.fill(*message);
  pair_of_outcomes both{type->full_name(),
                        bytes_of(object_hash(*message, "m")),
                        reference::object_hash(*message),
                        {}};
  if (both.differ())
    both.shown = shown(*message);
  return both;
}

// Some of the inputs' names, and one that may be none of them.
std::set<std::string> some_names(const core::LiteralMap& inputs, random_messages& random) {
  std::set<std::string> names;
  if (random.one_in(2))
    return names;
  for (const auto& [name, literal] : inputs.literals())
    names.insert(name);
  // Only now at random: a map's own order differs from run to run.
  std::erase_if(names, [&](const auto&) { return random.one_in(2); });
  names.insert(random.text());
  return names;
}

std::string shown(const std::set<std::string>& ignored) {
  std::string text;
  for (const auto& name : ignored)
    text += "ignored: \"" + name + "\"\n";
  return text;
}

pair_of_outcomes compare_inputs(random_messages& random, Arena& arena) {
  auto& inputs = *Arena::CreateMessage<core::LiteralMap>(&arena);
  random.fill(inputs);
  const auto ignored = some_names(inputs, random);
  pair_of_outcomes both{"inputs_hash",
                        bytes_of(inputs_hash(inputs, ignored)),
                        reference::inputs_hash(inputs, ignored),
                        {}};
  if (both.differ())
    both.shown = shown(ignored) + shown(inputs);
  return both;
}

template <class Part>
const Part& random_part(random_messages& random, Arena& arena) {
  auto& part = *Arena::CreateMessage<Part>(&arena);
  random.fill(part);
  return part;
}

pair_of_outcomes compare_keys(random_messages& random, Arena& arena) {
  catalog_key key;
  if (!random.one_in(100))
    key.identifier = random_part<core::Identifier>(random, arena);
  if (!random.one_in(100)) {
    core::TypedInterface interface;
    if (!random.one_in(8))
      *interface.mutable_inputs() = random_part<core::VariableMap>(random, arena);
    if (!random.one_in(8))
      *interface.mutable_outputs() = random_part<core::VariableMap>(random, arena);
    key.interface = std::move(interface);
  }
  if (!random.one_in(100)) {
    const auto& inputs = random_part<core::LiteralMap>(random, arena);
    // Where the messages lie on an arena, so that nothing destroys them recursively.
    key.inputs = std::shared_ptr<const core::LiteralMap>{&inputs, [](const auto*) {
                                                         }};
    key.ignored_inputs = some_names(inputs, random);
  } else if (random.one_in(2)) {
    key.inputs = shared<core::LiteralMap>{};
  }
  key.cache_version = random.text();
  pair_of_outcomes both{"make_key", make_key(key), reference::make_key(key), {}};
  if (both.differ()) {
    if (key.identifier)
      both.shown += "identifier { " + shown(*key.identifier) + " }\n";
    if (key.interface)
      both.shown += "interface { " + shown(*key.interface) + " }\n";
    const auto* inputs = std::get_if<shared<core::LiteralMap>>(&key.inputs);
    if (inputs != nullptr && *inputs)
      both.shown += "inputs { " + shown(**inputs) + " }\n";
    both.shown += shown(key.ignored_inputs) + "version: \"" + key.cache_version + "\"\n";
  }
  return both;
}

pair_of_outcomes compare_one(random_messages& random, Arena& arena) {
  switch (random.below(8)) {
  case 0:
    return compare_keys(random, arena);
  case 1:
  case 2:
    return compare_inputs(random, arena);
  default:
    return compare_objects(random, arena);
  }
}

// A generator's state is a matter of all bits of its seed, also where numbers follow one another.
std::uint64_t seed_of(std::uint64_t seed, std::uint64_t number) {
  std::seed_seq mix{seed, seed >> 32, number, number >> 32};
  std::uint32_t halves[2];
  mix.generate(std::begin(halves), std::end(halves));
  return std::uint64_t{halves[0]} << 32 | halves[1];
}

std::string told(const comparison_plan& plan, std::uint64_t number, const pair_of_outcomes& both) {
  return both.kind + ", seed " + std::to_string(plan.seed) + ", message " + std::to_string(number) +
         ": " + (both.library ? "the library makes a value" : to_string(both.library.error())) +
         ", the reference " + (both.expected ? "makes a value" : "gives an error") + "\n" +
         both.shown.substr(0, most_shown) + (both.shown.size() > most_shown ? "…" : "");
}

void add(comparison& total, comparison& part) {
  for (const auto& [kind, tally] : part.tallies) {
    total.tallies[kind].hashes += tally.hashes;
    total.tallies[kind].errors += tally.errors;
  }
  std::move(part.differences.begin(), part.differences.end(),
            std::back_inserter(total.differences));
}

} // namespace

comparison compare_with_reference(const comparison_plan& plan) {
  constexpr std::uint64_t share = 100; // As many messages a thread takes at a time.
  comparison total;
  std::mutex mutex;
  std::atomic<std::uint64_t> next = 0;
  run_on_big_stacks(plan.threads, [&] {
    comparison mine;
    for (auto at = next.fetch_add(share); at < plan.messages; at = next.fetch_add(share))
      for (auto last = std::min(at + share, plan.messages); at < last; ++at) {
        const auto number = plan.first + at;
        random_messages random{seed_of(plan.seed, number)};
        Arena arena;
        const auto both = compare_one(random, arena);
        auto& tally = mine.tallies[both.kind];
        ++(both.expected ? tally.hashes : tally.errors);
        if (both.differ() && mine.differences.size() < most_differences)
          mine.differences.push_back(told(plan, number, both));
      }
    const std::lock_guard lock{mutex};
    add(total, mine);
  });
  return total;
}

} // namespace deja::testing
