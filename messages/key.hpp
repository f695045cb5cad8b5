#pragma once

#include <deja/messages/last_task.hpp>

namespace deja {

/// The cache key of a task with its inputs: byte for byte the key that Flyte's client makes.
///
/// It is made from the task's identifier without its version, the interface, the inputs without
/// those ignored, and the cache version. An interface without an `inputs` message takes no inputs,
/// whatever is given. Thread-safe.
///
/// Errors: invalid_argument where identifier, interface or inputs are not given, where inputs still
/// have to be read (`inputs_under`: the client reads them first), or where a value can't be hashed,
/// with the path to it.
result<std::string> make_key(const catalog_key& key);

/// What of its cache keys a task decides by identifier and interface, made once for many inputs.
/// Thread-safe, cheap to copy.
///
///     const auto task = task_key::of(identifier, interface).value();
///     const auto key = task.with(inputs, ignored, "1.0").value();
class task_key {
public:
  /// invalid_argument where a value can't be hashed.
  static result<task_key> of(const core::Identifier& identifier,
                             const core::TypedInterface& interface);

  /// The key of the task with these inputs, as `make_key` makes it.
  result<std::string> with(const core::LiteralMap& inputs, const std::set<std::string>& ignored,
                           std::string_view cache_version) const;

private:
  bool takes_inputs_ = false;
  std::string text_; // the key's first three parts
};

/// Makes keys, and the task's part of them once for as long as the task stays the same. Not
/// thread-safe.
class key_maker {
public:
  /// See `make_key`.
  result<std::string> make(const catalog_key& key);

private:
  last_task last_;
  std::optional<task_key> task_; // of the last key; none: it has none
};

} // namespace deja
