#include "command_line/quantity.hpp"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <stdexcept>

namespace switchboard::command_line {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first, binary before decimal: the order in which the formatters try them.
constexpr std::array<Unit, 7> size_units{{{"GiB", 1ULL << 30U},
                                          {"MiB", 1ULL << 20U},
                                          {"KiB", 1ULL << 10U},
                                          {"GB", 1'000'000'000},
                                          {"MB", 1'000'000},
                                          {"KB", 1'000},
                                          {"", 1}}};
constexpr std::size_t binary_size_units = 3;
constexpr std::array<Unit, 4> duration_units_ms{
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 1> count_units{{{"", 1}}};

// One kind of quantity, in its smallest unit.
struct Kind {
  std::string_view name;
  std::string_view how_to_write;
  std::span<const Unit> units;
  std::uint64_t largest;
  std::string_view largest_text;
};

constexpr Kind size_kind{
    "size", "write a number of bytes, or a number and one of KiB, MiB, GiB, KB, MB, GB", size_units,
    std::numeric_limits<std::size_t>::max(), "a size can be"};
constexpr Kind duration_kind{
    "duration", "write a number and one of ms, s, m, h", duration_units_ms,
    static_cast<std::uint64_t>(longest_duration / std::chrono::milliseconds{1}), "876000h"};
constexpr Kind count_kind{"count", "write a whole number of at least 1", count_units,
                          std::numeric_limits<std::size_t>::max(), "can be counted"};

std::string_view or_off(Off off) noexcept {
  return off == Off::allowed ? ", or off" : "";
}

[[noreturn]] void refuse(const Kind& kind, std::string_view text, Off off) {
  if (text == "off") {
    throw std::invalid_argument(fmt::format("cannot be off; {}", kind.how_to_write));
  }
  throw std::invalid_argument(
      fmt::format("'{}' is not a {}; {}{}", text, kind.name, kind.how_to_write, or_off(off)));
}

[[noreturn]] void refuse_as_too_large(const Kind& kind, std::string_view text, Off off) {
  throw std::invalid_argument(
      fmt::format("'{}' is more than {}; write less{}", text, kind.largest_text, or_off(off)));
}

std::optional<std::uint64_t> parse(const Kind& kind, std::string_view text, Off off) {
  if (text == "off" && off == Off::allowed) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::invalid_argument) refuse(kind, text, off);
  const std::string_view name{behind, static_cast<std::size_t>(end - behind)};
  for (const Unit& unit : kind.units) {
    if (unit.name != name) continue;
    if (error == std::errc::result_out_of_range || number > kind.largest / unit.factor) {
      refuse_as_too_large(kind, text, off);
    }
    return number * unit.factor;
  }
  refuse(kind, text, off);
}

std::string format(std::span<const Unit> units, std::uint64_t value, std::string_view smallest) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return fmt::format("{}{}", value / unit.factor, unit.name);
    }
  }
  return fmt::format("{}{}", value, smallest);
}

}  // namespace

std::optional<std::size_t> parse_size(std::string_view text, Off off) {
  return parse(size_kind, text, off);
}

std::optional<Nanoseconds> parse_duration(std::string_view text, Off off) {
  const auto milliseconds = parse(duration_kind, text, off);
  if (!milliseconds) return std::nullopt;
  return std::chrono::milliseconds{static_cast<std::int64_t>(*milliseconds)};
}

std::optional<std::size_t> parse_count(std::string_view text, Off off) {
  const auto count = parse(count_kind, text, off);
  if (count == 0U) refuse(count_kind, text, off);
  return count;
}

std::string format_size(std::size_t bytes) {
  return format(std::span{size_units}.first(binary_size_units), bytes, "");
}

std::string format_duration(Nanoseconds duration) {
  const auto milliseconds = duration / std::chrono::milliseconds{1};
  return format(duration_units_ms, static_cast<std::uint64_t>(milliseconds), "ms");
}

}  // namespace switchboard::command_line
