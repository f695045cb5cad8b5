#include <deja/transport/blob/blob_name.hpp>

#include <string_view>

namespace deja {

namespace {

constexpr std::size_t longest_part = 255;
constexpr std::size_t longest_name = 4000;

error wrong(const std::string& reference, std::string_view why) {
  return {errc::invalid_argument, "blob reference \"" + reference + "\": " + std::string{why}};
}

/// What is left of the reference behind `base`, which is the root and a slash, or nothing.
result<std::string> without_root(const std::string& root, const std::string& reference,
                                 std::string& base) {
  const auto scheme_end = reference.find("://");
  base.clear();
  if (scheme_end == std::string::npos)
    return reference;
  const auto scheme = reference.substr(0, scheme_end);
  const auto known = root.substr(0, root.find("://"));
  if (scheme != known)
    return error{errc::unimplemented, "blob reference \"" + reference + "\": this store has only " +
                                          known + "://, not " + scheme + "://"};
  base = root + '/';
  if (!reference.starts_with(base))
    return wrong(reference, "it is not under the store's root " + root);
  return reference.substr(base.size());
}

const char* problem_of(std::string_view part) {
  if (part == "." || part == "..")
    return "\".\" and \"..\" are not allowed in it";
  if (part.size() > longest_part)
    return "a part of it is longer than 255 bytes";
  return nullptr;
}

/// The prefix without `base`. Its last part may be the beginning of one, so that isn't judged.
result<std::string> name_prefix(const std::string& root, const std::string& prefix,
                                std::string& base) {
  auto name = without_root(root, prefix, base);
  if (!name)
    return name;
  if (name->size() > longest_name)
    return wrong(prefix.substr(0, 100) + "…", "it is longer than 4000 bytes");
  if (name->find('\0') != std::string::npos)
    return wrong(name->substr(0, name->find('\0')), "it contains a NUL");
  if (name->starts_with('/'))
    return wrong(prefix, "an absolute path is not allowed");
  std::string_view rest = *name;
  for (auto slash = rest.find('/'); slash != rest.npos; slash = rest.find('/')) {
    const auto part = rest.substr(0, slash);
    if (part.empty())
      return wrong(prefix, "it has an empty part");
    if (const auto* problem = problem_of(part))
      return wrong(prefix, problem);
    rest.remove_prefix(slash + 1);
  }
  return name;
}

} // namespace

result<std::string> blob_name(const std::string& root, const std::string& reference) {
  std::string base;
  auto name = name_prefix(root, reference, base);
  if (!name)
    return name;
  if (name->empty())
    return wrong(reference, "it names no blob");
  const auto last = std::string_view{*name}.substr(name->rfind('/') + 1);
  if (last.empty())
    return wrong(reference, "it ends with a slash");
  if (const auto* problem = problem_of(last))
    return wrong(reference, problem);
  return name;
}

result<blob_listing> plan_listing(const std::string& root, const std::string& prefix,
                                  const std::string& cursor, std::size_t limit) {
  if (limit == 0)
    return error{errc::invalid_argument,
                 "listing blobs \"" + prefix + "\": the limit must be at least 1"};
  blob_listing plan;
  auto after = name_prefix(root, cursor, plan.base);
  if (!after)
    return after.error();
  auto wanted = name_prefix(root, prefix, plan.base);
  if (!wanted)
    return wanted.error();
  plan.after = std::move(*after);
  plan.prefix = std::move(*wanted);
  return plan;
}

} // namespace deja
