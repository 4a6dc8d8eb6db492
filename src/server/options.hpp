// The command line.
#pragma once

#include <variant>
#include <vector>

#include "switchboard/backends.hpp"
#include "switchboard/net/connection_table.hpp"
#include "switchboard/net/endpoint.hpp"

#include "command_line/commands.hpp"
#include "server/logfmt.hpp"

namespace switchboard::server {

// switchboard echo
struct EchoOptions {
  std::vector<Endpoint> listen;  // never empty, no two alike
  const Backend* backend = nullptr;
  ConnectionLimits limits;
  Nanoseconds drain_timeout{};  // of the whole shutdown
  LogLevel log_level = LogLevel::info;
};

// switchboard backends
struct ListBackends {};

using Command =
    std::variant<EchoOptions, ListBackends, command_line::Information, command_line::Usage>;

// Throws command_line::UsageError.
Command parse_command_line(int argc, const char* const* argv);

}  // namespace switchboard::server
