// switchboard chat
#pragma once

#include <string>
#include <vector>

#include "chat/address_limit.hpp"
#include "chat/chat.hpp"
#include "chat/plain_service.hpp"
#include "command_line/commands.hpp"
#include "server/server_options.hpp"

namespace switchboard::server {

struct ChatOptions : ServerOptions {
  std::vector<Endpoint> plain;  // where to listen for people who type lines
  chat::PlainSettings plain_settings;
  chat::AddressLimit::Settings addresses;
  chat::ChatLimits chat_limits;
};

// The command, whose options fill `options`, which must outlive it.
command_line::Command chat_command(ChatOptions& options);

}  // namespace switchboard::server
