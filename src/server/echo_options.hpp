// switchboard echo
#pragma once

#include "command_line/commands.hpp"
#include "server/server_options.hpp"

namespace switchboard::server {

struct EchoOptions : ServerOptions {};

// The command, whose options fill `options`, which must outlive it.
command_line::Command echo_command(EchoOptions& options);

}  // namespace switchboard::server
