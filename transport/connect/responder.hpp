#pragma once

#include <deja/messages/cache.hpp>
#include <deja/transport/connect/response.hpp>

#include <functional>
#include <memory>

namespace deja::http {

class loop_inbox;
struct session_call;

/// The way back to the session that asked. Copies are the same way; the first answer counts. If
/// the last copy goes without an answer, the answer is `unavailable`: no call hangs. Any thread;
/// harmless once the session or the server has gone.
class responder {
public:
  responder(std::shared_ptr<loop_inbox> inbox, session_call call);

  void operator()(response answer) const;

  /// Runs `task` on the session's loop, behind what is ready there now: with one task that was
  /// posted at the first of several calls, the calls of one turn can be gathered.
  void post(std::function<void()> task) const;

  /// If no answer comes within `limit`, `instead` is it. From within the handler only.
  void give_up_after(duration limit, response instead) const;

  /// Watches the connection while the call waits: where the client goes, `leave` is called, on the
  /// session's loop. A client that only says that it sends no more counts as gone. From within the
  /// handler only.
  void when_gone(std::function<void()> leave) const;

private:
  struct state;

  std::shared_ptr<state> state_;
};

} // namespace deja::http
