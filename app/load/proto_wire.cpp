#include <deja/app/load/proto_wire.hpp>

#include <deja/messages/proto_bytes.hpp>

#include <deja/v1/cache.pb.h>

namespace deja::app::load {

namespace {

enum : unsigned { varint = 0, sized = 2 }; // wire types

std::size_t varint_size(std::uint64_t number) {
  std::size_t size = 1;
  for (; number > 127; number >>= 7)
    ++size;
  return size;
}

void append_varint(std::string& to, std::uint64_t number) {
  for (; number > 127; number >>= 7)
    to += static_cast<char>(number | 128);
  to += static_cast<char>(number);
}

// The field numbers here are below 16, so that a tag takes one byte.
void append_head(std::string& to, unsigned number, std::size_t size) {
  to += static_cast<char>(number << 3 | sized);
  append_varint(to, size);
}

void append_field(std::string& to, unsigned number, std::string_view text) {
  append_head(to, number, text.size());
  to += text;
}

void append_field(std::string& to, unsigned number, std::uint64_t value) {
  to += static_cast<char>(number << 3 | varint);
  append_varint(to, value);
}

std::size_t field_size(std::size_t content) {
  return 1 + varint_size(content) + content;
}

/// The fields of a message, one after the other.
class fields {
public:
  explicit fields(std::string_view message) : rest_(message) {}

  /// False at the end, or where the bytes are no message.
  bool next() {
    if (rest_.empty() || !ok_)
      return false;
    std::uint64_t tag = 0, size = 0;
    ok_ = read(tag);
    number_ = static_cast<unsigned>(tag >> 3);
    text_ = {};
    value_ = 0;
    if (ok_ && (tag & 7) == varint)
      ok_ = read(value_);
    else if (ok_ && (tag & 7) == sized && read(size) && size <= rest_.size())
      text_ = take(size);
    else if (ok_ && (tag & 7) == 1 && rest_.size() >= 8)
      take(8);
    else if (ok_ && (tag & 7) == 5 && rest_.size() >= 4)
      take(4);
    else
      ok_ = false;
    return ok_;
  }

  bool ok() const { return ok_; }

  unsigned number() const { return number_; }

  std::string_view text() const { return text_; }

  std::uint64_t value() const { return value_; }

private:
  std::string_view take(std::size_t size) {
    const auto part = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return part;
  }

  bool read(std::uint64_t& into) {
    into = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      into |= std::uint64_t{byte & 127U} << shift;
      if (byte < 128)
        return true;
    }
    return false;
  }

  std::string_view rest_, text_;
  std::uint64_t value_ = 0;
  unsigned number_ = 0;
  bool ok_ = true;
};

/// Calls `take` with each field; whether the bytes are a message, and each `take` agreed.
template <class Take>
bool each(std::string_view message, Take take) {
  fields all{message};
  while (all.next())
    if (!take(all))
      return false;
  return all.ok();
}

bool read_output(std::string_view message, answer& into) {
  return each(message, [&](const fields& field) {
    if (field.number() == 2)
      into.value = field.text();
    return true;
  });
}

bool read_reservation(std::string_view message, answer& into) {
  return each(message, [&](const fields& field) {
    if (field.number() == 2)
      into.owner = field.text();
    return true;
  });
}

bool read_error(std::string_view message, answer& into) {
  into.code = errc::unknown;
  return each(message, [&](const fields& field) {
    if (field.number() == 1)
      into.code = parse_errc(field.text()).value_or(errc::unknown);
    return true;
  });
}

/// One outcome of a call of many.
bool read_outcome(method which, std::string_view message, answer& into) {
  bool is_known = which != method::put_many;
  into.held = which != method::release_many; // false is not on the wire
  const bool is_read = each(message, [&](const fields& field) {
    const auto number = field.number();
    switch (which) {
    case method::get_many:
      return number == 1   ? read_output(field.text(), into)
             : number == 3 ? read_error(field.text(), into)
                           : true;
    case method::put_many:
      if (number == 1) {
        is_known =
            field.value() >= v1::PUT_STATUS_STORED && field.value() <= v1::PUT_STATUS_ALREADY_OTHER;
        into.code = field.value() == v1::PUT_STATUS_STORED ? errc::ok : errc::already_exists;
      }
      if (number == 3) {
        is_known = true;
        return read_error(field.text(), into);
      }
      return true;
    case method::reserve_many:
      return number == 1   ? read_reservation(field.text(), into)
             : number == 2 ? read_error(field.text(), into)
                           : true;
    default:
      if (number == 1)
        into.held = field.value() != 0;
      return number == 2 ? read_error(field.text(), into) : true;
    }
  });
  return is_read && is_known;
}

bool read_many(method which, std::string_view body, std::span<answer> into) {
  std::size_t at = 0;
  const bool is_read = each(body, [&](const fields& field) {
    if (field.number() != 1)
      return true;
    return at < into.size() && read_outcome(which, field.text(), into[at++]);
  });
  return is_read && at == into.size();
}

} // namespace

