#pragma once

#include <deja/messages/catalog.hpp>
#include <deja/transport/blob/blob_store.hpp>

#include <variant>

// A task's inputs and outputs as they lie in the data store, under Flyte's names
// (`task_paths.hpp`). Blocking. Errors: those of the store; resource_exhausted past `limit`;
// data_loss for a blob that is no message of its type.

namespace deja {

/// How many bytes of one blob are read at most, unless the host says otherwise.
inline constexpr std::uint64_t download_limit = std::uint64_t{2} << 20;

/// Why a task has no outputs.
struct task_failure {
  core::ExecutionError why;
  bool recoverable = false; ///< Another attempt may succeed.
};

/// What a task left: outputs, or why there are none.
using task_outcome = std::variant<core::LiteralMap, task_failure>;

result<core::LiteralMap> read_literals(blob_store& store, const std::string& reference,
                                       std::uint64_t limit = download_limit);
result<void> write_literals(blob_store& store, const std::string& reference,
                            const core::LiteralMap& literals);

/// The task's inputs.
result<core::LiteralMap> read_inputs(blob_store& store, std::string_view prefix,
                                     std::uint64_t limit = download_limit);

/// Whether outputs are there. Outputs over the limit are an error, not a no.
result<bool> outputs_exist(blob_store& store, std::string_view prefix,
                           std::uint64_t limit = download_limit);

/// Whether the task left an error document.
result<bool> has_failed(blob_store& store, std::string_view prefix);

/// The failure that the task left. A document without an error in it is a recoverable failure with
/// the code "ErrorFileBadFormat".
result<task_failure> read_failure(blob_store& store, std::string_view prefix,
                                  std::uint64_t limit = download_limit);

/// The task's outputs. A file without literals is a recoverable failure with the code "No outputs
/// produced".
result<task_outcome> read_outputs(blob_store& store, std::string_view prefix,
                                  std::uint64_t limit = download_limit);

/// Writes the outputs as `outputs.pb`, or the failure as `error.pb`.
result<void> write_outcome(blob_store& store, std::string_view prefix, const task_outcome& outcome);

} // namespace deja
