#include <deja/app/load/plot.hpp>
#include <deja/app/load/recorded_run.hpp>
#include <deja/app/load/report.hpp>

#include "../../support/results.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace deja::app::load {

namespace {

namespace data = boost::unit_test::data;
using testing::code_of;

constexpr auto latency =
    R"({"count": 4, "min": 90, "mean": 50500, "max": 201000, "p50": 100, "p75": 800,
        "p90": 199000, "p99": 200000, "p99_9": 201000, "p99_99": 201000,
        "buckets": [[100, 2], [800, 1], [201000, 1]]})";

constexpr auto second =
    R"({"t": 1, "due": 4, "requests": 5, "ok": 4, "errors": {"unavailable": 1}, "wrong": 0,
        "p50": 100, "p90": 199000, "p99": 200000, "p99_9": 201000, "max": 201000,
        "bytes_sent": 1000, "bytes_received": 2000,
        "harness_cpu": 0.25, "service_cpu": 0.5, "service_rss": 25000000})";

/// A run's document, in which tests change what they are about.
class document {
public:
  document() {
    const std::string text = std::string{R"({"deja_load": 1, "name": "mix",
        "started": "2026-11-25T18:00:00Z", "target": "http://127.0.0.1:8094", "seed": 1,
        "interrupted": false,
        "service": {"name": "deja 0.1.0", "extension": true, "local_pid": 1234},
        "machine": {"cpu": "AMD EPYC", "cores": 2, "kernel": "Linux 6.1", "deja": "0.1.0"},
        "settings": {"mix": {"get": 90, "put": 5}, "connections": 16, "loop": "open",
          "arrivals": "poisson", "duration_s": 30, "keys": 10000, "key_distribution": "zipf:0.99",
          "value_size": "fixed:250", "batch": 1, "encoding": "proto"},
        "phases": [{"from_s": 0, "to_s": 10, "rate": 1000, "achieved": 998.2}],
        "totals": {"duration_s": 30.0, "due": 30000, "requests": 30000, "ok": 29990, "rate": 999.7,
          "bytes_sent": 1, "bytes_received": 1, "errors": {"unavailable": 10}, "wrong": 0},
        "latency": {"all": )"} +
                             latency + R"(, "get": )" + latency + R"(, "put": )" + latency +
                             R"(},
        "seconds": [)" + second +
                             R"(], "cpu": {"harness": 0.4, "service": 0.8},
        "service_rss": 26400000, "outages": [], "violations": [], "warnings": [], "goal": null})";
    json_.Parse(text.c_str());
    BOOST_REQUIRE(!json_.HasParseError());
  }

  /// Sets the value at a JSON pointer, given as JSON.
  document& set(const char* where, const std::string& value) {
    rapidjson::Document parsed{&json_.GetAllocator()};
    parsed.Parse(value.c_str());
    BOOST_REQUIRE(!parsed.HasParseError());
    rapidjson::SetValueByPointer(json_, rapidjson::Pointer{where}, parsed);
    return *this;
  }

  document& remove(const char* where) {
    BOOST_REQUIRE(rapidjson::EraseValueByPointer(json_, rapidjson::Pointer{where}));
    return *this;
  }

  std::string text() const {
    rapidjson::StringBuffer out;
    rapidjson::Writer<rapidjson::StringBuffer> writer{out};
    json_.Accept(writer);
    return {out.GetString(), out.GetSize()};
  }

private:
  rapidjson::Document json_;
};

std::string page_of(const std::vector<std::string>& documents) {
  auto page = html_report(documents);
  BOOST_REQUIRE_MESSAGE(page, page.error().message);
  return *page;
}

std::string page_of(const document& one) {
  return page_of(std::vector{one.text()});
}

std::string refusal(const std::string& text) {
  const auto page = html_report(std::vector{text});
  BOOST_REQUIRE_MESSAGE(!page, text << " was taken");
  BOOST_TEST(page.error().code == errc::invalid_argument);
  return page.error().message;
}

