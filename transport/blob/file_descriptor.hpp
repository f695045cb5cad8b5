#pragma once

#include <deja/messages/error.hpp>

#include <span>
#include <string_view>
#include <utility>

namespace deja {

/// An open file, closed when it is destroyed.
class file_descriptor {
public:
  file_descriptor() = default;

  explicit file_descriptor(int number) : number_(number) {}

  file_descriptor(file_descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

  file_descriptor& operator=(file_descriptor&& other) noexcept {
    file_descriptor taken{std::move(other)};
    std::swap(number_, taken.number_);
    return *this;
  }

  ~file_descriptor() { close(); }

  int get() const { return number_; }

  explicit operator bool() const { return number_ >= 0; }

  /// Gives the file up without closing it.
  int release() { return std::exchange(number_, -1); }

  void close();

private:
  int number_ = -1;
};

/// The failure of a system call: `doing` says what was being done, to what; `number` is its errno.
/// A full disk or quota is resource_exhausted, a missing file not_found, and so on.
error system_error(std::string_view doing, int number);

/// Reads what is there, at most the buffer's size; 0 at the end.
result<std::size_t> read_some(int file, std::span<char> buffer, std::string_view doing);

/// Writes all of it.
result<void> write_all(int file, std::string_view bytes, std::string_view doing);

} // namespace deja
