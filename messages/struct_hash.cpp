#include <deja/messages/struct_hash.hpp>

#include <deja/messages/digest_order.hpp>
#include <deja/messages/hash_lanes.hpp>
#include <deja/messages/object_depth.hpp>
#include <deja/messages/utf8.hpp>
#include <deja/messages/value_hash.hpp>
#include <deja/messages/value_path.hpp>

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace deja {

namespace {

using boost::container::default_init;
using boost::container::small_vector;
using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

// An object or array.
struct node {
  const Struct* object = nullptr; // Null: an array.
  const ListValue* array = nullptr;
  std::size_t outer = 0;            // The node that holds it,
  const std::string* key = nullptr; // and under what, if that is an object,
  std::size_t index = 0;            // or where, if an array.
  std::size_t next_inner = 0;       // The next of the nodes that it holds, which lie side by side.
  digest hash{};

  std::size_t size() const {
    return static_cast<std::size_t>(object != nullptr ? object->fields_size()
                                                      : array->values_size());
  }
};

// A member or element that is being hashed.
struct item {
  digest name; // Of a member.
  digest own;
  const digest* value; // Its own, or the node's.
};

const digest& hash_of_boolean(bool value) {
  static const std::array hashes{hash_of(boolean_value(false)), hash_of(boolean_value(true))};
  return hashes[value ? 1 : 0];
}

const digest& hash_of_null() {
  static const auto hash = hash_of(null_value);
  return hash;
}

// Finds all nodes level by level, and then hashes the levels from the innermost outwards.
class level_walk {
public:
  explicit level_walk(std::size_t room) : room_(room) {}

  result<digest> run(const node& outermost) {
    nodes_.push_back(outermost);
    find_levels();
    for (auto end = nodes_.size(); !wrong_ && !levels_.empty(); levels_.pop_back()) {
      hash_level(levels_.back(), end);
      end = levels_.back();
    }
    if (wrong_)
      return *wrong_;
    return nodes_.front().hash;
  }

private:
  void find_levels() {
    for (std::size_t begin = 0; begin < nodes_.size();) {
      if (levels_.size() == room_)
        return fail(begin, too_deep());
      levels_.push_back(begin);
      const auto end = nodes_.size();
      for (; begin < end; ++begin)
        add_inner(begin);
    }
  }

  void add_inner(std::size_t outer) {
    nodes_[outer].next_inner = nodes_.size();
    if (const auto* object = nodes_[outer].object) {
      for (const auto& [key, value] : object->fields())
        if (auto* inner = add_node(value, outer))
          inner->key = &key;
      return;
    }
    const auto& values = nodes_[outer].array->values();
    for (int at = 0; at < values.size(); ++at)
      if (auto* inner = add_node(values[at], outer))
        inner->index = static_cast<std::size_t>(at);
  }

  // The value's node; null if it is neither object nor array.
  node* add_node(const Value& value, std::size_t outer) {
    const auto kind = value.kind_case();
    if (kind != Value::kStructValue && kind != Value::kListValue)
      return nullptr;
    auto& inner = nodes_.emplace_back();
    inner.outer = outer;
    if (kind == Value::kStructValue)
      inner.object = &value.struct_value();
    else
      inner.array = &value.list_value();
    return &inner;
  }

  // As many nodes at once as have few enough items.
  void hash_level(std::size_t begin, std::size_t end) {
    while (begin < end && !wrong_) {
      auto stop = begin;
      auto count = nodes_[stop++].size();
      while (stop < end && count + nodes_[stop].size() <= most_items)
        count += nodes_[stop++].size();
      if (count > most_items && nodes_[begin].object == nullptr)
        hash_long_array(begin);
      else
        hash_nodes(begin, stop, count);
      begin = stop;
    }
    lanes_.flush();
  }

  void hash_nodes(std::size_t begin, std::size_t end, std::size_t count) {
    items_.resize(count, default_init);
    auto* items = items_.data();
    for (auto at = begin; at < end; ++at)
      items = nodes_[at].object != nullptr ? read_object(at, items)
                                           : read_array(at, 0, nodes_[at].size(), items);
    lanes_.flush();
    if (wrong_)
      return;
    items = items_.data();
    for (auto at = begin; at < end; ++at) {
      const std::span own{items, nodes_[at].size()};
      nodes_[at].object != nullptr ? hash_object(own, nodes_[at].hash)
                                   : hash_array(own, nodes_[at].hash);
      items += own.size();
    }
  }

  // Piece by piece, because its items may be many.
  void hash_long_array(std::size_t which) {
    sha256 hash;
    hash.update("l");
    items_.resize(most_items, default_init);
    const auto size = nodes_[which].size();
    for (std::size_t first = 0; first < size; first += most_items) {
      const auto* end = read_array(which, first, std::min(size, first + most_items), items_.data());
      lanes_.flush();
      if (wrong_)
        return;
      for (const auto* each = items_.data(); each != end; ++each)
        hash.update(*each->value);
    }
    nodes_[which].hash = hash.finish();
  }

  item* read_object(std::size_t which, item* to) {
    auto& inner = nodes_[which].next_inner;
    for (const auto& [key, value] : nodes_[which].object->fields()) {
      if (!is_utf8(key))
        fail(which, "a key of the map is not UTF-8");
      add_simple(string_value(key), to->name);
      if (const auto* why = read_value(value, inner, *to++))
        fail(which, why, path_step(key));
    }
    return to;
  }

  item* read_array(std::size_t which, std::size_t first, std::size_t end, item* to) {
    auto& inner = nodes_[which].next_inner;
    const auto& values = nodes_[which].array->values();
    for (auto at = first; at < end; ++at)
      if (const auto* why = read_value(values[static_cast<int>(at)], inner, *to++))
        fail(which, why, path_step(at));
    return to;
  }

  // Null, or why it has no hash. `inner`: the next of the nodes in the same object or array.
  const char* read_value(const Value& value, std::size_t& inner, item& to) {
    to.value = &to.own;
    switch (value.kind_case()) {
    case Value::kNullValue:
      to.value = &hash_of_null();
      return nullptr;
    case Value::kNumberValue:
      add_simple(number_text{value.number_value()}.value(), to.own);
      return nullptr;
    case Value::kStringValue:
      if (!is_utf8(value.string_value()))
        return "the text is not UTF-8";
      add_simple(string_value(value.string_value()), to.own);
      return nullptr;
    case Value::kBoolValue:
      to.value = &hash_of_boolean(value.bool_value());
      return nullptr;
    case Value::kStructValue:
    case Value::kListValue:
      to.value = &nodes_[inner++].hash;
      return nullptr;
    case Value::KIND_NOT_SET:
      break;
    }
    return "a Value of no kind has no JSON form";
  }

  void add_simple(const simple_value& value, digest& to) {
    const auto size = 1 + value.text.size();
    if (size > hash_lanes::most_size) {
      to = hash_of(value);
      return;
    }
    auto* bytes = lanes_.next(size);
    *bytes = static_cast<std::uint8_t>(value.tag);
    std::memcpy(bytes + 1, value.text.data(), value.text.size());
    lanes_.take(to);
  }

  void hash_array(std::span<const item> elements, digest& to) {
    const auto size = 1 + elements.size() * sizeof(digest);
    write('l', size, to, [&](auto&& add) {
      for (const auto& element : elements)
        add(*element.value);
    });
  }

  void hash_object(std::span<const item> members, digest& to) {
    order_.clear();
    for (const auto& member : members)
      order_.emplace_back(member);
    std::sort(order_.begin(), order_.end());
    write('d', 1 + 2 * members.size() * sizeof(digest), to, [&](auto&& add) {
      for (const auto& next : order_) {
        add(next.member->name);
        add(*next.member->value);
      }
    });
  }

  // Hashes a tag and the digests that `give` adds, at once or side by side with others.
  template <class Give>
  void write(char tag, std::size_t size, digest& to, Give&& give) {
    if (size > hash_lanes::most_size) {
      sha256 hash;
      hash.update({&tag, 1});
      give([&](const digest& part) { hash.update(part); });
      to = hash.finish();
      return;
    }
    auto* bytes = lanes_.next(size);
    *bytes++ = static_cast<std::uint8_t>(tag);
    give([&](const digest& part) { bytes = std::copy(part.begin(), part.end(), bytes); });
    lanes_.take(to);
  }

  // Only the first failure counts.
  void fail(std::size_t which, const std::string& why, const std::string& last_step = {}) {
    if (wrong_)
      return;
    std::vector<const node*> way;
    for (auto at = which; at > 0; at = nodes_[at].outer)
      way.push_back(&nodes_[at]);
    const auto path = path_of(way.size(), [&](std::size_t at) {
      const auto& step = *way[way.size() - 1 - at];
      return step.key != nullptr ? path_step(*step.key) : path_step(step.index);
    });
    wrong_.emplace(errc::invalid_argument, path + last_step + ": " + why);
  }

  static constexpr std::size_t most_items = 64;

  // Members in the order of their names' hashes.
  struct place {
    explicit place(const item& of) : first(first_bytes(of.name)), member(&of) {}

    std::uint64_t first;
    const item* member;

    bool operator<(const place& other) const {
      return first != other.first ? first < other.first : member->name < other.member->name;
    }
  };

  std::size_t room_;
  // As many as most values need lie here, and cost no allocation.
  small_vector<node, 12> nodes_;
  small_vector<std::size_t, 6> levels_; // Where each begins.
  small_vector<item, most_items> items_;
  small_vector<place, 32> order_;
  hash_lanes lanes_;
  std::optional<error> wrong_;
};

} // namespace

result<digest> struct_hash(const Struct& object, std::size_t room) {
  return level_walk{room}.run({.object = &object});
}

result<digest> struct_hash(const ListValue& array, std::size_t room) {
  return level_walk{room}.run({.array = &array});
}

} // namespace deja
