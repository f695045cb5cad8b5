// Cache keys, each beside its floor: the very SHA-256 inputs of that key, padded in advance, hashed
// one after another in a plain loop. The hashes of schema and enum names are constants and not
// among them. Key and floor take turns within one run.

#include "../messages/reference_key.hpp"

#include <deja/messages/key.hpp>
#include <deja/messages/sha256_engine.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>

namespace {

using namespace deja;
namespace reference = deja::testing::reference;
using clock = std::chrono::steady_clock;

constexpr auto cache_version = "1.0";

/// A task and its inputs.
struct work {
  core::Identifier identifier;
  core::TypedInterface interface;
  core::LiteralMap inputs;
};

void add_variable(core::VariableMap& to, const std::string& name, core::SimpleType type) {
  auto& variable = *to.add_variables();
  variable.set_key(name);
  variable.mutable_value()->mutable_type()->set_simple(type);
}

work task() {
  work made;
  made.identifier.set_resource_type(core::TASK);
  made.identifier.set_project("flytesnacks");
  made.identifier.set_domain("development");
  made.identifier.set_name("workflows.train.fit_model");
  made.identifier.set_version("4f2c1a9");
  made.identifier.set_org("example");
  add_variable(*made.interface.mutable_inputs(), "epochs", core::INTEGER);
  add_variable(*made.interface.mutable_inputs(), "rate", core::FLOAT);
  add_variable(*made.interface.mutable_inputs(), "title", core::STRING);
  add_variable(*made.interface.mutable_outputs(), "o0", core::FLOAT);
  return made;
}

core::Primitive& primitive(core::Literal& literal) {
  return *literal.mutable_scalar()->mutable_primitive();
}

core::Literal& input(work& of, const std::string& name) {
  return (*of.inputs.mutable_literals())[name];
}

work typical() {
  auto made = task();
  primitive(input(made, "epochs")).set_integer(17);
  primitive(input(made, "rate")).set_float_value(0.001);
  primitive(input(made, "title")).set_string_value("the second of three runs");
  return made;
}

work fifty_inputs() {
  auto made = task();
  for (int at = 0; at < 50; ++at) {
    auto& value = primitive(input(made, "input_" + std::to_string(at)));
    if (at % 2 == 0)
      value.set_integer(at);
    else
      value.set_string_value("value " + std::to_string(at));
  }
  return made;
}

work integers(int count) {
  auto made = task();
  auto& list = *input(made, "x").mutable_collection();
  for (int at = 0; at < count; ++at)
    primitive(*list.add_literals()).set_integer(at);
  return made;
}

work map_of(int count) {
  auto made = task();
  auto& map = *input(made, "x").mutable_map()->mutable_literals();
  for (int at = 0; at < count; ++at)
    primitive(map["entry_" + std::to_string(at)]).set_integer(at);
  return made;
}

work structs() {
  auto made = task();
  for (int at = 0; at < 10; ++at) {
    auto& fields = *input(made, "x" + std::to_string(at))
                        .mutable_scalar()
                        ->mutable_generic()
                        ->mutable_fields();
    for (int field = 0; field < 20; ++field) {
      auto& value = fields["field_" + std::to_string(field)];
      switch (field % 5) {
      case 0:
        value.set_number_value(field / 7.0);
        break;
      case 1:
        value.set_string_value("text " + std::to_string(field));
        break;
      case 2:
        value.set_bool_value(true);
        break;
      case 3:
        for (int element = 0; element < 5; ++element)
          value.mutable_list_value()->add_values()->set_number_value(element);
        break;
      default:
        (*value.mutable_struct_value()->mutable_fields())["inner"].set_string_value("text");
      }
    }
  }
  return made;
}

work long_text() {
  auto made = task();
  primitive(input(made, "x")).set_string_value(std::string(1 << 20, 'x'));
  return made;
}

/// Hashes messages that were padded in advance.
class floor_loop {
public:
  explicit floor_loop(const std::vector<std::string>& inputs) {
    for (auto text : inputs) {
      const auto bits = std::uint64_t{text.size()} * 8;
      text += '\x80';
      text.resize((text.size() + 8 + 63) / 64 * 64 - 8);
      for (int at = 7; at >= 0; --at)
        text += static_cast<char>(bits >> (8 * at));
      messages_.push_back(std::move(text));
    }
  }

