#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace deja::testing {

/// Every message type that a cache key is made from: those that Identifier, TypedInterface and
/// LiteralMap reach, themselves included, but for TypedInterface, of which only the parts are
/// hashed.
const std::vector<const google::protobuf::Descriptor*>& key_message_types();

/// Makes random messages of those types, with a liking for edge values: of numbers, times and
/// spans, texts of the lengths at which SHA-256 takes another block, unknown enum numbers, what is
/// present but empty, long lists, deep nesting. Some have no hash: text that is not UTF-8, times
/// out of range, Values of no kind, nesting over the limit. The same seed makes the same messages.
class random_messages {
public:
  explicit random_messages(std::uint64_t seed) : random_(seed) {}

  /// Fills an empty message. It must lie on an arena, for protobuf destroys nested messages
  /// recursively.
  void fill(google::protobuf::Message& message);

  std::string text();

  /// A number from 0 to `end` - 1.
  std::uint64_t below(std::uint64_t end) { return random_() % end; }

  bool one_in(std::uint64_t count) { return below(count) == 0; }

private:
  void fill_some(google::protobuf::Message& message, int depth);
  void fill_deep(google::protobuf::Message& message, std::uint64_t levels);
  bool fill_plainly(google::protobuf::Message& message, int depth);
  void fill_special(google::protobuf::Message& message);
  void fill_value(google::protobuf::Message& message, int depth);
  void set(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
           int depth);
  void set_single(google::protobuf::Message& message,
                  const google::protobuf::FieldDescriptor& field, int depth);
  void add_elements(google::protobuf::Message& message,
                    const google::protobuf::FieldDescriptor& field, int depth);
  void add_entries(google::protobuf::Message& message, int depth);
  google::protobuf::Message& add_message(google::protobuf::Message& message,
                                         const google::protobuf::FieldDescriptor& field);

  std::uint64_t count();
  std::string bytes(std::uint64_t length);
  std::string bad_text();
  double real();
  std::uint64_t bits();
  int enum_number(const google::protobuf::EnumDescriptor& type);

  bool fault() { return faulty_ && one_in(8); }

  template <class T>
  T pick(std::initializer_list<T> all) {
    return all.begin()[below(all.size())];
  }

  std::mt19937_64 random_;
  std::int64_t budget_ = 0; // How many values are still to be set, about.
  bool faulty_ = false;     // The message may have values that have no hash.
};

} // namespace deja::testing
