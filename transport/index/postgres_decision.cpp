#include <deja/transport/index/postgres_decision.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/messages/digest_map.hpp>
#include <deja/transport/index/postgres_rows.hpp>

#include <algorithm>
#include <limits>

namespace deja {

namespace {

/// Operations as the statement knows them.
struct kind {
  static constexpr std::int64_t put = 1, held_put = 2, remove = 3, reserve = 4, release = 5,
                                touch = 6, sweep = 7;
};

/// What the statement says of an operation, in the lowest digit to the base 4 of `answer`; above it
/// stands the operation's place in its round, from 1. A sweep takes several things.
struct verdict {
  static constexpr std::int64_t done = 0, taken = 1, refused = 2, not_held = 3;
  static constexpr std::int64_t swept_entry = 1, swept_reservation = 2; // or their sum
};

/// Outputs in one statement. A message to PostgreSQL has less than a gigabyte, and each statement
/// its time.
constexpr std::size_t most_bytes = std::size_t{8} << 20;

constexpr auto never = std::numeric_limits<std::int64_t>::max();
constexpr auto always = std::numeric_limits<std::int64_t>::min();
constexpr auto absent = std::numeric_limits<std::int64_t>::min();

// One statement decides an operation on each of many keys and changes their rows at once. What is
// not there yet is inserted as it is after the operation. Where a row is there, its lock is taken
// first; the update then reads the clock and the sequence, and takes parameters that are no columns
// of the row from their arrays, by the operation's place.
//
// Every operation writes its row, if only what came of it: nothing else tells it, for a statement
// returns the rows that it wrote and as they are afterwards. So what a deletion or release takes
// away is marked by its number's sign, returned, and cleared at the end of the transaction.
//
// Rows come in the order of the arrays, sorted by the caller, without a sort in between: a number
// from the sequence is drawn when its row's turn has come, not before.
constexpr std::string_view decide_text = R"(
INSERT INTO deja_item AS i (
  id, org, project, domain, key, task, output, content, created, updated, accessed, expires,
  generation, owner, fencing_token, since, heartbeat, ends, decided, answer)
SELECT id, org, project, domain, key, task, output, content,
  CASE WHEN kind = 1 THEN CASE WHEN created = $absent THEN now ELSE created END END,
  CASE WHEN kind = 1 THEN now END,
  CASE WHEN kind = 1 THEN now END,
  CASE WHEN kind = 1 AND lifetime <> $absent THEN now + least(lifetime, $never - now) END,
  CASE WHEN kind = 1 THEN nextval('deja_number') END,
  owner,
  CASE WHEN kind = 4 THEN nextval('deja_number') END,
  CASE WHEN kind = 4 THEN now END,
  heartbeat,
  CASE WHEN kind = 4 THEN now + least(lease, $never - now) END,
  now,
  place * 4 + CASE kind WHEN 2 THEN 3 WHEN 3 THEN 2 ELSE 0 END
FROM (SELECT $now AS now) AS moment,
  unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bigint[],
    $7::bytea[], $8::bytea[], $9::bytea[], $10::bigint[], $11::bigint[], $14::bytea[],
    $16::bigint[], $17::bigint[]) WITH ORDINALITY
    AS asked (id, org, project, domain, key, kind, task, output, content, created, lifetime,
              owner, heartbeat, lease, place)
ON CONFLICT (id) DO UPDATE SET (
  task, output, content, created, updated, accessed, expires, generation,
  owner, fencing_token, since, heartbeat, ends, decided, answer) = (
  SELECT
    CASE WHEN puts THEN excluded.task ELSE i.task END,
    CASE WHEN puts THEN excluded.output ELSE i.output END,
    CASE WHEN puts THEN excluded.content ELSE i.content END,
    CASE WHEN NOT puts THEN i.created WHEN created <> $absent THEN created
         WHEN there THEN i.created ELSE now END,
    CASE WHEN puts THEN now ELSE i.updated END,
    CASE WHEN puts OR kind = 6 AND there THEN now ELSE i.accessed END,
    CASE WHEN NOT puts THEN i.expires
         WHEN lifetime <> $absent THEN now + least(lifetime, $never - now) END,
    CASE WHEN puts THEN nextval('deja_number') WHEN deletes OR sweeps_entry THEN -i.generation
         ELSE i.generation END,
    CASE WHEN gets THEN excluded.owner ELSE i.owner END,
    CASE WHEN gets AND NOT ours THEN nextval('deja_number')
         WHEN releases OR sweeps_reservation THEN -i.fencing_token ELSE i.fencing_token END,
    CASE WHEN gets AND NOT ours THEN now ELSE i.since END,
    CASE WHEN gets THEN excluded.heartbeat ELSE i.heartbeat END,
    CASE WHEN gets THEN now + least(lease, $never - now) ELSE i.ends END,
    now,
    excluded.answer / 4 * 4 +
      CASE WHEN kind = 7 THEN CASE WHEN sweeps_entry THEN 1 ELSE 0 END +
                              CASE WHEN sweeps_reservation THEN 2 ELSE 0 END
           WHEN deletes OR releases THEN 1 WHEN puts OR kind > 3 THEN 0
           WHEN holds THEN 2 ELSE 3 END
  FROM (
    SELECT holding.*,
      kind <= 2 AND holds AND (NOT there OR now - i.updated > max_age
                               OR i.generation = generation_named) AS puts,
      kind = 3 AND there AND generation_named IN (-1, i.generation) AS deletes,
      kind = 4 AND (ours OR NOT live) AS gets,
      kind = 5 AND ours AS releases,
      kind = 7 AND coalesce(i.generation > 0 AND i.expires <= now, false)
        AS sweeps_entry,
      kind = 7 AND coalesce(i.fencing_token > 0 AND i.ends <= now - max_age, false)
        AS sweeps_reservation
    FROM (
      SELECT seen.*, kind <> 2 OR live AND ours AND token IN (0, i.fencing_token) AS holds
      FROM (
        SELECT asked.*,
          coalesce(i.generation > 0 AND (i.expires IS NULL OR i.expires > now), false) AS there,
          coalesce(i.fencing_token > 0 AND i.ends > now, false) AS live,
          coalesce(i.fencing_token > 0 AND i.owner = excluded.owner, false) AS ours
        FROM (
          SELECT $now AS now,
            ($6::bigint[])[excluded.answer / 4] AS kind,
            ($10::bigint[])[excluded.answer / 4] AS created,
            ($11::bigint[])[excluded.answer / 4] AS lifetime,
            ($12::bigint[])[excluded.answer / 4] AS max_age,
            ($13::bigint[])[excluded.answer / 4] AS generation_named,
            ($15::bigint[])[excluded.answer / 4] AS token,
            ($17::bigint[])[excluded.answer / 4] AS lease
        ) AS asked
      ) AS seen
    ) AS holding
  ) AS decision)
RETURNING answer, decided,
  CASE WHEN answer % 4 > 0 THEN task END, CASE WHEN answer % 4 > 0 THEN output END,
  CASE WHEN answer % 4 > 0 THEN content END, created, updated, accessed, expires, generation,
  owner, fencing_token, since, heartbeat, ends
)";

