// The command line.
#pragma once

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "switchboard/backends.hpp"
#include "switchboard/net/connection_table.hpp"
#include "switchboard/net/endpoint.hpp"

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

// Text that was asked for: --help, --version.
struct Information {
  std::string text;
};

// No command was given: how to do better.
struct Usage {
  std::string text;
};

using Command = std::variant<EchoOptions, ListBackends, Information, Usage>;

// One line that names the option and the mend.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws UsageError.
Command parse_command_line(int argc, const char* const* argv);

}  // namespace switchboard::server
