// The options of `switchboard chat` that are about the IRC dialect.
#pragma once

#include <vector>

#include "command_line/commands.hpp"
#include "irc/settings.hpp"

namespace switchboard::server {

// The rows that fill `settings`, which must outlive them.
std::vector<command_line::Option> irc_rows(irc::Settings& settings);

}  // namespace switchboard::server
