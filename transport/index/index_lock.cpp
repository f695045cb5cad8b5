#include <deja/transport/index/index_lock.hpp>

namespace deja {

std::filesystem::path index_lock(const std::filesystem::path& index) {
  std::error_code problem;
  auto file = std::filesystem::weakly_canonical(std::filesystem::absolute(index), problem);
  if (problem) // It can't be opened under this name either.
    file = index;
  file += ".lock";
  return file;
}

} // namespace deja
