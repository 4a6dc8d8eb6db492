// Log lines for people and programs alike (logfmt):
//
//   time=2026-11-23T14:55:01.123Z level=info msg="listening" endpoint=tcp://127.0.0.1:7007
//
// Nothing that a peer can choose reaches a terminal as it is: control characters, the invisible
// characters that turn or break text (Unicode's bidirectional controls and line separators) and
// whatever is not valid UTF-8 are escaped.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace switchboard::server {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
std::string_view to_string(LogLevel level) noexcept;
// Throws std::invalid_argument, with the names to choose from.
LogLevel parse_log_level(std::string_view text);

struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, std::unsigned_integral auto number)
      : key(name), value(std::to_string(number)) {}

  std::string_view key;  // static text: letters and underscores
  std::string value;
};

using WallTime = std::chrono::system_clock::time_point;

// One line, with its end.
std::string log_line(WallTime time, LogLevel level, std::string_view message,
                     std::span<const LogField> fields);

// As it is where it is one printable word, else in quotes: \" \\ \n \r \t, \x1b for other control
// characters and bytes that are not UTF-8, \u202e for the invisible ones.
std::string logfmt_value(std::string_view text);

// The same escapes without the quotes: for text on a line of its own, such as an error's.
std::string printable(std::string_view text);

}  // namespace switchboard::server
