#include <deja/transport/connect/request.hpp>

#include <boost/beast/core/string.hpp>

#include <algorithm>

namespace deja::http {

bool same_token(std::string_view left, std::string_view right) {
  return boost::beast::iequals(left, right);
}

std::optional<std::string_view> request::field(std::string_view name) const {
  for (const auto& one : fields_)
    if (same_token(view(one.name), name))
      return view(one.value);
  return std::nullopt;
}

std::size_t request::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields_, [&](const field_parts& one) { return same_token(view(one.name), name); }));
}

request::part request::store(std::string_view text) {
  const part stored{static_cast<std::uint32_t>(text_.size()),
                    static_cast<std::uint32_t>(text.size())};
  text_ += text;
  return stored;
}

void request::set_target(std::string_view target) {
  if (!target.starts_with('/'))
    if (const auto authority = target.find("://"); authority != target.npos) {
      const auto path = target.find_first_of("/?", authority + 3);
      target = path == target.npos ? "/" : target.substr(path);
    }
  const auto mark = target.find('?');
  path_ = store(target.substr(0, mark));
  query_ = store(mark == target.npos ? std::string_view{} : target.substr(mark + 1));
}

void request::clear() {
  // One large request must not hold on to its memory for the thread's life.
  constexpr std::size_t kept = std::size_t{64} << 10;
  if (body.capacity() > kept)
    body = {};
  body.clear();
  text_.clear();
  fields_.clear();
  method_ = path_ = query_ = {};
}

} // namespace deja::http
