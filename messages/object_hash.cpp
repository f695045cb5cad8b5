#include <deja/messages/object_hash.hpp>

#include <deja/messages/base64.hpp>
#include <deja/messages/json_form.hpp>
#include <deja/messages/message_shape.hpp>
#include <deja/messages/utf8.hpp>
#include <deja/messages/value_hash.hpp>

#include <algorithm>
#include <optional>
#include <span>

namespace deja {

namespace {

namespace core = flyteidl2::core;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// An object or array that is being hashed.
struct frame {
  enum class kind : std::uint8_t { message, elements, entries };

  kind what;
  bool hashed_down = false;               // Literals in here are hashed down.
  const Message* message = nullptr;       // message, elements: whose fields these are.
  const message_shape* shape = nullptr;   // message: its own; else of the values, null for texts.
  const FieldDescriptor* field = nullptr; // elements: the repeated field.
  std::size_t next = 0;                   // The member, element or entry to take next.
  std::size_t end = 0;
  std::size_t first = 0; // entries: where they begin among all that are open.
  sha256 hash{};
};

// One walk over a message. Frames lie on a stack of its own, so that deep input can't exhaust the
// thread's.
class walk {
public:
  walk(std::string_view name, const std::set<std::string>* ignored)
      : name_(name), ignored_(ignored) {}

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
    if (done.what == frame::kind::entries)
      items_.resize(done.first);
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
      read_entries(message, member);
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
    if (!reflection->HasField(message, field))
      return;
    top.hash.update(member.name);
    if (member.type != nullptr)
      return add_message(reflection->GetMessage(message, field), *member.type, top.hashed_down);
    add_scalar(message, *reflection, member);
  }

  void step_elements() {
    auto& top = frames_.back();
    const auto at = static_cast<int>(top.next++);
    const auto& message = *top.message;
    const auto* reflection = message.GetReflection();
    if (top.shape != nullptr)
      return add_message(reflection->GetRepeatedMessage(message, top.field, at), *top.shape,
                         top.hashed_down);
    std::string scratch;
    add_text(reflection->GetRepeatedStringReference(message, top.field, at, &scratch));
  }

