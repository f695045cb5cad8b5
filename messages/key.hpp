#pragma once

#include <deja/messages/catalog.hpp>

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

/// Makes keys, and makes the task's part of them once for as long as the task stays the same. Not
/// thread-safe.
class key_maker {
public:
  /// See `make_key`.
  result<std::string> make(const catalog_key& key);

private:
  std::string task_; // identifier and interface of the last key's task, serialized
  std::string part_; // of the key
};

} // namespace deja
