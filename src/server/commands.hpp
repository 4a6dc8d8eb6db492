// What the program can do. Each command gives the process's exit status and throws where it cannot
// even begin.
#pragma once

#include "server/options.hpp"

namespace switchboard::server {

// Serves until SIGINT or SIGTERM.
int run_echo(const EchoOptions& options);
int run_chat(const ChatOptions& options);

// Talks to a server over standard input and output; gives a ConnectStatus.
int run_connect(const ClientOptions& options);

// Both read a password from standard input.
int add_account(const AddAccount& options);
int print_hash(const HashPassword& options);

// Prints the table of backends.
int list_backends();

}  // namespace switchboard::server
