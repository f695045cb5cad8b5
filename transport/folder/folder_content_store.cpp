#include <deja/transport/folder/folder_endpoint.hpp>

#include <deja/transport/folder/here_or_there.hpp>

namespace deja {

namespace {

class folder_content_store final : public content_store {
public:
  folder_content_store(data_folder folder, folder_services services)
      : lock_(folder.lock()), here_(open(folder)), there_(services.content(folder.socket())) {}

  result<bool> has(const digest& name) override {
    return call([&](content_store& store) { return store.has(name); });
  }

  result<void> put_file(const digest& name, const std::filesystem::path& file) override {
    return call([&](content_store& store) { return store.put_file(name, file); });
  }

  result<void> put_bytes(const digest& name, std::string_view bytes) override {
    return call([&](content_store& store) { return store.put_bytes(name, bytes); });
  }

  result<void> fetch_file(const digest& name, const std::filesystem::path& file) override {
    return call([&](content_store& store) { return store.fetch_file(name, file); });
  }

  result<std::string> fetch_bytes(const digest& name, std::uint64_t limit) override {
    return call([&](content_store& store) { return store.fetch_bytes(name, limit); });
  }

private:
  static result<std::unique_ptr<content_store>> open(const data_folder& folder) {
    auto blobs = open_blob_store(folder.path().string());
    if (!blobs)
      return blobs.error();
    return make_content_store(*blobs);
  }

  template <class Call>
  auto call(Call call) -> decltype(call(std::declval<content_store&>())) {
    return here_or_there(
        lock_, duration::zero(),
        [&](duration) -> decltype(call(**here_)) {
          if (!here_)
            return here_.error();
          return call(**here_);
        },
        [&](duration) { return call(*there_); });
  }

  const std::filesystem::path lock_;
  const result<std::unique_ptr<content_store>> here_;
  const std::unique_ptr<content_store> there_;
};

} // namespace

std::unique_ptr<content_store> make_folder_content_store(data_folder folder,
                                                         folder_services services) {
  return std::make_unique<folder_content_store>(std::move(folder), std::move(services));
}

} // namespace deja
