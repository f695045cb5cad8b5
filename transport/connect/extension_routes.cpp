#include <deja/transport/connect/extension_routes.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/messages/prefetch.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/connect/connect_call.hpp>
#include <deja/transport/connect/extension_wire.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>

namespace deja::http {

namespace {

/// Entries deleted as one group.
constexpr std::size_t delete_group = 256;

/// Wire bytes of a message, field by field, where entries are sent as they lie.
class wire_writer {
public:
  static std::size_t size_of(std::uint64_t number) {
    std::size_t size = 1;
    for (; number >= 0x80; number >>= 7)
      ++size;
    return size;
  }

  explicit wire_writer(std::size_t expected) { out_.reserve(expected); }

  /// Of a field that holds bytes, with its tag.
  static std::size_t size_of(std::string_view bytes) {
    return 1 + size_of(bytes.size()) + bytes.size();
  }

  void bytes(int field, std::string_view value) {
    length(field, value.size());
    out_ += value;
  }

  /// Begins a field of this many bytes, which follow.
  void length(int field, std::size_t size) {
    constexpr int length_delimited = 2;
    out_ += static_cast<char>(field << 3 | length_delimited);
    varint(size);
  }

  void number(int field, std::uint64_t value) {
    out_ += static_cast<char>(field << 3);
    varint(value);
  }

  std::size_t size() const { return out_.size(); }

  std::string take() { return std::move(out_); }

private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }

  std::string out_;
};

error no_entry(const std::string& key) {
  return {errc::not_found, "there is no entry for key \"" + key + "\""};
}

void append_hit(wire_writer& to, const entry& found) {
  to.length(v1::GetResponse::kOutcomesFieldNumber,
            wire_writer::size_of(found.output) + 1 + wire_writer::size_of(found.generation));
  to.bytes(v1::GetOutcome::kOutputFieldNumber, found.output);
  to.number(v1::GetOutcome::kGenerationFieldNumber, found.generation);
}

void append_failure(wire_writer& to, const error& why, const std::optional<reservation>& held) {
  v1::GetOutcome outcome;
  *outcome.mutable_error() = to_wire(why);
  if (held)
    *outcome.mutable_reservation() = to_wire(*held);
  to.bytes(v1::GetResponse::kOutcomesFieldNumber, serialize(outcome));
}

bool selects_all(const v1::Filter& filter) {
  return !filter.has_org() && !filter.has_project() && !filter.has_domain() && !filter.has_task() &&
         filter.key_prefix().empty() && !filter.has_older_than();
}

result<std::optional<duration>> optional_span(bool given, const google::protobuf::Duration& span,
                                              std::string_view what) {
  if (!given)
    return std::optional<duration>{};
  const auto read = from_wire(span, what);
  if (!read)
    return read.error();
  return std::optional{*read};
}

/// What became of each item's operation, and what was put.
struct written {
  outcome done;
  digest content{};
};

class extension_calls : public std::enable_shared_from_this<extension_calls> {
public:
  extension_calls(extension_parts parts, extension_config config)
      : parts_(std::move(parts)), config_(std::move(config)), rules_(config_.limits) {}

  void get(v1::GetRequest& asked, const call_context&, const call_answer<v1::GetResponse>& answer) {
    look_up(asked, answer,
            [self = shared_from_this(), answer](const auto& keys, const auto& found) {
              answer.wire(self->got(keys, found));
            });
  }

  void exists(v1::ExistsRequest& asked, const call_context&,
              const call_answer<v1::ExistsResponse>& answer) {
    look_up(asked, answer, [answer](const auto&, const auto& found) {
      v1::ExistsResponse response;
      for (const auto& [why, entry, held] : found) {
        auto& outcome = *response.add_outcomes();
        if (why)
          *outcome.mutable_error() = to_wire(*why);
        outcome.set_exists(bool{entry});
        outcome.set_generation(entry ? entry->generation : 0);
        outcome.set_size(entry ? entry->size : 0);
      }
      answer(std::move(response));
    });
  }

