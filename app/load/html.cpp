#include <deja/app/load/html.hpp>

namespace deja::app::load {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd"; // U+FFFD

/// Whether `text` begins with a character that changes the direction of all that follows: U+202A to
/// U+202E or U+2066 to U+2069, of three bytes.
bool begins_with_direction(std::string_view text) {
  if (text.size() < 3)
    return false;
  const auto last = static_cast<unsigned char>(text[2]);
  return (text.starts_with("\xe2\x80") && last >= 0xaa && last <= 0xae) ||
         (text.starts_with("\xe2\x81") && last >= 0xa6 && last <= 0xa9);
}

bool is_control(char letter) {
  return (static_cast<unsigned char>(letter) < 0x20 && letter != '\n' && letter != '\t') ||
         letter == 0x7f;
}

/// What stands for a letter that has a meaning in HTML; else nothing.
std::string_view entity(char letter) {
  switch (letter) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return {};
  }
}

} // namespace

std::string escaped(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at)
    if (const auto name = entity(text[at]); !name.empty())
      html += name;
    else if (is_control(text[at]))
      html += replacement;
    else if (begins_with_direction(text.substr(at)))
      html += replacement, at += 2;
    else
      html += text[at];
  return html;
}

void html_table::add(std::string head, std::vector<table_cell> cells) {
  if (++count_ > most_)
    return;
  rows_ += "<tr><th scope=\"row\">" + escaped(head) + "</th>";
  for (const auto& cell : cells) {
    rows_ += cell.style.empty() ? "<td>" : "<td class=\"" + cell.style + "\">";
    rows_ += escaped(cell.text);
    if (!cell.note.empty())
      rows_ += " <small>" + escaped(cell.note) + "</small>";
    rows_ += "</td>";
  }
  rows_ += "</tr>\n";
}

std::string html_table::html() const {
  std::string html = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" +
                     escaped(caption_) + "\"><table" + style_ + "><caption>" + escaped(caption_) +
                     "</caption>\n<thead><tr>";
  for (const auto& column : columns_)
    html += "<th scope=\"col\">" + escaped(column) + "</th>";
  html += "</tr></thead>\n<tbody>\n" + rows_;
  if (count_ > most_)
    html += "<tr><th scope=\"row\" colspan=\"" + std::to_string(columns_.size()) + "\">and " +
            std::to_string(count_ - most_) + " more</th></tr>\n";
  return html + "</tbody></table></div>\n";
}

} // namespace deja::app::load
