#pragma once

#include <rapidjson/document.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace deja::app::load {

/// A value in a JSON document and the path to it. The first value of a document that is missing or
/// not as it is wanted is told in `wrong`, which all its nodes share; what is read from such a node
/// is empty or zero, so that the reader need not look until it is done.
class json_node {
public:
  /// Both must outlive the node and those made from it.
  json_node(const rapidjson::Value& value, std::optional<std::string>& wrong)
      : value_(&value), wrong_(&wrong) {}

  /// The object's member; it must be there.
  json_node operator[](const char* name) const;

  bool is_null() const { return value_->IsNull(); }

  /// From 0 to `most`.
  double number(double most) const;
  std::uint64_t whole() const;
  std::string text() const;
  bool truth() const;

  void refuse(const std::string& why) const;

  /// Calls `use` with each element of the array.
  template <class Use>
  void each_element(Use&& use) const {
    if (!check(value_->IsArray(), "an array"))
      return;
    std::size_t at = 0;
    for (const auto& element : value_->GetArray())
      use(json_node{element, path_ + '[' + std::to_string(at++) + ']', *wrong_});
  }

  /// Calls `use` with each member's name and value.
  template <class Use>
  void each_member(Use&& use) const {
    if (!check(value_->IsObject(), "an object"))
      return;
    for (const auto& member : value_->GetObject()) {
      std::string name{member.name.GetString(), member.name.GetStringLength()};
      json_node value{member.value, under(name), *wrong_};
      use(std::move(name), value);
    }
  }

private:
  json_node(const rapidjson::Value& value, std::string path, std::optional<std::string>& wrong)
      : value_(&value), path_(std::move(path)), wrong_(&wrong) {}

  std::string under(const std::string& name) const {
    return path_.empty() ? name : path_ + '.' + name;
  }

  bool check(bool fits, const char* wanted) const;

  const rapidjson::Value* value_;
  std::string path_;
  std::optional<std::string>* wrong_;
};

} // namespace deja::app::load
