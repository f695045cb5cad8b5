#include <deja/app/catalog_view.hpp>
#include <deja/app/command_line.hpp>
#include <deja/app/commands.hpp>
#include <deja/app/plain_text.hpp>
#include <deja/app/print_message.hpp>
#include <deja/app/read_file.hpp>

#include <google/protobuf/util/json_util.h>

#include <iostream>

namespace deja::app {

namespace {

/// The largest file with an output.
constexpr std::uint64_t largest_output = std::uint64_t{64} << 20;

/// What the commands on entries have in common.
struct entry_options {
  catalog_options catalog;
  scope where;
  std::vector<std::string> keys;
};

void add_entry_options(CLI::App& app, entry_options& into, int most_keys) {
  add_options(app, into.catalog);
  app.add_option("--org", into.where.org, "the key's organisation");
  app.add_option("--project", into.where.project, "its project");
  app.add_option("--domain", into.where.domain, "its domain");
  app.add_option("KEY", into.keys, "as `deja ls` tells it")->required()->expected(1, most_keys);
}

entry_key key_of(const entry_options& asked, std::size_t at = 0) {
  return {asked.where, asked.keys[at]};
}

/// 2 where the options are at fault, else 1.
int status_of(const error& why) {
  return why.code == errc::invalid_argument ? 2 : 1;
}

/// Reads the options, opens the catalog and looks the entry up; else the exit status.
std::variant<found_output, int> find(CLI::App& app, entry_options& asked, int argc, char** argv) {
  add_entry_options(app, asked, 1);
  if (auto status = parse(app, argc, argv))
    return *status;
  const auto view = open_view(asked.catalog);
  if (!view)
    return fail(view.error(), status_of(view.error()));
  auto found = (*view)->find(key_of(asked));
  if (!found)
    return fail(found.error());
  return std::move(*found);
}

result<cacheservice::CachedOutput> read_output(const std::string& uri, const std::string& file) {
  cacheservice::CachedOutput output;
  if (!uri.empty()) {
    output.set_output_uri(uri);
    output.mutable_metadata();
    return output;
  }
  const auto text = read_file(file, largest_output);
  if (!text)
    return within("--output", text.error());
  const auto read = google::protobuf::util::JsonStringToMessage(*text, &output);
  if (const auto why = read.ToString(); !read.ok())
    return error{errc::invalid_argument, "--output: \"" + file + "\" holds no output in JSON: " +
                                             why.substr(0, why.find('\n'))};
  return output;
}

void print(const entry_key& key, const found_output& found) {
  const auto& metadata = found.output->metadata();
  const auto line = [](const std::string& name, const std::string& value) {
    std::cout << printable(name) << std::string(12 - std::min<std::size_t>(name.size(), 11), ' ')
              << printable(value) << '\n';
  };
  line("key", key.key);
  line("org", key.where.org);
  line("project", key.where.project);
  line("domain", key.where.domain);
  if (found.generation)
    line("generation", std::to_string(*found.generation));
  line("output", found.output->has_output_uri() ? found.output->output_uri()
                                                : std::string{"inline, see `deja get`"});
  line("bytes", std::to_string(found.output->ByteSizeLong()));
  line("created", time_text(metadata.created_at()));
  line("updated", time_text(metadata.last_updated_at()));
  if (metadata.has_source_identifier())
    line("source", json_line(metadata.source_identifier()));
  for (const auto& [name, value] : metadata.key_map().values())
    line(name, ' ' + value);
}

} // namespace

int get_command(int argc, char** argv) {
  entry_options asked;
  CLI::App app{"Prints an entry's output: its URI, or what lies inline, in JSON", "deja get"};
  const auto found = find(app, asked, argc, argv);
  if (const auto* status = std::get_if<int>(&found))
    return *status;
  const auto& output = *std::get<found_output>(found).output;
  std::cout << (asked.catalog.json        ? json_line(output)
                : output.has_output_uri() ? output.output_uri()
                                          : json_line(output.output_literals()))
            << '\n';
  return finish_output(0);
}

int show_command(int argc, char** argv) {
  entry_options asked;
  CLI::App app{"Tells all about an entry", "deja show"};
  const auto found = find(app, asked, argc, argv);
  if (const auto* status = std::get_if<int>(&found))
    return *status;
  const auto& one = std::get<found_output>(found);
  if (!asked.catalog.json) {
    print(key_of(asked), one);
    return finish_output(0);
  }
  v1::GetOutcome all;
  *all.mutable_output() = *one.output;
  all.set_generation(one.generation.value_or(0));
  std::cout << json_line(all) << '\n';
  return finish_output(0);
}

int put_command(int argc, char** argv) {
  entry_options asked;
  std::string uri, file;
  put_condition when;
  CLI::App app{"Puts an entry; one that is there stays", "deja put"};
  add_entry_options(app, asked, 1);
  auto* given = app.add_option("--uri", uri, "where the output lies");
  app.add_option("--output", file, "file with the output in JSON, as `deja get --json` prints it")
      ->excludes(given)
      ->type_name("FILE");
  app.add_flag("--overwrite", when.overwrite, "replace what is there");
  if (auto status = parse(app, argc, argv))
    return *status;
  if (uri.empty() && file.empty())
    return fail({errc::invalid_argument, "which output? --uri or --output"}, 2);
  const auto output = read_output(uri, file);
  if (!output)
    return fail(output.error(), 2);
  const auto view = open_view(asked.catalog, true);
  if (!view)
    return fail(view.error(), status_of(view.error()));
  const auto done = (*view)->calls().put({}, key_of(asked), *output, when);
  if (!done)
    return fail(done.error());
  if (*done == put_status::already_other)
    return fail({errc::already_exists,
                 "key \"" + asked.keys[0] + "\" has another output, which stays; see --overwrite"});
  const std::string told = *done == put_status::stored ? "stored" : "already_same";
  std::cout << (asked.catalog.json ? "{\"status\":\"" + told + "\"}" : told) << '\n';
  return finish_output(0);
}

int rm_command(int argc, char** argv) {
  entry_options asked;
  CLI::App app{"Deletes entries; what was computed for them is computed anew", "deja rm"};
  add_entry_options(app, asked, 10'000);
  if (auto status = parse(app, argc, argv))
    return *status;
  const auto view = open_view(asked.catalog);
  if (!view)
    return fail(view.error(), status_of(view.error()));
  int status = 0;
  std::size_t removed = 0;
  for (std::size_t at = 0; at < asked.keys.size(); ++at) {
    if (const auto done = (*view)->calls().remove({}, key_of(asked, at)); done)
      ++removed;
    else
      status = fail(done.error());
  }
  if (asked.catalog.json)
    std::cout << "{\"removed\":" << removed << "}\n";
  return finish_output(status);
}

} // namespace deja::app
