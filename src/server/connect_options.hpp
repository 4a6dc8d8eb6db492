// switchboard connect
#pragma once

#include <optional>

#include "switchboard/backends.hpp"
#include "switchboard/net/endpoint.hpp"
#include "switchboard/sys/clock.hpp"

#include "command_line/commands.hpp"
#include "server/conversation.hpp"
#include "server/framing_options.hpp"

namespace switchboard::server {

struct ClientOptions {
  std::optional<Endpoint> server;  // always there once it is parsed
  std::optional<sys::SocketAddress> source;
  Nanoseconds timeout{};       // for connecting
  Nanoseconds idle_timeout{};  // zero: never
  const Backend* backend = nullptr;
  FramingOptions framing;
  ConversationOptions conversation;
};

// How `connect` ends, as --help says.
enum ConnectStatus : int {
  ended_well = 0,
  failed_otherwise = 1,  // 2: the command line
  was_refused = 3,
  ran_out_of_time = 4,
  found_no_way = 5,
  was_broken_off = 6,
  made_no_sense = 7,
};

// The command, whose options fill `options`, which must outlive it.
command_line::Command connect_command(ClientOptions& options);
// Throws command_line::UsageError where two options contradict each other.
void check(ClientOptions& options);

}  // namespace switchboard::server
