#include <deja/app/run/depfile.hpp>

#include <set>

namespace deja::run {

namespace {

bool is_blank(char letter) {
  return letter == ' ' || letter == '\t';
}

class parser {
public:
  explicit parser(std::string_view text) : text_(text) {}

  result<std::vector<std::string>> run() {
    if (text_.find('\0') != std::string_view::npos)
      return error{errc::invalid_argument, "it holds a zero byte"};
    while (!text_.empty())
      if (auto done = take_line(); !done)
        return done.error();
    if (!any_rule_)
      return error{errc::invalid_argument, "it holds no rule"};
    return std::move(files_);
  }

private:
  error wrong(const std::string& why) const {
    return {errc::invalid_argument, "line " + std::to_string(line_) + ": " + why};
  }

  /// The length of the line end that comes next; 0: none.
  std::size_t line_end(std::size_t at = 0) const {
    const auto rest = text_.substr(std::min(at, text_.size()));
    return rest.starts_with("\r\n") ? 2 : rest.starts_with('\n') ? 1 : 0;
  }

  /// Skips blanks and continued line ends. True where the line goes on.
  bool skip_blanks() {
    while (!text_.empty()) {
      const auto continued = text_.front() == '\\' ? line_end(1) : 0;
      if (!is_blank(text_.front()) && continued == 0)
        break;
      text_.remove_prefix(1 + continued);
      line_ += continued > 0 ? 1 : 0;
    }
    return !text_.empty() && line_end() == 0;
  }

  void end_line() {
    text_.remove_prefix(line_end());
    ++line_;
  }

  /// One logical line.
  result<void> take_line() {
    const bool recipe = text_.front() == '\t';
    bool any = false, targets = true;
    while (skip_blanks()) {
      if (text_.front() == '#') {
        skip_comment();
        break;
      }
      if (recipe)
        return wrong("a recipe, which no compiler writes");
      auto word = take_word();
      if (!word)
        return word.error();
      any = true;
      if (!targets)
        add(std::move(*word));
      else if (word->ends_with(':')) // A colon within a word belongs to it.
        targets = false;
    }
    if (any && targets)
      return wrong("no colon behind a target");
    any_rule_ = any_rule_ || any;
    end_line();
    return {};
  }

  void skip_comment() {
    while (!text_.empty() && line_end() == 0) {
      const auto continued = text_.front() == '\\' ? line_end(1) : 0;
      text_.remove_prefix(1 + continued);
      line_ += continued > 0 ? 1 : 0;
    }
  }

  result<std::string> take_word() {
    std::string word;
    while (!text_.empty() && !is_blank(text_.front()) && line_end() == 0) {
      if (text_.front() == '\\') {
        if (!take_backslashes(word))
          break;
      } else if (text_.front() == '$') {
        if (!text_.starts_with("$$"))
          return wrong("a variable; `$` is written `$$`");
        word += '$';
        text_.remove_prefix(2);
      } else {
        word += text_.front();
        text_.remove_prefix(1);
      }
    }
    return word;
  }

  /// Takes a run of backslashes and what they escape; false where the last one continues the line,
  /// which ends the word.
  bool take_backslashes(std::string& word) {
    auto count = text_.find_first_not_of('\\');
    if (count == std::string_view::npos)
      count = text_.size();
    if (line_end(count) > 0) {
      word.append(count - 1, '\\');
      text_.remove_prefix(count - 1);
      return false;
    }
    const char next = count < text_.size() ? text_[count] : '\0';
    text_.remove_prefix(count);
    if (next == '#') {
      word.append(count - 1, '\\');
    } else if (is_blank(next) && count % 2 == 1) {
      word.append(count / 2, '\\');
    } else {
      word.append(count, '\\');
      return true;
    }
    word += next;
    text_.remove_prefix(1);
    return true;
  }

  void add(std::string file) {
    if (seen_.insert(file).second)
      files_.push_back(std::move(file));
  }

  std::string_view text_; ///< What is left of it.
  std::size_t line_ = 1;
  bool any_rule_ = false;
  std::vector<std::string> files_;
  std::set<std::string> seen_;
};

} // namespace

result<std::vector<std::string>> parse_depfile(std::string_view text) {
  return parser{text}.run();
}

} // namespace deja::run
