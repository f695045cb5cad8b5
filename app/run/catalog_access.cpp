#include <deja/app/command_line.hpp>
#include <deja/app/run/catalog_access.hpp>
#include <deja/app/run/reservation_keeper.hpp>
#include <deja/messages/cached_output.hpp>
#include <deja/transport/connect/connect_endpoint.hpp>
#include <deja/transport/folder/folder_endpoint.hpp>
#include <deja/transport/folder/holder_lock.hpp>
#include <deja/transport/index/index_lock.hpp>

namespace deja::run {

namespace {

/// How often a reservation is extended. It runs out after some three times this, so that is how
/// long others wait for a process that was killed, where they can't see that (`holder_lock`).
constexpr duration heartbeat = std::chrono::seconds{2};

/// The largest LiteralMap that is read from a store.
constexpr std::uint64_t largest_outputs = 64 * 1024 * 1024;

/// Where things lie: calls, contents, and where the service takes none, the outputs' own maps.
struct parts {
  endpoint_factory endpoints;
  std::shared_ptr<content_store> contents;
  std::shared_ptr<blob_store> maps; ///< Empty: outputs are put inline.
  std::string maps_url;
  std::optional<data_folder> folder{}; ///< Where waiters see that a holder has ended.
};

class endpoint_catalog : public catalog_access {
public:
  endpoint_catalog(parts from, entry_key where, const catalog_key& key)
      : parts_(std::move(from)), where_(std::move(where)), identifier_(*key.identifier),
        endpoint_(parts_.endpoints()) {}

  result<catalog_entry> look_up(duration max_age) override {
    auto found = endpoint_->get({}, where_);
    if (!found)
      return found.error();
    catalog_entry entry;
    entry.stored = found->output->metadata();
    entry.generation = found->generation;
    const auto updated = from_wire(entry.stored.last_updated_at(), "last_updated_at");
    if (!updated)
      return updated.error();
    if (max_age > duration::zero() && std::chrono::system_clock::now() - *updated > max_age)
      return error{errc::not_found, "the entry is over the age limit"};
    if (!found->output->has_output_uri()) {
      entry.outputs = shared<core::LiteralMap>{found->output->output_literals()};
      return entry;
    }
    entry.uri = found->output->output_uri();
    auto outputs = read_map(entry.uri);
    if (!outputs)
      return outputs.error();
    entry.outputs = shared<core::LiteralMap>{std::move(*outputs)};
    return entry;
  }

  result<reservation> reserve(const std::string& owner) override {
    if (parts_.folder && !alive_)
      if (auto taken = holder_lock::take(*parts_.folder, owner)) // else others wait for the lease
        alive_.emplace(std::move(*taken));
    auto held = endpoint_->reserve({}, where_, owner, heartbeat);
    if (held && held->owner == owner) {
      owner_ = owner;
      keeper_ = std::make_unique<reservation_keeper>(parts_.endpoints(), where_, owner, heartbeat);
    }
    return held;
  }

  result<waited> wait(std::optional<std::uint64_t> newer_than, duration time) override {
    return endpoint_->wait({0, time, {}}, {where_, newer_than});
  }

  result<void> release() override {
    keeper_.reset();
    auto done = endpoint_->release({}, where_, owner_);
    alive_.reset();
    return done;
  }

  result<put_status> put(core::LiteralMap outputs, std::map<std::string, std::string> key_map,
                         const put_condition& when) override {
    cacheservice::CachedOutput output;
    auto& metadata = *output.mutable_metadata();
    *metadata.mutable_source_identifier() = identifier_;
    metadata.mutable_key_map()->mutable_values()->insert(key_map.begin(), key_map.end());
    if (parts_.maps) {
      auto uri = write_map(outputs);
      if (!uri)
        return uri.error();
      output.set_output_uri(std::move(*uri));
    } else {
      *output.mutable_output_literals() = std::move(outputs);
    }
    return endpoint_->put({}, where_, output, when);
  }

