#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace deja {

/// An immutable value that many may hold. As a message's payload it costs nothing within a process;
/// `messages/inspect.hpp` makes it cross a wire by value. May be empty.
template <class T>
class shared {
public:
  shared() = default;

  shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}

  shared(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  shared(std::optional<T> value) {
    if (value)
      value_ = std::make_shared<const T>(std::move(*value));
  }

  shared(std::nullopt_t) {}

  void reset() { value_.reset(); }

  bool has_value() const { return value_ != nullptr; }

  explicit operator bool() const { return value_ != nullptr; }

  const T& operator*() const { return *value_; }

  const T* operator->() const { return value_.get(); }

  const std::shared_ptr<const T>& pointer() const { return value_; }

private:
  std::shared_ptr<const T> value_;
};

/// The payload of a message for many items at once.
template <class T>
using many = shared<std::vector<T>>;

} // namespace deja
