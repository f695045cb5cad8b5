#include <deja/transport/index/call_rules.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/messages/proto_bytes.hpp>

#include <google/protobuf/stubs/common.h>

#include <cmath>

namespace deja {

namespace {

error invalid(const std::string& what) {
  return {errc::invalid_argument, what};
}

result<void> check_text(const char* field, const std::string& value, std::size_t limit) {
  if (value.size() > limit)
    return invalid(std::string{field} + " is " + std::to_string(value.size()) +
                   " bytes long; at most " + std::to_string(limit) + " are possible");
  if (!google::protobuf::internal::IsStructurallyValidUTF8(value.data(),
                                                           static_cast<int>(value.size())))
    return invalid(std::string{field} + " is not valid UTF-8");
  return {};
}

result<void> check_lifetime(const std::string& field, duration lifetime) {
  using namespace std::chrono_literals;
  if (lifetime < 1s || lifetime > 100 * 365 * 24h)
    return invalid(field + " is " + std::to_string(lifetime.count()) +
                   " ns; 1 s to 36500 days are possible");
  return {};
}

error failure_of(const outcome& done) {
  return done.why.value_or(error{errc::internal, "the index gave no answer"});
}

} // namespace

result<void> call_limits::validate() const {
  if (key_bytes == 0 || owner_bytes == 0)
    return invalid("limits: key_bytes and owner_bytes must be at least 1");
  if (max_heartbeat < std::chrono::milliseconds{1} || max_heartbeat > std::chrono::hours{24})
    return invalid("limits: max_heartbeat is " + std::to_string(max_heartbeat.count()) +
                   " ns; 1 ms to 24 h are possible");
  if (!(grace_multiplier >= 1 && grace_multiplier <= 1000))
    return invalid("limits: grace_multiplier is " + std::to_string(grace_multiplier) +
                   "; 1 to 1000 are possible");
  if (lifetime)
    if (auto valid = check_lifetime("limits: lifetime", *lifetime); !valid)
      return valid;
  for (const auto& [project, span] : project_lifetimes)
    if (auto valid = check_lifetime("limits: lifetime of project \"" + project + "\"", span);
        !valid)
      return valid;
  return {};
}

std::optional<duration> call_rules::lifetime_in(const std::string& project) const {
  const auto own = limits_.project_lifetimes.find(project);
  return own == limits_.project_lifetimes.end() ? limits_.lifetime : own->second;
}

result<void> call_rules::check(const entry_key& key) const {
  if (key.key.empty())
    return invalid("key is empty");
  const std::pair<const char*, const std::string&> parts[] = {{"key", key.key},
                                                              {"org", key.where.org},
                                                              {"project", key.where.project},
                                                              {"domain", key.where.domain}};
  for (const auto& [field, value] : parts)
    if (auto valid = check_text(field, value, limits_.key_bytes); !valid)
      return valid;
  return {};
}

result<operation> call_rules::put(entry_key key, const cacheservice::CachedOutput& output,
                                  put_condition when) const {
  if (auto valid = check(key); !valid)
    return valid.error();
  if (output.output_case() == cacheservice::CachedOutput::OUTPUT_NOT_SET ||
      (output.has_output_uri() && output.output_uri().empty()))
    return invalid("output has neither output_literals nor a non-empty output_uri");
  if (when.max_age && *when.max_age < duration::zero())
    return invalid("overwrite.max_age is negative");
  const auto lifetime = lifetime_in(key.where.project);
  put_operation put{.key = std::move(key),
                    .task = output.metadata().source_identifier().name(),
                    .output = without_times(output),
                    .content = content_digest(output),
                    .lifetime = lifetime,
                    .when = std::move(when)};
  if (output.metadata().has_created_at()) {
    const auto created = from_wire(output.metadata().created_at(), "output.metadata.created_at");
    if (!created)
      return created.error();
    put.created = *created;
  }
  return operation{std::move(put)};
}

result<operation> call_rules::remove(entry_key key) const {
  if (auto valid = check(key); !valid)
    return valid.error();
  return operation{delete_operation{std::move(key), std::nullopt}};
}

result<operation> call_rules::reserve(entry_key key, std::string owner, duration heartbeat) const {
  if (auto valid = check(key); !valid)
    return valid.error();
  if (owner.empty())
    return invalid("owner_id is empty");
  if (auto valid = check_text("owner_id", owner, limits_.owner_bytes); !valid)
    return valid.error();
  if (heartbeat <= duration::zero() || heartbeat > limits_.max_heartbeat)
    heartbeat = limits_.max_heartbeat;
  const duration lease{
      std::llround(static_cast<double>(heartbeat.count()) * limits_.grace_multiplier)};
  return operation{reserve_operation{std::move(key), std::move(owner), heartbeat, lease}};
}

result<operation> call_rules::release(entry_key key, std::string owner) const {
  if (auto valid = check(key); !valid)
    return valid.error();
  if (owner.empty())
    return invalid("owner_id is empty");
  return operation{release_operation{std::move(key), std::move(owner)}};
}

result<found_output> got(const entry_key& key, const outcome& found) {
  if (found.why)
    return *found.why;
  if (!found.entry)
    return error{errc::not_found, "there is no entry for key \"" + key.key + "\""};
  auto output = parse_message<cacheservice::CachedOutput>(found.entry->output);
  if (!output)
    return within("the entry of key \"" + key.key + "\"",
                  {errc::data_loss, output.error().message});
  return found_output{std::move(*output), found.entry->generation};
}

result<put_status> was_put(const digest& content, const outcome& done) {
  if (!done.why)
    return put_status::stored;
  if (done.why->code == errc::already_exists && done.entry)
    return done.entry->content == content ? put_status::already_same : put_status::already_other;
  return failure_of(done);
}

result<void> was_done(const outcome& done) {
  if (done.why)
    return *done.why;
  return {};
}

result<reservation> was_reserved(const outcome& done) {
  if (done.why || !done.reservation)
    return failure_of(done);
  return *done.reservation;
}

} // namespace deja