  content_store& contents() override { return *parts_.contents; }

private:
  /// A map that is gone, elsewhere, or can't be parsed is read as an empty one: it lacks every
  /// output, so the entry counts as damaged.
  result<core::LiteralMap> read_map(const std::string& uri) {
    core::LiteralMap outputs;
    if (!parts_.maps || !uri.starts_with(parts_.maps_url + '/'))
      return outputs;
    auto bytes = parts_.maps->read(uri, largest_outputs);
    if (!bytes && bytes.error().code != errc::not_found)
      return bytes.error();
    if (bytes && !outputs.ParseFromString(*bytes))
      outputs.Clear();
    return outputs;
  }

  result<std::string> write_map(const core::LiteralMap& outputs) {
    const auto bytes = outputs.SerializeAsString();
    const auto uri = parts_.maps_url + "/deja/outputs/" + to_hex(sha256::of(bytes)) + "/outputs.pb";
    if (auto written = parts_.maps->write(uri, bytes); !written)
      return written.error();
    return uri;
  }

  parts parts_;
  entry_key where_;
  core::Identifier identifier_;
  std::unique_ptr<cache_endpoint> endpoint_;
  std::string owner_;
  std::optional<holder_lock> alive_;
  std::unique_ptr<reservation_keeper> keeper_;
};

result<std::filesystem::path> index_path(const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  if (url.empty())
    return std::filesystem::path{};
  if (!url.starts_with(scheme) || url.size() == scheme.size())
    return error{errc::invalid_argument,
                 "--index takes sqlite:PATH, not \"" + url + "\"; use `deja serve` for others"};
  return std::filesystem::path{url.substr(scheme.size())};
}

result<std::filesystem::path> folder_path(const options& asked) {
  if (!asked.data.empty())
    return std::filesystem::path{asked.data};
  return default_data_folder();
}

result<parts> open_service(const options& asked) {
  auto token = app::read_token(asked.token_file);
  if (!token)
    return token.error();
  connect_config config{.url = asked.server, .token = std::move(*token)};
  if (auto fine = config.validate(); !fine)
    return fine.error();
  return parts{[config] { return make_connect_endpoint(config); },
               make_connect_content_store(config),
               nullptr,
               {}};
}

result<parts> open_folder(const options& asked) {
  auto path = folder_path(asked);
  auto index = index_path(asked.index);
  if (!path || !index)
    return path ? index.error() : path.error();
  auto folder = data_folder::open(*path);
  if (!folder)
    return folder.error();
  return parts{
      [folder = *folder, index = *index] { return make_folder_endpoint(folder, {}, index); },
      make_folder_content_store(*folder),
      nullptr,
      {},
      *folder};
}

} // namespace

result<std::unique_ptr<catalog_access>> open_catalog(const options& asked, const entry_key& where,
                                                     const catalog_key& key) {
  const bool remote = !asked.server.empty();
  auto opened = remote ? open_service(asked) : open_folder(asked);
  if (!opened)
    return opened.error();
  if (!asked.store.empty()) {
    auto blobs = open_blob_store(asked.store);
    if (!blobs)
      return within("--store", blobs.error());
    opened->contents = make_content_store(*blobs);
    if (remote) {
      // Flyte's own service takes no outputs inline.
      opened->maps = *blobs;
      opened->maps_url = asked.store.substr(0, asked.store.find_last_not_of('/') + 1);
    }
  }
  return std::make_unique<endpoint_catalog>(std::move(*opened), where, key);
}

result<folder_index> find_index(const options& asked) {
  auto path = folder_path(asked);
  auto elsewhere = index_path(asked.index);
  if (!path || !elsewhere)
    return path ? elsewhere.error() : path.error();
  const auto folder = data_folder::open(*path);
  if (!folder)
    return folder.error();
  if (!elsewhere->empty() && *elsewhere != folder->index())
    return folder_index{*elsewhere, index_lock(*elsewhere)};
  return folder_index{folder->index(), folder->lock(), folder->socket()};
}

std::filesystem::path digests_file(const options& asked) {
  auto path = folder_path(asked);
  if (!path)
    return {};
  auto folder = data_folder::open(*path);
  return folder ? folder->digests() : std::filesystem::path{};
}

} // namespace deja::run
