#include <deja/messages/sha256_engine.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <openssl/evp.h>

namespace deja {

namespace {

namespace data = boost::unit_test::data;

constexpr std::size_t most_blocks = 9;

std::string some_bytes(std::size_t size, unsigned seed) {
  std::string bytes;
  for (std::size_t at = 0; at < size; ++at)
    bytes += static_cast<char>((at * 131 + seed * 31 + (at >> 3U)) & 0xffU);
  return bytes;
}

digest by_openssl(std::string_view bytes) {
  digest value;
  BOOST_REQUIRE(
      EVP_Digest(bytes.data(), bytes.size(), value.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return value;
}

std::string padded(std::string text) {
  const auto bits = std::uint64_t{text.size()} * 8;
  text += '\x80';
  while (text.size() % sha256_block_size != sha256_block_size - 8)
    text += '\0';
  for (int at = 7; at >= 0; --at)
    text += static_cast<char>(bits >> (8 * at));
  return text;
}

const std::uint8_t* bytes_at(const std::string& text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

/// Those there are on this processor.
std::vector<const sha256_engine*> engines() {
  std::vector<const sha256_engine*> all{&portable_sha256_engine()};
  if (const auto* x86 = x86_sha256_engine())
    all.push_back(x86);
  else
    BOOST_TEST_MESSAGE("skipped: the engine by SHA extensions, which this processor lacks");
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sha_256_engines)

BOOST_AUTO_TEST_CASE(hash_as_many_messages_at_once_as_there_are_lanes) {
  for (const auto* engine : engines())
    for (std::size_t lanes = 1; lanes <= sha256_lanes; ++lanes)
      for (std::size_t blocks = 1; blocks <= most_blocks; ++blocks) {
        std::vector<std::string> texts, messages;
        std::vector<const std::uint8_t*> places;
        for (std::size_t lane = 0; lane < lanes; ++lane)
          texts.push_back(some_bytes(blocks * sha256_block_size - 9, static_cast<unsigned>(lane)));
        for (const auto& text : texts)
          messages.push_back(padded(text));
        for (const auto& message : messages)
          places.push_back(bytes_at(message));
        std::vector<digest> hashes(lanes + 1);
        engine->digests(places.data(), lanes, blocks, hashes.data());
        for (std::size_t lane = 0; lane < lanes; ++lane)
          BOOST_TEST(to_hex(hashes[lane]) == to_hex(by_openssl(texts[lane])));
        BOOST_TEST(to_hex(hashes[lanes]) == to_hex(digest{})); // not written to
      }
}

BOOST_AUTO_TEST_CASE(go_on_from_any_block) {
  const auto text = some_bytes(most_blocks * sha256_block_size - 9, 7);
  const auto message = padded(text);
  for (const auto* engine : engines())
    for (std::size_t first = 0; first <= most_blocks; ++first) {
      auto words = sha256_start;
      engine->compress(words, bytes_at(message), first);
      engine->compress(words, bytes_at(message) + first * sha256_block_size, most_blocks - first);
      BOOST_TEST(to_hex(to_digest(words)) == to_hex(by_openssl(text)));
    }
}

BOOST_DATA_TEST_CASE(texts_of_all_lengths_hash_as_by_openssl, data::xrange(0, 700), length) {
  const auto text = some_bytes(static_cast<std::size_t>(length), 1);
  BOOST_TEST(to_hex(sha256::of(text)) == to_hex(by_openssl(text)));
  sha256 pieces;
  for (std::size_t at = 0, size = 1; at < text.size(); at += size, size = size * 3 % 101)
    pieces.update(std::string_view{text}.substr(at, size));
  BOOST_TEST(to_hex(pieces.finish()) == to_hex(by_openssl(text)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
