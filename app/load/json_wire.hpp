#pragma once

#include <deja/app/load/cache_wire.hpp>

namespace deja::app::load {

/// In proto3 JSON, as web and Node clients send it.
class json_wire : public cache_wire {
public:
  explicit json_wire(const payload& texts) : texts_(texts) {}

  std::string_view content_type() const override { return "application/json"; }

  void write(std::string& to, method which, std::span<const item> items) override;
  result<void> read(method which, std::string_view body, std::span<answer> into) override;

private:
  void write_output(std::string& to, const item& of);
  void write_one(std::string& to, method which, const item& of);
  void write_many(std::string& to, method which, std::span<const item> items);

  const payload& texts_;
  std::string body_; // that was read; its texts are unescaped in place
};

} // namespace deja::app::load
