#include "server/connect_options.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "command_line/framing.hpp"
#include "command_line/quantity.hpp"
#include "server/server_options.hpp"

namespace switchboard::server {

using namespace command_line;

namespace {

constexpr std::string_view about_connect =
    R"(Standard input goes to the server. Where it ends, so does what is sent, and all that the server still
says is shown, up to its end. Where the server ends first, what is left of standard input is still sent,
unless it is a terminal. With --framing every line of standard input is a message, and every message
that comes is shown as a line (close: bytes as they are).

An ENDPOINT is tcp://127.0.0.1:7007, tcp://[::1]:7007, tcp://example.org:7 or unix:///run/echo.sock; of
a name every address is tried, with a short head start each (RFC 8305). A TIME is 250ms, 30s, 5m or 1h,
a SIZE 65536, 64KiB or 1MiB. A FRAMING is one of
)";

constexpr std::string_view statuses = R"(
Exit status: 0 both sides have ended in good order; 2 the command line; 3 refused: nobody listens there;
4 timed out; 5 no such name, address or socket file, or no way there; 6 the connection was broken off;
7 what came was not as --framing says, or a line was no message; 1 whatever else.)";

void set_source(ClientOptions& options, std::string_view value) {
  const auto addresses = Endpoint::parse(value).resolve_numeric();
  if (addresses.empty()) {
    throw std::invalid_argument(
        fmt::format("'{}' is a name; write an address, as in tcp://127.0.0.1:0", value));
  }
  options.source = addresses.front();
}

Nanoseconds time_above_zero(std::string_view value, Nanoseconds off) {
  const auto time = parse_duration(value, Off::allowed);
  if (time == Nanoseconds::zero()) {
    throw std::invalid_argument(
        fmt::format("'{}' leaves no time; write at least 1ms, or off", value));
  }
  return time.value_or(off);
}

Option flag(std::string name, std::string help, bool& set) {
  return {.name = std::move(name),
          .placeholder = "",
          .initial = "",
          .help = std::move(help),
          .apply = [&set](std::string_view) { set = true; }};
}

std::vector<Option> rows_of(ClientOptions& options) {
  std::vector<Option> rows{
      {.name = "ENDPOINT",
       .placeholder = "ENDPOINT",
       .initial = "",
       .help = "the server",
       .apply = [&](std::string_view value) { options.server = Endpoint::parse(value); },
       .required = true,
       .example = "tcp://127.0.0.1:7007"},
      flag("--line", "send and show whole lines only", options.conversation.lines),
      flag("--crlf", R"(send each newline as \r\n)", options.conversation.crlf),
      flag("--hex", "show what comes in hexadecimal", options.conversation.hex)};
  std::ranges::move(framing_rows(options.framing), std::back_inserter(rows));
  std::vector<Option> others{{.name = "--timeout",
                              .placeholder = "TIME|off",
                              .initial = "10s",
                              .help = "give up connecting after so long",
                              .apply =
                                  [&](std::string_view value) {
                                    options.timeout = time_above_zero(value, Nanoseconds::max());
                                  }},
                             {.name = "--idle-timeout",
                              .placeholder = "TIME|off",
                              .initial = "off",
                              .help = "give up when nothing has moved for so long",
                              .apply =
                                  [&](std::string_view value) {
                                    options.idle_timeout =
                                        time_above_zero(value, Nanoseconds::zero());
                                  }},
                             {.name = "--source",
                              .placeholder = "ENDPOINT",
                              .initial = "",
                              .help = "the address to connect from",
                              .apply = [&](std::string_view value) { set_source(options, value); },
                              .example = "tcp://127.0.0.1:0"},
                             backend_row(options.backend)};
  std::ranges::move(others, std::back_inserter(rows));
  return rows;
}

}  // namespace

command_line::Command connect_command(ClientOptions& options) {
  return {.name = "connect",
          .help = "a client for any server: standard input and output, as with nc",
          .footer = fmt::format("{}{}{}", about_connect, framing_help(), statuses),
          .options = rows_of(options)};
}

void check(ClientOptions& options) {
  check(options.framing);
  ConversationOptions& conversation = options.conversation;
  conversation.framing = options.framing.framing;
  conversation.limit_bytes = options.framing.limit_bytes;
  if (!conversation.framing) return;
  if (conversation.lines) {
    throw UsageError("--line: with --framing every line is a message already; leave it out");
  }
  if (conversation.crlf) throw UsageError("--crlf: with --framing, write --framing crlf instead");
}

}  // namespace switchboard::server
