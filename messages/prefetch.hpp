#pragma once

namespace deja {

/// Has the processor fetch what lies at `place`, if anything does, so that it is there when it is
/// read soon. Worth it where many places are known in advance: the waits for them overlap.
inline void prefetch(const void* place) {
  __builtin_prefetch(place);
}

} // namespace deja
