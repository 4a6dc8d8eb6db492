#include "server/echo_options.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "command_line/framing.hpp"
#include "command_line/quantity.hpp"

namespace switchboard::server {

using command_line::Option;

command_line::Command echo_command(EchoOptions& options) {
  std::vector<Option> rows{
      {.name = "--listen",
       .placeholder = "ENDPOINT",
       .initial = "tcp://127.0.0.1:7007",
       .help = "where to listen; may be given again for more",
       .apply = [&](std::string_view value) { add_listening_endpoint(options.listen, value); },
       .repeatable = true}};
  std::ranges::move(framing_rows(options.framing), std::back_inserter(rows));
  std::ranges::move(server_rows(options, {.idle_timeout = "5m"}), std::back_inserter(rows));
  return {.name = "echo",
          .help = "sends back what it is sent (RFC 862)",
          .footer = fmt::format("A FRAMING is one of\n{}\n{}\n{}", command_line::framing_help(),
                                endpoints_help, server_help),
          .options = std::move(rows)};
}

void check(EchoOptions& options) {
  check(static_cast<const ServerOptions&>(options));
  check(options.framing);
  if (!options.framing.framing) return;
  ConnectionLimits& limits = options.limits;
  const std::size_t kept_bytes = options.framing.framing->longest_frame_bytes;
  limits.input_limit_bytes = kept_bytes + 1;
  // A message that comes whole may be queued behind whatever is below the high-water mark.
  if (limits.output_limit_bytes - limits.high_water_bytes >= kept_bytes) return;
  throw command_line::UsageError(fmt::format(
      "--frame-limit: a message of {} may not fit above --high-water, {}, within --output-limit, "
      "{}; raise the last or lower one of the others",
      command_line::format_size(options.framing.limit_bytes),
      command_line::format_size(limits.high_water_bytes),
      command_line::format_size(limits.output_limit_bytes)));
}

}  // namespace switchboard::server
