#include <deja/messages/sha256_engine.hpp>

// This file alone is compiled for processors with SHA extensions. So nothing in it may run on
// others, and it may use no inline function of a header: the linker might keep this file's version
// for all.

#if defined(__x86_64__)

#include <immintrin.h>

namespace deja {

namespace {

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
alignas(16) constexpr std::uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using vector = __m128i;

// The instructions want the eight words a to h in two halves, and each half's words backwards.
template <std::size_t Lanes>
struct halves {
  vector abef[Lanes];
  vector cdgh[Lanes];
};

vector load(const void* from) {
  return _mm_loadu_si128(static_cast<const vector*>(from));
}

void store(void* to, vector value) {
  _mm_storeu_si128(static_cast<vector*>(to), value);
}

// Of each of the four words the bytes backwards.
vector swapped(vector words) {
  return _mm_shuffle_epi8(words, _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

// Words in their usual order, `abcd` and `efgh`, as halves and back.
void to_halves(vector abcd, vector efgh, vector& abef, vector& cdgh) {
  const auto badc = _mm_shuffle_epi32(abcd, 0xb1);
  const auto hgfe = _mm_shuffle_epi32(efgh, 0x1b);
  abef = _mm_alignr_epi8(badc, hgfe, 8);
  cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
}

void from_halves(vector abef, vector cdgh, vector& abcd, vector& efgh) {
  const auto feba = _mm_shuffle_epi32(abef, 0x1b);
  const auto dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  abcd = _mm_blend_epi16(feba, dchg, 0xf0);
  efgh = _mm_alignr_epi8(dchg, feba, 8);
}

template <std::size_t Lanes>
[[gnu::always_inline]] inline void next_block(halves<Lanes>& state,
                                              const std::uint8_t* const* blocks) {
  auto now = state;
  vector schedule[Lanes][4];
  for (std::size_t lane = 0; lane < Lanes; ++lane)
    for (std::size_t part = 0; part < 4; ++part)
      schedule[lane][part] = swapped(load(blocks[lane] + 16 * part));
#pragma GCC unroll 16
  for (std::size_t group = 0; group < 16; ++group) { // of four rounds
    const auto constant = _mm_load_si128(reinterpret_cast<const vector*>(constants + 4 * group));
#pragma GCC unroll 4
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
      auto& words = schedule[lane];
      auto& oldest = words[group % 4];
      const auto& newest = words[(group + 3) % 4];
      const auto added = _mm_add_epi32(oldest, constant);
      now.cdgh[lane] = _mm_sha256rnds2_epu32(now.cdgh[lane], now.abef[lane], added);
      now.abef[lane] =
          _mm_sha256rnds2_epu32(now.abef[lane], now.cdgh[lane], _mm_shuffle_epi32(added, 0x0e));
      if (group < 12)
        oldest =
            _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(oldest, words[(group + 1) % 4]),
                                               _mm_alignr_epi8(newest, words[(group + 2) % 4], 4)),
                                 newest);
    }
  }
  for (std::size_t lane = 0; lane < Lanes; ++lane) {
    state.abef[lane] = _mm_add_epi32(state.abef[lane], now.abef[lane]);
    state.cdgh[lane] = _mm_add_epi32(state.cdgh[lane], now.cdgh[lane]);
  }
}

void compress(sha256_words& words, const std::uint8_t* blocks, std::size_t count) {
  auto* const place = reinterpret_cast<std::uint8_t*>(&words);
  halves<1> state;
  to_halves(load(place), load(place + 16), state.abef[0], state.cdgh[0]);
  for (; count > 0; --count, blocks += sha256_block_size)
    next_block(state, &blocks);
  vector abcd, efgh;
  from_halves(state.abef[0], state.cdgh[0], abcd, efgh);
  store(place, abcd);
  store(place + 16, efgh);
}

template <std::size_t Lanes>
void digests_of(const std::uint8_t* const* messages, std::size_t blocks, digest* out) {
  halves<Lanes> state;
  const std::uint8_t* next[Lanes];
  for (std::size_t lane = 0; lane < Lanes; ++lane) {
    to_halves(load(&sha256_start), load(reinterpret_cast<const std::uint8_t*>(&sha256_start) + 16),
              state.abef[lane], state.cdgh[lane]);
    next[lane] = messages[lane];
  }
  for (; blocks > 0; --blocks) {
    next_block(state, next);
    for (auto& one : next)
      one += sha256_block_size;
  }
  for (std::size_t lane = 0; lane < Lanes; ++lane) {
    auto* const place = reinterpret_cast<std::uint8_t*>(out + lane);
    vector abcd, efgh;
    from_halves(state.abef[lane], state.cdgh[lane], abcd, efgh);
    store(place, swapped(abcd));
    store(place + 16, swapped(efgh));
  }
}

void digests(const std::uint8_t* const* messages, std::size_t lanes, std::size_t blocks,
             digest* out) {
  switch (lanes) {
  case 1:
    return digests_of<1>(messages, blocks, out);
  case 2:
    return digests_of<2>(messages, blocks, out);
  case 3:
    return digests_of<3>(messages, blocks, out);
  case 4:
    return digests_of<4>(messages, blocks, out);
  default:
    return;
  }
}

} // namespace

extern const sha256_engine sha256_x86;
constinit const sha256_engine sha256_x86{compress, digests};

} // namespace deja

#endif
