#include <deja/messages/object_hash.hpp>

#include <deja/messages/digest_order.hpp>
#include <deja/messages/message_shape.hpp>
#include <deja/messages/simple_literal.hpp>
#include <deja/messages/struct_hash.hpp>
#include <deja/messages/utf8.hpp>
#include <deja/messages/value_path.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <optional>
#include <span>

namespace deja {

namespace {

namespace core = flyteidl2::core;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The shape of a type that is among them.
template <class T>
const message_shape& shape_of() {
  static const auto& shape = *find_shape(T::descriptor());
  return shape;
}

// Chains that wait to be hashed side by side, and where their hashes belong.
class chain_batch {
public:
  /// For the next chain, which counts once it is taken.
  hash_chain& next() { return chains_[count_]; }

  void take(digest& to) {
    to_[count_++] = &to;
    if (count_ == chains_.size())
      flush();
  }

  void flush() {
    std::array<digest, sha256_lanes> hashes;
    finish({chains_.data(), count_}, hashes.data());
    for (std::size_t at = 0; at < count_; ++at)
      *to_[at] = hashes[at];
    count_ = 0;
  }

private:
  std::size_t count_ = 0;
  std::array<hash_chain, sha256_lanes> chains_;
  std::array<digest*, sha256_lanes> to_;
};

// An object or array that is being hashed.
struct frame {
  enum class kind : std::uint8_t { message, elements, entries };

  kind what{};
  bool hashed_down = false;               // Literals in here are hashed down.
  const Message* message = nullptr;       // message, elements: whose fields these are.
  const message_shape* shape = nullptr;   // message: its own; else of the values, null for texts.
  const FieldDescriptor* field = nullptr; // elements: the repeated field.
  std::size_t next = 0;                   // The member, element or entry to take next.
  std::size_t end = 0;
  std::size_t first = 0; // entries: where they begin among all that are open.
  sha256 hash;
};

// One walk over a message. Frames lie on a stack of its own, so that deep input can't exhaust the
// thread's.
class walk {
public:
  /// `ignored`: the inputs that are left out of those that are hashed down; null: this is not about
  /// inputs. `omitted`: a field that is left out.
  walk(std::string_view name, const std::set<std::string>* ignored,
       const FieldDescriptor* omitted = nullptr)
      : name_(name), ignored_(ignored), omitted_(omitted) {}

  result<digest> run(const Message& message, const message_shape& shape) {
    add_message(message, shape, ignored_ != nullptr);
    while (!wrong_ && !frames_.empty()) {
      if (frames_.back().next < frames_.back().end)
        step();
      else
        leave();
    }
    if (wrong_)
      return *wrong_;
    return last_;
  }

private:
  void step() {
    switch (frames_.back().what) {
    case frame::kind::message:
      return step_message();
    case frame::kind::elements:
      return step_elements();
    case frame::kind::entries:
      return step_entries();
    }
  }

  void leave() {
    auto& done = frames_.back();
    if (done.what == frame::kind::entries) {
      items_.resize(done.first);
      order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(done.first), order_.end());
    }
    const auto value = done.hash.finish();
    frames_.pop_back();
    add(value);
  }

  void add(const digest& value) {
    last_ = value;
    if (!frames_.empty())
      frames_.back().hash.update(value);
  }

  void step_message() {
    auto& top = frames_.back();
    const auto& member = top.shape->members[top.next++];
    const auto& message = *top.message;
    const auto* field = member.field;
    if (member.read_map != nullptr) {
      const auto first = items_.size();
      read_entries(message, member, top.hashed_down);
      if (items_.size() == first)
        return;
      top.hash.update(member.name);
      return enter_entries(first, member.type, top.hashed_down);
    }
    const auto* reflection = message.GetReflection();
    if (field->is_repeated()) {
      if (reflection->FieldSize(message, field) == 0)
        return;
      top.hash.update(member.name);
      return enter_elements(message, member, top.hashed_down);
    }
    if (!reflection->HasField(message, field) || field == omitted_)
      return;
    top.hash.update(member.name);
    if (member.type != nullptr)
      return add_message(reflection->GetMessage(message, field), *member.type, top.hashed_down);
    add_scalar(message, *reflection, member);
  }

