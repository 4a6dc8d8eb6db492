// Sizes, durations and counts as people write them on the command line, and back.
//
//   64KiB 1MiB 2GiB (powers of 1,024), 64KB 1MB 2GB (powers of 1,000), 65536 (bytes)
//   250ms 30s 5m 1h
//   off, where a limit may be turned off
//
// Whole numbers only, without sign or blanks. Every parser throws std::invalid_argument, whose text
// shows what was written and says what to write instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchboard/sys/clock.hpp"

namespace switchboard::command_line {

using sys::Nanoseconds;

// A hundred years: far beyond use, and far from where adding it to a clock would overflow.
inline constexpr Nanoseconds longest_duration = std::chrono::hours{24} * 365 * 100;

// Whether `off` may be written; it gives no value.
enum class Off : bool { refused, allowed };

std::optional<std::size_t> parse_size(std::string_view text, Off off);  // bytes
std::optional<Nanoseconds> parse_duration(std::string_view text, Off off);
std::optional<std::size_t> parse_count(std::string_view text, Off off);  // at least 1

// In the largest unit that leaves a whole number; what the parsers above take.
std::string format_size(std::size_t bytes);
std::string format_duration(Nanoseconds duration);  // rounded down to whole milliseconds

}  // namespace switchboard::command_line
