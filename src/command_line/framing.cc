#include "command_line/framing.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

namespace switchboard::command_line {

namespace {

// What stands behind the colon, and how long a message may be.
struct Request {
  std::string_view text;  // all of it
  std::string_view parameter;
  std::size_t limit_bytes;
};

struct Row {
  std::string_view name;
  std::string_view parameter;  // what it is called; empty: there is none
  std::string_view example;
  std::string_view help;
  Framing (*make)(const Request&);
};

std::optional<std::size_t> number(std::string_view digits, int base = 10) {
  std::size_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [behind, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc{} || behind != end) return std::nullopt;
  return value;
}

std::size_t length_of_frame(const Request& request, std::string_view digits) {
  const auto bytes = number(digits);
  if (!bytes || *bytes == 0) {
    throw std::invalid_argument(
        fmt::format("'{}': '{}' is not a length; write a whole number of "
                    "at least 1",
                    request.text, digits));
  }
  if (*bytes > request.limit_bytes) {
    throw std::invalid_argument(
        fmt::format("'{}': {} bytes are more than a message may have, {}; "
                    "raise --frame-limit",
                    request.text, *bytes, request.limit_bytes));
  }
  return *bytes;
}

Framing delimited(const Request& request, std::string_view mark) {
  return {DelimitedCodec{mark, request.limit_bytes}, request.limit_bytes + mark.size()};
}

constexpr std::size_t longest_prefix_bytes = 19;

Framing prefixed(const Request& request, LengthPrefix prefix) {
  return {LengthPrefixedCodec{prefix, request.limit_bytes},
          request.limit_bytes + longest_prefix_bytes};
}

template <std::size_t width_bytes, std::endian order = std::endian::big>
Framing integer(const Request& request) {
  return prefixed(request, LengthPrefix::integer(width_bytes, order));
}

Framing digits(const Request& request) {
  const auto count = number(request.parameter);
  if (!count || *count < 1 || *count > longest_prefix_bytes) {
    throw std::invalid_argument(fmt::format("'{}': '{}' is not a number of digits; write 1 to 19",
                                            request.text, request.parameter));
  }
  return prefixed(request, LengthPrefix::digits(*count));
}

Framing fixed(const Request& request) {
  const std::size_t bytes = length_of_frame(request, request.parameter);
  return {FixedCodec{bytes}, bytes};
}

[[noreturn]] void refuse_escape(const Request& request) {
  throw std::invalid_argument(fmt::format(
      R"('{}': behind a backslash comes one of n r t 0 \ or x and two hexadecimal digits)",
      request.text));
}

// One character of a mark, taken off its front.
char take_character(const Request& request, std::string_view& rest) {
  const char first = rest.front();
  rest.remove_prefix(1);
  if (first != '\\') return first;
  if (rest.empty()) refuse_escape(request);
  const char escape = rest.front();
  rest.remove_prefix(1);
  if (escape == 'x') {
    const auto value = rest.size() < 2 ? std::nullopt : number(rest.substr(0, 2), 16);
    if (!value) refuse_escape(request);
    rest.remove_prefix(2);
    return static_cast<char>(*value);
  }
  constexpr std::string_view names{"nrt0\\"};
  constexpr std::string_view values{"\n\r\t\0\\", 5};
  const std::size_t found = names.find(escape);
  if (found == std::string_view::npos) refuse_escape(request);
  return values[found];
}

Framing mark(const Request& request) {
  std::string mark;
  std::string_view rest = request.parameter;
  while (!rest.empty()) mark += take_character(request, rest);
  return delimited(request, mark);
}

// "p" or "0x70".
std::byte type_of(const Request& request, std::string_view text) {
  if (text.size() == 1) return static_cast<std::byte>(text.front());
  const auto value = text.starts_with("0x") ? number(text.substr(2), 16) : std::nullopt;
  if (!value || *value > 0xFF) {
    throw std::invalid_argument(fmt::format(
        "'{}': '{}' is not a type; write one character, or 0x and its value", request.text, text));
  }
  return static_cast<std::byte>(*value);
}

Framing typed(const Request& request) {
  std::vector<TypedCodec::Type> types;
  std::size_t longest = 0;
  for (std::string_view rest = request.parameter; !rest.empty();) {
    const std::string_view entry = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    const std::size_t equals = entry.rfind('=');
    if (equals == std::string_view::npos) {
      throw std::invalid_argument(fmt::format(
          "'{}': '{}' has no length; write TYPE=BYTES, as in p=1,q=5", request.text, entry));
    }
    const std::size_t bytes = length_of_frame(request, entry.substr(equals + 1));
    types.push_back({type_of(request, entry.substr(0, equals)),
                     static_cast<std::uint32_t>(std::min<std::size_t>(bytes, UINT32_MAX))});
    longest = std::max(longest, bytes);
  }
  try {
    return {TypedCodec{std::span<const TypedCodec::Type>{types}}, longest};
  } catch (const std::invalid_argument& refusal) {
    throw std::invalid_argument(fmt::format("'{}': {}", request.text, refusal.what()));
  }
}

const std::array rows{
    Row{"lines", "", "lines", R"(each ends with \n)",
        [](const Request& request) { return delimited(request, "\n"); }},
    Row{"crlf", "", "crlf", R"(each ends with \r\n)",
        [](const Request& request) { return delimited(request, "\r\n"); }},
    Row{"mark", "TEXT", R"(mark:\0)",
        R"(each ends with TEXT, in which \n \r \t \0 \\ \x1f may stand)", mark},
    Row{"fixed", "BYTES", "fixed:5", "each is of that length", fixed},
    Row{"digits", "COUNT", "digits:5", "a length of so many decimal digits in front", digits},
    Row{"u8", "", "u8", "a length of one byte in front", integer<1>},
    Row{"u16", "", "u16", "of two bytes in network order; u16le: least significant first",
        integer<2>},
    Row{"u16le", "", "u16le", "", integer<2, std::endian::little>},
    Row{"u32", "", "u32", "of four; u32le", integer<4>},
    Row{"u32le", "", "u32le", "", integer<4, std::endian::little>},
    Row{"u64", "", "u64", "of eight; u64le", integer<8>},
    Row{"u64le", "", "u64le", "", integer<8, std::endian::little>},
    Row{"varint", "", "varint", "of one to ten, seven bits in each, as in Protocol Buffers",
        [](const Request& request) { return prefixed(request, LengthPrefix::varint()); }},
    Row{"typed", "TYPE=BYTES,...", "typed:p=1,q=5",
        "the first byte, a character or 0x70, tells the length", typed},
    Row{"close", "", "close", "all that comes before the end is one message",
        [](const Request& request) -> Framing {
          return {UntilCloseCodec{request.limit_bytes}, request.limit_bytes};
        }},
};

std::string names() {
  std::string all;
  for (const Row& row : rows) all += fmt::format("{}{}", all.empty() ? "" : ", ", row.example);
  return all;
}

}  // namespace

Framing parse_framing(std::string_view text, std::size_t limit_bytes) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const auto row = std::ranges::find(rows, name, &Row::name);
  if (row == rows.end()) {
    throw std::invalid_argument(
        fmt::format("'{}' is not a framing; write one of {}", text, names()));
  }
  const bool has_parameter = colon != std::string_view::npos;
  if (has_parameter && row->parameter.empty()) {
    throw std::invalid_argument(
        fmt::format("'{}': {} takes nothing behind it; write {}", text, name, name));
  }
  const std::string_view parameter = has_parameter ? text.substr(colon + 1) : "";
  if (parameter.empty() && !row->parameter.empty()) {
    throw std::invalid_argument(
        fmt::format("'{}': {} is missing; write {}, say", text, row->parameter, row->example));
  }
  return row->make({text, parameter, limit_bytes});
}

std::string framing_help() {
  std::string text;
  for (const Row& row : rows) {
    if (row.help.empty()) continue;  // told with the one before it
    const std::string how = row.parameter.empty() ? std::string{row.name}
                                                  : fmt::format("{}:{}", row.name, row.parameter);
    text += fmt::format("  {:<22}{}\n", how, row.help);
  }
  return text;
}

}  // namespace switchboard::command_line
