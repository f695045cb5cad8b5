#include <deja/app/command_line.hpp>
#include <deja/app/commands.hpp>
#include <deja/app/existing_folder.hpp>
#include <deja/app/gc_report.hpp>
#include <deja/transport/collect/collection.hpp>
#include <deja/transport/index/index_future.hpp>
#include <deja/transport/index/index_lock.hpp>
#include <deja/transport/index/open_index.hpp>

#include <iostream>

namespace deja::app {

namespace {

struct gc_options {
  std::string data, index, store;
  std::string older_than, unused_for, grace = "1h";
  collection_plan plan;
  bool json = false;
};

result<void> read_spans(gc_options& asked) {
  const auto read = [](const char* flag, const std::string& text, auto& into) -> result<void> {
    if (text.empty())
      return {};
    const auto span = parse_duration(text);
    if (!span)
      return within(flag, span.error());
    into = *span;
    return {};
  };
  auto done = read("--older-than", asked.older_than, asked.plan.older_than);
  if (done)
    done = read("--unused-for", asked.unused_for, asked.plan.unused_for);
  if (done)
    done = read("--grace", asked.grace, asked.plan.grace);
  return done ? asked.plan.validate() : done;
}

std::optional<int> parse_gc_options(gc_options& into, int argc, char** argv) {
  CLI::App app{"Removes what has expired and what nobody uses any more from a data folder, or from "
               "an index and a store",
               "deja gc"};
  app.add_option("--data", into.data, "data folder [DEJA_DATA; default: the user's cache folder]")
      ->check(not_empty)
      ->type_name("DIR");
  app.add_option("--index", into.index, "sqlite:PATH or postgresql://... [default: the folder's]")
      ->type_name("URL");
  app.add_option("--store", into.store,
                 "where contents lie that only this index names [default: the folder's]")
      ->type_name("URL");
  app.add_flag("--dry-run", into.plan.dry_run, "remove nothing, say what would be");
  app.add_option("--older-than", into.older_than, "entries that were put longer ago")
      ->type_name("D");
  app.add_option("--unused-for", into.unused_for, "entries that were not used for longer")
      ->type_name("D");
  app.add_option("--max-entries", into.plan.max_entries,
                 "with more entries than this, the longest unused go")
      ->type_name("N");
  app.add_option("--max-bytes", into.plan.max_bytes,
                 "with more bytes in entries and contents than this, the longest unused go")
      ->transform(CLI::AsSizeValue{false})
      ->type_name("N");
  app.add_option("--grace", into.grace, "spare contents that were written or renewed since")
      ->type_name("D")
      ->capture_default_str();
  app.add_flag("--json", into.json, "print the report as JSON");
  if (auto status = parse(app, argc, argv))
    return status;
  if (auto read = read_spans(into); !read)
    return fail(read.error(), 2);
  stand_in(into.data, "DEJA_DATA");
  return std::nullopt;
}

/// What is cleared up, and the locks that are shared for each step.
struct workplace {
  std::shared_ptr<deja::index> index;
  std::shared_ptr<blob_store> blobs; ///< Null: contents are left alone.
  std::vector<std::filesystem::path> locks;
  std::string left_alone; ///< Why.
};

result<std::vector<file_lock>> share(const std::vector<std::filesystem::path>& files) {
  std::vector<file_lock> held;
  for (const auto& file : files) {
    auto lock = file_lock::share_in_turn(file);
    if (!lock && lock.error().code == errc::unavailable)
      return error{errc::unavailable, lock.error().message +
                                          ", a service: it clears up by itself, see the options "
                                          "--lifetime, --max-entries and --max-bytes of `deja "
                                          "serve`"};
    if (!lock)
      return lock.error();
    held.push_back(std::move(*lock));
  }
  return held;
}

result<workplace> open_workplace(const gc_options& asked) {
  workplace place;
  std::string index = asked.index, store = asked.store;
  constexpr std::string_view sqlite = "sqlite:";
  if (index.starts_with(sqlite))
    place.locks.push_back(index_lock(index.substr(sqlite.size())));
  if (index.empty() || store.empty()) {
    const auto folder = existing_folder(asked.data);
    if (!folder)
      return folder.error();
    place.locks.push_back(folder->lock());
    if (index.empty() != store.empty())
      place.left_alone = "other indexes may name the store's contents; to remove those that this "
                         "one doesn't name, give both --index and --store";
    if (index.empty()) {
      if (!std::filesystem::exists(folder->index()))
        return error{errc::not_found, "there is no index " + folder->index().string()};
      index = std::string{sqlite} + folder->index().string();
    }
    if (store.empty())
      store = folder->path().string();
  }
  const auto held = share(place.locks);
  if (!held)
    return held.error();
  auto opened = open_index(index);
  if (!opened)
    return within("--index", opened.error());
  place.index = std::move(*opened);
  auto blobs = open_blob_store(store);
  if (!blobs)
    return within("--store", blobs.error());
  place.blobs = std::move(*blobs);
  return place;
}

std::vector<outcome> apply(index& entries, std::vector<operation> wanted) {
  return index_future<std::vector<outcome>>(
             [&](auto done) { entries.apply(std::move(wanted), std::move(done)); })
      .get();
}

result<collection_report> collect(const gc_options& asked, const workplace& place) {
  auto plan = asked.plan;
  plan.contents = place.left_alone.empty();
  collection round{plan,
                   {.entries = *place.index,
                    .apply = [&](auto wanted) { return apply(*place.index, std::move(wanted)); },
                    .blobs = place.blobs.get()}};
  for (bool more = true; more;) {
    // A lock a step, so that a service that starts meanwhile does not wait for the end.
    const auto held = share(place.locks);
    if (!held)
      return held.error();
    const auto done = round.step();
    if (!done)
      return done.error();
    more = *done;
  }
  return round.report();
}

} // namespace

int gc_command(int argc, char** argv) {
  gc_options asked;
  if (auto status = parse_gc_options(asked, argc, argv))
    return *status;
  const auto place = open_workplace(asked);
  if (!place)
    return fail(place.error(), place.error().code == errc::invalid_argument ? 2 : 1);
  const auto report = collect(asked, *place);
  if (!report)
    return fail(report.error());
  std::cout << (asked.json ? to_json(*report, asked.plan.dry_run)
                           : to_text(*report, asked.plan.dry_run))
            << '\n';
  if (!place->left_alone.empty())
    std::cerr << "deja: contents are left alone: " << place->left_alone << '\n';
  return 0;
}

} // namespace deja::app
