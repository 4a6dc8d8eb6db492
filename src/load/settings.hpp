// What is to be measured: the command line of switchboard-load.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "switchboard/backends.hpp"
#include "switchboard/net/endpoint.hpp"

#include "command_line/commands.hpp"
#include "load/dialect.hpp"

namespace switchboard::load {

enum class Mode : std::uint8_t { echo, idle, churn, fanout, crowd };

struct Settings {
  Mode mode = Mode::echo;
  Endpoint server = Endpoint::parse("tcp://127.0.0.1:7007");
  const Backend* backend = nullptr;
  std::size_t connections = 1;  // fanout: members of rooms; crowd: people
  std::size_t message_bytes = 64;
  std::size_t depth = 1;       // messages under way on each connection
  std::uint64_t rate = 0;      // messages a second over all connections; 0: closed loop
  std::size_t publishers = 1;  // of a fanout; further connections
  std::size_t rooms = 1;       // over which publishers and members, or people, are spread
  std::size_t rooms_each = 1;  // of the people of a crowd
  std::size_t leavers = 0;     // of them, who go at once
  std::size_t stopped = 0;     // further members of a fanout, in a process that is stopped
  const Dialect* dialect = dialects().data();
  Nanoseconds warm_up{};
  Nanoseconds duration{};
  std::optional<std::uint64_t> count;  // messages (churn: cycles) instead of a duration
  pid_t server_pid = 0;                // 0: nothing is said about the server's costs
  bool json = false;                   // one object a line on standard output
  bool on_demand = false;              // a measurement for each line on standard input
};

// Throws command_line::UsageError.
using Parsed = std::variant<Settings, command_line::Information, command_line::Usage>;
Parsed parse_settings(int argc, const char* const* argv);

}  // namespace switchboard::load
