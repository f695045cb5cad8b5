#include <deja/app/load/response_reader.hpp>

#include <algorithm>
#include <charconv>

namespace deja::app::load {

namespace {

constexpr std::size_t least_space = std::size_t{16} << 10;

error broken(const char* what) {
  return {errc::internal, std::string{"the answer is no HTTP: "} + what};
}

error too_long() {
  return {errc::internal, "the answer's body is over the limit of " +
                              std::to_string(response_reader::longest_body) + " bytes"};
}

bool is_name(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

bool has_word(std::string_view list, std::string_view lower) {
  for (std::size_t at = 0; at + lower.size() <= list.size(); ++at)
    if (is_name(list.substr(at, lower.size()), lower))
      return true;
  return false;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

} // namespace

std::span<char> response_reader::space() {
  if (buffer_.size() - end_ < least_space)
    buffer_.resize(std::max(end_ + least_space, buffer_.size() * 2));
  return std::span{buffer_}.subspan(end_);
}

result<bool> response_reader::took(std::size_t count) {
  if (count == 0) {
    if (part_ == part::open_body) {
      body_ = {buffer_.data() + body_at_, end_ - body_at_};
      used_ = end_;
      find_texts();
      return true;
    }
    if (part_ == part::head && end_ == 0)
      return error{errc::unavailable, "the service closed the connection without an answer"};
    return error{errc::internal, "the answer was cut off"};
  }
  end_ += count;
  auto done = advance();
  if (done && *done)
    find_texts();
  return done;
}

// Where they lie now that nothing moves any more.
void response_reader::find_texts() {
  content_type_ = std::string_view{buffer_}.substr(type_at_, type_size_);
}

result<bool> response_reader::advance() {
  if (part_ == part::head) {
    auto done = read_head();
    if (!done || !*done)
      return done;
  }
  switch (part_) {
  case part::head:
    return false;
  case part::sized_body:
    if (end_ - used_ < left_)
      return false;
    body_ = {buffer_.data() + used_, left_};
    body_at_ = used_;
    used_ += left_;
    return true;
  case part::open_body:
    if (end_ - body_at_ > longest_body)
      return too_long();
    return false;
  default:
    return read_chunked();
  }
}

// Whether the head is complete.
result<bool> response_reader::read_head() {
  for (;;) {
    const auto text = unread();
    const auto end = text.find("\r\n\r\n", searched_);
    if (end == text.npos) {
      if (text.size() > longest_head)
        return broken("its head is longer than 64 KiB");
      if (!std::string_view{"HTTP/1."}.starts_with(text.substr(0, 7)))
        return broken("it does not begin with HTTP/1.");
      searched_ = text.size() < 3 ? 0 : text.size() - 3;
      return false;
    }
    const auto head = text.substr(0, end + 2);
    const auto line = head.substr(0, head.find("\r\n"));
    if (line.size() < 12 || !line.starts_with("HTTP/1.") || (line[7] != '0' && line[7] != '1') ||
        line[8] != ' ' ||
        std::from_chars(line.data() + 9, line.data() + 12, status_).ptr != line.data() + 12 ||
        status_ < 100)
      return broken("its status line is wrong");
    keep_alive_ = line[7] == '1';
    chunked_ = sized_ = false;
    left_ = type_size_ = 0;
    for (auto rest = head.substr(line.size() + 2); !rest.empty();) {
      const auto stop = rest.find("\r\n");
      if (auto read = read_header(rest.substr(0, stop)); !read)
        return read.error();
      rest.remove_prefix(stop + 2);
    }
    used_ += end + 4;
    searched_ = 0;
    if (status_ >= 200)
      break; // else more is to come
  }
  body_at_ = used_;
  body_ = {};
  if (status_ == 204 || status_ == 304) {
    left_ = 0;
    part_ = part::sized_body;
  } else if (chunked_) {
    joined_.clear();
    part_ = part::chunk_size;
  } else if (sized_) {
    part_ = part::sized_body;
  } else {
    keep_alive_ = false;
    part_ = part::open_body;
  }
  return true;
}

result<void> response_reader::read_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == line.npos || colon == 0)
    return broken("a header has no name");
  const auto name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
  if (is_name(name, "content-length")) {
    std::size_t length = 0;
    const auto [rest, problem] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (problem != std::errc{} || rest != value.data() + value.size() ||
        (sized_ && length != left_))
      return broken("its Content-Length is wrong");
    if (length > longest_body)
      return too_long();
    left_ = length;
    sized_ = true;
  } else if (is_name(name, "transfer-encoding")) {
    if (!is_name(value, "chunked"))
      return broken("its Transfer-Encoding is not chunked");
    chunked_ = true;
  } else if (is_name(name, "connection")) {
    if (has_word(value, "close"))
      keep_alive_ = false;
    else if (has_word(value, "keep-alive"))
      keep_alive_ = true;
  } else if (is_name(name, "content-type")) {
    const auto type = trimmed(value.substr(0, value.find(';')));
    type_at_ = static_cast<std::size_t>(type.data() - buffer_.data());
    type_size_ = type.size();
  } else if (is_name(name, "content-encoding") && !is_name(value, "identity")) {
    return broken("it is compressed, which was not asked for");
  }
  return {};
}

result<bool> response_reader::read_chunked() {
  for (;;) {
    const auto text = unread();
    if (part_ == part::chunk) {
      const auto count = std::min(left_, text.size());
      joined_ += text.substr(0, count);
      used_ += count;
      left_ -= count;
      if (left_ > 0)
        break;
      part_ = part::chunk_end;
      continue;
    }
    // The other parts are lines.
    const auto stop = text.find("\r\n");
    if (stop == text.npos) {
      if (text.size() > longest_head)
        return broken("a line of its chunks is longer than 64 KiB");
      break;
    }
    const auto line = text.substr(0, stop);
    used_ += stop + 2;
    if (part_ == part::chunk_end) {
      if (!line.empty())
        return broken("a chunk does not end where it should");
      part_ = part::chunk_size;
    } else if (part_ == part::chunk_size) {
      const auto number = trimmed(line.substr(0, line.find(';')));
      const auto [rest, problem] =
          std::from_chars(number.data(), number.data() + number.size(), left_, 16);
      if (problem != std::errc{} || rest != number.data() + number.size())
        return broken("the size of a chunk is wrong");
      if (left_ > longest_body - joined_.size())
        return too_long();
      part_ = left_ == 0 ? part::trailer : part::chunk;
    } else if (line.empty()) { // after the trailer
      body_ = joined_;
      return true;
    }
  }
  // What was taken makes room, but for the head, to which the answer's texts point.
  if (used_ > body_at_) {
    buffer_.erase(body_at_, used_ - body_at_);
    end_ -= used_ - body_at_;
    used_ = body_at_;
  }
  return false;
}

void response_reader::next() {
  const auto left = end_ - used_;
  if (left > 0)
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(used_), left, buffer_.begin());
  used_ = 0;
  end_ = left;
  part_ = part::head;
  searched_ = 0;
  body_ = content_type_ = {};
}

void response_reader::reset() {
  used_ = end_ = searched_ = 0;
  part_ = part::head;
  keep_alive_ = true;
  body_ = content_type_ = {};
}

} // namespace deja::app::load
