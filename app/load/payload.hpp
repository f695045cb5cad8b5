#pragma once

#include <deja/app/load/value_sizes.hpp>

#include <array>
#include <string>
#include <string_view>

namespace deja::app::load {

/// Which keys a number counts.
enum class key_space : char {
  population = 'p',  ///< Put before the run; the same for the same seed.
  none = 'n',        ///< Never put; the same for the same seed.
  fresh = 'f',       ///< Put by this run, once each; of this run alone.
  reservation = 'r', ///< Reserved, never put; of this run alone.
};

struct key_ref {
  key_space space = key_space::population;
  std::uint64_t number = 0;

  bool operator==(const key_ref&) const = default;
};

/// The texts of a run: keys, values and owners, each derived from numbers, so that what an answer
/// must be is known without a table of what was put. Safe for many threads.
class payload {
public:
  /// Of this scope on the wire; its org is empty.
  static constexpr std::string_view project = "deja", domain = "load";

  /// `run` tells runs with the same seed apart.
  payload(std::uint64_t seed, std::uint64_t run, value_sizes sizes);

  using key_text = std::array<char, 36>;

  key_text key(key_ref of) const;

  /// Owners have numbers from 1.
  key_text owner(std::uint64_t number) const { return text('o', run_, number); }

  /// One of this run's.
  bool is_owner(std::string_view text) const;

  /// The value that a version of a key has: printable ASCII.
  std::size_t value_size(key_ref of, std::uint32_t version) const;
  void append_value(std::string& to, key_ref of, std::uint32_t version) const;
  bool is_value(std::string_view text, key_ref of, std::uint32_t version) const;

private:
  key_text text(char kind, std::uint64_t group, std::uint64_t number) const;
  std::uint64_t bits_of(key_ref of, std::uint32_t version) const;

  std::uint64_t seed_, run_;
  value_sizes sizes_;
  std::string material_; // random letters, of which each value is a part
};

inline std::string_view view_of(const payload::key_text& text) {
  return {text.data(), text.size()};
}

/// As people are told: `key 17`.
std::string describe(key_ref key);

} // namespace deja::app::load
