#include "server/echo_options.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

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
  std::ranges::move(server_rows(options, {.idle_timeout = "5m"}), std::back_inserter(rows));
  return {.name = "echo",
          .help = "sends back what it is sent (RFC 862)",
          .footer = fmt::format("{}\n{}", endpoints_help, server_help),
          .options = std::move(rows)};
}

}  // namespace switchboard::server