bool has(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

std::string seconds(int count) {
  std::string all;
  for (int at = 1; at <= count; ++at) {
    const std::string one = second;
    all += (at > 1 ? "," : "") + std::string{R"({"t": )"} + std::to_string(at) +
           one.substr(one.find(','));
  }
  return '[' + all + ']';
}

} // namespace

BOOST_AUTO_TEST_SUITE(report)

BOOST_AUTO_TEST_CASE(of_a_run_shows_what_it_has_seen) {
  const auto page = page_of(document{}
                                .set("/totals/wrong", "3")
                                .set("/violations", R"([{"t": 3.2, "what": "another value"}])")
                                .set("/warnings", R"(["the harness is the limit"])")
                                .set("/outages", R"([{"from_s": 0.2, "to_s": 0.7,
                                      "code": "unavailable", "requests": 120}])")
                                .set("/goal", R"({"goal": "p99=20ms", "limit_rate": 12000,
                                      "probes": [{"rate": 1000, "met": true, "latency": 900},
                                                 {"rate": 20000, "met": false, "latency": 9e5}]})"));
  for (const auto* told :
       {"3 wrong answers", "another value", "the harness is the limit",
        "no service from 0.2 s to 0.7 s: unavailable", "http://127.0.0.1:8094", "deja 0.1.0",
        "AMD EPYC, 2 cores", "<b>1,000/s</b>", "<b>201 ms</b>", "get 90, put 5",
        "open, poisson arrivals", "kept up to 12k/s", "<b>12k/s</b> <small>keeps p99=20ms</small>"})
    BOOST_TEST(has(page, told), told << " is missing");
  for (const auto* plot : {"Latency", "Latency by percentile", "Latency distribution", "Throughput",
                           "Errors", "Traffic", "CPU", "Memory", "Rates tried for p99=20ms"})
    BOOST_TEST(has(page, "<b>" + std::string{plot} + "</b>"), plot << " is missing");
}

BOOST_AUTO_TEST_CASE(loads_and_runs_nothing_from_elsewhere) {
  const auto page = page_of(document{});
  BOOST_TEST(has(page, "default-src 'none'; style-src 'sha256-"));
  BOOST_TEST(count(page, "<script>") == 1u);
  for (const auto* tag : {"<link", "<img", "src=", "@import", "url(", " style=\"", " onclick"})
    BOOST_TEST(!has(page, tag), tag);
}

BOOST_AUTO_TEST_CASE(shows_texts_as_texts) {
  const std::string evil = R"("\"><script>alert(1)</script> 記憶 \u0000\u202e")";
  auto one = document{};
  for (const auto* where :
       {"/name", "/started", "/target", "/service/name", "/machine/cpu", "/machine/kernel",
        "/machine/deja", "/settings/loop", "/settings/arrivals", "/settings/key_distribution",
        "/settings/value_size", "/settings/encoding"})
    one.set(where, evil);
  one.set("/warnings", '[' + evil + ']')
      .set("/violations", R"([{"t": 1, "what": )" + evil + "}]")
      .set("/outages", R"([{"from_s": 0, "to_s": null, "requests": 1, "code": )" + evil + "}]")
      .set("/goal", R"({"limit_rate": null, "probes": [{"rate": 1, "met": true, "latency": 1}],
                        "goal": )" +
                        evil + "}")
      .set("/totals/errors", '{' + evil + ": 1}")
      .set("/seconds/0/errors", '{' + evil + ": 1}")
      .set("/settings/mix", '{' + evil + ": 1}")
      .set("/latency", R"({"all": )" + std::string{latency} + ',' + evil + ':' + latency + '}');
  for (const auto& page : {page_of(one), page_of({one.text(), one.text()})}) {
    BOOST_TEST(count(page, "<script>") == 1u);
    BOOST_TEST(!has(page, "\"><script"));
    BOOST_TEST(!has(page, "\u202e"));
    BOOST_TEST(has(page, "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt; 記憶 ��"));
  }
}

