// switchboard echo
#pragma once

#include <vector>

#include "command_line/commands.hpp"
#include "server/framing_options.hpp"
#include "server/server_options.hpp"

namespace switchboard::server {

struct EchoOptions : ServerOptions {
  std::vector<Endpoint> listen;  // never empty, no two alike
  FramingOptions framing;
};

// The command, whose options fill `options`, which must outlive it.
command_line::Command echo_command(EchoOptions& options);
// Throws command_line::UsageError where two options contradict each other. Settles how much of a
// message may be kept until it is whole.
void check(EchoOptions& options);

}  // namespace switchboard::server
