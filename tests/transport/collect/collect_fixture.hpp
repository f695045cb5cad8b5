#pragma once

#include "../../support/results.hpp"
#include "../../support/settable_clock.hpp"

#include <deja/messages/cached_output.hpp>
#include <deja/messages/catalog.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/blob/content_store.hpp>
#include <deja/transport/blob/memory_blob_store.hpp>
#include <deja/transport/collect/collection.hpp>
#include <deja/transport/index/memory_index.hpp>

#include <boost/test/unit_test.hpp>

namespace deja::testing {

using namespace std::chrono_literals;

inline entry_key key_named(std::string name) {
  return {{"org", "project", "domain"}, std::move(name)};
}

inline put_operation put(const std::string& name, const cacheservice::CachedOutput& output) {
  return {.key = key_named(name),
          .task = "task",
          .output = without_times(output),
          .content = content_digest(output)};
}

/// An output whose literal is a blob.
inline cacheservice::CachedOutput
output_of(const digest& content, core::BlobType::BlobDimensionality type = core::BlobType::SINGLE) {
  cacheservice::CachedOutput output;
  auto& blob = *(*output.mutable_output_literals()->mutable_literals())["o"]
                    .mutable_scalar()
                    ->mutable_blob();
  blob.set_uri(content_uri(content));
  blob.mutable_metadata()->mutable_type()->set_dimensionality(type);
  return output;
}

/// A store and an index in memory. The store's clock is the machine's: here it is only moved on
/// against it.
struct collect_fixture {
  std::shared_ptr<settable_clock> clock = std::make_shared<settable_clock>();
  std::unique_ptr<deja::index> entries = make_memory_index(clock);
  std::shared_ptr<blob_store> blobs = make_memory_blob_store("mem://blobs");
  std::unique_ptr<content_store> contents = make_content_store(blobs);
  duration later{}; ///< How much later than the machine's clock says it is for the store.

  std::vector<outcome> apply(std::vector<operation> wanted) {
    std::vector<outcome> given;
    entries->apply(std::move(wanted), [&](auto all) { given = std::move(all); });
    return given;
  }

  digest store(const std::string& bytes) {
    const auto name = sha256::of(bytes);
    contents->put_bytes(name, bytes).value();
    return name;
  }

  bool has(const digest& name) { return contents->has(name).value(); }

  bool has(const std::string& name) {
    bool there = false;
    entries->lookup(std::vector{key_named(name)}, [&](auto all) { there = bool{all.at(0).entry}; });
    return there;
  }

  collection_parts parts() {
    return {.entries = *entries,
            .apply = [this](auto wanted) { return apply(std::move(wanted)); },
            .blobs = blobs.get(),
            .now =
                [this] {
                  return std::chrono::system_clock::now() + later;
                }};
  }

  collection_report collect(const collection_plan& plan) {
    collection round{plan, parts(), 1};
    while (round.step().value()) {
    }
    return round.report();
  }
};

} // namespace deja::testing
