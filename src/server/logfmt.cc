#include "server/logfmt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <stdexcept>

namespace switchboard::server {

namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warn", "error"};

// One code point, or one byte that is not UTF-8.
struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

// RFC 3629, section 4: no overlong forms, no surrogates, nothing above U+10FFFF.
Character first_character(std::string_view text) noexcept {
  const auto byte_at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte_at(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {lead, 1, false};
  char32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(i) & 0xC0U) != 0x80U) return {lead, 1, false};
    code = code << 6U | (byte_at(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> lowest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < lowest[length] || code > 0x10FFFF || surrogate) return {lead, 1, false};
  return {code, length, true};
}

// The C1 controls, which some terminals obey, and what moves or breaks the text around it.
bool is_invisible(char32_t code) noexcept {
  return (code >= 0x80 && code <= 0x9F) || code == 0x061C || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

bool is_control(char32_t code) noexcept {
  return code < 0x20 || code == 0x7F;
}

void append_escaped(std::string& out, std::string_view text, bool within_quotes) {
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::string_view raw = text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
    if (raw == "\n") {
      out += "\\n";
    } else if (raw == "\r") {
      out += "\\r";
    } else if (raw == "\t") {
      out += "\\t";
    } else if (!character.valid || is_control(character.code)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(character.code));
    } else if (is_invisible(character.code)) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(character.code));
    } else {
      if (within_quotes && (raw == "\"" || raw == "\\")) out += '\\';
      out += raw;
    }
  }
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  append_escaped(out, text, true);
  return out += '"';
}

bool is_plain(std::string_view text) noexcept {
  if (text.empty()) return false;
  while (!text.empty()) {
    const Character character = first_character(text);
    const char32_t code = character.code;
    if (!character.valid || is_control(code) || is_invisible(code) || code == ' ' || code == '"' ||
        code == '=' || code == '\\' || code == 0xA0) {
      return false;
    }
    text.remove_prefix(character.bytes);
  }
  return true;
}

// ISO 8601 in UTC, to the millisecond. By the calendar of <chrono>: gmtime(3) keeps a buffer that
// threads would share.
std::string utc(WallTime time) {
  const auto instant = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto midnight = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss clock{instant - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

}  // namespace

std::string_view to_string(LogLevel level) noexcept {
  return level_names[static_cast<std::size_t>(level)];
}

LogLevel parse_log_level(std::string_view text) {
  const auto found = std::find(level_names.begin(), level_names.end(), text);
  if (found == level_names.end()) {
    throw std::invalid_argument(
        fmt::format("'{}' is not a level; write one of debug, info, warn, error", text));
  }
  return static_cast<LogLevel>(found - level_names.begin());
}

std::string log_line(WallTime time, LogLevel level, std::string_view message,
                     std::span<const LogField> fields) {
  std::string line =
      fmt::format("time={} level={} msg={}", utc(time), to_string(level), quoted(message));
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    line += logfmt_value(field.value);
  }
  return line += '\n';
}

std::string logfmt_value(std::string_view text) {
  return is_plain(text) ? std::string{text} : quoted(text);
}

std::string printable(std::string_view text) {
  std::string out;
  append_escaped(out, text, false);
  return out;
}

}  // namespace switchboard::server