proto_wire::proto_wire(const payload& texts) : texts_(texts) {
  // As Flyte's client has it, so that entries are as large as there.
  flyteidl2::cacheservice::Metadata metadata;
  auto& source = *metadata.mutable_source_identifier();
  source.set_resource_type(flyteidl2::core::TASK);
  source.set_project(std::string{payload::project});
  source.set_domain(std::string{payload::domain});
  source.set_name("load.task");
  source.set_version("1");
  auto& map = *metadata.mutable_key_map()->mutable_values();
  map["task-version"] = "1";
  map["execution-name"] = "load";
  append_field(metadata_, 3, serialize(metadata));

  std::string scope;
  append_field(scope, 2, payload::project);
  append_field(scope, 3, payload::domain);
  append_field(identifier_, 2, scope);
  scope_ = scope;
}

std::size_t proto_wire::output_size(const item& of) const {
  return field_size(texts_.value_size(of.key, of.version)) + metadata_.size();
}

void proto_wire::append_output(std::string& to, unsigned number, const item& of) {
  append_head(to, number, output_size(of));
  append_head(to, 2, texts_.value_size(of.key, of.version));
  texts_.append_value(to, of.key, of.version);
  to += metadata_;
}

void proto_wire::write(std::string& to, method which, std::span<const item> items) {
  if (which < method::get_many)
    write_one(to, which, items.front());
  else
    write_many(to, which, items);
}

void proto_wire::write_one(std::string& to, method which, const item& of) {
  const auto key = texts_.key(of.key);
  const auto owner = texts_.owner(of.owner);
  constexpr std::size_t span_size = 2; // field 1: the seconds, below 128
  auto size = field_size(key.size());
  if (which == method::put)
    size += field_size(output_size(of)) + (of.overwrite ? 4 : 0);
  if (which == method::reserve || which == method::release)
    size += field_size(owner.size());
  if (which == method::reserve)
    size += field_size(span_size);
  append_head(to, 1, size);
  append_field(to, 1, view_of(key));
  if (which == method::put) {
    append_output(to, 2, of);
    if (of.overwrite) {
      append_head(to, 3, 2);
      append_field(to, 1, std::uint64_t{1});
    }
  }
  if (which == method::reserve || which == method::release)
    append_field(to, 2, view_of(owner));
  if (which == method::reserve) {
    append_head(to, 3, span_size);
    append_field(to, 1, std::uint64_t{heartbeat.count()});
  }
  to += identifier_;
}

void proto_wire::write_many(std::string& to, method which, std::span<const item> items) {
  for (const auto& of : items) {
    const auto key = texts_.key(of.key);
    const auto key_size = scope_.size() + field_size(key.size());
    const auto append_key = [&] {
      append_head(to, 1, key_size);
      to += scope_;
      append_field(to, 4, view_of(key));
    };
    if (which == method::get_many || which == method::wait) {
      append_key();
      continue;
    }
    const auto owner = texts_.owner(of.owner);
    auto size = field_size(key_size);
    if (which == method::put_many)
      size += field_size(output_size(of)) + (of.overwrite ? 2 : 0);
    else
      size += field_size(owner.size()) + (which == method::reserve_many ? 4 : 0);
    append_head(to, 1, size);
    append_key();
    if (which == method::put_many) {
      append_output(to, 2, of);
      if (of.overwrite)
        append_field(to, 3, std::uint64_t{1});
      continue;
    }
    append_field(to, 2, view_of(owner));
    if (which == method::reserve_many) {
      append_head(to, 3, 2);
      append_field(to, 1, std::uint64_t{heartbeat.count()});
    }
  }
}

result<void> proto_wire::read(method which, std::string_view body, std::span<answer> into) {
  auto& first = into.front();
  first = {};
  bool is_read = true;
  switch (which) {
  case method::get:
    is_read = each(body, [&](const fields& field) {
      return field.number() != 1 || read_output(field.text(), first);
    });
    break;
  case method::reserve:
    is_read = each(body, [&](const fields& field) {
      return field.number() != 1 || read_reservation(field.text(), first);
    });
    break;
  case method::put:
  case method::release:
    is_read = each(body, [](const fields&) { return true; });
    break;
  case method::wait:
    is_read = each(body, [&](const fields& field) {
      if (field.number() == 1)
        first.has_entry = field.value() == v1::WAIT_EVENT_ENTRY;
      return true;
    });
    break;
  default:
    for (auto& one : into)
      one = {};
    is_read = read_many(which, body, into);
  }
  if (!is_read)
    return error{errc::internal, "the answer is not what the call answers"};
  return {};
}

} // namespace deja::app::load
