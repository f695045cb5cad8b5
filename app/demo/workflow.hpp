#pragma once

#include <deja/messages/error.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace deja::app::demo {

/// Named texts that a task takes.
using task_inputs = std::vector<std::pair<std::string, std::string>>;

/// A task: makes one text of others. What it makes depends on its name and its inputs alone.
struct task {
  std::string name;
  task_inputs given;                                      ///< Inputs that are there already.
  std::vector<std::pair<std::string, std::size_t>> taken; ///< The results of these tasks, by index.
  std::function<std::string(const task_inputs&)> compute; ///< Of all inputs, the given ones first.
};

/// Tasks, each behind those it takes results of. The last one's result is the workflow's.
struct workflow {
  std::vector<task> tasks;
  std::vector<std::string> skipped; ///< Files that are no texts, and why.
};

/// Words and phrases of the texts in a folder: counted by section, added up by text and then for
/// all, and each text's edit distance to the longest one; in the end a report. Errors: not_found,
/// permission_denied; invalid_argument where there are no texts or more than a thousand.
result<workflow> plan_workflow(const std::filesystem::path& folder);

} // namespace deja::app::demo
