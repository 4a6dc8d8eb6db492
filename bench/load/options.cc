#include "load/options.hpp"

#include <arpa/inet.h>
#include <getopt.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

namespace switchboard::bench {

namespace {

constexpr char usage[] =
    R"(usage: echo_load echo --server tcp://ADDRESS:PORT [options]
       echo_load idle --server tcp://ADDRESS:PORT --server-pid PID [options]

echo keeps --depth messages under way on every connection and reports how fast they come back.
idle opens the connections, has each echo one message, and reports what they cost the server.
Every byte is verified. Exit status 1: a refusal, a reset or a wrong byte, named in the report.

  --server tcp://ADDRESS:PORT  the echo server (IPv4)
  --connections N              1 unless told
  --size BYTES                 of a message; 64 unless told
  --depth N                    messages under way on each connection; 1 unless told
  --duration SECONDS           of the measurement; 3 unless told
  --warm-up SECONDS            before it; 0.5 unless told
  --server-pid PID             report what the server process spends
  --on-demand                  connect once, then measure once for each line on standard input
  --json                       report as one JSON object a line
)";

[[noreturn]] void refuse(const std::string& message) {
  std::fprintf(stderr, "echo_load: %s\n", message.c_str());
  std::exit(2);
}

std::size_t parse_count(const char* option, const char* text, std::size_t highest) {
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != '\0' || value < 1 || value > highest) {
    refuse(std::string(option) + " " + text + ": must be a whole number from 1 to " +
           std::to_string(highest));
  }
  return static_cast<std::size_t>(value);
}

std::chrono::nanoseconds parse_seconds(const char* option, const char* text) {
  char* end = nullptr;
  const double seconds = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(seconds >= 0) || seconds > 86'400) {
    refuse(std::string(option) + " " + text + ": must be seconds, such as 0.5");
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

sockaddr_in parse_server(const std::string& text) {
  constexpr std::string_view scheme = "tcp://";
  const std::size_t colon = text.rfind(':');
  sockaddr_in server{};
  server.sin_family = AF_INET;
  if (text.starts_with(scheme) && colon != std::string::npos && colon > scheme.size()) {
    const std::string host = text.substr(scheme.size(), colon - scheme.size());
    const std::size_t port = parse_count("--server", text.c_str() + colon + 1, 65'535);
    server.sin_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET, host.c_str(), &server.sin_addr) == 1) return server;
  }
  refuse("--server " + text + ": must look like tcp://127.0.0.1:7007");
}

Options::Mode parse_mode(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "echo") return Options::Mode::echo;
  if (mode == "idle") return Options::Mode::idle;
  if (mode == "--help" || mode == "-h") {
    std::fputs(usage, stdout);
    std::exit(0);
  }
  refuse("the first argument is echo or idle; see --help");
}

void apply(Options& options, const char* name, const char* value) {
  const std::string_view option = name;
  if (option == "server") options.echo.server = parse_server(value);
  if (option == "connections")
    options.echo.connections = parse_count("--connections", value, 19'000);
  if (option == "size") options.echo.message_size = parse_count("--size", value, 1 << 24);
  if (option == "depth") options.echo.depth = parse_count("--depth", value, 65'536);
  if (option == "duration") options.duration = parse_seconds("--duration", value);
  if (option == "warm-up") options.warm_up = parse_seconds("--warm-up", value);
  if (option == "on-demand") options.on_demand = true;
  if (option == "json") options.json = true;
  if (option == "server-pid") {
    options.server_pid =
        static_cast<pid_t>(parse_count("--server-pid", value, std::numeric_limits<pid_t>::max()));
  }
  if (option == "help") {
    std::fputs(usage, stdout);
    std::exit(0);
  }
}

}  // namespace

Options parse_options(int argc, char** argv) {
  static const option long_options[] = {{"server", required_argument, nullptr, 0},
                                        {"connections", required_argument, nullptr, 0},
                                        {"size", required_argument, nullptr, 0},
                                        {"depth", required_argument, nullptr, 0},
                                        {"duration", required_argument, nullptr, 0},
                                        {"warm-up", required_argument, nullptr, 0},
                                        {"server-pid", required_argument, nullptr, 0},
                                        {"on-demand", no_argument, nullptr, 0},
                                        {"json", no_argument, nullptr, 0},
                                        {"help", no_argument, nullptr, 0},
                                        {nullptr, 0, nullptr, 0}};
  Options options;
  options.mode = parse_mode(argc, argv);
  int index = 0;
  optind = 2;
  for (int got = 0; (got = getopt_long(argc, argv, "", long_options, &index)) != -1;) {
    if (got != 0) std::exit(2);  // getopt_long has said what is wrong
    apply(options, long_options[index].name, optarg);
  }
  if (optind < argc) refuse(std::string(argv[optind]) + ": not an option; see --help");
  if (options.echo.server.sin_port == 0) refuse("--server is missing; see --help");
  if (options.mode == Options::Mode::idle && options.server_pid == 0) {
    refuse("idle reports on the server, so it needs --server-pid");
  }
  return options;
}

}  // namespace switchboard::bench
