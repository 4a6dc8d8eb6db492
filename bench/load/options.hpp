// The command line of echo_load.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "load/echo_client.hpp"

namespace switchboard::bench {

struct Options {
  enum class Mode { echo, idle };
  Mode mode = Mode::echo;
  EchoSettings echo;
  std::chrono::nanoseconds warm_up = std::chrono::milliseconds(500);
  std::chrono::nanoseconds duration = std::chrono::seconds(3);
  pid_t server_pid = 0;    // 0: nothing is said about the server's costs
  bool json = false;       // one object a line on standard output
  bool on_demand = false;  // one measurement for each line on standard input
};

// Prints what is wrong in one line and exits with status 2; --help prints the usage and exits with
// 0.
Options parse_options(int argc, char** argv);

}  // namespace switchboard::bench
