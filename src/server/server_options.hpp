// What every server of ours can be told: where to listen, how to wait, and its clients' limits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "switchboard/backends.hpp"
#include "switchboard/net/connection_table.hpp"
#include "switchboard/net/endpoint.hpp"

#include "command_line/commands.hpp"
#include "server/logfmt.hpp"

namespace switchboard::server {

struct ServerOptions {
  const Backend* backend = nullptr;
  ConnectionLimits limits;
  Nanoseconds drain_timeout{};  // of the whole shutdown
  LogLevel log_level = LogLevel::info;
};

// What holds where nothing else is said, as it would be written.
struct ServerDefaults {
  std::string idle_timeout;
};

// The rows that fill `options`, which must outlive them.
std::vector<command_line::Option> server_rows(ServerOptions& options,
                                              const ServerDefaults& defaults);
// One more place to listen, which is to be different from those before. Throws
// std::invalid_argument.
void add_listening_endpoint(std::vector<Endpoint>& endpoints, std::string_view value);
// Throws command_line::UsageError where two options contradict each other.
void check(const ServerOptions& options);

// --backend, for whatever waits.
command_line::Option backend_row(const Backend*& backend);

// What --help says below the options of any command that takes endpoints, times and sizes.
inline constexpr std::string_view endpoints_help =
    R"(An ENDPOINT is tcp://127.0.0.1:7007, tcp://[::1]:7007, tcp://localhost:7007, tcp://*:7007 (every
address) or unix:///run/echo.sock; port 0 picks one. A TIME is 250ms, 30s, 5m or 1h, a SIZE 65536,
64KiB, 1MiB or 2GiB (KB, MB, GB: powers of 1,000). 'off' turns a limit off.
)";
// And below those of a server.
inline constexpr std::string_view server_help =
    R"(Standard output says 'listening on ENDPOINT (BACKEND)' for each address, standard error is the log.
SIGINT or SIGTERM ends the server when what is queued has been sent; a second one ends it at once.)";

}  // namespace switchboard::server
