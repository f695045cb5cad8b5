#include "../../support/results.hpp"
#include "../../support/temporary_folder.hpp"

#include <deja/transport/connect/access_tokens.hpp>

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace {

using namespace deja;
using namespace deja::testing;

class token_file {
public:
  explicit token_file(std::string_view text) { std::ofstream{path()} << text; }

  result<http::access_tokens> read() const { return http::access_tokens::read(path()); }

private:
  std::filesystem::path path() const { return folder_ / "tokens"; }

  temporary_folder folder_;
};

BOOST_AUTO_TEST_SUITE(access_tokens)

BOOST_AUTO_TEST_CASE(are_read_one_a_line) {
  const auto tokens = token_file{"# of the team\none\n\ntwo\r\nthree"}.read().value();
  for (const std::string token : {"one", "two", "three"})
    BOOST_TEST(tokens.allow("Bearer " + token));
  BOOST_TEST(!tokens.allow("Bearer # of the team"));
  BOOST_TEST(!tokens.allow("Bearer "));
  BOOST_TEST(!tokens.allow(std::nullopt));
}

BOOST_AUTO_TEST_CASE(are_compared_as_a_whole) {
  const http::access_tokens tokens{{"secret"}};
  for (const auto* wrong : {"Bearer secre", "Bearer secrets", "Bearer SECRET", "Bearer  secret",
                            "Bearersecret", "secret", "Basic secret"})
    BOOST_TEST(!tokens.allow(wrong));
  BOOST_TEST(tokens.allow("bearer secret"));
}

BOOST_AUTO_TEST_CASE(are_not_read_where_there_are_none) {
  BOOST_TEST(code_of(token_file{"# nothing\n"}.read()) == errc::invalid_argument);
  BOOST_TEST(code_of(token_file{"two words\n"}.read()) == errc::invalid_argument);
  const temporary_folder folder;
  BOOST_TEST(code_of(http::access_tokens::read(folder / "none")) == errc::not_found);
  BOOST_TEST(code_of(http::access_tokens::read(folder.path())) != errc::ok);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
