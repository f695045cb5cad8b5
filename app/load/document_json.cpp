#include <deja/app/load/document.hpp>

#include <deja/app/plain_text.hpp>

#include <cmath>
#include <fstream>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sys/utsname.h>
#include <thread>

namespace deja::app::load {

namespace {

double rounded(double number, double steps) {
  return std::round(number * steps) / steps;
}

/// Writes members of objects; a number that is none is null.
class json_writer {
public:
  explicit json_writer(rapidjson::StringBuffer& to) : json_(to) {}

  void name(std::string_view text) {
    json_.Key(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }

  /// Names, and what services have told, may hold anything.
  void put(std::string_view text) {
    const auto valid = valid_utf8(text);
    json_.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  }

  void put(const char* text) { put(std::string_view{text}); }

  void put(const std::string& text) { put(std::string_view{text}); }

  void put(bool value) { json_.Bool(value); }

  void put(std::uint64_t value) { json_.Uint64(value); }

  void put(std::uint32_t value) { json_.Uint64(value); }

  void put(int value) { json_.Int(value); }

  void put(std::nullptr_t) { json_.Null(); }

  void put(double value) {
    if (std::isfinite(value))
      json_.Double(value);
    else
      json_.Null();
  }

  template <class T>
  void put(const std::optional<T>& value) {
    if (value)
      put(*value);
    else
      json_.Null();
  }

  template <class T>
  void member(std::string_view of, const T& value) {
    name(of);
    put(value);
  }

  /// Latencies are told in microseconds.
  void micros(std::string_view of, std::uint64_t nanoseconds) {
    member(of, static_cast<double>(nanoseconds) / 1000);
  }

  template <class Fill>
  void object(Fill fill) {
    json_.StartObject();
    fill();
    json_.EndObject();
  }

  template <class Fill>
  void object(std::string_view of, Fill fill) {
    name(of);
    object(fill);
  }

  template <class Fill>
  void array(std::string_view of, Fill fill) {
    name(of);
    array(fill);
  }

  template <class Fill>
  void array(Fill fill) {
    json_.StartArray();
    fill();
    json_.EndArray();
  }

private:
  rapidjson::Writer<rapidjson::StringBuffer> json_;
};

std::string processor() {
  std::ifstream file{"/proc/cpuinfo"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      if (const auto colon = line.find(": "); colon != line.npos)
        return line.substr(colon + 2);
  return "unknown";
}

std::string kernel() {
  ::utsname name{};
  ::uname(&name);
  return std::string{name.sysname} + ' ' + name.release;
}

void write_errors(json_writer& json, const error_counts& errors) {
  json.object("errors", [&] {
    for (std::size_t at = 0; at < errors.size(); ++at)
      if (errors[at] > 0)
        json.member(to_string(errc{static_cast<std::uint8_t>(at)}), errors[at]);
  });
}

void write_machine(json_writer& json) {
  json.object("machine", [&] {
    json.member("cpu", processor());
    json.member("cores", std::thread::hardware_concurrency());
    json.member("kernel", kernel());
    json.member("deja", DEJA_VERSION);
  });
}

void write_settings(json_writer& json, const run_document& run) {
  const auto& how = run.how;
  const bool is_open = !run.phases.empty() && run.phases.back().rate > 0;
  json.object("settings", [&] {
    json.object("mix", [&] {
      for (std::size_t at = 0; at < operation_count; ++at)
        if (how.mix[at] > 0)
          json.member(to_string(operation{static_cast<std::uint8_t>(at)}), how.mix[at]);
    });
    json.member("connections", how.connections);
    json.member("threads", how.threads);
    json.member("loop", is_open ? "open" : "closed");
    json.name("arrivals");
    if (is_open)
      json.put(how.arrival == arrival_kind::poisson ? "poisson" : "fixed");
    else
      json.put(nullptr);
    json.member("duration_s", run.phases.empty() ? 0.0 : rounded(run.phases.back().to, 1000));
    json.member("keys", how.keys);
    json.member("key_distribution", how.distribution_text);
    json.member("value_size", how.value_size_text);
    json.member("batch", how.batch);
    json.member("encoding", how.body == encoding::json ? "json" : "proto");
    json.member("timeout_s", std::chrono::duration<double>(how.timeout).count());
  });
}

void write_phases(json_writer& json, const run_document& run) {
  json.array("phases", [&] {
    for (const auto& part : run.phases)
      json.object([&] {
        json.member("from_s", rounded(part.from, 1000));
        json.member("to_s", rounded(part.to, 1000));
        json.member("rate",
                    part.rate > 0 ? std::optional{(part.rate + part.rate_to) / 2} : std::nullopt);
        if (part.rate != part.rate_to) {
          json.member("rate_from", part.rate);
          json.member("rate_to", part.rate_to);
        }
        json.member("achieved", rounded(part.achieved, 10));
      });
  });
}

void write_totals(json_writer& json, const run_result& seen) {
  json.object("totals", [&] {
    json.member("duration_s", rounded(seen.duration, 1000));
    json.member("due", seen.all.due);
    json.member("requests", seen.all.requests);
    json.member("unsent", seen.all.unsent);
    json.member("ok", seen.all.ok);
    json.member("rate", rounded(static_cast<double>(seen.all.made()) / seen.duration, 10));
    json.member("late", seen.all.late);
    json.member("calls", seen.all.calls);
    json.member("bytes_sent", seen.all.bytes_sent);
    json.member("bytes_received", seen.all.bytes_received);
    write_errors(json, seen.all.errors);
    json.member("wrong", seen.all.wrong);
  });
}

void write_histogram(json_writer& json, std::string_view name, const histogram& of) {
  json.object(name, [&] {
    json.member("count", of.count());
    json.micros("min", of.min());
    json.member("mean", rounded(of.mean() / 1000, 1000));
    json.micros("max", of.max());
    json.micros("p50", of.quantile(0.5));
    json.micros("p75", of.quantile(0.75));
    json.micros("p90", of.quantile(0.9));
    json.micros("p99", of.quantile(0.99));
    json.micros("p99_9", of.quantile(0.999));
    json.micros("p99_99", of.quantile(0.9999));
    json.array("buckets", [&] {
      of.each([&](std::uint64_t upper, std::uint64_t count) {
        json.array([&] {
          json.put(static_cast<double>(upper) / 1000);
          json.put(count);
        });
      });
    });
  });
}

void write_seconds(json_writer& json, const run_result& seen) {
  json.array("seconds", [&] {
    for (const auto& one : seen.seconds)
      json.object([&] {
        json.member("t", rounded(one.end, 1000));
        json.member("due", one.all.due);
        json.member("requests", one.all.requests);
        json.member("ok", one.all.ok);
        write_errors(json, one.all.errors);
        json.member("wrong", one.all.wrong);
        json.micros("p50", one.latency.p50);
        json.micros("p90", one.latency.p90);
        json.micros("p99", one.latency.p99);
        json.micros("p99_9", one.latency.p99_9);
        json.micros("max", one.latency.max);
        json.member("bytes_sent", one.all.bytes_sent);
        json.member("bytes_received", one.all.bytes_received);
        json.member("harness_cpu", rounded(one.harness_cpu, 1000));
        json.member("service_cpu", one.service_cpu);
        json.member("service_rss", one.service_rss);
      });
  });
}

void write_troubles(json_writer& json, const run_document& run) {
  json.array("outages", [&] {
    for (const auto& one : run.seen.outages)
      json.object([&] {
        json.member("from_s", rounded(one.from, 1000));
        json.member("to_s", one.to ? std::optional{rounded(*one.to, 1000)} : std::nullopt);
        json.member("code", to_string(one.code));
        json.member("requests", one.requests);
      });
  });
  json.array("violations", [&] {
    for (const auto& one : run.seen.violations)
      json.object([&] {
        json.member("t", rounded(one.at, 1000));
        json.member("what", one.what);
      });
  });
  json.array("warnings", [&] {
    for (const auto& one : warnings_of(run))
      json.put(one);
  });
}

void write_goal(json_writer& json, const run_document& run) {
  json.name("goal");
  if (!run.goal || !run.how.goal) {
    json.put(nullptr);
    return;
  }
  json.object([&] {
    json.member("goal", run.how.goal->text);
    json.member("limit_rate", run.goal->limit_rate);
    json.array("probes", [&] {
      for (const auto& one : run.goal->probes)
        json.object([&] {
          json.member("rate", rounded(one.rate, 10));
          json.member("met", one.is_met);
          json.micros("latency", one.latency);
          json.member("achieved", rounded(one.achieved, 10));
        });
    });
  });
}

} // namespace

std::string to_json(const run_document& run) {
  rapidjson::StringBuffer text;
  json_writer json{text};
  const auto& seen = run.seen;
  json.object([&] {
    json.member("deja_load", 1);
    json.member("name", run.how.name);
    json.member("started", run.started);
    json.member("target", run.how.target);
    json.member("seed", run.how.seed);
    json.member("interrupted", run.is_interrupted);
    json.object("service", [&] {
      json.member("name", run.has_extension ? std::optional<std::string>{"deja"} : std::nullopt);
      json.member("extension", run.has_extension);
      json.member("local_pid", run.service_pid);
    });
    write_machine(json);
    write_settings(json, run);
    write_phases(json, run);
    write_totals(json, seen);
    json.object("latency", [&] {
      write_histogram(json, "all", seen.all_latencies());
      for (std::size_t at = 0; at < operation_count; ++at)
        if (seen.latency[at])
          write_histogram(json, to_string(operation{static_cast<std::uint8_t>(at)}),
                          *seen.latency[at]);
    });
    write_seconds(json, seen);
    double cpu = 0;
    std::optional<std::uint64_t> rss;
    double start = 0;
    for (const auto& one : seen.seconds) {
      cpu += one.harness_cpu * (one.end - start);
      start = one.end;
      if (one.service_rss)
        rss = one.service_rss;
    }
    json.object("cpu", [&] {
      json.member("harness", rounded(cpu / seen.duration, 1000));
      json.member("service", run.service_cpu);
    });
    json.member("service_rss", rss);
    write_troubles(json, run);
    write_goal(json, run);
  });
  return {text.GetString(), text.GetSize()};
}

} // namespace deja::app::load
