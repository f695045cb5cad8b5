#include "../messages/key_comparison.hpp"

#include <CLI/CLI.hpp>

#include <google/protobuf/stubs/logging.h>

#include <iostream>
#include <thread>

// Compares the library's hashes and keys with the reference's on random messages; fails where one
// differs. `--first N --messages 1` takes the one that a failure names.
int main(int argc, char** argv) {
  deja::testing::comparison_plan plan;
  plan.messages = 2'000'000;
  plan.threads = std::max(1U, std::thread::hardware_concurrency());
  CLI::App arguments{"Compares cache keys with a second implementation on random messages"};
  arguments.add_option("--seed", plan.seed, "What the messages follow from")->capture_default_str();
  arguments.add_option("--first", plan.first, "Number of the first message")->capture_default_str();
  arguments.add_option("--messages", plan.messages, "How many")->capture_default_str();
  arguments.add_option("--threads", plan.threads, "On how many threads")->capture_default_str();
  CLI11_PARSE(arguments, argc, argv);

  // protobuf has something to say of each text that is not UTF-8.
  google::protobuf::SetLogHandler(nullptr);
  const auto [tallies, differences] = deja::testing::compare_with_reference(plan);
  std::uint64_t total = 0;
  for (const auto& [kind, tally] : tallies) {
    std::cout << tally.hashes << " hashes and " << tally.errors << " errors of " << kind << "\n";
    total += tally.hashes + tally.errors;
  }
  std::cout << total << " messages, seed " << plan.seed << "\n";
  for (const auto& difference : differences)
    std::cout << "they differ: " << difference << "\n";
  return differences.empty() && total == plan.messages ? 0 : 1;
}
