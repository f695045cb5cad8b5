#include <deja/messages/object_hash.hpp>

#include <deja/messages/base64.hpp>
#include <deja/messages/json_form.hpp>
#include <deja/messages/message_shape.hpp>
#include <deja/messages/utf8.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

namespace deja {

namespace {

namespace core = flyteidl2::core;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

digest tagged(char tag, std::string_view bytes) {
  sha256 hash;
  hash.update({&tag, 1});
  hash.update(bytes);
  return hash.finish();
}

digest null_hash() {
  return tagged('n', {});
}

digest boolean_hash(bool value) {
  return tagged('b', value ? "1" : "0");
}

digest number_hash(double value) {
  if (std::isnan(value))
    return string_hash("NaN");
  if (std::isinf(value))
    return string_hash(value < 0 ? "-Infinity" : "Infinity");
  return tagged('f', number_form(value));
}

// An object or array that is being hashed.
struct frame {
  enum class kind : std::uint8_t { message, elements, entries };

  kind what;
  bool hashed_down;           // Literals in here are hashed down.
  int only;                   // message: the one field to take; 0: all.
  const Message* message;     // message, elements: whose fields these are.
  const message_shape* shape; // message: its own; else that of the values, null for texts.
  const member_shape* member; // elements: the repeated field.
  std::size_t next;           // The member, element or entry to take next.
  std::size_t end;
  std::size_t first; // entries: where they begin among all.
  sha256 hash;
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
    if (top.only != 0 && field->number() != top.only)
      return;
    if (member.read_map != nullptr) {
      const auto first = read_entries(message, member);
      if (wrong_ || first == items_.size())
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
      return add_message(reflection->GetRepeatedMessage(message, top.member->field, at), *top.shape,
                         top.hashed_down);
    std::string scratch;
    add_text(reflection->GetRepeatedStringReference(message, top.member->field, at, &scratch));
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
      const auto first = read_entries(message, fields);
      return wrong_ ? void() : enter_entries(first, fields.type, false);
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
    int only = 0;
    if (hashed_down && shape.form == message_form::literal) {
      only = stand_in(static_cast<const core::Literal&>(message));
      hashed_down = only != 0;
    }
    enter({frame::kind::message,
           hashed_down,
           only,
           &message,
           &shape,
           nullptr,
           0,
           shape.members.size(),
           0,
           {}});
  }

  // The field that alone stands for a literal that is hashed down; 0: all of it stays.
  static int stand_in(const core::Literal& literal) {
    if (!literal.hash().empty())
      return core::Literal::kHashFieldNumber;
    if (literal.has_collection())
      return core::Literal::kCollectionFieldNumber;
    if (literal.has_map())
      return core::Literal::kMapFieldNumber;
    return 0;
  }

  void enter_elements(const Message& message, const member_shape& member, bool hashed_down) {
    const auto count = message.GetReflection()->FieldSize(message, member.field);
    enter({frame::kind::elements,
           hashed_down,
           0,
           &message,
           member.type,
           &member,
           0,
           static_cast<std::size_t>(count),
           0,
           {}});
  }

  void enter_entries(std::size_t first, const message_shape* type, bool hashed_down) {
    enter({frame::kind::entries,
           hashed_down,
           0,
           nullptr,
           type,
           nullptr,
           first,
           items_.size(),
           first,
           {}});
  }

  void enter(frame inner) {
    if (frames_.size() == max_object_depth)
      return fail("more than " + std::to_string(max_object_depth) +
                  " objects and arrays inside one another");
    inner.hash.update(inner.what == frame::kind::elements ? "l" : "d");
    frames_.push_back(inner);
  }

  // Reads a map's entries behind those that are open, in the order of their names' hashes, and
  // says where they begin. The outermost map is the inputs'.
  std::size_t read_entries(const Message& message, const member_shape& member) {
    const auto first = items_.size();
    member.read_map(message, items_);
    const auto begin = items_.begin() + static_cast<std::ptrdiff_t>(first);
    if (ignored_ != nullptr && frames_.size() == 1)
      items_.erase(std::remove_if(begin, items_.end(),
                                  [&](const auto& item) { return ignored_->contains(*item.key); }),
                   items_.end());
    for (auto at = first; at < items_.size(); ++at) {
      if (!is_utf8(*items_[at].key)) {
        fail("a key of the map is not UTF-8");
        return first;
      }
      items_[at].name = string_hash(*items_[at].key);
    }
    std::sort(begin, items_.end(),
              [](const auto& left, const auto& right) { return left.name < right.name; });
    return first;
  }

  void fail(const std::string& why) { wrong_.emplace(errc::invalid_argument, path() + ": " + why); }

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
