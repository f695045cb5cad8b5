#include <deja/transport/collect/present_blobs.hpp>

#include <deja/messages/catalog.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/blob/content_store.hpp>
#include <deja/transport/collect/entry_contents.hpp>

#include <algorithm>

namespace deja {

present_blobs::present_blobs(std::shared_ptr<blob_store> blobs, std::string root, limits what,
                             std::function<wall_time()> now)
    : blobs_(std::move(blobs)), root_(std::move(root) + '/'), limits_(what), now_(std::move(now)) {}

std::optional<bool> present_blobs::recall(const entry& one) {
  const auto references = references_of(one);
  if (std::all_of(references.begin(), references.end(),
                  [this](const auto& reference) { return is_known(reference); }))
    return true;
  return std::nullopt;
}

bool present_blobs::look(const entry& one) {
  for (const auto& reference : references_of(one)) {
    if (is_known(reference))
      continue;
    const auto found = blobs_->head(reference);
    if (found)
      remember(reference);
    else if (found.error().code == errc::not_found)
      return false;
  }
  return true;
}

std::vector<std::string> present_blobs::references_of(const entry& one) const {
  std::vector<std::string> references;
  for (const auto& name : contents_named_in(one.output))
    references.push_back(content_reference(name));
  if (one.output.find(root_) != std::string::npos)
    if (const auto output = parse_message<cacheservice::CachedOutput>(one.output))
      if (output->output_uri().starts_with(root_))
        references.push_back(output->output_uri());
  return references;
}

bool present_blobs::is_known(const std::string& reference) {
  const std::lock_guard lock{mutex_};
  const auto found = seen_.find(reference);
  return found != seen_.end() && now_() - found->second <= limits_.remembered;
}

void present_blobs::remember(const std::string& reference) {
  const std::lock_guard lock{mutex_};
  if (seen_.size() >= limits_.blobs)
    seen_.clear();
  seen_.insert_or_assign(reference, now_());
}

} // namespace deja
