#include <deja/app/load/cache_wire.hpp>

#include <deja/app/load/json_wire.hpp>
#include <deja/app/load/proto_wire.hpp>

#include <array>

namespace deja::app::load {

std::string_view path_of(method which) {
  constexpr std::array<std::string_view, method_count> paths = {
      "/flyteidl2.cacheservice.v2.CacheService/Get",
      "/flyteidl2.cacheservice.v2.CacheService/Put",
      "/flyteidl2.cacheservice.v2.CacheService/GetOrExtendReservation",
      "/flyteidl2.cacheservice.v2.CacheService/ReleaseReservation",
      "/deja.v1.CacheService/Get",
      "/deja.v1.CacheService/Put",
      "/deja.v1.CacheService/Reserve",
      "/deja.v1.CacheService/Release",
      "/deja.v1.CacheService/Wait",
  };
  return paths[static_cast<std::size_t>(which)];
}

std::unique_ptr<cache_wire> make_cache_wire(encoding how, const payload& texts) {
  if (how == encoding::json)
    return std::make_unique<json_wire>(texts);
  return std::make_unique<proto_wire>(texts);
}

} // namespace deja::app::load
