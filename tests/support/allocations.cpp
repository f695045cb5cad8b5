#include "allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> count{0};

} // namespace

void* operator new(std::size_t size) {
  ++count;
  if (void* room = std::malloc(size == 0 ? 1 : size))
    return room;
  throw std::bad_alloc{};
}

void operator delete(void* room) noexcept {
  std::free(room);
}

void operator delete(void* room, std::size_t) noexcept {
  std::free(room);
}

std::size_t deja::testing::allocations() {
  return count;
}
