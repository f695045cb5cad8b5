#pragma once

#include <deja/transport/index/postgres.hpp>

namespace deja {

/// Makes the tables in a new database and brings old ones up to date; any number of processes may
/// do so at once. failed_precondition where a newer Deja made them.
result<void> migrate(postgres::connection& database);

} // namespace deja
