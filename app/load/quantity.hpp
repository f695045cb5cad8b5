#pragma once

#include <string>

namespace deja::app::load {

/// What stands where there is no number.
inline constexpr auto no_value = "–";

// Numbers as people read them, to three digits: `1.25 ms`, `12.4k`, `96.1 MB`.

std::string latency_text(double microseconds);
std::string time_text(double seconds);
std::string bytes_text(double bytes);

/// With a prefix where it is large: `850`, `12.4k`, `3.1M`.
std::string number_text(double number);

/// All digits of a whole number, in groups: `1,234,567`.
std::string count_text(double count);

/// A part of one in percent, with all its decimals: `99.999 %`.
std::string percent_text(double part);

/// The same to three digits: `6.25 %`, `0.001 %`.
std::string share_text(double part);

/// The share that `part` is of `whole`; `no_value` of nothing.
std::string share_text(double part, double whole);

/// All digits of a whole number, not grouped: of a number that is a name.
std::string plain_text(double number);

/// How many times something is something else: `0.97`, `12.3`.
std::string ratio_text(double ratio);

} // namespace deja::app::load
