#pragma once

#include <deja/messages/caf_error.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/messages/shared.hpp>

#include <caf/data_processor.hpp>
#include <caf/meta/type_name.hpp>

#include <array>
#include <concepts>
#include <optional>
#include <type_traits>
#include <variant>

// How CAF carries what it does not know by itself: optionals, variants, protobuf messages and
// `shared`. Our structs hand such members to CAF as `carried(member)`; overloads for the standard
// types themselves would have to lie in CAF's namespace, where they could clash with a host's.

namespace deja {

template <class T>
concept protobuf_message = std::derived_from<T, google::protobuf::MessageLite>;

/// A member on its way through an inspector.
template <class T>
struct carried_ref {
  T& value;
};

template <class T>
carried_ref<T> carried(T& value) {
  return {value};
}

namespace detail {

template <class Inspector>
concept loading = Inspector::writes_state;

inline caf::error bad_message(std::string_view what) {
  return to_caf(
      {errc::invalid_argument, "cannot read a message between actors: " + std::string{what}});
}

template <class Inspector, class T>
typename Inspector::result_type carry(Inspector& f, T& x) {
  return f(x);
}

template <class Inspector, protobuf_message T>
typename Inspector::result_type carry(Inspector& f, T& x) {
  if constexpr (loading<Inspector>) {
    std::string bytes;
    if (auto why = f(bytes))
      return why;
    if (auto parsed = parse_message(x, bytes); !parsed)
      return to_caf(parsed.error());
    return caf::none;
  } else if constexpr (std::is_void_v<typename Inspector::result_type>) {
    // For people: the size says more than the bytes.
    return f(caf::meta::type_name("bytes"), x.ByteSizeLong());
  } else {
    auto bytes = serialize(x);
    return f(bytes);
  }
}

template <class Inspector, class T>
typename Inspector::result_type carry(Inspector& f, std::optional<T>& x) {
  bool present = x.has_value();
  if constexpr (loading<Inspector>) {
    if (auto why = f(present))
      return why;
    x.reset();
    if (!present)
      return caf::none;
    T value{};
    if (auto why = f(carried(value)))
      return why;
    x = std::move(value);
    return caf::none;
  } else {
    return present ? f(present, carried(*x)) : f(present);
  }
}

template <class T, class Inspector, class Variant>
caf::error load_alternative(Inspector& f, Variant& x) {
  T value{};
  if (auto why = f(carried(value)))
    return why;
  x = std::move(value);
  return caf::none;
}

template <class Inspector, class T>
typename Inspector::result_type carry(Inspector& f, boost::system::result<T, error>& x) {
  bool good = x.has_value();
  if constexpr (loading<Inspector>) {
    if (auto why = f(good))
      return why;
    return good ? load_alternative<T>(f, x) : load_alternative<error>(f, x);
  } else {
    if (good)
      return f(good, carried(*x));
    auto why = x.error();
    return f(good, why);
  }
}

template <class Inspector, class... Ts>
typename Inspector::result_type carry(Inspector& f, std::variant<Ts...>& x) {
  auto index = static_cast<std::uint8_t>(x.index());
  if constexpr (loading<Inspector>) {
    if (auto why = f(index))
      return why;
    if (index >= sizeof...(Ts))
      return bad_message("alternative " + std::to_string(index) + " of " +
                         std::to_string(sizeof...(Ts)));
    constexpr std::array loaders{load_alternative<Ts, Inspector, std::variant<Ts...>>...};
    return loaders[index](f, x);
  } else {
    return std::visit([&](auto& value) { return f(index, carried(value)); }, x);
  }
}

} // namespace detail

template <class Inspector, class T>
typename Inspector::result_type inspect(Inspector& f, carried_ref<T>& x) {
  return detail::carry(f, x.value);
}

/// By value; an empty one stays empty.
template <class Inspector, class T>
typename Inspector::result_type inspect(Inspector& f, shared<T>& x) {
  bool present{x};
  if constexpr (detail::loading<Inspector>) {
    if (auto why = f(present))
      return why;
    x = {};
    if (!present)
      return caf::none;
    auto value = std::make_shared<T>();
    if (auto why = f(carried(*value)))
      return why;
    x = shared<T>{std::shared_ptr<const T>{std::move(value)}};
    return caf::none;
  } else {
    // Saving never writes to what it inspects.
    return present ? f(present, carried(const_cast<T&>(*x))) : f(present);
  }
}

/// What became of one item of many.
template <class Inspector, class T>
typename Inspector::result_type inspect(Inspector& f, boost::system::result<T, error>& x) {
  return detail::carry(f, x);
}

/// Found for variants of our own types, which are payloads by themselves.
template <class Inspector, class... Ts>
typename Inspector::result_type inspect(Inspector& f, std::variant<Ts...>& x) {
  return detail::carry(f, x);
}

} // namespace deja