BOOST_AUTO_TEST_CASE(of_several_runs_compares_them_with_the_first) {
  auto slow = document{};
  slow.set("/name", R"("slow")").set("/latency/all/p50", "250").set("/totals/rate", "499.85");
  const auto page = page_of({document{}.text(), slow.text()});
  BOOST_TEST(has(page, "A mix"));
  BOOST_TEST(has(page, "B slow"));
  BOOST_TEST(has(page, "<td class=\"worse\">250 µs <small>×2.50</small></td>"));
  BOOST_TEST(has(page, "<td class=\"worse\">500 <small>×0.50</small></td>"));
  BOOST_TEST(has(page, "<b>Latency: p99.9</b>"));
  const auto back = page_of({slow.text(), document{}.text()});
  BOOST_TEST(has(back, "<td class=\"better\">100 µs <small>×0.40</small></td>"));
}

BOOST_AUTO_TEST_CASE(marks_settings_that_differ) {
  auto other = document{};
  BOOST_TEST(!has(page_of({document{}.text(), other.text()}), "words differs"));
  other.set("/settings/connections", "64");
  BOOST_TEST(count(page_of({document{}.text(), other.text()}), "words differs") == 2u);
}

BOOST_AUTO_TEST_CASE(of_a_run_that_saw_nothing_is_a_page) {
  const std::string none = R"({"count": 0, "min": 0, "mean": 0, "max": 0, "p50": 0, "p75": 0,
      "p90": 0, "p99": 0, "p99_9": 0, "p99_99": 0, "buckets": []})";
  const auto page = page_of(document{}
                                .set("/latency", R"({"all": )" + none + '}')
                                .set("/seconds", "[]")
                                .set("/totals", R"({"duration_s": 0, "due": 0, "requests": 0,
                                      "ok": 0, "rate": 0, "bytes_sent": 0, "bytes_received": 0,
                                      "errors": {}, "wrong": 0})")
                                .set("/service", R"({"name": null, "extension": false,
                                      "local_pid": null})")
                                .set("/cpu/service", "null")
                                .set("/service_rss", "null")
                                .set("/interrupted", "true"));
  BOOST_TEST(has(page, "No values."));
  BOOST_TEST(has(page, "interrupted after 0 s"));
  BOOST_TEST(!has(page, "nan"));
}

