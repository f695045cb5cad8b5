#include <deja/app/json_members.hpp>

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <set>
#include <vector>

namespace deja::app {

namespace {

using members = std::map<std::string, std::string_view>;

/// Follows where in the text the parser is, and takes down the outermost object's members.
class outline {
public:
  outline(std::string_view text, const rapidjson::MemoryStream& stream)
      : text_(text), stream_(stream) {}

  bool Null() { return value(); }

  bool Bool(bool) { return value(); }

  bool Int(int) { return value(); }

  bool Uint(unsigned) { return value(); }

  bool Int64(std::int64_t) { return value(); }

  bool Uint64(std::uint64_t) { return value(); }

  bool Double(double) { return value(); }

  bool RawNumber(const char*, rapidjson::SizeType, bool) { return value(); }

  bool String(const char*, rapidjson::SizeType, bool) { return value(); }

  bool StartObject() { return open(false); }

  bool StartArray() { return open(true); }

  bool EndObject(rapidjson::SizeType) { return close(); }

  bool EndArray(rapidjson::SizeType) { return close(); }

  bool Key(const char* text, rapidjson::SizeType length, bool) {
    auto& top = levels_.back();
    top.name.assign(text, length);
    begin_ = levels_.size() == 1 ? stream_.Tell() : begin_;
    if (top.names.insert(top.name).second)
      return true;
    wrong_ = "the object has this name twice";
    return false;
  }

  members finish() { return std::move(members_); }

  const std::string& wrong() const { return wrong_; }

  /// As `inputs.literals["x"]`; of a long path, its beginning.
  std::string path() const {
    constexpr std::size_t most = 24;
    std::string text;
    for (std::size_t at = 0; at < std::min(levels_.size(), most); ++at)
      text += step(levels_[at], at == 0);
    return levels_.size() > most ? text + "…" : text;
  }

private:
  struct level {
    bool array;
    std::size_t index = 0; ///< Of an array, counted from 1.
    std::string name{};    ///< Of an object, the member's.
    std::set<std::string> names{};
  };

  static std::string step(const level& at, bool first) {
    if (at.array)
      return at.index == 0 ? "" : "[" + std::to_string(at.index - 1) + "]";
    if (at.names.empty())
      return {};
    const bool plain = std::all_of(at.name.begin(), at.name.end(), [](unsigned char letter) {
      return std::isalnum(letter) != 0 || letter == '_';
    });
    if (plain)
      return (first ? "" : ".") + at.name;
    return "[\"" + at.name + "\"]";
  }

  bool value() {
    if (levels_.empty()) {
      wrong_ = "an object is wanted";
      return false;
    }
    if (levels_.back().array)
      ++levels_.back().index;
    take_down(stream_.Tell());
    return true;
  }

  bool open(bool array) {
    if (levels_.empty() && array)
      return value();
    if (!levels_.empty() && levels_.back().array)
      ++levels_.back().index;
    if (levels_.size() == max_json_depth) {
      wrong_ =
          "more than " + std::to_string(max_json_depth) + " objects and arrays inside one another";
      return false;
    }
    levels_.push_back({array});
    return true;
  }

  bool close() {
    levels_.pop_back();
    take_down(stream_.Tell() + 1); // With the bracket, which is read next.
    return true;
  }

  /// The value of an outermost member that ends here, without what stands before it.
  void take_down(std::size_t end) {
    if (levels_.size() != 1)
      return;
    auto value = text_.substr(begin_, end - begin_);
    value.remove_prefix(std::min(value.find_first_not_of(" \t\r\n:"), value.size()));
    members_[levels_.front().name] = value;
  }

  std::string_view text_;
  const rapidjson::MemoryStream& stream_;
  std::size_t begin_ = 0; ///< Behind the name of the outermost member.
  members members_;
  std::vector<level> levels_;
  std::string wrong_;
};

error wrong_at(std::string_view text, std::size_t at, const std::string& path,
               const std::string& why) {
  const auto before = text.substr(0, std::min(at, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto begin = before.rfind('\n');
  const auto column = before.size() - (begin == std::string_view::npos ? 0 : begin + 1) + 1;
  return {errc::invalid_argument, "line " + std::to_string(line) + ", column " +
                                      std::to_string(column) + (path.empty() ? "" : ", in ") +
                                      path + ": " + why};
}

} // namespace

result<std::map<std::string, std::string_view>> split_json_object(std::string_view text) {
  constexpr unsigned flags = rapidjson::kParseIterativeFlag |
                             rapidjson::kParseValidateEncodingFlag |
                             rapidjson::kParseNumbersAsStringsFlag;
  if (const auto zero = text.find('\0'); zero != std::string_view::npos)
    return wrong_at(text, zero, "", "a zero byte");
  rapidjson::MemoryStream stream{text.data(), text.size()};
  outline where{text, stream};
  rapidjson::Reader reader;
  const auto done = reader.Parse<flags>(stream, where);
  if (done)
    return where.finish();
  return wrong_at(text, done.Offset(), where.path(),
                  where.wrong().empty() ? rapidjson::GetParseError_En(done.Code()) : where.wrong());
}

} // namespace deja::app
