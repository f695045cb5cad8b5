#include <deja/transport/blob/task_data.hpp>

#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/blob/task_paths.hpp>

namespace deja {

namespace {

template <class Message>
result<Message> read_message(blob_store& store, const std::string& reference, std::uint64_t limit) {
  auto bytes = store.read(reference, limit);
  if (!bytes)
    return bytes.error();
  auto message = parse_message<Message>(*bytes);
  if (!message) // what lies there is damaged, nobody's argument is wrong
    return within("reading blob \"" + reference + '"', {errc::data_loss, message.error().message});
  return message;
}

template <class Message>
result<void> write_message(blob_store& store, const std::string& reference,
                           const Message& message) {
  std::string bytes;
  if (!message.SerializeToString(&bytes))
    return error{errc::invalid_argument,
                 "writing blob \"" + reference + "\": the message is larger than protobuf's 2 GiB"};
  return store.write(reference, bytes);
}

/// The blob's facts, or nothing where it isn't there.
result<std::optional<blob_info>> find(blob_store& store, const std::string& reference) {
  auto info = store.head(reference);
  if (info)
    return std::optional{std::move(*info)};
  if (info.error().code == errc::not_found)
    return std::optional<blob_info>{};
  return info.error();
}

task_failure recoverable_failure(std::string code, std::string message) {
  task_failure failure;
  failure.why.set_code(std::move(code));
  failure.why.set_message(std::move(message));
  failure.why.set_kind(core::ExecutionError::SYSTEM);
  failure.why.set_recoverability(core::ContainerError::RECOVERABLE);
  failure.recoverable = true;
  return failure;
}

core::ErrorDocument document_of(const task_failure& failure) {
  core::ErrorDocument document;
  auto& content = *document.mutable_error();
  content.set_code(failure.why.code());
  content.set_message(failure.why.message());
  content.set_kind(failure.recoverable ? core::ContainerError::RECOVERABLE
                                       : core::ContainerError::NON_RECOVERABLE);
  content.set_origin(failure.why.kind());
  return document;
}

} // namespace

result<core::LiteralMap> read_literals(blob_store& store, const std::string& reference,
                                       std::uint64_t limit) {
  return read_message<core::LiteralMap>(store, reference, limit);
}

result<void> write_literals(blob_store& store, const std::string& reference,
                            const core::LiteralMap& literals) {
  return write_message(store, reference, literals);
}

result<core::LiteralMap> read_inputs(blob_store& store, std::string_view prefix,
                                     std::uint64_t limit) {
  return read_literals(store, inputs_path(prefix), limit);
}

result<bool> outputs_exist(blob_store& store, std::string_view prefix, std::uint64_t limit) {
  const auto reference = outputs_path(prefix);
  auto found = find(store, reference);
  if (!found)
    return found.error();
  if (*found && (**found).size > limit)
    return error{errc::resource_exhausted,
                 "outputs \"" + reference + "\" of " + std::to_string((**found).size) +
                     " bytes are over the limit of " + std::to_string(limit)};
  return found->has_value();
}

result<bool> has_failed(blob_store& store, std::string_view prefix) {
  auto found = find(store, error_path(prefix));
  if (!found)
    return found.error();
  return found->has_value();
}

result<task_failure> read_failure(blob_store& store, std::string_view prefix, std::uint64_t limit) {
  const auto reference = error_path(prefix);
  auto document = read_message<core::ErrorDocument>(store, reference, limit);
  if (!document)
    return document.error();
  if (!document->has_error())
    return recoverable_failure("ErrorFileBadFormat", "there is no error in \"" + reference + "\"");
  const auto& content = document->error();
  task_failure failure;
  failure.recoverable = content.kind() == core::ContainerError::RECOVERABLE;
  failure.why.set_code(content.code());
  failure.why.set_message(content.message());
  failure.why.set_kind(content.origin());
  failure.why.set_recoverability(content.kind());
  failure.why.set_error_uri(reference);
  return failure;
}

result<task_outcome> read_outputs(blob_store& store, std::string_view prefix, std::uint64_t limit) {
  const auto reference = outputs_path(prefix);
  auto literals = read_literals(store, reference, limit);
  if (!literals)
    return literals.error();
  if (literals->literals().empty())
    return task_outcome{recoverable_failure("No outputs produced",
                                            "there are no literals in \"" + reference + "\"")};
  return task_outcome{std::move(*literals)};
}

result<void> write_outcome(blob_store& store, std::string_view prefix,
                           const task_outcome& outcome) {
  if (const auto* failure = std::get_if<task_failure>(&outcome))
    return write_message(store, error_path(prefix), document_of(*failure));
  return write_literals(store, outputs_path(prefix), std::get<core::LiteralMap>(outcome));
}

} // namespace deja