  void put(const v1::PutRequest& asked, const call_context&,
           const call_answer<v1::PutResponse>& answer) {
    const bool drops = std::any_of(asked.items().begin(), asked.items().end(),
                                   [](const v1::PutItem& item) { return item.delete_blob(); });
    if (auto able = check_drop(drops, "delete_blob"); !able)
      return answer.fail(able.error());
    write_items(
        asked.items(), answer, [this](const v1::PutItem& item) { return put_of(item); },
        [counters = config_.counters, drop = drop_if(drops)](const written& one,
                                                             v1::PutOutcome& told) {
          const auto status = was_put(one.content, one.done);
          if (!status)
            *told.mutable_error() = to_wire(status.error());
          else
            told.set_status(*status == put_status::stored         ? v1::PUT_STATUS_STORED
                            : *status == put_status::already_same ? v1::PUT_STATUS_ALREADY_SAME
                                                                  : v1::PUT_STATUS_ALREADY_OTHER);
          if (status && *status == put_status::stored) {
            ++counters->puts;
            drop();
          }
          if (one.done.entry)
            told.set_generation(one.done.entry->generation);
        });
  }

  void remove(const v1::DeleteRequest& asked, const call_context&,
              const call_answer<v1::DeleteResponse>& answer) {
    if (auto able = check_drop(asked.delete_blobs(), "delete_blobs"); !able)
      return answer.fail(able.error());
    write_items(
        asked.items(), answer,
        [this](const v1::DeleteItem& item) {
          auto what = rules_.remove(from_wire(item.key()));
          if (what && item.has_generation())
            std::get<delete_operation>(*what).generation = item.generation();
          return what;
        },
        [drop = drop_if(asked.delete_blobs())](const written& one, v1::DeleteOutcome& told) {
          if (one.done.why)
            *told.mutable_error() = to_wire(*one.done.why);
          else
            drop();
        });
  }

  void reserve(const v1::ReserveRequest& asked, const call_context&,
               const call_answer<v1::ReserveResponse>& answer) {
    write_items(
        asked.items(), answer,
        [this](const v1::ReserveItem& item) -> result<operation> {
          const auto heartbeat = from_wire(item.heartbeat_interval(), "heartbeat_interval");
          if (!heartbeat)
            return heartbeat.error();
          return rules_.reserve(from_wire(item.key()), item.owner_id(), *heartbeat);
        },
        [](const written& one, v1::ReserveOutcome& told) {
          if (const auto held = was_reserved(one.done))
            *told.mutable_reservation() = to_wire(*held);
          else
            *told.mutable_error() = to_wire(held.error());
        });
  }

  void release(const v1::ReleaseRequest& asked, const call_context&,
               const call_answer<v1::ReleaseResponse>& answer) {
    write_items(
        asked.items(), answer,
        [this](const v1::ReleaseItem& item) {
          return rules_.release(from_wire(item.key()), item.owner_id());
        },
        [](const written& one, v1::ReleaseOutcome& told) {
          if (one.done.why)
            *told.mutable_error() = to_wire(*one.done.why);
          told.set_released(one.done.reservation.has_value());
        });
  }

  void wait(const v1::WaitRequest& asked, const call_context& context,
            const call_answer<v1::WaitResponse>& answer) {
    wait_request wanted{from_wire(asked.key()), std::nullopt, asked.entry_only()};
    if (auto valid = rules_.check(wanted.key); !valid)
      return answer.fail(valid.error());
    if (asked.has_newer_than())
      wanted.newer_than = asked.newer_than();
    const auto timeout = optional_span(asked.has_timeout(), asked.timeout(), "timeout");
    if (!timeout)
      return answer.fail(timeout.error());
    if (*timeout && **timeout <= duration::zero())
      return answer.fail({errc::invalid_argument, "timeout must be over 0"});
    auto time = timeout->value_or(duration::max());
    if (const auto left = context.time_left; left > duration::zero())
      // So that the caller hears that its time is up before it gives up.
      time = std::min(time, left - std::min<duration>(left / 10, std::chrono::milliseconds{200}));
    answer.when_gone(parts_.wait(std::move(wanted), time, [answer](const result<waited>& what) {
      if (what)
        answer(to_wire(*what));
      else
        answer.fail(what.error());
    }));
  }

  void list_entries(const v1::ListEntriesRequest& asked, const call_context&,
                    const call_answer<v1::ListEntriesResponse>& answer) {
    scan(asked, scan_filter::kind::entries, answer, [answer](const scan_page& page) {
      v1::ListEntriesResponse response;
      for (const auto& entry : page.entries)
        *response.add_entries() = to_wire(entry);
      response.set_next_page_token(page.next);
      answer(std::move(response));
    });
  }

