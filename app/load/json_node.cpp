#include <deja/app/load/json_node.hpp>

#include <array>
#include <cstdio>

namespace deja::app::load {

namespace {

const char* kind_of(const rapidjson::Value& value) {
  static constexpr std::array names{"null",     "a boolean", "a boolean", "an object",
                                    "an array", "a string",  "a number"};
  return names.at(value.GetType());
}

std::string shortest(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", number);
  return text.data();
}

} // namespace

json_node json_node::operator[](const char* name) const {
  static const rapidjson::Value nothing;
  if (!check(value_->IsObject(), "an object"))
    return {nothing, under(name), *wrong_};
  const auto found = value_->FindMember(name);
  if (found != value_->MemberEnd())
    return {found->value, under(name), *wrong_};
  const json_node missing{nothing, under(name), *wrong_};
  missing.refuse("is missing");
  return missing;
}

double json_node::number(double most) const {
  if (!check(value_->IsNumber(), "a number"))
    return 0;
  const double number = value_->GetDouble();
  if (number >= 0 && number <= most)
    return number;
  refuse("a number from 0 to " + shortest(most) + " is wanted, not " + shortest(number));
  return 0;
}

std::uint64_t json_node::whole() const {
  return check(value_->IsUint64(), "a whole number of at most 64 bits") ? value_->GetUint64() : 0;
}

std::string json_node::text() const {
  if (!check(value_->IsString(), "a string"))
    return {};
  return {value_->GetString(), value_->GetStringLength()};
}

bool json_node::truth() const {
  return check(value_->IsBool(), "true or false") && value_->GetBool();
}

void json_node::refuse(const std::string& why) const {
  if (!*wrong_)
    *wrong_ = path_.empty() ? why : path_ + ": " + why;
}

bool json_node::check(bool fits, const char* wanted) const {
  if (!fits)
    refuse(std::string{wanted} + " is wanted, not " + kind_of(*value_));
  return fits;
}

} // namespace deja::app::load
