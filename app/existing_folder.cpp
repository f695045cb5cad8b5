#include <deja/app/existing_folder.hpp>

namespace deja::app {

result<data_folder> existing_folder(const std::string& path) {
  auto found = path.empty() ? default_data_folder() : std::filesystem::path{path};
  if (!found)
    return found.error();
  std::error_code problem;
  if (!std::filesystem::exists(*found / "format", problem))
    return error{errc::not_found, "there is no data folder " + found->string()};
  return data_folder::open(*found);
}

} // namespace deja::app
