#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace deja::http {

/// A request as it came, header fields in order. Reused from one request to the next, so that its
/// memory is too.
class request {
public:
  std::string_view method() const { return view(method_); }

  /// The target without its query, as it came (nothing is percent-decoded); of an absolute target
  /// (`GET http://host/path`) only the path.
  std::string_view path() const { return view(path_); }

  /// What follows the `?`; empty where nothing does.
  std::string_view query() const { return view(query_); }

  /// The first field of that name, whatever its letters' case.
  std::optional<std::string_view> field(std::string_view name) const;

  /// How many fields have that name.
  std::size_t count(std::string_view name) const;

  std::string body;

private:
  friend class request_parser;

  struct part {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };

  struct field_parts {
    part name;
    part value;
  };

  std::string_view view(part of) const { return std::string_view{text_}.substr(of.at, of.size); }

  part store(std::string_view text);
  void set_target(std::string_view target);
  void clear();

  std::string text_; // all that the parts point into
  part method_, path_, query_;
  std::vector<field_parts> fields_;
};

/// Whether two header names or tokens are the same, ASCII letters' case aside.
bool same_token(std::string_view left, std::string_view right);

} // namespace deja::http
