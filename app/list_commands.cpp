#include <deja/app/catalog_view.hpp>
#include <deja/app/command_line.hpp>
#include <deja/app/commands.hpp>
#include <deja/app/plain_text.hpp>
#include <deja/app/print_message.hpp>
#include <deja/app/run/remembering.hpp>
#include <deja/messages/cached_output.hpp>
#include <deja/transport/connect/extension_wire.hpp>

#include <iostream>
#include <limits>

namespace deja::app {

namespace {

struct list_options {
  catalog_options catalog;
  std::string org, project, domain, task, prefix, older_than;
  std::size_t limit = 0;
};

void add_filter(CLI::App& app, list_options& into, const char* age) {
  add_options(app, into.catalog);
  app.add_option("--org", into.org, "only of this organisation");
  app.add_option("--project", into.project, "only of this project");
  app.add_option("--domain", into.domain, "only of this domain");
  app.add_option("--prefix", into.prefix, "only keys that begin so");
  app.add_option("--older-than", into.older_than, age)->type_name("D");
  app.add_option("--limit", into.limit, "at most so many; 0: all")->capture_default_str();
}

result<v1::Filter> filter_of(const list_options& asked) {
  v1::Filter filter;
  if (!asked.org.empty())
    filter.set_org(asked.org);
  if (!asked.project.empty())
    filter.set_project(asked.project);
  if (!asked.domain.empty())
    filter.set_domain(asked.domain);
  if (!asked.task.empty())
    filter.set_task(asked.task);
  filter.set_key_prefix(asked.prefix);
  if (asked.older_than.empty())
    return filter;
  const auto age = parse_duration(asked.older_than);
  if (!age)
    return within("--older-than", age.error());
  *filter.mutable_older_than() = to_wire(*age);
  return filter;
}

std::string key_text(const v1::Key& key) {
  std::string text;
  for (const auto* part : {&key.org(), &key.project(), &key.domain()})
    if (!part->empty())
      text += *part + '/';
  return printable(text + key.key());
}

void print(const v1::Entry& one) {
  std::cout << time_text(one.updated_at()) << "  " << one.size() << "  " << key_text(one.key());
  if (!one.task().empty())
    std::cout << "  " << printable(one.task());
  std::cout << '\n';
}

void print(const v1::HeldReservation& one) {
  const auto& held = one.reservation();
  const auto known = from_wire(held);
  std::cout << key_text(held.key()) << "  "
            << printable(known ? run::describe_holder(*known) : held.owner_id()) << ", until "
            << time_text(held.expires_at()) << ", waiters: " << one.waiters() << '\n';
}

/// Prints all pages of what the options select: `ask` gives a page, `items` what is in it.
template <class Request, class Ask, class Items>
int list(CLI::App& app, list_options& asked, int argc, char** argv, Ask ask, Items items) {
  if (auto status = parse(app, argc, argv))
    return *status;
  const auto filter = filter_of(asked);
  if (!filter)
    return fail(filter.error(), 2);
  const auto view = open_view(asked.catalog);
  if (!view)
    return fail(view.error(), view.error().code == errc::invalid_argument ? 2 : 1);
  constexpr std::size_t page = 1000;
  auto left = asked.limit == 0 ? std::numeric_limits<std::size_t>::max() : asked.limit;
  Request request;
  *request.mutable_filter() = *filter;
  do {
    request.set_page_size(static_cast<std::uint32_t>(std::min(left, page)));
    const auto found = ask(**view, request);
    if (!found)
      return fail(found.error());
    for (const auto& one : items(*found)) {
      if (asked.catalog.json)
        std::cout << json_line(one) << '\n';
      else
        print(one);
      --left;
    }
    request.set_page_token(found->next_page_token());
  } while (!request.page_token().empty() && left > 0 && std::cout);
  return finish_output(0);
}

} // namespace

int ls_command(int argc, char** argv) {
  list_options asked;
  CLI::App app{"Lists entries, one a line: when it was put, bytes, key, task", "deja ls"};
  add_filter(app, asked, "only entries that were put longer ago");
  app.add_option("--task", asked.task, "only of this task");
  return list<v1::ListEntriesRequest>(
      app, asked, argc, argv,
      [](catalog_view& view, const auto& request) { return view.entries(request); },
      [](const auto& page) { return page.entries(); });
}

int reservations_command(int argc, char** argv) {
  list_options asked;
  CLI::App app{"Lists what is being computed, one a line: key, by whom, since and until when, and "
               "how many wait for it at the service",
               "deja reservations"};
  add_filter(app, asked, "only reservations that were held for longer");
  return list<v1::ListReservationsRequest>(
      app, asked, argc, argv,
      [](catalog_view& view, const auto& request) { return view.reservations(request); },
      [](const auto& page) { return page.reservations(); });
}

int stats_command(int argc, char** argv) {
  catalog_options asked;
  CLI::App app{"Counts what there is, and what a service has done since its start", "deja stats"};
  add_options(app, asked);
  if (auto status = parse(app, argc, argv))
    return *status;
  const auto view = open_view(asked);
  if (!view)
    return fail(view.error(), view.error().code == errc::invalid_argument ? 2 : 1);
  const auto total = (*view)->statistics();
  if (!total)
    return fail(total.error());
  if (asked.json)
    std::cout << json_line(*total, true) << '\n';
  else
    std::cout << "entries       " << total->entries() << "\nentry bytes   " << total->entry_bytes()
              << "\nreservations  " << total->reservations() << "\nwaiters       "
              << total->waiters() << "\nhits          " << total->hits() << "\nmisses        "
              << total->misses() << "\nputs          " << total->puts() << "\nincomplete    "
              << total->incomplete() << '\n';
  return finish_output(0);
}

} // namespace deja::app
