#pragma once

#include <deja/messages/operation.hpp>
#include <deja/transport/index/postgres.hpp>

namespace deja {

/// `decision.hpp`'s rules as one conditional statement on the database's clock, for a group of
/// operations on any keys. Each round of the group has a key at most once and goes by primary key,
/// and the first has every key; so groups of any number of processes take their locks in the same
/// order and never in a circle.
class postgres_decision {
public:
  /// The statements to be prepared. `now` is SQL: nanoseconds since 1970.
  static std::vector<postgres::statement> statements(const std::string& now);

  /// A group of at least one operation; they must outlive it.
  explicit postgres_decision(std::vector<const operation*> group);

  /// The transaction that decides the group.
  std::vector<postgres::call> transaction() const;

  /// What the transaction's answers mean: an outcome for each operation, in order.
  std::vector<outcome> outcomes(std::span<const postgres::rows> answers) const;

private:
  using round = std::vector<std::size_t>; ///< Operations by their place in the group.

  std::vector<round> cut(const round& whole) const;
  postgres::arguments arguments_of(const round& one) const;
  std::vector<std::optional<std::string_view>> reserved(const round& one) const;
  void take_holders(const round& one, const postgres::rows& rows, std::vector<outcome>& all) const;

  std::vector<const operation*> group_;
  std::vector<digest> ids_;
  std::vector<round> statements_; ///< Each round, in one piece or several.
};

} // namespace deja