  void list_reservations(const v1::ListReservationsRequest& asked, const call_context&,
                         const call_answer<v1::ListReservationsResponse>& answer) {
    scan(asked, scan_filter::kind::reservations, answer,
         [answer, count = parts_.count_waiters](const scan_page& page) {
           v1::ListReservationsResponse response;
           std::vector<entry_key> keys;
           for (const auto& held : page.reservations) {
             *response.add_reservations()->mutable_reservation() = to_wire(held);
             keys.push_back(held.key);
           }
           response.set_next_page_token(page.next);
           if (keys.empty())
             return answer(std::move(response));
           count(std::move(keys), [answer, response = std::move(response)](
                                      const result<std::vector<std::uint64_t>>& counts) mutable {
             if (!counts)
               return answer.fail(counts.error());
             for (int at = 0; at < response.reservations_size(); ++at)
               response.mutable_reservations(at)->set_waiters(
                   (*counts)[static_cast<std::size_t>(at)]);
             answer(std::move(response));
           });
         });
  }

  void statistics(const v1::StatisticsRequest&, const call_context&,
                  const call_answer<v1::StatisticsResponse>& answer) {
    in_pool([self = shared_from_this(), answer] {
      self->parts_.entries.statistics([self, answer](const result<index_statistics>& total) {
        if (!total)
          return answer.fail(total.error());
        v1::StatisticsResponse response;
        response.set_entries(total->entries);
        response.set_entry_bytes(total->bytes);
        response.set_reservations(total->reservations);
        response.set_hits(self->config_.counters->hits);
        response.set_misses(self->config_.counters->misses);
        response.set_puts(self->config_.counters->puts);
        response.set_incomplete(self->parts_.count_incomplete());
        self->parts_.count_waiters({}, [answer, response](const auto& counts) mutable {
          if (!counts)
            return answer.fail(counts.error());
          response.set_waiters(counts->front());
          answer(std::move(response));
        });
      });
    });
  }

  void delete_matching(const v1::DeleteMatchingRequest& asked, const call_context&,
                       const call_answer<v1::DeleteMatchingResponse>& answer) {
    if (selects_all(asked.filter()) && !asked.all())
      return answer.fail({errc::invalid_argument,
                          "filter selects every entry there is; set all if that is meant"});
    if (auto able = check_drop(asked.delete_blobs(), "delete_blobs"); !able)
      return answer.fail(able.error());
    const auto filter = from_wire(asked.filter(), scan_filter::kind::entries, delete_group);
    if (!filter)
      return answer.fail(filter.error());
    delete_page({*filter, asked.page_token(), 0,
                 std::chrono::steady_clock::now() + config_.delete_time,
                 drop_if(asked.delete_blobs()), answer});
  }

private:
  /// A deletion by filter, under way.
  struct deletion {
    scan_filter filter;
    std::string cursor;
    std::uint64_t deleted;
    std::chrono::steady_clock::time_point until;
    std::function<void()> drop;
    call_answer<v1::DeleteMatchingResponse> answer;
  };

  template <class Task>
  void in_pool(Task task) const {
    boost::asio::post(parts_.pool, std::move(task));
  }

  result<void> check_drop(bool wanted, const std::string& field) const {
    if (wanted && !config_.drop)
      return error{errc::failed_precondition,
                   field + " is set; this service removes no contents, for its store may hold what "
                           "other indexes name (see --collect-contents)"};
    return {};
  }

  std::function<void()> drop_if(bool wanted) const {
    return wanted ? config_.drop : drop_contents{[] {
    }};
  }

  result<void> check_count(int items) const {
    if (static_cast<std::size_t>(items) > config_.max_items)
      return error{errc::invalid_argument, "the call has " + std::to_string(items) +
                                               " items; at most " +
                                               std::to_string(config_.max_items) + " are possible"};
    return {};
  }

  /// Has `done(std::span<const entry_key>, std::vector<outcome>)` called, with all keys that are
  /// asked for.
  template <class Request, class Done>
  void look_up(Request& asked, const raw_answer& answer, Done done) const {
    if (auto valid = check_count(asked.keys_size()); !valid)
      return answer.fail(valid.error());
    std::vector<entry_key> keys;
    std::vector<std::pair<std::size_t, error>> refused; // by their places
    keys.reserve(static_cast<std::size_t>(asked.keys_size()));
    for (auto& wire : *asked.mutable_keys()) {
      keys.push_back(take_key(wire));
      if (auto valid = rules_.check(keys.back()); !valid)
        refused.emplace_back(keys.size() - 1, valid.error());
    }
    const bool is_long = keys.size() > config_.keys_on_loop;
    auto look = [&from = parts_.entries, all = many<entry_key>{std::move(keys)},
                 refused = std::move(refused), done = std::move(done)]() mutable {
      auto wanted = all; // The refused ones too: what is found under them is replaced.
      from.lookup(std::move(wanted), [all = std::move(all), refused = std::move(refused),
                                      done = std::move(done)](std::vector<outcome> found) mutable {
        for (const auto& [place, why] : refused)
          found[place] = {.why = why};
        done(*all, found);
      });
    };
    if (is_long)
      in_pool(std::move(look));
    else
      look();
  }

