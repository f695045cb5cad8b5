#pragma once

#include <deja/messages/catalog.hpp>
#include <deja/messages/digest_map.hpp>

#include <boost/multi_index/global_fun.hpp>
#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>

#include <string_view>

namespace deja {

/// The outcomes of finished items that later requests for them may still get; the one that was
/// asked for longest ago goes for a new one. Not thread-safe.
template <class Outcome>
class finished_work {
public:
  struct record {
    result<Outcome> outcome;
    /// The outcome holds for as long as there are outputs at this place, and none of another item
    /// have been kept for it since; no place: for one request.
    std::optional<outputs_under> place;
  };

  explicit finished_work(std::size_t most) : most_(most) {}

  void keep(const digest& identity, record what) {
    forget(identity);
    if (most_ == 0)
      return;
    item kept{identity, std::move(what)};
    if (kept.what.place) // other outputs take the place of these
      by_place().erase(place_of(kept));
    if (items_.size() == most_)
      items_.pop_front();
    items_.push_back(std::move(kept));
  }

  /// Valid until the next call that changes anything; null where nothing is known.
  const record* find(const digest& identity) {
    const auto known = by_identity().find(identity);
    if (known == by_identity().end())
      return nullptr;
    items_.relocate(items_.end(), items_.template project<0>(known));
    return &known->what;
  }

  void forget(digest identity) { by_identity().erase(identity); }

  std::size_t size() const { return items_.size(); }

private:
  struct item {
    digest identity;
    record what;
  };

  /// The same for prefixes that lead to the same files.
  static std::optional<std::string_view> place_of(const item& one) {
    if (!one.what.place)
      return std::nullopt;
    std::string_view prefix = one.what.place->prefix;
    if (prefix.size() > 1 && prefix.ends_with('/'))
      prefix.remove_suffix(1);
    return prefix;
  }

  using identities =
      boost::multi_index::hashed_unique<boost::multi_index::member<item, digest, &item::identity>,
                                        digest_hash>;
  using places = boost::multi_index::hashed_non_unique<
      boost::multi_index::global_fun<const item&, std::optional<std::string_view>,
                                     &finished_work::place_of>,
      std::hash<std::optional<std::string_view>>>;
  using items = boost::multi_index_container<
      item, boost::multi_index::indexed_by<boost::multi_index::sequenced<>, identities, places>>;

  auto& by_identity() { return items_.template get<1>(); }

  auto& by_place() { return items_.template get<2>(); }

  std::size_t most_;
  items items_; // in the order in which they were asked for, the longest unasked first
};

} // namespace deja
