#pragma once

#include <deja/app/load/cache_wire.hpp>

namespace deja::app::load {

/// In protobuf's binary form, written and read by hand: a load harness must cost less than what it
/// measures. A test holds it against the generated code.
class proto_wire : public cache_wire {
public:
  explicit proto_wire(const payload& texts);

  std::string_view content_type() const override { return "application/proto"; }

  void write(std::string& to, method which, std::span<const item> items) override;
  result<void> read(method which, std::string_view body, std::span<answer> into) override;

private:
  void append_output(std::string& to, unsigned number, const item& of);
  std::size_t output_size(const item& of) const;
  void write_one(std::string& to, method which, const item& of);
  void write_many(std::string& to, method which, std::span<const item> items);

  const payload& texts_;
  std::string metadata_;   // field 3 of each output
  std::string identifier_; // field 2 of each of Flyte's requests
  std::string scope_;      // fields 2 and 3 of each of our keys
};

} // namespace deja::app::load
