#include <deja/messages/sha256_engine.hpp>

#include <openssl/sha.h>

#include <algorithm>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

// OpenSSL 3 deprecates this in favour of EVP, which costs several times the hash itself for the
// short inputs that a cache key is made of.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace deja {

namespace {

void compress(sha256_words& words, const std::uint8_t* blocks, std::size_t count) {
  SHA256_CTX context{};
  std::copy(words.begin(), words.end(), std::begin(context.h));
  for (std::size_t at = 0; at < count; ++at)
    SHA256_Transform(&context, blocks + at * sha256_block_size);
  std::copy(std::begin(context.h), std::end(context.h), words.begin());
}

void digests(const std::uint8_t* const* messages, std::size_t lanes, std::size_t blocks,
             digest* out) {
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    auto words = sha256_start;
    compress(words, messages[lane], blocks);
    out[lane] = to_digest(words);
  }
}

} // namespace

const sha256_engine& portable_sha256_engine() {
  static constexpr sha256_engine engine{compress, digests};
  return engine;
}

#if defined(__x86_64__)

extern const sha256_engine sha256_x86; // in sha256_x86.cpp

const sha256_engine* x86_sha256_engine() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const bool sse = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_SSSE3) != 0 &&
                   (ecx & bit_SSE4_1) != 0;
  const bool sha = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & bit_SHA) != 0;
  return sse && sha ? &sha256_x86 : nullptr;
}

#else

const sha256_engine* x86_sha256_engine() {
  return nullptr;
}

#endif

const sha256_engine& best_sha256_engine() {
  static const auto* const accelerated = x86_sha256_engine();
  static const auto& best = accelerated != nullptr ? *accelerated : portable_sha256_engine();
  return best;
}

} // namespace deja

#pragma GCC diagnostic pop
