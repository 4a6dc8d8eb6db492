// The command line: one header a command says what it can be told, and options.cc has their table.
#pragma once

#include <variant>

#include "command_line/commands.hpp"
#include "server/account_options.hpp"
#include "server/chat_options.hpp"
#include "server/connect_options.hpp"
#include "server/echo_options.hpp"

namespace switchboard::server {

// switchboard backends
struct ListBackends {};

using Command = std::variant<EchoOptions, ChatOptions, ClientOptions, ListBackends, AddAccount,
                             HashPassword, command_line::Information, command_line::Usage>;

// Throws command_line::UsageError.
Command parse_command_line(int argc, const char* const* argv);

}  // namespace switchboard::server