BOOST_AUTO_TEST_CASE(of_a_long_run_is_no_larger) {
  const auto day = page_of(document{}.set("/seconds", seconds(100'000)));
  const auto minutes = page_of(document{}.set("/seconds", seconds(plot_columns)));
  BOOST_TEST(day.size() < minutes.size() * 5 / 4);
  BOOST_TEST(has(day, "Each point over time stands for up to 4.63 min"));
  BOOST_TEST(!has(minutes, "Each point over time"));
  BOOST_TEST(has(day, "<title>4.63 min\nanswered: 4/s\ndue: 4/s</title>"));
}

BOOST_AUTO_TEST_CASE(needs_a_run_and_takes_eight) {
  BOOST_TEST(code_of(html_report({})) == errc::invalid_argument);
  std::vector<std::string> many(most_compared_runs, document{}.text());
  BOOST_TEST(code_of(html_report(many)) == errc::ok);
  many.push_back(many.back());
  BOOST_TEST(html_report(many).error().message == "9 runs are too many to compare, 8 are possible");
}

BOOST_AUTO_TEST_CASE(names_the_document_that_is_wrong) {
  const auto page =
      html_report(std::vector{document{}.text(), document{}.remove("/seconds/0/p50").text()});
  BOOST_TEST(page.error().message == "document 2 of 2: seconds[0].p50: is missing");
}

BOOST_DATA_TEST_CASE(is_only_of_json_by_the_letter,
                     data::make({"", "x", "{", "{\"deja_load\":NaN}", "{\"deja_load\":1e999}",
                                 "{\"deja_load\":1} x", "{\"\xff\":1}"}),
                     text) {
  BOOST_TEST(refusal(text).starts_with("document 1 of 1: no JSON at byte "));
}

BOOST_AUTO_TEST_CASE(is_not_of_other_documents) {
  BOOST_TEST(refusal("[]") == "document 1 of 1: an object is wanted, not an array");
  BOOST_TEST(refusal("{}") == "document 1 of 1: deja_load: is missing");
  BOOST_TEST(refusal(R"({"deja_load": 2})") ==
             "document 1 of 1: deja_load: version 1 is wanted; this document is of another");
  refusal(std::string(1'000'000, '['));
  refusal(R"({"deja_load": 1, "name": )" + std::string(1'000'000, '[') +
          std::string(1'000'000, ']') + '}');
}

BOOST_AUTO_TEST_CASE(names_the_member_that_is_wrong) {
  const auto told = [](const char* where, const std::string& value) {
    const auto text = refusal(document{}.set(where, value).text());
    return text.substr(text.find(": ") + 2);
  };
  BOOST_TEST(told("/target", "1") == "target: a string is wanted, not a number");
  BOOST_TEST(told("/seed", "-1") == "seed: a whole number of at most 64 bits is wanted, not a "
                                    "number");
  BOOST_TEST(told("/totals/due", "-1") == "totals.due: a number from 0 to 1e+15 is wanted, not -1");
  BOOST_TEST(told("/latency/get/p99", "1e16") ==
             "latency.get.p99: a number from 0 to 1e+15 is wanted, not 1e+16");
  BOOST_TEST(told("/latency", "{}") == "latency: the member \"all\" is missing");
  BOOST_TEST(told("/latency/all/buckets/1/0", "100") ==
             "latency.all.buckets[1]: the upper bounds do not ascend");
  BOOST_TEST(told("/latency/all/buckets/1", "[1]") ==
             "latency.all.buckets[1]: an upper bound and a count are wanted");
  BOOST_TEST(told("/seconds", '[' + std::string{second} + ',' + second + ']') ==
             "seconds[1].t: is not later than the second before it");
  BOOST_TEST(told("/settings/mix", R"({"get": "90"})") ==
             "settings.mix.get: a number is wanted, not a string");
}

BOOST_AUTO_TEST_CASE(needs_every_member) {
  for (const auto* where : {"/name",
                            "/started",
                            "/target",
                            "/seed",
                            "/interrupted",
                            "/service/name",
                            "/service/extension",
                            "/service/local_pid",
                            "/machine/cpu",
                            "/settings/mix",
                            "/settings/arrivals",
                            "/phases",
                            "/totals/rate",
                            "/latency/put/p99_99",
                            "/seconds/0/service_rss",
                            "/cpu/harness",
                            "/service_rss",
                            "/outages",
                            "/violations",
                            "/warnings",
                            "/goal"})
    BOOST_TEST(has(refusal(document{}.remove(where).text()), "is missing"), where);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(rates)

BOOST_AUTO_TEST_CASE(are_means_of_counts_and_the_highest_of_latencies) {
  const auto run = read_run(document{}
                                .set("/seconds", seconds(5))
                                .set("/seconds/0/max", "900000")
                                .set("/seconds/0/due", "10")
                                .set("/seconds/1/service_cpu", "null")
                                .set("/seconds/4/t", "5.5")
                                .text());
  BOOST_REQUIRE(run);
  const auto rates = rates_of(run->seconds, 3);
  BOOST_REQUIRE(rates.size() == 3u);
  BOOST_TEST(rates[0].t == 2);
  BOOST_TEST(rates[0].due == 7);
  BOOST_TEST(rates[0].max == 900'000);
  BOOST_TEST(rates[0].errors.at("unavailable") == 1);
  BOOST_TEST(rates[1].service_cpu.value() == 0.5);
  BOOST_TEST(rates[2].t == 5.5);
  BOOST_TEST(rates[2].requests == 5 / 1.5);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja::app::load