  void step_elements() {
    auto& top = frames_.back();
    const auto& message = *top.message;
    const auto* reflection = message.GetReflection();
    if (top.shape != nullptr) {
      if (add_chains(top))
        return;
      const auto at = static_cast<int>(top.next++);
      return add_message(reflection->GetRepeatedMessage(message, top.field, at), *top.shape,
                         top.hashed_down);
    }
    std::string scratch;
    const auto at = static_cast<int>(top.next++);
    add_text(reflection->GetRepeatedStringReference(message, top.field, at, &scratch));
  }

  // Takes as many of the next elements as are chains and can be hashed at once; false: none.
  bool add_chains(frame& top) {
    std::array<digest, sha256_lanes> hashes;
    if (room() < hash_chain::most_wraps)
      return false;
    const auto count = top.shape->form == message_form::variable_entry
                           ? hash_entries(static_cast<const core::VariableMap&>(*top.message),
                                          top.next, hashes.data())
                           : hash_chains(top, hashes.data());
    for (std::size_t at = 0; at < count; ++at)
      top.hash.update(hashes[at]);
    top.next += count;
    return count > 0;
  }

  std::size_t hash_chains(const frame& top, digest* hashes) const {
    std::array<hash_chain, sha256_lanes> chains;
    std::size_t count = 0;
    const auto most = std::min(chains.size(), top.end - top.next);
    while (count < most && make_chain(top, top.next + count, chains[count]))
      ++count;
    if (count > 0)
      finish({chains.data(), count}, hashes);
    return count;
  }

  // So many more objects and arrays can lie inside one another, within the last frame and so many
  // others.
  std::size_t room(std::size_t others = 0) const {
    return max_object_depth - std::min(frames_.size() + others, max_object_depth);
  }

  bool make_chain(const frame& top, std::size_t at, hash_chain& chain) const {
    const auto element = static_cast<int>(at);
    return top.shape->form == message_form::literal &&
           deja::make_chain(
               static_cast<const core::LiteralCollection&>(*top.message).literals(element),
               top.hashed_down, room(), chain);
  }

  void step_entries() {
    auto& top = frames_.back();
    const auto& item = items_[order_[top.next++].at];
    top.hash.update(item.name);
    if (item.has_value)
      return top.hash.update(item.value);
    if (item.message != nullptr)
      return add_message(*item.message, *top.shape, top.hashed_down);
    add_text(*item.text);
  }

  void add_message(const Message& message, const message_shape& shape, bool hashed_down) {
    switch (shape.form) {
    case message_form::timestamp:
      return add_text(timestamp_text(static_cast<const google::protobuf::Timestamp&>(message)));
    case message_form::duration:
      return add_text(duration_text(static_cast<const google::protobuf::Duration&>(message)));
    case message_form::value:
      return add_value(static_cast<const google::protobuf::Value&>(message));
    case message_form::structure:
      return add_inner(static_cast<const google::protobuf::Struct&>(message));
    case message_form::list:
      return add_inner(static_cast<const google::protobuf::ListValue&>(message));
    case message_form::variable:
      if (const auto* known = known_hash(static_cast<const core::Variable&>(message)))
        return add(*known);
      return enter_message(message, shape, hashed_down);
    case message_form::variable_entry:
    case message_form::literal:
    case message_form::object:
      return enter_message(message, shape, hashed_down);
    }
  }

