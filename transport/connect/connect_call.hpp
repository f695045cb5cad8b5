#pragma once

#include <deja/messages/catalog.hpp>
#include <deja/transport/connect/route.hpp>

#include <google/protobuf/arena.h>
#include <google/protobuf/message.h>

namespace deja::http {

/// How a call's messages lie in its bodies.
enum class codec { proto, json };

/// The answer to a call of whatever type. Copies are the same answer; the first one counts. Any
/// thread.
class raw_answer {
public:
  raw_answer(responder respond, codec in) : respond_(std::move(respond)), codec_(in) {}

  void fail(const error& why) const { respond_(error_response(why)); }

  /// Runs `task` on the session's loop, behind what is ready there now.
  void post(std::function<void()> task) const { respond_.post(std::move(task)); }

  /// Has `leave` called where the client goes before the answer. Not later than `serve` returns.
  void when_gone(std::function<void()> leave) const { respond_.when_gone(std::move(leave)); }

  bool wants_json() const { return codec_ == codec::json; }

  /// The answer's JSON form, where it is wanted and the caller has written it.
  void json(std::string text) const;

protected:
  void send(const google::protobuf::Message& message) const;
  void send_wire(std::string bytes, google::protobuf::Message& scratch) const;

private:
  responder respond_;
  codec codec_;
};

/// The answer to a call, as a message or as one's wire bytes.
template <class Response>
class call_answer : public raw_answer {
public:
  using raw_answer::raw_answer;

  void operator()(const result<Response>& message) const {
    if (message)
      send(*message);
    else
      fail(message.error());
  }

  /// An empty message, or why not.
  void done(const result<void>& outcome) const {
    if (outcome)
      send(Response{});
    else
      fail(outcome.error());
  }

  /// The message's wire bytes; they are only looked into where the caller wants JSON.
  void wire(std::string bytes) const {
    Response scratch;
    send_wire(std::move(bytes), scratch);
  }
};

/// A call that has been checked but for its message.
struct accepted_call {
  call_context context;
  codec in;
  std::string_view sent;
  std::optional<std::string> unpacked; ///< Where it was sent packed.

  std::string_view body() const { return unpacked ? *unpacked : sent; }
};

/// Checks a call's header as Connect's unary protocol says, and unpacks its body to at most
/// `max_body` bytes. Else the answer.
boost::system::result<accepted_call, response> accept_call(const request& asked,
                                                           std::size_t max_body);

/// Parses the message; invalid_argument where it is none.
result<void> parse_body(google::protobuf::Message& message, codec in, std::string_view body);

/// Reads the usual JSON forms of a message; false leaves the message empty, and protobuf must.
template <class Request>
using json_reader = bool (*)(std::string_view json, Request& into);

/// The handler of one call of a Connect service. `serve(request, context, answer)` is called on the
/// session's loop, so it must not block; it may answer later. It may take what it needs out of the
/// request, which is gone when it returns.
template <class Request, class Response, class Serve>
unary_handler connect_call(Serve serve, std::size_t max_body,
                           json_reader<Request> read_json = nullptr) {
  return [serve = std::move(serve), max_body, read_json](const request& asked,
                                                         const responder& respond) {
    auto call = accept_call(asked, max_body);
    if (!call)
      return respond(call.error());
    // Where the request lies with all its parts, most often wholly within `room`.
    constexpr std::size_t usual_size = 4096;
    alignas(std::max_align_t) char room[usual_size];
    google::protobuf::Arena arena{room, sizeof room};
    auto& message = *google::protobuf::Arena::CreateMessage<Request>(&arena);
    const bool is_read =
        read_json != nullptr && call->in == codec::json && read_json(call->body(), message);
    if (!is_read)
      if (auto parsed = parse_body(message, call->in, call->body()); !parsed)
        return respond(error_response(parsed.error()));
    if (const auto limit = call->context.time_left; limit > duration::zero())
      respond.give_up_after(limit, error_response({errc::deadline_exceeded,
                                                   "the call took longer than it may, " +
                                                       std::to_string(limit.count() / 1'000'000) +
                                                       " ms; it may have happened"}));
    serve(message, call->context, call_answer<Response>{respond, call->in});
  };
}

} // namespace deja::http