const postgres::statement begin{"begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};
const postgres::statement commit{"commit", "COMMIT"};
const postgres::statement clear_entries{
    "clear_entries", "UPDATE deja_item SET task = NULL, output = NULL, content = NULL, "
                     "generation = NULL WHERE id = ANY ($1::bytea[]) AND generation < 0"};
const postgres::statement clear_rows{
    "clear_rows", "DELETE FROM deja_item WHERE id = ANY ($1::bytea[]) AND "
                  "coalesce(generation, 0) <= 0 AND coalesce(fencing_token, 0) <= 0"};

/// The decision's statement, its placeholders filled in.
postgres::statement decide_statement(const std::string& now) {
  std::string sql{decide_text};
  const std::pair<std::string_view, std::string> all[] = {
      {"$absent", "(" + std::to_string(absent + 1) + " - 1)"}, // The literal itself is too large.
      {"$never", std::to_string(never)},
      {"$now", now}};
  for (const auto& [name, value] : all)
    for (auto at = sql.find(name); at != std::string::npos; at = sql.find(name, at))
      sql.replace(at, name.size(), value);
  return {"decide", std::move(sql)};
}

/// A number that a client names, as a bigint. Too large is one that no row has.
std::int64_t number_or(std::uint64_t number, std::int64_t too_large) {
  return number > static_cast<std::uint64_t>(never) ? too_large : static_cast<std::int64_t>(number);
}

/// An operation's values for the statement's parameters.
struct asked {
  std::int64_t kind = 0;
  std::optional<std::string_view> task{}, output{}, content{};
  std::int64_t created = absent, lifetime = absent, max_age = never;
  std::int64_t generation = -1;
  std::optional<std::string_view> owner{};
  std::int64_t token = 0, heartbeat = 0, lease = 0;
};

struct asking {
  asked operator()(const put_operation& what) const {
    asked all{.kind = what.when.held ? kind::held_put : kind::put,
              .task = what.task,
              .output = what.output,
              .content = bytes_of(what.content)};
    if (what.created)
      all.created = what.created->time_since_epoch().count();
    if (what.lifetime)
      all.lifetime = what.lifetime->count();
    if (what.when.overwrite)
      all.max_age = always;
    else if (what.when.max_age)
      all.max_age = what.when.max_age->count();
    if (what.when.generation)
      all.generation = number_or(*what.when.generation, 0);
    if (what.when.held) {
      all.owner = what.when.held->owner;
      all.token = number_or(what.when.held->token, -1);
    }
    return all;
  }

  asked operator()(const delete_operation& what) const {
    asked all{.kind = kind::remove};
    if (what.generation)
      all.generation = number_or(*what.generation, 0);
    return all;
  }

  asked operator()(const reserve_operation& what) const {
    return {.kind = kind::reserve,
            .owner = what.owner,
            .heartbeat = what.heartbeat.count(),
            .lease = what.lease.count()};
  }

  asked operator()(const release_operation& what) const {
    return {.kind = kind::release, .owner = what.owner};
  }

  asked operator()(const touch_operation&) const { return {.kind = kind::touch}; }

  asked operator()(const sweep_operation& what) const {
    return {.kind = kind::sweep, .max_age = what.reservation_rest.count()};
  }
};

/// The statement's answer to one operation, as an outcome.
struct reading {
  const postgres::rows& rows;
  int row;

  outcome operator()(const put_operation& what) const {
    if (told() == verdict::done) {
      auto put = read_entry(rows, row, first, what.key).value_or(entry{});
      put.task = what.task;
      put.output = with_times(what.output, put.created, put.updated);
      put.content = what.content;
      put.size = put.output.size();
      return {std::nullopt, std::move(put), std::nullopt};
    }
    return {told() == verdict::not_held ? no_longer_held(what) : in_the_way(what),
            still_there(what.key), std::nullopt};
  }

  outcome operator()(const delete_operation& what) const {
    if (told() == verdict::taken)
      return {std::nullopt, read_entry(rows, row, first, what.key, part::taken), std::nullopt};
    auto there = still_there(what.key);
    return {there ? moved_on(what) : nothing_there(what), std::move(there), std::nullopt};
  }

  outcome operator()(const reserve_operation& what) const {
    const auto in_force = read_reservation(rows, row, first, what.key);
    return {std::nullopt, std::nullopt,
            in_force ? std::optional{in_force->reservation} : std::nullopt};
  }

  outcome operator()(const release_operation& what) const {
    if (told() != verdict::taken)
      return {};
    return {std::nullopt, std::nullopt,
            visible({std::nullopt, read_reservation(rows, row, first, what.key, part::taken)},
                    moment_at(rows.integer(row, 1)))
                .reservation};
  }

  outcome operator()(const touch_operation&) const { return {}; }

  outcome operator()(const sweep_operation& what) const {
    outcome swept;
    if ((told() & verdict::swept_entry) != 0)
      swept.entry = read_entry(rows, row, first, what.key, part::taken);
    if ((told() & verdict::swept_reservation) != 0)
      swept.reservation = read_reservation(rows, row, first, what.key, part::taken)->reservation;
    return swept;
  }

private:
  static constexpr int first = 2;

  std::int64_t told() const { return rows.integer(row, 0) % 4; }

  shared<entry> still_there(const entry_key& key) const {
    return visible({read_entry(rows, row, first, key), std::nullopt},
                   moment_at(rows.integer(row, 1)))
        .entry;
  }
};

} // namespace

