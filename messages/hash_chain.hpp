#pragma once

#include <deja/messages/value_hash.hpp>

#include <span>

namespace deja {

/// A simple value inside objects that hold nothing but the next one, as most literals are:
/// `{"scalar": {"primitive": {"integer": "7"}}}`. The hashes of such a chain wait for each other,
/// but those of several chains do not, so they are made side by side.
///
///     hash_chain chain;
///     chain.begin(string_value("7"));
///     chain.wrap(name_of_integer);
///     chain.wrap(name_of_primitive);
///     digest hash;
///     finish({&chain, 1}, &hash);
class hash_chain {
public:
  /// The innermost value, which is not kept.
  void begin(const simple_value& value) {
    wraps_ = 0;
    is_hashed_ = !to_block(value, block_);
    if (is_hashed_)
      hash_ = hash_of(value);
  }

  /// The same by its hash.
  void begin(const digest& hash) {
    wraps_ = 0;
    is_hashed_ = true;
    hash_ = hash;
  }

  /// Puts what is there so far into an object under a name with this hash, which must stay where it
  /// is. At most `most_wraps` times.
  void wrap(const digest& name) { names_[wraps_++] = &name; }

  static constexpr std::size_t most_wraps = 3;

private:
  friend void finish(std::span<const hash_chain> chains, digest* hashes);

  bool is_hashed_ = false;
  std::size_t wraps_ = 0;
  std::array<const digest*, most_wraps> names_{};
  digest hash_; // the value's, where it does not fit in a block
  value_block block_;
};

/// The hash of each chain; at most `sha256_lanes` of them.
void finish(std::span<const hash_chain> chains, digest* hashes);

} // namespace deja
