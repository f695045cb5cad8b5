#include <deja/transport/connect/connect_caller.hpp>

#include <deja/transport/connect/connect_error.hpp>
#include <deja/transport/retry_schedule.hpp>

#include <condition_variable>
#include <mutex>

namespace deja {

namespace {

using steady = std::chrono::steady_clock;

/// More than the protocol's ten digits can say is as good as no limit.
constexpr std::int64_t longest_timeout_ms = 9'999'999'999;

/// False where it was stopped meanwhile.
bool sleep(duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any never;
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

} // namespace

connect_caller::connect_caller(connect_config config)
    : config_(std::move(config)), http_(parse_service_url(config_.url).value(), config_.url),
      random_(std::random_device{}()) {}

connect_caller::time_point connect_caller::deadline_of(const call_context& context) const {
  const auto time = context.time_left > duration::zero() ? context.time_left : config_.timeout;
  return steady::now() + std::min<duration>(time, std::chrono::milliseconds{longest_timeout_ms});
}

result<std::string> connect_caller::send(std::string_view path, time_point deadline,
                                         const call_context& context, const std::string& doing,
                                         const google::protobuf::MessageLite& request) {
  http_request http;
  http.method = "POST";
  http.path = path;
  if (!request.SerializeToString(&http.body))
    return error{errc::invalid_argument, doing + ": the request is larger than protobuf's 2 GiB"};
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"Content-Type", "application/proto"}, {"Connect-Protocol-Version", "1"}};
  repeated_ = false;
  std::uniform_real_distribution<> zero_to_one;
  retry_schedule schedule{{}, [&] {
                            return zero_to_one(random_);
                          }};
  for (;;) {
    http.timeout = deadline - steady::now();
    http.stop = config_.stop;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(http.timeout).count();
    http.headers = headers;
    http.headers.emplace_back("Connect-Timeout-Ms", std::to_string(std::max<long>(left, 1)));
    if (!config_.token.empty())
      http.headers.emplace_back("Authorization", "Bearer " + config_.token);
    if (!context.traceparent.empty())
      http.headers.emplace_back("traceparent", context.traceparent);
    auto bytes = try_once(http);
    if (bytes)
      return bytes;
    const auto code = bytes.error().code;
    if (code != errc::unavailable && code != errc::aborted)
      return within(doing, bytes.error());
    const auto pause = schedule.next(deadline - steady::now());
    if (!pause)
      return within(doing, bytes.error());
    repeated_ = true;
    if (!sleep(*pause, config_.stop))
      return within(doing, {errc::canceled, "it was stopped"});
  }
}

// One try: the reply's wire bytes.
result<std::string> connect_caller::try_once(const http_request& request) {
  auto answer = http_.send(request);
  if (!answer)
    return answer.error();
  repeated_ = repeated_ || answer->repeated;
  if (answer->status != 200)
    return connect_error(answer->status, answer->body);
  const auto type =
      std::string_view{answer->content_type}.substr(0, answer->content_type.find(';'));
  if (type != "application/proto")
    return error{errc::internal, "the answer's content type is \"" + answer->content_type +
                                     "\", not application/proto"};
  return std::move(answer->body);
}

} // namespace deja
