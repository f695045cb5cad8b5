#pragma once

#include <deja/messages/error.hpp>

#include <filesystem>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace deja::run {

/// Owns a file descriptor; closes it.
class descriptor {
public:
  descriptor() = default;

  explicit descriptor(int number) : number_(number) {}

  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  ~descriptor() { close(); }

  int get() const { return number_; }

  explicit operator bool() const { return number_ >= 0; }

  void close() {
    if (number_ >= 0)
      ::close(std::exchange(number_, -1));
  }

private:
  int number_ = -1;
};

/// What a system call that failed with `number` says: "can't `doing` `path`: reason", with the code
/// that fits: not_found, permission_denied, resource_exhausted, failed_precondition, unavailable.
error system_error(int number, std::string_view doing, const std::filesystem::path& path);

/// Writes all of `bytes`, across interruptions and partial writes; 0, or the number of the error.
int write_all(int to, std::string_view bytes);

} // namespace deja::run
