#include <deja/transport/blob/memory_blob_store.hpp>

#include <deja/transport/blob/blob_name.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

namespace deja {

namespace {

struct stored_blob {
  std::shared_ptr<const std::string> bytes;
  std::chrono::sys_time<std::chrono::nanoseconds> modified;
};

/// The blobs by name; writers may outlive the store, so they share it.
struct shelf {
  std::mutex mutex;
  std::map<std::string, stored_blob> blobs;

  void put(const std::string& name, std::shared_ptr<const std::string> bytes) {
    const std::lock_guard lock{mutex};
    blobs[name] = {std::move(bytes), std::chrono::system_clock::now()};
  }
};

class memory_reader : public blob_reader {
public:
  explicit memory_reader(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t size() const override { return bytes_->size(); }

  result<std::size_t> read(std::span<char> buffer) override {
    const auto count = std::min(buffer.size(), bytes_->size() - at_);
    if (count > 0)
      std::memcpy(buffer.data(), bytes_->data() + at_, count);
    at_ += count;
    return count;
  }

private:
  std::shared_ptr<const std::string> bytes_;
  std::size_t at_ = 0;
};

class memory_writer : public blob_writer {
public:
  memory_writer(std::shared_ptr<shelf> target, std::string name)
      : target_(std::move(target)), name_(std::move(name)) {}

  result<void> write(std::string_view bytes) override {
    bytes_.append(bytes);
    return {};
  }

  result<void> commit() override {
    target_->put(name_, std::make_shared<const std::string>(std::move(bytes_)));
    return {};
  }

private:
  std::shared_ptr<shelf> target_;
  std::string name_;
  std::string bytes_;
};

class memory_blob_store : public blob_store {
public:
  explicit memory_blob_store(std::string root) : root_(std::move(root)) {}

  bool is_quick() const override { return true; }

  result<blob_info> head(const std::string& reference) override {
    auto found = find(reference);
    if (!found)
      return found.error();
    return blob_info{found->bytes->size(), {}, found->modified};
  }

  result<std::unique_ptr<blob_reader>> open(const std::string& reference) override {
    auto found = find(reference);
    if (!found)
      return found.error();
    return std::make_unique<memory_reader>(found->bytes);
  }

  result<std::unique_ptr<blob_writer>> create(const std::string& reference) override {
    auto name = blob_name(root_, reference);
    if (!name)
      return name.error();
    return std::make_unique<memory_writer>(shelf_, std::move(*name));
  }

  result<void> copy(const std::string& from, const std::string& to) override {
    auto found = find(from);
    if (!found)
      return found.error();
    auto name = blob_name(root_, to);
    if (!name)
      return name.error();
    shelf_->put(*name, found->bytes);
    return {};
  }

  result<blob_page> list(const std::string& prefix, const std::string& cursor,
                         std::size_t limit) override {
    auto plan = plan_listing(root_, prefix, cursor, limit);
    if (!plan)
      return plan.error();
    blob_page page;
    const std::lock_guard lock{shelf_->mutex};
    auto at = plan->after < plan->prefix ? shelf_->blobs.lower_bound(plan->prefix)
                                         : shelf_->blobs.upper_bound(plan->after);
    for (; at != shelf_->blobs.end() && at->first.starts_with(plan->prefix); ++at) {
      if (page.references.size() == limit) {
        page.next = page.references.back();
        break;
      }
      page.references.push_back(plan->base + at->first);
    }
    return page;
  }

  result<void> remove(const std::string& reference) override {
    auto name = blob_name(root_, reference);
    if (!name)
      return name.error();
    const std::lock_guard lock{shelf_->mutex};
    if (shelf_->blobs.erase(*name) == 0)
      return missing(reference);
    return {};
  }

  result<void> touch(const std::string& reference) override {
    auto name = blob_name(root_, reference);
    if (!name)
      return name.error();
    const std::lock_guard lock{shelf_->mutex};
    const auto at = shelf_->blobs.find(*name);
    if (at == shelf_->blobs.end())
      return missing(reference);
    at->second.modified = std::chrono::system_clock::now();
    return {};
  }

  result<bool> remove_if_older(const std::string& reference,
                               std::chrono::sys_time<std::chrono::nanoseconds> before) override {
    auto name = blob_name(root_, reference);
    if (!name)
      return name.error();
    const std::lock_guard lock{shelf_->mutex};
    const auto at = shelf_->blobs.find(*name);
    if (at == shelf_->blobs.end())
      return missing(reference);
    if (at->second.modified >= before)
      return false;
    shelf_->blobs.erase(at);
    return true;
  }

  result<std::string> sign(const std::string& reference, std::chrono::nanoseconds) override {
    return error{errc::unimplemented,
                 "signing \"" + reference + "\": a store in memory has no signed URLs"};
  }

private:
  static error missing(const std::string& reference) {
    return {errc::not_found, "there is no blob \"" + reference + "\""};
  }

  result<stored_blob> find(const std::string& reference) {
    auto name = blob_name(root_, reference);
    if (!name)
      return name.error();
    const std::lock_guard lock{shelf_->mutex};
    const auto at = shelf_->blobs.find(*name);
    if (at == shelf_->blobs.end())
      return missing(reference);
    return at->second;
  }

  const std::string root_;
  const std::shared_ptr<shelf> shelf_ = std::make_shared<shelf>();
};

} // namespace

std::shared_ptr<blob_store> make_memory_blob_store(std::string root) {
  return std::make_shared<memory_blob_store>(std::move(root));
}

} // namespace deja
