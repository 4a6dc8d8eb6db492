#include "server/echo_options.hpp"

#include <fmt/core.h>

namespace switchboard::server {

command_line::Command echo_command(EchoOptions& options) {
  return {.name = "echo",
          .help = "sends back what it is sent (RFC 862)",
          .footer = fmt::format("{}\n{}", endpoints_help, server_help),
          .options = server_rows(options, "tcp://127.0.0.1:7007")};
}

}  // namespace switchboard::server
