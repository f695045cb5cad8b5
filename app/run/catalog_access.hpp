#pragma once

#include <deja/app/run/fingerprint.hpp>
#include <deja/messages/wait.hpp>
#include <deja/transport/blob/content_store.hpp>
#include <deja/transport/folder/data_folder.hpp>

namespace deja::run {

/// In an entry's key map: the URI of the blob with the digests of its key's parts.
inline constexpr auto parts_field = "deja-parts";

/// What `deja run` needs of a catalog: one key's entry and reservation, and the contents. Blocking,
/// each call with a deadline; used by one thread. No call blocks a signal that would end the
/// process.
class catalog_access {
public:
  virtual ~catalog_access() = default;

  /// The entry; not_found is a miss, also for one older than `max_age` (zero: any age).
  virtual result<catalog_entry> look_up(duration max_age) = 0;

  /// Acquires the reservation; the answer is the one in force, ours or another's. Ours is extended
  /// in time from then on, until `release`.
  virtual result<reservation> reserve(const std::string& owner) = 0;

  /// Waits for at most `time` until there is an entry newer than this generation, or nobody
  /// computes it. Any error: it can't be waited for, so look again from time to time.
  virtual result<waited> wait(std::optional<std::uint64_t> newer_than, duration time) = 0;

  /// Releases the reservation if it is ours.
  virtual result<void> release() = 0;

  /// Puts the outputs where the condition allows. failed_precondition where `when.held` is not
  /// held.
  virtual result<put_status> put(core::LiteralMap outputs,
                                 std::map<std::string, std::string> key_map,
                                 const put_condition& when) = 0;

  virtual content_store& contents() = 0;
};

/// Opens the catalog that the options name for this key. invalid_argument where they name none that
/// could be; any other error means that it is out of reach.
result<std::unique_ptr<catalog_access>> open_catalog(const options& asked, const entry_key& where,
                                                     const catalog_key& key);

/// An index that lies in a file, and the file whose lock says who may use it.
struct folder_index {
  std::filesystem::path path, lock;
  std::filesystem::path socket{}; ///< Of a service that holds it; empty where there is none.
};

/// The one that the options name, where they name no service.
result<folder_index> find_index(const options& asked);

/// Where digests of unchanged files are remembered; empty where that is nowhere.
std::filesystem::path digests_file(const options& asked);

} // namespace deja::run
