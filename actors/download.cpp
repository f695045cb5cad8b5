#include <deja/actors/download.hpp>

#include <deja/actors/catalog_calls.hpp>
#include <deja/transport/blob/task_paths.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace deja {

namespace {

/// What the actor also hears from its alarm.
using own_actor = download_actor::extend<caf::reacts_to<tick_atom>>;

using outcomes = std::vector<result<download_outcome>>;
using answer_all = reply<many<result<download_outcome>>>;

struct state {
  using detail = catalog_calls<own_actor::pointer>::detail;

  void download(const call_context& context, const many<download_request>& items,
                const answer_all& answer) {
    std::vector<shared<catalog_key>> keys;
    keys.reserve(items->size());
    for (const auto& item : *items)
      keys.push_back(item.key);
    calls->get(context, std::move(keys), max_age, detail::outputs,
               {[=, this](const std::vector<result<catalog_entry>>& found) {
                  write(items, found, answer);
                },
                answer});
  }

  void write(const many<download_request>& items, const std::vector<result<catalog_entry>>& found,
             const answer_all& answer) {
    outcomes done;
    done.reserve(items->size());
    std::vector<std::size_t> places; // of what is written, among the items
    std::vector<literals_at> outputs;
    for (std::size_t at = 0; at < items->size(); ++at) {
      const auto& entry = found[at];
      const auto& target = (*items)[at].target;
      if (entry && target) {
        places.push_back(at);
        outputs.push_back({outputs_path(target->prefix), entry->outputs});
        done.push_back(download_outcome{true, {}});
      } else if (entry) {
        done.push_back(download_outcome{true, entry->outputs});
      } else if (entry.error().code == errc::not_found) {
        done.push_back(download_outcome{false, {}});
      } else {
        done.push_back(entry.error());
      }
    }
    if (outputs.empty())
      return answer(many<result<download_outcome>>{std::move(done)});
    // It ends with the store's own time limits.
    self->request(storage, caf::infinite, write_atom_v, many<literals_at>{std::move(outputs)})
        .then(
            [=](const many<result<no_value>>& written) mutable {
              for (std::size_t at = 0; at < places.size(); ++at)
                if (const auto& one = (*written)[at]; !one)
                  done[places[at]] = within("writing the outputs to the target", one.error());
              answer(many<result<download_outcome>>{std::move(done)});
            },
            [answer](const caf::error& why) { answer(from_caf(why)); });
  }

  own_actor::pointer self = nullptr;
  std::unique_ptr<catalog_calls<own_actor::pointer>> calls;
  storage_actor storage;
  duration max_age{};
};

own_actor::behavior_type behave(own_actor::stateful_pointer<state> self,
                                const connection_actor& connection, const storage_actor& storage,
                                const download_config& config) {
  auto& one = self->state;
  one.self = self;
  one.calls =
      std::make_unique<catalog_calls<own_actor::pointer>>(self, connection, storage, config.client);
  one.storage = storage;
  one.max_age = config.max_age;
  return {
      [self](download_atom, const call_context& context, const many<download_request>& items) {
        const reply answer{self->make_response_promise<many<result<download_outcome>>>()};
        self->state.download(context, items, answer);
        return answer.asker();
      },
      [self](tick_atom) { self->state.calls->tick(); },
  };
}

} // namespace

download_actor spawn_download(caf::actor_system& system, connection_actor connection,
                              storage_actor storage, download_config config) {
  config.client.validate().value();
  return system.spawn(behave, std::move(connection), std::move(storage), std::move(config));
}

} // namespace deja
