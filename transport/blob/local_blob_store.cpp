#include <deja/transport/blob/local_blob_store.hpp>

#include <deja/transport/blob/blob_name.hpp>
#include <deja/transport/blob/local_blob_writer.hpp>

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace deja {

namespace {

std::chrono::sys_time<std::chrono::nanoseconds> time_of(const struct ::timespec& time) {
  return std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::seconds{time.tv_sec} +
                                                         std::chrono::nanoseconds{time.tv_nsec}};
}

class local_reader : public blob_reader {
public:
  local_reader(file_descriptor file, std::uint64_t size, std::string doing)
      : file_(std::move(file)), size_(size), doing_(std::move(doing)) {}

  std::uint64_t size() const override { return size_; }

  result<std::size_t> read(std::span<char> buffer) override {
    return read_some(file_.get(), buffer, doing_);
  }

private:
  file_descriptor file_;
  std::uint64_t size_;
  std::string doing_;
};

/// Walks a tree in the order of its names and gathers one page of them.
class listing {
public:
  listing(const blob_listing& plan, std::size_t limit) : plan_(plan), limit_(limit) {}

  /// Lists the folder, whose name is `path` with a slash behind, or empty. False: the page is full.
  result<bool> walk(file_descriptor folder, const std::string& path) {
    auto children = children_of(std::move(folder), path);
    if (!children)
      return children.error();
    const auto& [at, names] = *children;
    for (const auto& name : names) {
      const bool is_folder = name.ends_with('/');
      const auto full = path + name;
      if (is_folder ? !may_hold(full) : !(full > plan_.after && full.starts_with(plan_.prefix)))
        continue;
      if (!is_folder) {
        if (page_.references.size() == limit_) {
          page_.next = page_.references.back();
          return false;
        }
        page_.references.push_back(plan_.base + full);
        continue;
      }
      file_descriptor next{::openat(::dirfd(at.get()), name.substr(0, name.size() - 1).c_str(),
                                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
      if (!next && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        continue; // replaced or removed since we read its name
      if (!next)
        return system_error("listing folder \"" + full + "\"", errno);
      if (auto more = walk(std::move(next), full); !more || !*more)
        return more;
    }
    return true;
  }

  blob_page take() { return std::move(page_); }

  struct close_folder {
    void operator()(::DIR* folder) const { ::closedir(folder); }
  };

  using open_folder = std::unique_ptr<::DIR, close_folder>;

  /// The folder's files, and its folders with a slash behind: sorted so, the walk is in order.
  static result<std::pair<open_folder, std::vector<std::string>>>
  children_of(file_descriptor folder, const std::string& path) {
    open_folder at{::fdopendir(folder.get())};
    if (!at)
      return system_error("listing folder \"" + path + "\"", errno);
    (void)folder.release(); // closedir closes it
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const auto* child = ::readdir(at.get());
      if (child == nullptr && errno != 0)
        return system_error("listing folder \"" + path + "\"", errno);
      if (child == nullptr)
        break;
      const std::string name{child->d_name};
      auto kind = child->d_type;
      if (struct ::stat facts{}; kind == DT_UNKNOWN && ::fstatat(::dirfd(at.get()), name.c_str(),
                                                                 &facts, AT_SYMLINK_NOFOLLOW) == 0)
        kind = S_ISREG(facts.st_mode) ? DT_REG : S_ISDIR(facts.st_mode) ? DT_DIR : DT_UNKNOWN;
      if (kind == DT_REG)
        names.push_back(name);
      else if (kind == DT_DIR && name != "." && name != "..")
        names.push_back(name + '/');
    }
    std::sort(names.begin(), names.end());
    return std::pair{std::move(at), std::move(names)};
  }

private:
  /// Whether a blob that is asked for may lie in this folder.
  bool may_hold(const std::string& folder) const {
    if (folder == unfinished_blobs)
      return false;
    if (!folder.starts_with(plan_.prefix) && !plan_.prefix.starts_with(folder))
      return false;
    return folder > plan_.after || plan_.after.starts_with(folder);
  }

  const blob_listing& plan_;
  std::size_t limit_;
  blob_page page_;
};

class local_blob_store : public blob_store {
public:
  explicit local_blob_store(local_folder folder)
      : folder_(std::make_shared<const local_folder>(std::move(folder))),
        root_("file://" + (folder_->path() == "/" ? "" : folder_->path())) {}

  result<blob_info> head(const std::string& reference) override {
    struct ::stat facts {};

    auto file = open_blob(reference, facts);
    if (!file)
      return file.error();
    return blob_info{static_cast<std::uint64_t>(facts.st_size), {}, time_of(facts.st_mtim)};
  }

  result<std::unique_ptr<blob_reader>> open(const std::string& reference) override {
    struct ::stat facts {};

    auto file = open_blob(reference, facts);
    if (!file)
      return file.error();
    return std::make_unique<local_reader>(std::move(*file),
                                          static_cast<std::uint64_t>(facts.st_size),
                                          "reading blob \"" + reference + "\"");
  }

  result<std::unique_ptr<blob_writer>> create(const std::string& reference) override {
    auto writer = writer_of(reference);
    if (!writer)
      return writer.error();
    return std::move(*writer);
  }

  result<void> copy(const std::string& from, const std::string& to) override {
    struct ::stat facts {};

    auto source = open_blob(from, facts);
    if (!source)
      return source.error();
    auto writer = writer_of(to);
    if (!writer)
      return writer.error();
    if (auto copied = (*writer)->copy_from(source->get()); !copied)
      return copied;
    return (*writer)->commit();
  }

  result<blob_page> list(const std::string& prefix, const std::string& cursor,
                         std::size_t limit) override {
    auto plan = plan_listing(root_, prefix, cursor, limit);
    if (!plan)
      return plan.error();
    file_descriptor top{::openat(folder_->descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!top)
      return system_error("listing the blob store " + root_, errno);
    listing found{*plan, limit};
    if (auto walked = found.walk(std::move(top), {}); !walked)
      return walked.error();
    return found.take();
  }

  result<void> remove(const std::string& reference) override {
    auto name = name_of(reference);
    if (!name)
      return name.error();

    struct ::stat facts {};

    if (auto file = folder_->open_file(*name, facts); !file)
      return file.error();
    auto at = folder_->resolve(*name, false);
    if (!at)
      return at.error();
    if (::unlinkat(at->folder.get(), at->name.c_str(), 0) != 0)
      return system_error("removing blob \"" + reference + "\"", errno);
    return {};
  }

  result<void> touch(const std::string& reference) override {
    struct ::stat facts {};

    auto file = open_blob(reference, facts);
    if (!file)
      return file.error();
    if (::futimens(file->get(), nullptr) != 0)
      return system_error("renewing the age of blob \"" + reference + "\"", errno);
    // It may have been taken away since it was opened, see `remove_if_older`.
    if (auto there = open_blob(reference, facts); !there)
      return there.error();
    return {};
  }

  /// The file is moved aside before its age is looked at for good, and back where it is found
  /// renewed. So a renewal comes before that look, which sees it; or after it, and then the blob's
  /// name, where the renewal looks last, leads nowhere.
  result<bool> remove_if_older(const std::string& reference,
                               std::chrono::sys_time<std::chrono::nanoseconds> before) override {
    const auto doing = "removing blob \"" + reference + "\"";

    struct ::stat facts {};

    auto name = name_of(reference);
    if (!name)
      return name.error();
    if (auto file = folder_->open_file(*name, facts); !file)
      return file.error();
    if (time_of(facts.st_mtim) >= before)
      return false;
    auto at = folder_->resolve(*name, false);
    auto aside = folder_->resolve(std::string{unfinished_blobs} + unfinished_name(), true);
    if (!at || !aside)
      return at ? aside.error() : at.error();
    if (::renameat(at->folder.get(), at->name.c_str(), aside->folder.get(), aside->name.c_str()) !=
        0)
      return system_error(doing, errno);
    const bool seen =
        ::fstatat(aside->folder.get(), aside->name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0;
    const bool old = seen && time_of(facts.st_mtim) < before;
    // One that has been written under the name meanwhile is as good.
    if (!old &&
        ::linkat(aside->folder.get(), aside->name.c_str(), at->folder.get(), at->name.c_str(), 0) !=
            0 &&
        errno != EEXIST)
      return system_error("putting blob \"" + reference + "\" back", errno);
    if (::unlinkat(aside->folder.get(), aside->name.c_str(), 0) != 0)
      return system_error(doing, errno);
    return old;
  }

  result<blob_sum> remove_unfinished(std::chrono::sys_time<std::chrono::nanoseconds> before,
                                     bool dry) override {
    blob_sum sum;
    auto at = folder_->resolve(std::string{unfinished_blobs} + '.', false);
    if (!at && at.error().code == errc::not_found)
      return sum;
    if (!at)
      return at.error();
    auto files = listing::children_of(std::move(at->folder), std::string{unfinished_blobs});
    if (!files)
      return files.error();
    const int folder = ::dirfd(files->first.get());
    for (const auto& name : files->second) {
      struct ::stat facts {};

      if (::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
          !S_ISREG(facts.st_mode) || time_of(facts.st_mtim) >= before)
        continue;
      if (!dry && ::unlinkat(folder, name.c_str(), 0) != 0) {
        if (errno == ENOENT)
          continue; // its writer was not dead after all
        return system_error("removing the unfinished blob \"" + name + "\"", errno);
      }
      ++sum.blobs;
      sum.bytes += static_cast<std::uint64_t>(facts.st_size);
    }
    return sum;
  }

  result<std::string> sign(const std::string& reference, std::chrono::nanoseconds) override {
    return error{errc::unimplemented,
                 "signing \"" + reference + "\": a store of local files has no signed URLs"};
  }

private:
  result<std::string> name_of(const std::string& reference) const {
    auto name = blob_name(root_, reference);
    if (name && name->starts_with(unfinished_blobs))
      return error{errc::invalid_argument,
                   "blob reference \"" + reference + "\": unfinished blobs are no part of a store"};
    return name;
  }

  result<file_descriptor> open_blob(const std::string& reference, struct ::stat& facts) const {
    auto name = name_of(reference);
    if (!name)
      return name.error();
    return folder_->open_file(*name, facts);
  }

  result<std::unique_ptr<local_blob_writer>> writer_of(const std::string& reference) const {
    auto name = name_of(reference);
    if (!name)
      return name.error();
    return local_blob_writer::open(folder_, std::move(*name));
  }

  const std::shared_ptr<const local_folder> folder_; // shared with writers, which may outlive us
  const std::string root_;
};

} // namespace

result<std::shared_ptr<blob_store>> open_local_blob_store(const std::string& path) {
  auto folder = local_folder::open(path);
  if (!folder)
    return folder.error();
  return std::make_shared<local_blob_store>(std::move(*folder));
}

} // namespace deja
