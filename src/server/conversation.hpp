// What `switchboard connect` makes of bytes: of standard input for the server, and of the server's
// for standard output. Pure: no streams, no sockets.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "command_line/framing.hpp"

namespace switchboard::server {

// How to say and to show things.
struct ConversationOptions {
  bool lines = false;  // whole lines only
  bool crlf = false;   // a newline is sent as "\r\n"
  bool hex = false;    // shown as a hexadecimal dump
  // A message is a line of standard input, and is shown as one.
  std::optional<command_line::Framing> framing;
  std::size_t limit_bytes = 0;  // of a line that is held until it is whole, or of a message
};

// What cannot be said, or was not what --framing says. Its text says which.
struct ConversationError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// From standard input to the server.
class Outgoing {
 public:
  // `options` must outlive it.
  explicit Outgoing(const ConversationOptions& options) : options_(options) {}

  // What is to be sent now; a part of a line is kept. Good until the next call. Throws
  // ConversationError for a message that has no frame.
  std::span<const std::byte> take(std::string_view input);
  // What is to be sent before the end.
  std::span<const std::byte> finish();

 private:
  void say_line(std::string_view line);
  void say(std::string_view text);

  const ConversationOptions& options_;
  std::string held_;  // the beginning of a line
  bool behind_return_ = false;
  std::vector<std::byte> out_;
};

// From the server to standard output.
class Incoming {
 public:
  // `options` must outlive it.
  explicit Incoming(const ConversationOptions& options);

  // Appends what is to be shown and gives how much of the input is done with; the rest comes again,
  // with more behind it. Throws ConversationError for what is no frame, once what was before it has
  // been appended.
  std::size_t take(std::span<const std::byte> input, std::string& out);
  // What is left when nothing follows.
  void finish(std::span<const std::byte> rest, std::string& out);

 private:
  void show(std::span<const std::byte> piece, std::string& out);
  void show_message(std::span<const std::byte> message, std::string& out);
  void dump(std::span<const std::byte> piece, std::string& out);

  const ConversationOptions& options_;
  std::optional<ChosenCodec> codec_;
  std::size_t offset_ = 0;  // of what was dumped
};

}  // namespace switchboard::server
