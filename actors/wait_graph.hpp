#pragma once

#include <deja/messages/digest_map.hpp>

#include <map>
#include <vector>

namespace deja {

/// Which tasks wait for which others, by primary key: a computation that has called for a part
/// waits for it. Tells whether one more call would close a cycle, in which all wait for each other
/// for ever. All computations of a key are one here, for they wait for each other's reservation.
/// Takes time with what waits for the caller or with what the part waits for, whichever is less.
/// Not thread-safe.
class wait_graph {
public:
  /// Whether a computation must not wait for `key`. `callers` are the computation, last, and those
  /// that it is part of, each behind the one that called for it (`lease::held`).
  bool closes_cycle(const std::vector<digest>& callers, const digest& key) const;

  /// From now on, until `end`, the callers wait by this call for `key`, and for nothing else.
  void begin(std::uint64_t call, const std::vector<digest>& callers, const digest& key);

  /// The call does not wait, whether it did or not.
  void end(std::uint64_t call);

  /// From each key to others, and how many calls lead there.
  using edges = digest_map<std::map<digest, std::size_t>>;

private:
  /// By call: its callers, and then the key.
  std::unordered_map<std::uint64_t, std::vector<digest>> chains_;
  edges waits_for_;
  edges waited_for_by_;
};

} // namespace deja
