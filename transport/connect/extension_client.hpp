#pragma once

#include <deja/transport/cache_endpoint.hpp>
#include <deja/transport/connect/connect_caller.hpp>

#include <deja/v1/cache.pb.h>

namespace deja {

/// The calls of Deja's extension, by a caller's connection. Each gives nothing where the service
/// does not have them: then Flyte's calls are to be used. Whether it has is known from the last
/// call, and asked again some minutes after a no. One thread at a time.
class extension_client {
public:
  using time_point = connect_caller::time_point;
  template <class T>
  using outcomes = std::optional<std::vector<result<T>>>;

  /// Items that the service takes in one call.
  static constexpr std::size_t items_per_call = 1024;

  explicit extension_client(connect_caller& caller) : caller_(caller) {}

  /// Whether the service has it; nothing: not known yet.
  std::optional<bool> is_offered() const { return offered_; }

  outcomes<found_output> get(time_point deadline, const call_context& context,
                             std::span<const entry_key> keys);
  outcomes<put_status> put(time_point deadline, const call_context& context,
                           std::span<const entry_put> puts);
  outcomes<reservation> reserve(time_point deadline, const call_context& context,
                                std::span<const reservation_request> requests);
  outcomes<void> release(time_point deadline, const call_context& context,
                         std::span<const release_request> requests);
  std::optional<result<waited>> wait(time_point deadline, const call_context& context,
                                     const wait_request& what);

private:
  template <class Reply>
  std::optional<result<Reply>> call(std::string_view method, time_point deadline,
                                    const call_context& context, const std::string& doing,
                                    const google::protobuf::MessageLite& request);

  template <class T, class Request, class Reply, class In>
  outcomes<T> call_many(std::string_view method, time_point deadline, const call_context& context,
                        std::span<const In> items);

  template <class T, class Request, class Reply, class In>
  bool call_some(std::string_view method, time_point deadline, const call_context& context,
                 std::span<const In> items, std::vector<result<T>>& into);

  connect_caller& caller_;
  std::optional<bool> offered_;
  time_point asked_{}; // when it was not
};

} // namespace deja
