#pragma once

#include <deja/messages/catalog.hpp>

namespace deja {

/// Tells whether a task is the one that was asked about before, so that what follows from it need
/// not be made again. Cheap where the interface is the same object. Not thread-safe.
class last_task {
public:
  /// Whether this is the task of the call before. It is the one to compare with from now on.
  bool is_again(const core::Identifier& identifier, const shared<core::TypedInterface>& interface);

private:
  std::optional<core::Identifier> identifier_; // none: there was no call
  shared<core::TypedInterface> interface_;
  std::optional<std::string> interface_bytes_;
};

} // namespace deja