  /// GetResponse's wire bytes, with the entries' as they lie.
  std::string got(std::span<const entry_key> keys, std::span<const outcome> all) const {
    constexpr std::size_t around = 32; // of an output, at most
    std::size_t expected = 0;
    for (const auto& one : all) {
      expected += around;
      if (one.entry) {
        prefetch(one.entry->output.data());
        expected += one.entry->output.size();
      }
    }
    wire_writer bytes{std::min(expected, config_.max_answer)};
    std::uint64_t hits = 0, misses = 0;
    auto asked = keys.begin();
    for (const auto& [why, entry, held] : all) {
      const auto& key = *asked++;
      if (why) {
        append_failure(bytes, *why, std::nullopt);
      } else if (!entry) {
        ++misses;
        append_failure(bytes, no_entry(key.key), held);
      } else if (bytes.size() > 0 && bytes.size() + entry->output.size() > config_.max_answer) {
        append_failure(bytes,
                       {errc::resource_exhausted, "the answer would be over the limit of " +
                                                      std::to_string(config_.max_answer) +
                                                      " bytes; ask for key \"" + key.key +
                                                      "\" again"},
                       std::nullopt);
      } else {
        ++hits;
        append_hit(bytes, *entry);
      }
    }
    config_.counters->hits += hits;
    config_.counters->misses += misses;
    return bytes.take();
  }

  /// Makes an operation of each item, applies them as one group, and has `tell(written, outcome)`
  /// say what became of each.
  template <class Response, class Item, class Make, class Tell>
  void write_items(const google::protobuf::RepeatedPtrField<Item>& items,
                   const call_answer<Response>& answer, Make make, Tell tell) const {
    if (auto valid = check_count(items.size()); !valid)
      return answer.fail(valid.error());
    Response response;
    std::vector<operation> operations;
    std::vector<std::pair<int, digest>> places; // of the operations, and what they put
    for (const auto& item : items) {
      auto& outcome = *response.add_outcomes();
      auto what = make(item);
      if (!what) {
        *outcome.mutable_error() = to_wire(what.error());
        continue;
      }
      const auto* put = std::get_if<put_operation>(&*what);
      places.emplace_back(response.outcomes_size() - 1, put ? put->content : digest{});
      operations.push_back(std::move(*what));
    }
    write_all(std::move(operations), answer,
              [=, response = std::move(response),
               places = std::move(places)](std::vector<outcome> done) mutable {
                for (std::size_t at = 0; at < places.size(); ++at)
                  tell(written{std::move(done[at]), places[at].second},
                       *response.mutable_outcomes(places[at].first));
                answer(std::move(response));
              });
  }

  /// Applies the operations; they go together, for they come in one turn of the loop.
  template <class Done>
  void write_all(std::vector<operation> all, const raw_answer& answer, Done done) const {
    struct gathering {
      std::vector<outcome> outcomes;
      std::atomic<std::size_t> left;
      Done done;
    };

    if (all.empty())
      return done({});
    const auto gathered =
        std::make_shared<gathering>(std::vector<outcome>(all.size()), all.size(), std::move(done));
    for (std::size_t at = 0; at < all.size(); ++at)
      parts_.write(
          std::move(all[at]),
          [gathered, at](outcome one) {
            gathered->outcomes[at] = std::move(one);
            if (--gathered->left == 0)
              gathered->done(std::move(gathered->outcomes));
          },
          [answer](std::function<void()> task) { answer.post(std::move(task)); });
  }

