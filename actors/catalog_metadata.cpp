#include <deja/actors/catalog_metadata.hpp>

#include <deja/messages/cached_output.hpp>

#include <charconv>

namespace deja {

namespace {

// Flyte's names in the key map.
constexpr const char* task_version = "task-version";
constexpr const char* execution_name = "execution-name";
constexpr const char* execution_domain = "exec-domain";
constexpr const char* execution_project = "exec-project";
constexpr const char* execution_node = "exec-node";
constexpr const char* execution_attempt = "exec-attempt";
constexpr const char* execution_org = "exec-org";

constexpr const char* unknown = "unknown";

using key_map = google::protobuf::Map<std::string, std::string>;

void add_node(key_map& values, const core::NodeExecutionIdentifier& node) {
  values[execution_name] = node.execution_id().name();
  values[execution_domain] = node.execution_id().domain();
  values[execution_project] = node.execution_id().project();
  values[execution_org] = node.execution_id().org();
  values[execution_node] = node.node_id();
}

// The value, or `otherwise` where there is none or it is empty.
std::string value_of(const key_map& values, const char* name, const std::string& otherwise) {
  const auto found = values.find(name);
  return found == values.end() || found->second.empty() ? otherwise : found->second;
}

std::uint32_t attempt_of(const key_map& values) {
  const auto text = value_of(values, execution_attempt, "0");
  std::uint32_t attempt = 0;
  std::from_chars(text.data(), text.data() + text.size(), attempt);
  return attempt;
}

} // namespace

cacheservice::Metadata entry_metadata(const catalog_key& key, const source_execution& source,
                                      wall_time now) {
  cacheservice::Metadata metadata;
  if (key.identifier)
    *metadata.mutable_source_identifier() = *key.identifier;
  auto& values = *metadata.mutable_key_map()->mutable_values();
  values.insert(source.key_map.begin(), source.key_map.end());
  if (source.task) {
    add_node(values, source.task->node_execution_id());
    values[task_version] = source.task->task_id().version();
    values[execution_attempt] = std::to_string(source.task->retry_attempt());
  } else if (source.node) {
    add_node(values, *source.node);
  }
  *metadata.mutable_created_at() = to_wire(source.created.value_or(now));
  return metadata;
}

core::CatalogMetadata hit_metadata(const cacheservice::Metadata& stored) {
  const auto& source = stored.source_identifier();
  const auto& values = stored.key_map().values();
  core::CatalogMetadata metadata;
  *metadata.mutable_dataset_id() = source;
  auto& task = *metadata.mutable_source_task_execution();
  *task.mutable_task_id() = source;
  task.mutable_task_id()->set_version(value_of(values, task_version, unknown));
  auto& node = *task.mutable_node_execution_id();
  node.set_node_id(value_of(values, execution_node, unknown));
  auto& execution = *node.mutable_execution_id();
  execution.set_name(value_of(values, execution_name, unknown));
  execution.set_project(value_of(values, execution_project, source.project()));
  execution.set_domain(value_of(values, execution_domain, source.domain()));
  execution.set_org(value_of(values, execution_org, source.org()));
  task.set_retry_attempt(attempt_of(values));
  return metadata;
}

} // namespace deja
