#include <deja/app/gc_report.hpp>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace deja::app {

namespace {

std::string counted(std::uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

std::string of(const blob_sum& sum, const std::string& one, const std::string& many) {
  return counted(sum.blobs, one, many) + " (" + counted(sum.bytes, "byte", "bytes") + ')';
}

} // namespace

std::string to_text(const collection_report& report, bool dry_run) {
  return std::string{dry_run ? "would remove " : "removed "} +
         counted(report.entries(), "entry", "entries") + " (" + std::to_string(report.expired) +
         " expired, " + std::to_string(report.selected) + " by age or disuse, " +
         std::to_string(report.evicted) + " for a cap; " +
         counted(report.entry_bytes, "byte", "bytes") + "), " +
         counted(report.reservations, "expired reservation", "expired reservations") + ", " +
         of(report.contents, "content", "contents") + ", " +
         of(report.unfinished, "unfinished file", "unfinished files");
}

std::string to_json(const collection_report& report, bool dry_run) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> json{text};
  const auto number = [&](const char* name, std::uint64_t value) {
    json.Key(name);
    json.Uint64(value);
  };
  const auto sum = [&](const char* name, const blob_sum& value) {
    json.Key(name);
    json.StartObject();
    number("count", value.blobs);
    number("bytes", value.bytes);
    json.EndObject();
  };
  json.StartObject();
  json.Key("dry_run");
  json.Bool(dry_run);
  json.Key("entries");
  json.StartObject();
  number("expired", report.expired);
  number("selected", report.selected);
  number("evicted", report.evicted);
  number("bytes", report.entry_bytes);
  json.EndObject();
  number("reservations", report.reservations);
  sum("contents", report.contents);
  sum("unfinished", report.unfinished);
  json.EndObject();
  return {text.GetString(), text.GetSize()};
}

} // namespace deja::app
