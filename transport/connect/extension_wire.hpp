#pragma once

#include <deja/messages/error.hpp>
#include <deja/messages/wait.hpp>
#include <deja/transport/index/index.hpp>

#include <deja/v1/cache.pb.h>

// Between the messages of `deja.v1` and our own types, for both ends.

namespace deja {

v1::Key to_wire(const entry_key& key);
entry_key from_wire(const v1::Key& key);
entry_key take_key(v1::Key& key); ///< The same, taken out of it.

v1::Error to_wire(const error& why);

/// An unknown code is `unknown`.
error from_wire(const v1::Error& why);

v1::Reservation to_wire(const reservation& held);

/// invalid_argument where it has no owner, or a time that is none.
result<reservation> from_wire(const v1::Reservation& held);

/// As it is listed.
v1::Entry to_wire(const entry& found);

/// invalid_argument where a field can't be, or entries and reservations have not both of them.
result<scan_filter> from_wire(const v1::Filter& asked, scan_filter::kind what,
                              std::uint32_t page_size);

v1::WaitResponse to_wire(const waited& what);

/// invalid_argument where it says nothing that is known.
result<waited> from_wire(const v1::WaitResponse& what);

} // namespace deja