  void add_scalar(const Message& message, const Reflection& reflection,
                  const member_shape& member) {
    const auto* field = member.field;
    switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return add_number(reflection.GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return add_number(reflection.GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return add_integer(std::int64_t{reflection.GetInt64(message, field)});
    case FieldDescriptor::CPPTYPE_UINT64:
      return add_integer(std::uint64_t{reflection.GetUInt64(message, field)});
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return add_number(reflection.GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return add(hash_of(boolean_value(reflection.GetBool(message, field))));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto number = reflection.GetEnumValue(message, field);
      const auto name = member.enum_names.find(number);
      return name == member.enum_names.end() ? add_number(number) : add(name->second);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      const auto& text = reflection.GetStringReference(message, field, &scratch);
      return field->type() == FieldDescriptor::TYPE_BYTES ? add_bytes(text) : add_text(text);
    }
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break; // The shapes have no floats, and messages don't come here.
    }
    fail("a value of a type without a JSON form");
  }

  void add_value(const google::protobuf::Value& value) {
    using google::protobuf::Value;
    switch (value.kind_case()) {
    case Value::kNullValue:
      return add(hash_of(null_value));
    case Value::kNumberValue:
      return add_number(value.number_value());
    case Value::kStringValue:
      return add_text(value.string_value());
    case Value::kBoolValue:
      return add(hash_of(boolean_value(value.bool_value())));
    case Value::kStructValue:
      return add_inner(value.struct_value());
    case Value::kListValue:
      return add_inner(value.list_value());
    case Value::KIND_NOT_SET:
      return fail("a Value of no kind has no JSON form");
    }
  }

  // A Struct or ListValue.
  template <class Inner>
  void add_inner(const Inner& inner) {
    const auto hash = struct_hash(inner, room());
    if (hash)
      return add(*hash);
    if (!wrong_)
      wrong_.emplace(hash.error().code, path() + hash.error().message);
  }

  // Those of 64 bits are texts.
  template <class Integer>
  void add_integer(Integer number) {
    add(hash_of(string_value(view_of(integer_form(number)))));
  }

  void add_number(double number) { add(hash_of(number_text{number}.value())); }

  void add_text(const std::string& text) {
    if (!is_utf8(text))
      return fail("the text is not UTF-8");
    add(hash_of(string_value(text)));
  }

  void add_text(const result<short_text>& text) {
    if (!text)
      return fail(text.error().message);
    add(hash_of(string_value(view_of(*text))));
  }

  // A text: their base64, made piece by piece.
  void add_bytes(std::string_view bytes) {
    constexpr std::size_t piece = 48;
    std::array<std::uint8_t, piece / 3 * 4 + 1> text;
    sha256 hash;
    hash.update("u");
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      const auto size =
          EVP_EncodeBlock(text.data(), reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          static_cast<int>(std::min(piece, bytes.size())));
      hash.update({reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)});
    }
    add(hash.finish());
  }

  void enter_message(const Message& message, const message_shape& shape, bool hashed_down) {
    auto* inner = enter(frame::kind::message, &shape, hashed_down);
    if (inner == nullptr)
      return;
    inner->message = &message;
    inner->end = shape.members.size();
    if (hashed_down && shape.form == message_form::literal) {
      const auto only = stand_in(static_cast<const core::Literal&>(message), shape);
      inner->hashed_down = only.has_value();
      inner->next = only.value_or(inner->next);
      inner->end = only ? *only + 1 : inner->end;
    }
  }

  // The index of the member that alone stands for a literal that is hashed down; none: all of it
  // stays.
  static std::optional<std::size_t> stand_in(const core::Literal& literal,
                                             const message_shape& shape) {
    if (!literal.hash().empty())
      return shape.index_of(core::Literal::kHashFieldNumber);
    if (literal.has_collection())
      return shape.index_of(core::Literal::kCollectionFieldNumber);
    if (literal.has_map())
      return shape.index_of(core::Literal::kMapFieldNumber);
    return std::nullopt;
  }

  void enter_elements(const Message& message, const member_shape& member, bool hashed_down) {
    auto* inner = enter(frame::kind::elements, member.type, hashed_down);
    if (inner == nullptr)
      return;
    inner->message = &message;
    inner->field = member.field;
    inner->end =
        static_cast<std::size_t>(message.GetReflection()->FieldSize(message, member.field));
  }

  void enter_entries(std::size_t first, const message_shape* type, bool hashed_down) {
    auto* inner = enter(frame::kind::entries, type, hashed_down);
    if (inner == nullptr)
      return;
    inner->next = inner->first = first;
    inner->end = items_.size();
  }

  // A frame for what lies inside the last one; null, and it has failed, where that is too deep.
  frame* enter(frame::kind what, const message_shape* shape, bool hashed_down) {
    if (frames_.size() == max_object_depth) {
      fail(too_deep());
      return nullptr;
    }
    auto& inner = frames_.emplace_back();
    inner.what = what;
    inner.shape = shape;
    inner.hashed_down = hashed_down;
    inner.hash.update(what == frame::kind::elements ? "l" : "d");
    return &inner;
  }