  void step_entries() {
    auto& top = frames_.back();
    const auto& item = items_[top.next++];
    top.hash.update(item.name);
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
    case message_form::structure: {
      const auto& fields = shape.members.front();
      const auto first = items_.size();
      read_entries(message, fields);
      return enter_entries(first, fields.type, false);
    }
    case message_form::list:
      return enter_elements(message, shape.members.front(), false);
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
      return add(number_hash(reflection.GetInt32(message, field)));
    case FieldDescriptor::CPPTYPE_UINT32:
      return add(number_hash(reflection.GetUInt32(message, field)));
    case FieldDescriptor::CPPTYPE_INT64:
      return add(string_hash(std::to_string(reflection.GetInt64(message, field))));
    case FieldDescriptor::CPPTYPE_UINT64:
      return add(string_hash(std::to_string(reflection.GetUInt64(message, field))));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return add(number_hash(reflection.GetDouble(message, field)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return add(boolean_hash(reflection.GetBool(message, field)));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto number = reflection.GetEnumValue(message, field);
      const auto name = member.enum_names.find(number);
      return add(name == member.enum_names.end() ? number_hash(number) : name->second);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      const auto& text = reflection.GetStringReference(message, field, &scratch);
      return field->type() == FieldDescriptor::TYPE_BYTES ? add(string_hash(to_base64(text)))
                                                          : add_text(text);
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
      return add(null_hash());
    case Value::kNumberValue:
      return add(number_hash(value.number_value()));
    case Value::kStringValue:
      return add_text(value.string_value());
    case Value::kBoolValue:
      return add(boolean_hash(value.bool_value()));
    case Value::kStructValue:
      return add_message(value.struct_value(), struct_shape_, false);
    case Value::kListValue:
      return add_message(value.list_value(), list_shape_, false);
    case Value::KIND_NOT_SET:
      return fail("a Value of no kind has no JSON form");
    }
  }

  void add_text(const std::string& text) {
    if (!is_utf8(text))
      return fail("the text is not UTF-8");
    add(string_hash(text));
  }

  void add_text(const result<std::string>& text) {
    if (!text)
      return fail(text.error().message);
    add(string_hash(*text));
  }

  void enter_message(const Message& message, const message_shape& shape, bool hashed_down) {
    frame inner{.what = frame::kind::message,
                .hashed_down = hashed_down,
                .message = &message,
                .shape = &shape,
                .end = shape.members.size()};
    if (hashed_down && shape.form == message_form::literal) {
      const auto only = stand_in(static_cast<const core::Literal&>(message), shape);
      inner.hashed_down = only.has_value();
      inner.next = only.value_or(inner.next);
      inner.end = only ? *only + 1 : inner.end;
    }
    enter(inner);
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
    const auto count = message.GetReflection()->FieldSize(message, member.field);
    enter({.what = frame::kind::elements,
           .hashed_down = hashed_down,
           .message = &message,
           .shape = member.type,
           .field = member.field,
           .end = static_cast<std::size_t>(count)});
  }

  void enter_entries(std::size_t first, const message_shape* type, bool hashed_down) {
    enter({.what = frame::kind::entries,
           .hashed_down = hashed_down,
           .shape = type,
           .next = first,
           .end = items_.size(),
           .first = first});
  }

  void enter(frame inner) {
    if (frames_.size() == max_object_depth)
      return fail("more than " + std::to_string(max_object_depth) +
                  " objects and arrays inside one another");
    inner.hash.update(inner.what == frame::kind::elements ? "l" : "d");
    frames_.push_back(inner);
  }

  // Adds a map's entries to those that are open, in the order of their names' hashes. The outermost
  // map is the inputs'.
  void read_entries(const Message& message, const member_shape& member) {
    const auto first = static_cast<std::ptrdiff_t>(items_.size());
    member.read_map(message, items_);
    if (ignored_ != nullptr && frames_.size() == 1)
      items_.erase(std::remove_if(items_.begin() + first, items_.end(),
                                  [&](const auto& item) { return ignored_->contains(*item.key); }),
                   items_.end());
    const std::span added{items_.begin() + first, items_.end()};
    for (auto& item : added) {
      if (!is_utf8(*item.key))
        return fail("a key of the map is not UTF-8");
      item.name = string_hash(*item.key);
    }
    std::sort(added.begin(), added.end(),
              [](const auto& left, const auto& right) { return left.name < right.name; });
  }

  // Only the first failure counts: the step that failed may still go on.
  void fail(const std::string& why) {
    if (!wrong_)
      wrong_.emplace(errc::invalid_argument, path() + ": " + why);
  }

  // Where the walk is, as `inputs.literals["x"].scalar`; of a long path, its two ends.
  std::string path() const {
    constexpr std::size_t ends = 16;
    std::string text{name_};
    for (std::size_t at = 0; at < frames_.size(); ++at) {
      if (at == ends && frames_.size() > 2 * ends) {
        text += "…";
        at = frames_.size() - ends;
      }
      text += step_taken(frames_[at]);
    }
    return text;
  }

  std::string step_taken(const frame& at) const {
    switch (at.what) {
    case frame::kind::message:
      return "." + at.shape->members[at.next - 1].field->name();
    case frame::kind::elements:
      return "[" + std::to_string(at.next - 1) + "]";
    case frame::kind::entries:
      return "[\"" + shortened(*items_[at.next - 1].key) + "\"]";
    }
    return {};
  }

  static std::string shortened(const std::string& key) {
    constexpr std::size_t most = 64;
    if (key.size() <= most)
      return key;
    auto end = most;
    while (end > 0 && (static_cast<std::uint8_t>(key[end]) & 0xc0U) == 0x80)
      --end;
    return key.substr(0, end) + "…";
  }

  std::string_view name_;
  const std::set<std::string>* ignored_; // Null: nothing is hashed down.
  const message_shape& struct_shape_ = *find_shape(google::protobuf::Struct::descriptor());
  const message_shape& list_shape_ = *find_shape(google::protobuf::ListValue::descriptor());
  std::vector<frame> frames_;
  std::vector<map_item> items_; // The entries of all maps that are open, innermost last.
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

result<digest> inputs_hash(const core::LiteralMap& inputs, const std::set<std::string>& ignored) {
  return walk{"inputs", &ignored}.run(inputs, *find_shape(core::LiteralMap::descriptor()));
}

} // namespace deja
