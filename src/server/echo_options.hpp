// switchboard echo
#pragma once

#include <vector>

#include "command_line/commands.hpp"
#include "server/server_options.hpp"

namespace switchboard::server {

struct EchoOptions : ServerOptions {
  std::vector<Endpoint> listen;  // never empty, no two alike
};

// The command, whose options fill `options`, which must outlive it.
command_line::Command echo_command(EchoOptions& options);

}  // namespace switchboard::server