  void operator()() {
    const auto& engine = best_sha256_engine();
    for (const auto& message : messages_) {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(message.data());
      engine.digests(&bytes, 1, message.size() / sha256_block_size, &last_);
    }
    benchmark::DoNotOptimize(last_);
  }

private:
  std::vector<std::string> messages_;
  digest last_{};
};

double median(std::vector<double>& of) {
  const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
  std::nth_element(of.begin(), middle, of.end());
  return *middle;
}

template <class Work>
double seconds(int rounds, Work&& work) {
  const auto begin = clock::now();
  for (int round = 0; round < rounds; ++round)
    work();
  return std::chrono::duration<double>(clock::now() - begin).count() / rounds;
}

/// Times `make` beside the floor of `inputs`.
template <class Make>
void compare(benchmark::State& state, const std::vector<std::string>& inputs, const Make& make) {
  floor_loop floor{inputs};
  const auto key = [&] {
    benchmark::DoNotOptimize(make());
  };
  const int rounds = std::max(1, static_cast<int>(200e-6 / seconds(3, key)));
  std::vector<double> keys, floors;
  for (auto _ : state) {
    const auto end = clock::now() + std::chrono::seconds{1};
    do {
      keys.push_back(seconds(rounds, key));
      floors.push_back(seconds(rounds, floor));
    } while (clock::now() < end);
    state.SetIterationTime(keys.back());
  }
  const auto averaged = benchmark::Counter::kAvgThreads;
  const auto one = median(keys), least = median(floors);
  state.counters["key_us"] = {one * 1e6, averaged};
  state.counters["floor_us"] = {least * 1e6, averaged};
  state.counters["ratio"] = {one / least, averaged};
}

void cold(benchmark::State& state, work (*make)()) {
  const auto one = make();
  catalog_key key{
      one.identifier, cache_version, {}, one.interface, shared<core::LiteralMap>{one.inputs}};
  compare(state, reference::sha256_inputs([&] { reference::make_key(key); }),
          [&] { return make_key(key).value(); });
}

void reused(benchmark::State& state, work (*make)()) {
  const auto one = make();
  const auto task = task_key::of(one.identifier, one.interface).value();
  compare(state, reference::sha256_inputs([&] { reference::inputs_hash(one.inputs, {}); }),
          [&] { return task.with(one.inputs, {}, cache_version).value(); });
}

void on_one_and_two_threads(benchmark::internal::Benchmark* what) {
  what->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(1)->Threads(1)->Threads(2);
}

BENCHMARK_CAPTURE(cold, typical, typical)->Apply(on_one_and_two_threads);
BENCHMARK_CAPTURE(reused, typical, typical)->Apply(on_one_and_two_threads);
BENCHMARK_CAPTURE(reused, fifty_inputs, fifty_inputs)->Apply(on_one_and_two_threads);
BENCHMARK_CAPTURE(reused, integers_1000, [] {
  return integers(1'000);
})->Apply(on_one_and_two_threads);
BENCHMARK_CAPTURE(reused, integers_100000, [] {
  return integers(100'000);
})->Apply(on_one_and_two_threads);
BENCHMARK_CAPTURE(reused, map_1000, [] { return map_of(1'000); })->Apply(on_one_and_two_threads);
BENCHMARK_CAPTURE(reused, structs, structs)->Apply(on_one_and_two_threads);
BENCHMARK_CAPTURE(reused, text_1mb, long_text)->Apply(on_one_and_two_threads);

} // namespace
