#include <deja/app/load/axis.hpp>
#include <deja/app/load/html.hpp>
#include <deja/app/load/plot.hpp>
#include <deja/app/load/quantity.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <limits>

namespace deja::app::load {

namespace {

namespace data = boost::unit_test::data;
using form = plot_series::form;

constexpr double gap = std::numeric_limits<double>::quiet_NaN();

std::string labels(const axis& of) {
  std::string all;
  for (const auto& tick : of.ticks())
    all += (all.empty() ? "" : ", ") + tick.label;
  return all;
}

plot plot_of(std::vector<plot_series> series) {
  return {.title = "a title",
          .note = "a note",
          .x = axis::time(10),
          .y = axis::linear(10, number_text),
          .x_text = time_text,
          .y_text = number_text,
          .series = std::move(series)};
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

bool has(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(quantities)

BOOST_AUTO_TEST_CASE(are_told_to_three_digits_in_a_fitting_unit) {
  BOOST_TEST(latency_text(0) == "0 µs");
  BOOST_TEST(latency_text(7) == "7 µs");
  BOOST_TEST(latency_text(999.4) == "999 µs");
  BOOST_TEST(latency_text(999.9) == "1 ms");
  BOOST_TEST(latency_text(12'340) == "12.3 ms");
  BOOST_TEST(latency_text(60e6) == "60 s");
  BOOST_TEST(time_text(90) == "1.5 min");
  BOOST_TEST(bytes_text(26'400'000) == "26.4 MB");
  BOOST_TEST(number_text(0) == "0");
  BOOST_TEST(number_text(0.97) == "0.97");
  BOOST_TEST(number_text(1998.2) == "1,998");
  BOOST_TEST(number_text(12'345) == "12.3k");
  BOOST_TEST(count_text(1'234'567) == "1,234,567");
  BOOST_TEST(count_text(999) == "999");
  BOOST_TEST(percent_text(0.99999) == "99.999 %");
  BOOST_TEST(share_text(0.062528) == "6.25 %");
  BOOST_TEST(share_text(1e-9) == "< 0.001 %");
  BOOST_TEST(ratio_text(1) == "1.00");
  BOOST_TEST(ratio_text(146.2) == "146");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(html_text)

BOOST_AUTO_TEST_CASE(has_no_meaning_beyond_its_letters) {
  BOOST_TEST(escaped("<script>\"a\" & 'b'</script>") ==
             "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;");
  BOOST_TEST(escaped("ü 記憶\n\t") == "ü 記憶\n\t");
  using namespace std::string_literals;
  BOOST_TEST(escaped("\0\x1b\x7f"s) == "���");
  BOOST_TEST(escaped("a\u202e b\u2069") == "a� b�");
}

BOOST_AUTO_TEST_CASE(of_long_tables_is_bounded) {
  html_table table{"<caption>", {"a<", "b"}, 3};
  BOOST_TEST(table.empty());
  for (int row = 0; row < 10; ++row)
    table.add("<row>", {{"<cell>", "<note>", "words"}});
  const auto html = table.html();
  BOOST_TEST(count(html, "<tr><th scope=\"row\">&lt;row&gt;</th>") == 3u);
  BOOST_TEST(has(html, "<td class=\"words\">&lt;cell&gt; <small>&lt;note&gt;</small></td>"));
  BOOST_TEST(has(html, "<th scope=\"col\">a&lt;</th>"));
  BOOST_TEST(has(html, "and 7 more"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(axes)

BOOST_AUTO_TEST_CASE(have_round_ticks) {
  BOOST_TEST(labels(axis::linear(9, number_text)) == "0, 2, 4, 6, 8, 10");
  BOOST_TEST(labels(axis::linear(0, number_text)) == "0, 0.2, 0.4, 0.6, 0.8, 1, 1.2");
  BOOST_TEST(labels(axis::time(60)) == "0, 10 s, 20 s, 30 s, 40 s, 50 s, 1 min");
  BOOST_TEST(labels(axis::time(100'000)) == "0, 6 h, 12 h, 18 h, 1 d");
  BOOST_TEST(labels(axis::logarithmic(std::array{130., 202'000.}, latency_text)) ==
             "100 µs, 1 ms, 10 ms, 100 ms");
  BOOST_TEST(labels(axis::logarithmic(std::array{110., 120.}, latency_text)) == "100 µs, 200 µs");
  BOOST_TEST(labels(axis::percentiles(0.9991)) == "0, 90, 99, 99.9");
}

BOOST_AUTO_TEST_CASE(place_values_between_their_ends) {
  const auto linear = axis::linear(9, number_text);
  BOOST_TEST(linear.place(5) == 0.5);
  BOOST_TEST(linear.place(-1) == 0.0);
  BOOST_TEST(linear.place(11) == 1.0);
  const auto logarithmic = axis::logarithmic(std::array{1., 100.}, number_text);
  BOOST_TEST(logarithmic.place(10) == 0.5);
  BOOST_TEST(axis::percentiles(0.9999).place(0.99) == 0.5, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(say_what_they_cannot_show) {
  const auto logarithmic = axis::logarithmic(std::array{1., 100.}, number_text);
  BOOST_TEST(logarithmic.shows(1));
  BOOST_TEST(!logarithmic.shows(0));
  BOOST_TEST(!logarithmic.shows(gap));
  BOOST_TEST(!axis::percentiles(0.99).shows(1));
  BOOST_TEST(axis::linear(1, number_text).shows(0));
}

BOOST_DATA_TEST_CASE(have_few_ticks_whatever_is_on_them,
                     data::make({0., 1e-9, 0.3, 1., 7., 86'400., 123'456'789., 1e15}), most) {
  for (const auto& one : {axis::linear(most, number_text), axis::time(most),
                          axis::logarithmic(std::array{most, 1.}, number_text),
                          axis::logarithmic(std::array{most}, number_text)}) {
    BOOST_TEST(!one.ticks().empty());
    BOOST_TEST(one.ticks().size() <= 10u);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(plots)

BOOST_AUTO_TEST_CASE(have_lines_with_gaps) {
  const auto html =
      plot_of({{"line", "s0", form::line, {{0, 0}, {5, 5}, {6, gap}, {7, 10}, {10, 10}}}})
          .html("id");
  BOOST_TEST(has(html, "<path class=\"line s0\" d=\"M0 1000L500 583.3M700 166.7L1000 166.7\"/>"));
}

BOOST_AUTO_TEST_CASE(show_a_single_value_as_a_dot) {
  const auto html = plot_of({{"line", "s0", form::line, {{5, 6}}}}).html("id");
  BOOST_TEST(has(html, "<path class=\"dots s0\" d=\"M500 500h0\"/>"));
}

BOOST_AUTO_TEST_CASE(show_levels_around_values) {
  const auto html = plot_of({{"steps", "s0", form::steps, {{4, 6}, {6, 12}}}}).html("id");
  BOOST_TEST(has(html, "d=\"M300 500L500 500L500 0L700 0\"/>"));
}

BOOST_AUTO_TEST_CASE(tell_their_values_in_columns) {
  const auto html = plot_of({{"a<", "s0", form::line, {{0, 1}, {5, 2}, {10, 3}}},
                             {"b", "s1", form::line, {{5.5, 7}}}})
                        .html("id");
  BOOST_TEST(count(html, "<rect x=") == 3u);
  BOOST_TEST(has(html, "<rect x=\"25%\" width=\"50%\" height=\"100%\"><title>5 s\na&lt;: 2\nb: "
                       "7</title></rect>"));
}

BOOST_AUTO_TEST_CASE(describe_themselves) {
  const auto html =
      plot_of({{"line", "s0", form::line, {{1, 8}, {2, 3}}}, {"other", "s1", form::line, {}}})
          .html("id");
  BOOST_TEST(has(html, "role=\"img\" aria-labelledby=\"idt\" aria-describedby=\"idd\""));
  BOOST_TEST(has(html, "<title id=\"idt\">a title</title>"));
  BOOST_TEST(has(html, "<desc id=\"idd\">a note. line: from 3 (at 2 s) to 8 (at 1 s). other: no "
                       "values.</desc>"));
}

BOOST_AUTO_TEST_CASE(without_values_say_so) {
  for (const auto& points : {std::vector<plot_series::point>{}, {{1, gap}}}) {
    const auto html = plot_of({{"line", "s0", form::line, points}}).html("id");
    BOOST_TEST(has(html, "No values."));
    BOOST_TEST(!has(html, "<svg"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja::app::load
