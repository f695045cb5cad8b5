#pragma once

#include <deja/messages/error.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace deja::run {

/// Where an output lies: its absolute path, no links in it but perhaps the last part.
/// invalid_argument for a name that is empty, absolute, contains `..`, is the working folder itself
/// or leads out of it through a link.
result<std::filesystem::path> place_of_output(const std::filesystem::path& working_folder,
                                              const std::string& name);

/// Where each output lies. invalid_argument also where one is declared twice or lies in another, is
/// an input, lies in an input, or has an input in it.
result<std::vector<std::filesystem::path>>
places_of_outputs(const std::filesystem::path& working_folder,
                  const std::vector<std::string>& outputs, const std::vector<std::string>& inputs);

/// Where a depfile lies: a name like an output's, for it is removed likewise before the command
/// runs. It may be one of the outputs (`places`), or lie in one.
result<std::filesystem::path> place_of_depfile(const std::filesystem::path& working_folder,
                                               const std::string& name,
                                               const std::vector<std::filesystem::path>& places,
                                               const std::vector<std::string>& inputs);

} // namespace deja::run
