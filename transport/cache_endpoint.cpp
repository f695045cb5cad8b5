#include <deja/transport/cache_endpoint.hpp>

namespace deja {

namespace {

template <class In, class Call>
auto each_of(std::span<const In> items, Call call) {
  std::vector<std::invoke_result_t<Call, const In&>> outcomes;
  outcomes.reserve(items.size());
  for (const auto& item : items)
    try {
      outcomes.push_back(call(item));
    } catch (const std::exception& problem) {
      outcomes.push_back(error{errc::internal, problem.what()}); // harms no other item
    }
  return outcomes;
}

} // namespace

std::vector<result<found_output>> cache_endpoint::get_many(const call_context& context,
                                                           std::span<const entry_key> keys) {
  return each_of(keys, [&](const entry_key& key) { return get(context, key); });
}

std::vector<result<put_status>> cache_endpoint::put_many(const call_context& context,
                                                         std::span<const entry_put> puts) {
  return each_of(
      puts, [&](const entry_put& one) { return put(context, one.key, *one.output, one.when); });
}

std::vector<result<reservation>>
cache_endpoint::reserve_many(const call_context& context,
                             std::span<const reservation_request> requests) {
  return each_of(requests, [&](const reservation_request& one) {
    return reserve(context, one.key, one.owner, one.heartbeat);
  });
}

std::vector<result<void>> cache_endpoint::release_many(const call_context& context,
                                                       std::span<const release_request> requests) {
  return each_of(requests,
                 [&](const release_request& one) { return release(context, one.key, one.owner); });
}

result<waited> cache_endpoint::wait(const call_context&, const wait_request&) {
  return error{errc::unimplemented, "nobody can wait here"};
}

} // namespace deja