std::vector<postgres::statement> postgres_decision::statements(const std::string& now) {
  return {begin, decide_statement(now), clear_entries, clear_rows, commit};
}

postgres_decision::postgres_decision(std::vector<const operation*> group)
    : group_(std::move(group)) {
  std::vector<round> rounds;
  digest_map<std::size_t> rounds_of;
  for (std::size_t at = 0; at < group_.size(); ++at) {
    ids_.push_back(primary_key(key_of(*group_[at])));
    const auto number = rounds_of[ids_[at]]++;
    if (number == rounds.size())
      rounds.emplace_back();
    rounds[number].push_back(at);
  }
  for (auto& one : rounds) {
    std::sort(one.begin(), one.end(), [this](auto a, auto b) { return ids_[a] < ids_[b]; });
    auto pieces = cut(one);
    std::move(pieces.begin(), pieces.end(), std::back_inserter(statements_));
  }
}

std::vector<postgres_decision::round> postgres_decision::cut(const round& whole) const {
  std::vector<round> pieces;
  std::size_t bytes = 0;
  for (const auto at : whole) {
    const auto* put = std::get_if<put_operation>(group_[at]);
    const auto more = put ? put->output.size() : 0;
    if (pieces.empty() || bytes + more > most_bytes) {
      pieces.emplace_back();
      bytes = 0;
    }
    pieces.back().push_back(at);
    bytes += more;
  }
  return pieces;
}

