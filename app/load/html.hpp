#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace deja::app::load {

/// UTF-8 text as it may stand between tags and in quoted attributes. Replaced are control
/// characters, which HTML may not have, and those that would turn the direction of what follows.
std::string escaped(std::string_view text);

/// A cell of a table. Its texts are not yet escaped, its class is a word of the style sheet.
struct table_cell {
  std::string text;
  std::string note = {};  ///< Smaller, behind the text.
  std::string style = {}; ///< A class.
};

/// A table, in a frame that scrolls where the page is too narrow for it. The first column heads the
/// rows. None of its texts is escaped before; of very many rows the first are shown, and how many
/// more there are.
class html_table {
public:
  static constexpr std::size_t most_rows = 100;

  html_table(std::string caption, std::vector<std::string> columns, std::size_t rows = most_rows)
      : caption_(std::move(caption)), columns_(std::move(columns)), most_(rows) {}

  void add(std::string head, std::vector<table_cell> cells);

  /// Has notes below their cells' texts instead of behind them.
  void stack_notes() { style_ = " class=\"stacked\""; }

  bool empty() const { return count_ == 0; }

  std::string html() const;

private:
  std::string caption_;
  std::vector<std::string> columns_;
  std::size_t most_;
  std::string style_;
  std::size_t count_ = 0;
  std::string rows_;
};

} // namespace deja::app::load
