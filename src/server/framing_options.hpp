// --framing and --frame-limit, for every command that can tell messages apart.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "command_line/commands.hpp"
#include "command_line/framing.hpp"

namespace switchboard::server {

struct FramingOptions {
  std::string text;                              // as written; empty: bytes, no messages
  std::size_t limit_bytes = 0;                   // of a message
  std::optional<command_line::Framing> framing;  // once it is checked, where one was written
};

// The rows that fill `options`, which must outlive them.
std::vector<command_line::Option> framing_rows(FramingOptions& options);
// Once all options are there: what the one means depends on the other. Throws
// command_line::UsageError.
void check(FramingOptions& options);

}  // namespace switchboard::server
