#pragma once

#include <deja/transport/folder/folder_endpoint.hpp>

#include <memory>
#include <string>
#include <vector>

namespace deja::testing {

/// What a service on a folder's socket saw and says.
struct fake_service_state {
  std::vector<std::string> calls;       ///< `socket: call key`, in order.
  std::vector<duration> times_left;     ///< Of the calls to the endpoint.
  std::function<result<void>()> answer; ///< Asked at each call.
};

/// An endpoint or content store that notes its calls and answers as the state says.
class fake_service_endpoint : public cache_endpoint {
public:
  fake_service_endpoint(std::string socket, std::shared_ptr<fake_service_state> state)
      : socket_(std::move(socket)), state_(std::move(state)) {}

  result<found_output> get(const call_context& context, const entry_key& key) override {
    if (auto answer = note(context, "get " + key.key); !answer)
      return answer.error();
    cacheservice::CachedOutput output;
    output.set_output_uri("from the service");
    return found_output{std::move(output), 1};
  }

  result<put_status> put(const call_context& context, const entry_key& key,
                         const cacheservice::CachedOutput&, const put_condition&) override {
    if (auto answer = note(context, "put " + key.key); !answer)
      return answer.error();
    return put_status::already_other;
  }

  result<void> remove(const call_context& context, const entry_key& key) override {
    return note(context, "remove " + key.key);
  }

  result<reservation> reserve(const call_context& context, const entry_key& key,
                              const std::string& owner, duration) override {
    if (auto answer = note(context, "reserve " + key.key + " for " + owner); !answer)
      return answer.error();
    reservation theirs;
    theirs.owner = "somebody at the service";
    return theirs;
  }

  result<void> release(const call_context& context, const entry_key& key,
                       const std::string& owner) override {
    return note(context, "release " + key.key + " of " + owner);
  }

private:
  result<void> note(const call_context& context, const std::string& call) {
    state_->calls.push_back(socket_ + ": " + call);
    state_->times_left.push_back(context.time_left);
    return state_->answer();
  }

  std::string socket_;
  std::shared_ptr<fake_service_state> state_;
};

class fake_service_store : public content_store {
public:
  fake_service_store(std::string socket, std::shared_ptr<fake_service_state> state)
      : socket_(std::move(socket)), state_(std::move(state)) {}

  result<bool> has(const digest& name) override {
    if (auto answer = note("has", name); !answer)
      return answer.error();
    return true;
  }

  result<void> put_file(const digest& name, const std::filesystem::path&) override {
    return note("put_file", name);
  }

  result<void> put_bytes(const digest& name, std::string_view) override {
    return note("put_bytes", name);
  }

  result<void> fetch_file(const digest& name, const std::filesystem::path&) override {
    return note("fetch_file", name);
  }

  result<std::string> fetch_bytes(const digest& name, std::uint64_t) override {
    if (auto answer = note("fetch_bytes", name); !answer)
      return answer.error();
    return "from the service";
  }

private:
  result<void> note(const std::string& call, const digest& name) {
    state_->calls.push_back(socket_ + ": " + call + ' ' + to_hex(name).substr(0, 8));
    return state_->answer();
  }

  std::string socket_;
  std::shared_ptr<fake_service_state> state_;
};

inline folder_services fake_services(const std::shared_ptr<fake_service_state>& state) {
  return {[state](const std::filesystem::path& socket) {
            return std::make_unique<fake_service_endpoint>(socket.string(), state);
          },
          [state](const std::filesystem::path& socket) {
            return std::make_unique<fake_service_store>(socket.string(), state);
          }};
}

} // namespace deja::testing
