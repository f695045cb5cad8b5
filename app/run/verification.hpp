#pragma once

#include <deja/app/run/execution.hpp>
#include <deja/app/run/stored_outputs.hpp>

namespace deja::run {

/// In what a command that has run differs from what is remembered of it: lines for people, such as
/// `the output "a.o" differs`, `standard error differs`; none where it is all the same. Its two
/// streams are compared each by itself: how they mix is chance. `names` are the outputs', `places`
/// where they lie. An error where what is remembered is damaged or can't be read.
result<std::vector<std::string>> differences(const core::LiteralMap& remembered,
                                             const std::vector<std::string>& names,
                                             const command_plan& plan, const recording& said,
                                             content_store& blobs);

} // namespace deja::run
