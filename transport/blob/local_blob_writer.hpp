#pragma once

#include <deja/transport/blob/blob_store.hpp>
#include <deja/transport/blob/local_folder.hpp>

namespace deja {

/// A name for a file among the unfinished blobs, `pid-random`: never met by another process, also
/// not by one of another host or container.
std::string unfinished_name();

/// Writes one blob of a local store: aside, flushed, renamed. Dropped without `commit`, it removes
/// what it wrote.
class local_blob_writer : public blob_writer {
public:
  /// Opens the file that is written before it gets its `name`.
  static result<std::unique_ptr<local_blob_writer>> open(std::shared_ptr<const local_folder> store,
                                                         std::string name);

  ~local_blob_writer() override;

  result<void> write(std::string_view bytes) override;
  result<void> commit() override;

  /// Takes over the content of an open file: shared blocks where the file system can.
  result<void> copy_from(int source);

private:
  local_blob_writer(std::shared_ptr<const local_folder> store, std::string name,
                    folder_entry unfinished, file_descriptor file)
      : store_(std::move(store)), name_(std::move(name)), unfinished_(std::move(unfinished)),
        file_(std::move(file)), doing_("writing blob \"" + name_ + "\" in " + store_->path()) {}

  std::shared_ptr<const local_folder> store_;
  std::string name_;
  folder_entry unfinished_;
  file_descriptor file_; // closed once committed
  std::string doing_;
};

} // namespace deja
