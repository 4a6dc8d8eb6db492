#include "server/framing_options.hpp"

#include <fmt/core.h>

#include <stdexcept>

#include "command_line/quantity.hpp"

namespace switchboard::server {

using namespace command_line;

std::vector<Option> framing_rows(FramingOptions& options) {
  return {{.name = "--framing",
           .placeholder = "FRAMING",
           .initial = "",
           .help = "message by message, each told from the next like this; see below",
           .apply = [&](std::string_view value) { options.text = value; },
           .example = "lines"},
          {.name = "--frame-limit",
           .placeholder = "SIZE",
           .initial = "64KiB",
           .help = "the longest message there may be",
           .apply = [&](std::string_view value) {
             options.limit_bytes = *parse_size(value, Off::refused);
             if (options.limit_bytes > 0) return;
             throw std::invalid_argument(
                 fmt::format("'{}' leaves no room; write at least 1 byte", value));
           }}};
}

void check(FramingOptions& options) {
  if (options.text.empty()) return;
  try {
    options.framing = parse_framing(options.text, options.limit_bytes);
  } catch (const std::invalid_argument& refusal) {
    throw UsageError(fmt::format("--framing: {}", refusal.what()));
  }
}

}  // namespace switchboard::server
