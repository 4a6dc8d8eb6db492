// switchboard chat
#pragma once

#include <string>
#include <vector>

#include "chat/address_limit.hpp"
#include "chat/chat.hpp"
#include "chat/plain_service.hpp"
#include "command_line/commands.hpp"
#include "irc/settings.hpp"
#include "server/server_options.hpp"

namespace switchboard::server {

struct ChatOptions : ServerOptions {
  std::vector<Endpoint> plain;  // where to listen for people who type lines
  std::vector<Endpoint> irc;    // and for IRC clients
  chat::PlainSettings plain_settings;
  irc::Settings irc_settings;
  chat::AddressLimit::Settings addresses;
  chat::ChatLimits chat_limits;
  std::string config_file;             // empty: none
  bool only_checks = false;            // says whether all is well, and no more
  std::vector<std::string> arguments;  // to be read again with the file
};

// The command, whose options fill `options`, which must outlive it.
command_line::Command chat_command(ChatOptions& options);
// What both dialects have in common goes to both. Throws command_line::UsageError.
void check(ChatOptions& options);
// Those that are not as they were and that a server cannot take over while it runs: "listen,
// backend". Empty: none.
std::string needing_a_restart(const ChatOptions& old, const ChatOptions& fresh);

}  // namespace switchboard::server