  result<operation> put_of(const v1::PutItem& item) const {
    put_condition when{.overwrite = item.overwrite()};
    const auto max_age = optional_span(item.has_max_age(), item.max_age(), "max_age");
    if (!max_age)
      return max_age.error();
    when.max_age = *max_age;
    if (item.has_replaces_generation())
      when.generation = item.replaces_generation();
    if (item.has_fence()) {
      if (item.fence().owner_id().empty())
        return error{errc::invalid_argument, "fence.owner_id is empty"};
      when.held = fence{item.fence().owner_id(), item.fence().fencing_token()};
    }
    const auto lifetime = optional_span(item.has_lifetime(), item.lifetime(), "lifetime");
    if (!lifetime)
      return lifetime.error();
    if (*lifetime && **lifetime <= duration::zero())
      return error{errc::invalid_argument, "lifetime must be over 0"};
    auto what = rules_.put(from_wire(item.key()), item.output(), when);
    if (what && *lifetime) // Else as the limits say.
      std::get<put_operation>(*what).lifetime = *lifetime;
    return what;
  }

  template <class Request, class Response, class Done>
  void scan(const Request& asked, scan_filter::kind what, const call_answer<Response>& answer,
            Done done) const {
    const auto filter = from_wire(asked.filter(), what, asked.page_size());
    if (!filter)
      return answer.fail(filter.error());
    in_pool([&from = parts_.entries, filter = *filter, cursor = asked.page_token(), answer,
             done = std::move(done)] {
      from.scan(filter, cursor, [answer, done](const result<scan_page>& page) {
        if (page)
          done(*page);
        else
          answer.fail(page.error());
      });
    });
  }

  void delete_page(deletion under_way) {
    in_pool([self = shared_from_this(), under_way = std::move(under_way)]() mutable {
      auto& from = self->parts_.entries;
      const auto filter = under_way.filter;
      const auto cursor = under_way.cursor;
      from.scan(filter, cursor, [=](const result<scan_page>& page) {
        if (page)
          self->delete_entries(under_way, *page);
        else
          under_way.answer.fail(page.error());
      });
    });
  }

  /// What was replaced since it was listed stays.
  void delete_entries(deletion under_way, const scan_page& page) {
    std::vector<operation> all;
    for (const auto& entry : page.entries)
      all.emplace_back(delete_operation{entry.key, entry.generation});
    const auto answer = under_way.answer;
    write_all(std::move(all), answer,
              [self = shared_from_this(), under_way = std::move(under_way),
               next = page.next](const std::vector<outcome>& done) mutable {
                for (const auto& one : done)
                  if (!one.why) {
                    ++under_way.deleted;
                    under_way.drop();
                  } else if (one.why->code != errc::not_found &&
                             one.why->code != errc::failed_precondition)
                    return under_way.answer.fail(
                        within(std::to_string(under_way.deleted) + " entries were deleted, then",
                               *one.why));
                under_way.cursor = std::move(next);
                const bool is_late = std::chrono::steady_clock::now() >= under_way.until;
                if (!under_way.cursor.empty() && !is_late)
                  return self->delete_page(std::move(under_way));
                v1::DeleteMatchingResponse response;
                response.set_deleted(under_way.deleted);
                response.set_next_page_token(under_way.cursor);
                under_way.answer(std::move(response));
              });
  }

  extension_parts parts_;
  const extension_config config_;
  const call_rules rules_;
};

} // namespace

std::vector<route> extension_routes(extension_parts parts, extension_config config) {
  config.limits.validate().value();
  const auto max_body = config.max_body;
  const auto calls = std::make_shared<extension_calls>(std::move(parts), std::move(config));
  const auto row =
      [&]<class Asked, class Response>(
          std::string_view method,
          void (extension_calls::*call)(Asked, const call_context&, const call_answer<Response>&)) {
        using message = std::remove_cvref_t<Asked>;
        const auto serve = [calls, call](message& asked, const call_context& context,
                                         const call_answer<Response>& answer) {
          ((*calls).*call)(asked, context, answer);
        };
        return route{"POST", "/deja.v1.CacheService/" + std::string{method},
                     connect_call<message, Response>(serve, max_body)};
      };
  return {row("Get", &extension_calls::get),
          row("Exists", &extension_calls::exists),
          row("Put", &extension_calls::put),
          row("Delete", &extension_calls::remove),
          row("Reserve", &extension_calls::reserve),
          row("Release", &extension_calls::release),
          row("Wait", &extension_calls::wait),
          row("ListEntries", &extension_calls::list_entries),
          row("ListReservations", &extension_calls::list_reservations),
          row("Statistics", &extension_calls::statistics),
          row("DeleteMatching", &extension_calls::delete_matching)};
}

} // namespace deja::http
