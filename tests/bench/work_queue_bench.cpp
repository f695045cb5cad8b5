// Downloads and uploads by the work queues, in process, memory index and store, against a plain
// loop over the same logic classes on two threads.

#include <deja/actors/catalog.hpp>
#include <deja/actors/catalog_metadata.hpp>
#include <deja/messages/cached_output.hpp>
#include <deja/messages/key.hpp>
#include <deja/transport/blob/memory_blob_store.hpp>
#include <deja/transport/blob/task_data.hpp>
#include <deja/transport/index/call_rules.hpp>
#include <deja/transport/index/memory_index.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include <jemalloc/jemalloc.h>

namespace {

using namespace deja;

constexpr std::size_t items = 100'000;
constexpr std::size_t loop_threads = 2;

/// A key of a task with three inputs, two integers and a string.
catalog_key key_of(std::size_t number) {
  static const auto common = [] {
    catalog_key key;
    key.identifier.emplace();
    key.identifier->set_resource_type(core::TASK);
    key.identifier->set_project("project");
    key.identifier->set_domain("development");
    key.identifier->set_name("workflows.train");
    key.identifier->set_version("v1");
    key.cache_version = "1.0";
    core::TypedInterface interface;
    for (const auto& [name, type] :
         {std::pair{"epochs", core::INTEGER}, std::pair{"seed", core::INTEGER},
          std::pair{"model", core::STRING}}) {
      auto& variable = *interface.mutable_inputs()->add_variables();
      variable.set_key(name);
      variable.mutable_value()->mutable_type()->set_simple(type);
    }
    key.interface = std::move(interface);
    return key;
  }();
  auto key = common;
  core::LiteralMap inputs;
  auto& map = *inputs.mutable_literals();
  map["epochs"].mutable_scalar()->mutable_primitive()->set_integer(
      static_cast<std::int64_t>(number));
  map["seed"].mutable_scalar()->mutable_primitive()->set_integer(42);
  map["model"].mutable_scalar()->mutable_primitive()->set_string_value("a model's name");
  key.inputs = shared<core::LiteralMap>{std::move(inputs)};
  return key;
}

core::LiteralMap outputs_of(std::size_t number) {
  core::LiteralMap outputs;
  (*outputs.mutable_literals())["accuracy"].mutable_scalar()->mutable_primitive()->set_float_value(
      static_cast<double>(number) / 7);
  return outputs;
}

std::string target_of(std::size_t number) {
  return "mem://bench/run/" + std::to_string(number);
}

std::vector<catalog_put> puts(std::size_t count) {
  std::vector<catalog_put> all;
  for (std::size_t at = 0; at < count; ++at)
    all.push_back({key_of(at), shared<core::LiteralMap>{outputs_of(at)}, {}});
  return all;
}

std::vector<download_request> downloads(std::size_t count) {
  std::vector<download_request> all;
  for (std::size_t at = 0; at < count; ++at)
    all.push_back({key_of(at), outputs_under{target_of(at)}});
  return all;
}

/// Applies `work` to all items, on the loop's threads.
template <class Work>
void on_threads(std::size_t count, Work work) {
  std::vector<std::jthread> threads;
  for (std::size_t one = 0; one < loop_threads; ++one)
    threads.emplace_back([=] {
      key_maker keys;
      for (auto at = one; at < count; at += loop_threads)
        work(at, keys);
    });
}

entry_key entry_of(const catalog_key& key, key_maker& keys) {
  const auto& task = *key.identifier;
  return {{task.org(), task.project(), task.domain()}, keys.make(key).value()};
}

void put_plainly(deja::index& into, const call_rules& rules, const catalog_put& what,
                 key_maker& keys) {
  cacheservice::CachedOutput output;
  *output.mutable_output_literals() = *std::get<shared<core::LiteralMap>>(what.outputs);
  *output.mutable_metadata() =
      entry_metadata(*what.key, what.source, std::chrono::system_clock::now());
  auto operation = rules.put(entry_of(*what.key, keys), output, what.when).value();
  into.apply({std::move(operation)}, [](std::vector<outcome> done) {
    if (done.front().why)
      std::abort();
  });
}

void get_plainly(deja::index& from, blob_store& store, const download_request& what,
                 key_maker& keys) {
  const auto key = entry_of(*what.key, keys);
  from.lookup(std::vector{key}, [&](std::vector<outcome> found) {
    const auto entry = got(key, found.front()).value();
    const auto done =
        write_literals(store, what.target->prefix + "/outputs.pb", entry.output->output_literals());
    if (!done)
      std::abort();
  });
}

void set_rate(benchmark::State& state, std::size_t count) {
  state.SetItemsProcessed(static_cast<std::int64_t>(count) * state.iterations());
}

void upload_plainly(benchmark::State& state) {
  const auto all = puts(items);
  const call_rules rules;
  for (auto _ : state) {
    state.PauseTiming();
    const auto index = make_memory_index();
    state.ResumeTiming();
    on_threads(items,
               [&](std::size_t at, key_maker& keys) { put_plainly(*index, rules, all[at], keys); });
  }
  set_rate(state, items);
}

void upload(benchmark::State& state) {
  const auto all = puts(items);
  for (auto _ : state) {
    state.PauseTiming();
    auto one = std::make_unique<catalog>(catalog_config{});
    one->start().value();
    auto asked = all;
    state.ResumeTiming();
    const auto done = one->upload(std::move(asked));
    done.wait();
    if (done.get()->cached_count() != items)
      state.SkipWithError("not all are stored");
    state.PauseTiming();
    one.reset();
    state.ResumeTiming();
  }
  set_rate(state, items);
}

void download_plainly(benchmark::State& state) {
  const auto all = downloads(items);
  const auto index = make_memory_index();
  const call_rules rules;
  key_maker keys;
  for (const auto& one : puts(items))
    put_plainly(*index, rules, one, keys);
  for (auto _ : state) {
    state.PauseTiming();
    const auto store = make_memory_blob_store("mem://bench");
    state.ResumeTiming();
    on_threads(items,
               [&](std::size_t at, key_maker& own) { get_plainly(*index, *store, all[at], own); });
  }
  set_rate(state, items);
}

/// A catalog that knows so many tasks.
struct filled {
  explicit filled(std::size_t count) {
    const call_rules rules;
    key_maker keys;
    for (const auto& one : puts(count))
      put_plainly(*index, rules, one, keys);
  }