  // Adds a map's entries to those that are open, in the order of their names' hashes. The outermost
  // map is the inputs'.
  void read_entries(const Message& message, const member_shape& member, bool hashed_down) {
    const auto first = items_.size();
    const auto begin = static_cast<std::ptrdiff_t>(first);
    member.read_map(message, items_);
    if (ignored_ != nullptr && frames_.size() == 1)
      items_.erase(std::remove_if(items_.begin() + begin, items_.end(),
                                  [&](const auto& item) { return ignored_->contains(*item.key); }),
                   items_.end());
    const std::span added{items_.begin() + begin, items_.end()};
    chain_batch batch;
    for (auto& item : added) {
      if (!is_utf8(*item.key))
        return fail("a key of the map is not UTF-8");
      batch.next().begin(string_value(*item.key));
      batch.take(item.name);
    }
    batch.flush(); // what follows are longer chains, best side by side
    for (auto& item : added)
      if (make_chain(item, member.type, hashed_down, batch.next())) {
        item.has_value = true;
        batch.take(item.value);
      }
    batch.flush();
    for (auto at = first; at < items_.size(); ++at)
      order_.emplace_back(first_bytes(items_[at].name), at);
    std::sort(order_.begin() + begin, order_.end(), [this](const auto& left, const auto& right) {
      return left.name != right.name ? left.name < right.name
                                     : items_[left.at].name < items_[right.at].name;
    });
  }

  bool make_chain(const map_item& item, const message_shape* type, bool hashed_down,
                  hash_chain& chain) const {
    return type != nullptr && type->form == message_form::literal &&
           deja::make_chain(static_cast<const core::Literal&>(*item.message), hashed_down, room(1),
                            chain);
  }

  // Only the first failure counts: the step that failed may still go on.
  void fail(const std::string& why) {
    if (!wrong_)
      wrong_.emplace(errc::invalid_argument, path() + ": " + why);
  }

  // Where the walk is.
  std::string path() const {
    return std::string{name_} +
           path_of(frames_.size(), [this](std::size_t at) { return step_taken(frames_[at]); });
  }

  std::string step_taken(const frame& at) const {
    switch (at.what) {
    case frame::kind::message:
      return "." + at.shape->members[at.next - 1].field->name();
    case frame::kind::elements:
      return path_step(at.next - 1);
    case frame::kind::entries:
      return path_step(*items_[order_[at.next - 1].at].key);
    }
    return {};
  }

  std::string_view name_;
  const std::set<std::string>* ignored_;
  const FieldDescriptor* omitted_;
  // As many as most messages need lie here, and cost no allocation.
  boost::container::small_vector<frame, 6> frames_;
  map_items items_; // The entries of all maps that are open, innermost last.

  // Where in `items_` the entries are, in the order in which they are hashed.
  struct place {
    place(std::uint64_t first, std::size_t where) : name(first), at(where) {}

    std::uint64_t name; // The hash's first bytes.
    std::size_t at;
  };

  boost::container::small_vector<place, 8> order_;
  digest last_{};
  std::optional<error> wrong_;
};

} // namespace

result<digest> object_hash(const Message& message, std::string_view name) {
  const auto* shape = find_shape(message.GetDescriptor());
  if (shape == nullptr)
    return error{errc::invalid_argument, std::string{name} + ": no object hash for a message of " +
                                             "type " + message.GetTypeName()};
  return walk{name, nullptr}.run(message, *shape);
}

result<digest> task_hash(const core::Identifier& identifier) {
  static const auto* const version =
      core::Identifier::descriptor()->FindFieldByNumber(core::Identifier::kVersionFieldNumber);
  return walk{"identifier", nullptr, version}.run(identifier, shape_of<core::Identifier>());
}

result<digest> inputs_hash(const core::LiteralMap& inputs, const std::set<std::string>& ignored) {
  return walk{"inputs", &ignored}.run(inputs, shape_of<core::LiteralMap>());
}

} // namespace deja
