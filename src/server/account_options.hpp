// switchboard account add, switchboard account hash
#pragma once

#include <string>

#include "command_line/commands.hpp"

namespace switchboard::server {

struct AddAccount {
  std::string file;
  std::string name;
};
struct HashPassword {};

// The commands; the first one's options fill `options`, which must outlive it.
command_line::Command add_account_command(AddAccount& options);
command_line::Command hash_password_command();

}  // namespace switchboard::server