std::vector<postgres::call> postgres_decision::transaction() const {
  std::vector<postgres::call> calls{postgres::call::prepared(begin)};
  for (const auto& one : statements_)
    calls.push_back({"decide", {}, arguments_of(one)});
  // Puts and reservations leave nothing to clear.
  std::vector<std::optional<std::string_view>> deleted, maybe_empty;
  for (std::size_t at = 0; at < group_.size(); ++at) {
    const auto what = std::visit(asking{}, *group_[at]).kind;
    if (what == kind::remove || what == kind::sweep)
      deleted.push_back(bytes_of(ids_[at]));
    if (what != kind::put && what != kind::reserve)
      maybe_empty.push_back(bytes_of(ids_[at]));
  }
  const auto clear = [&](const postgres::statement& how, const auto& ids) {
    if (!ids.empty())
      calls.push_back(
          postgres::call::prepared(how, std::move(postgres::arguments{}.all_bytes(ids))));
  };
  clear(clear_rows, maybe_empty);
  clear(clear_entries, deleted);
  calls.push_back(postgres::call::prepared(commit));
  return calls;
}

postgres::arguments postgres_decision::arguments_of(const round& one) const {
  using texts = std::vector<std::optional<std::string_view>>;
  using numbers = std::vector<std::int64_t>;
  texts ids, orgs, projects, domains, keys, tasks, outputs, contents, owners;
  numbers kinds, created, lifetimes, max_ages, generations, tokens, heartbeats, leases;
  for (const auto at : one) {
    const auto& key = key_of(*group_[at]);
    const auto all = std::visit(asking{}, *group_[at]);
    ids.push_back(bytes_of(ids_[at]));
    orgs.push_back(key.where.org);
    projects.push_back(key.where.project);
    domains.push_back(key.where.domain);
    keys.push_back(key.key);
    kinds.push_back(all.kind);
    tasks.push_back(all.task);
    outputs.push_back(all.output);
    contents.push_back(all.content);
    created.push_back(all.created);
    lifetimes.push_back(all.lifetime);
    max_ages.push_back(all.max_age);
    generations.push_back(all.generation);
    owners.push_back(all.owner);
    tokens.push_back(all.token);
    heartbeats.push_back(all.heartbeat);
    leases.push_back(all.lease);
  }
  postgres::arguments with;
  for (const auto* each : {&ids, &orgs, &projects, &domains, &keys})
    with.all_bytes(*each);
  with.all_integers(kinds);
  for (const auto* each : {&tasks, &outputs, &contents})
    with.all_bytes(*each);
  for (const auto* each : {&created, &lifetimes, &max_ages, &generations})
    with.all_integers(*each);
  with.all_bytes(owners);
  for (const auto* each : {&tokens, &heartbeats, &leases})
    with.all_integers(*each);
  return with;
}

std::vector<outcome> postgres_decision::outcomes(std::span<const postgres::rows> answers) const {
  const error unanswered{errc::internal, "the database did not answer to this operation"};
  std::vector<outcome> all(group_.size(), outcome{unanswered, std::nullopt, std::nullopt});
  for (std::size_t number = 0; number < statements_.size(); ++number) {
    const auto& rows = answers[number + 1]; // The first is BEGIN's.
    for (int row = 0; row < rows.count(); ++row) {
      const auto place = static_cast<std::size_t>(rows.integer(row, 0) / 4 - 1);
      const auto at = statements_[number].at(place);
      all[at] = std::visit(reading{rows, row}, *group_[at]);
    }
  }
  return all;
}

} // namespace deja