  std::unique_ptr<catalog> open() const {
    catalog_config config;
    config.own_index = index;
    config.store = "mem://bench";
    auto one = std::make_unique<catalog>(config);
    one->start().value();
    return one;
  }

  std::shared_ptr<deja::index> index = make_memory_index();
};

void download(benchmark::State& state) {
  const auto all = downloads(items);
  const filled known{items};
  for (auto _ : state) {
    state.PauseTiming();
    auto one = known.open();
    auto asked = all;
    state.ResumeTiming();
    const auto done = one->download(std::move(asked));
    done.wait();
    if (done.get()->cached_count() != items)
      state.SkipWithError("not all are there");
    state.PauseTiming();
    one.reset();
    state.ResumeTiming();
  }
  set_rate(state, items);
}

/// A single item, from the request to the ready future; `range(0)` microseconds of silence before.
void download_one(benchmark::State& state) {
  const filled known{1000};
  const auto one = known.open();
  std::vector<double> times;
  std::size_t at = 0;
  for (auto _ : state) {
    if (state.range(0) > 0)
      std::this_thread::sleep_for(std::chrono::microseconds{state.range(0)});
    std::vector<download_request> asked{{key_of(at++ % 1000), {}}};
    const auto begin = std::chrono::steady_clock::now();
    const auto done = one->download(std::move(asked));
    done.wait();
    times.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    state.SetIterationTime(times.back());
  }
  std::sort(times.begin(), times.end());
  state.counters["p50_us"] = times[times.size() / 2] * 1e6;
  state.counters["p99_us"] = times[times.size() * 99 / 100] * 1e6;
}

/// This process' resident memory, in bytes.
double resident() {
  std::ifstream status{"/proc/self/statm"};
  double pages = 0, all = 0;
  status >> all >> pages;
  return pages * 4096;
}

void give_back_free_memory() {
  static_assert(MALLCTL_ARENAS_ALL == 4096);
  if (::mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0) != 0)
    std::abort();
}

/// A million items in one call, ten times: what an item costs beyond the request, and what stays.
void download_million(benchmark::State& state) {
  constexpr std::size_t million = 1'000'000;
  constexpr int rounds = 10;
  const filled known{0};
  const auto one = known.open();
  const auto ask = [&](std::size_t round) {
    std::vector<download_request> all;
    for (std::size_t at = 0; at < million; ++at)
      all.push_back({key_of(round * million + at), {}});
    return all;
  };
  double first = 0, last = 0, most = 0;
  for (auto _ : state)
    for (int round = 0; round < rounds; ++round) {
      {
        auto asked = ask(static_cast<std::size_t>(round));
        const auto before = resident();
        const auto done = one->download(std::move(asked));
        while (!done.wait_for(std::chrono::milliseconds{5}))
          most = std::max(most, resident() - before);
      }
      // The queue lets go of the request on its own thread; then comes the next one's turn.
      one->download({{key_of(0), {}}}).wait();
      give_back_free_memory();
      last = resident();
      if (round == 0)
        first = last;
    }
  set_rate(state, million * rounds);
  state.counters["bytes_an_item"] = most / static_cast<double>(million);
  state.counters["megabytes_after"] = last / 1e6;
  state.counters["growth"] = last / first;
}

BENCHMARK(upload_plainly)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(upload)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(download_plainly)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(download)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(download_one)->Arg(0)->Arg(1000)->Unit(benchmark::kMicrosecond)->UseManualTime();
BENCHMARK(download_million)->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

} // namespace
