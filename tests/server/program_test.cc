// The program from outside: what it says and how it exits.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "echo_server.hpp"
#include "support/backends.hpp"
#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

struct Outcome {
  int status;
  std::string output;
  std::string errors;
};

Outcome run(const std::vector<std::string>& arguments, const ProcessOptions& options = {}) {
  Process process{program(arguments), options};
  Outcome outcome{};
  outcome.output = process.read_all();
  outcome.errors = process.read_all_errors();
  outcome.status = process.wait();
  return outcome;
}

TextVerdict is_one_line(std::string_view text) {
  const bool holds = std::ranges::count(text, '\n') == 1 && text.back() == '\n';
  return {holds, quoted(text) + (holds ? " is one line" : " is not one line")};
}

struct Mistake {
  const char* name;
  std::vector<std::string> arguments;
  std::string names;  // the option, or the word
  std::string mend;
};

const std::vector<Mistake> mistakes{
    {"an unknown command", {"frobnicate"}, "frobnicate", "switchboard --help"},
    {"an unknown option", {"--frob"}, "--frob", "switchboard --help"},
    {"an unknown option of echo", {"echo", "--frob"}, "--frob", "switchboard echo --help"},
    {"an unknown option with a value", {"echo", "--frob=1"}, "--frob", "switchboard echo --help"},
    {"an unknown short option", {"echo", "-x"}, "-x", "switchboard echo --help"},
    {"a surplus word", {"echo", "surplus"}, "surplus", "switchboard echo --help"},
    {"a surplus command", {"echo", "backends"}, "backends", "switchboard echo --help"},
    {"an unknown option of backends",
     {"backends", "--frob"},
     "--frob",
     "switchboard backends --help"},
    {"control characters", {"echo", "two\nlines\x1B[31m"}, R"(two\nlines\x1b[31m)", "--help"},
    {"listen without a value",
     {"echo", "--listen"},
     "--listen",
     "write --listen tcp://127.0.0.1:7007"},
    {"listen before another option",
     {"echo", "--listen", "--backend", "poll"},
     "--listen",
     "a value is missing"},
    {"listen at nothing", {"echo", "--listen", ""}, "--listen", "tcp://127.0.0.1:7007"},
    {"listen at a bare port", {"echo", "--listen", "7007"}, "--listen", "tcp://127.0.0.1:7007"},
    {"listen without a port",
     {"echo", "--listen", "tcp://127.0.0.1"},
     "--listen",
     "a port is missing"},
    {"listen at too large a port",
     {"echo", "--listen", "tcp://127.0.0.1:70000"},
     "--listen",
     "65535"},
    {"listen at IPv6 without brackets",
     {"echo", "--listen", "tcp://::1:7007"},
     "--listen",
     "brackets"},
    {"listen at a relative path", {"echo", "--listen", "unix://x.sock"}, "--listen", "absolute"},
    {"listen at a name of two lines", {"echo", "--listen", "tcp://a\nb:1"}, "--listen", "a\\nb"},
    {"listen twice at one address",
     {"echo", "--listen=tcp://[::1]:7007", "--listen=tcp://[::1]:7007"},
     "--listen",
     "give it once"},
    {"backend without a value", {"echo", "--backend"}, "--backend", "write --backend"},
    {"an unknown backend", {"echo", "--backend", "uring"}, "--backend", "choose one of"},
    {"backend twice", {"echo", "--backend=poll", "--backend=poll"}, "--backend", "give it once"},
    {"no connection at all",
     {"echo", "--max-connections", "0"},
     "--max-connections",
     "at least 1, or off"},
    {"fewer connections than none",
     {"echo", "--max-connections", "-1"},
     "--max-connections",
     "at least 1, or off"},
    {"connections in words",
     {"echo", "--max-connections", "many"},
     "--max-connections",
     "at least 1, or off"},
    {"idle timeout without a value",
     {"echo", "--idle-timeout"},
     "--idle-timeout",
     "write --idle-timeout 5m"},
    {"idle timeout in an unknown unit",
     {"echo", "--idle-timeout", "5 parsecs"},
     "--idle-timeout",
     "ms, s, m, h, or off"},
    {"idle timeout without a unit",
     {"echo", "--idle-timeout", "300"},
     "--idle-timeout",
     "ms, s, m, h, or off"},
    {"no idle time at all",
     {"echo", "--idle-timeout", "0s"},
     "--idle-timeout",
     "at least 1ms, or off"},
    {"idle timeout beyond all bounds",
     {"echo", "--idle-timeout", "9999999h"},
     "--idle-timeout",
     "write less, or off"},
    {"high water off", {"echo", "--high-water", "off"}, "--high-water", "cannot be off"},
    {"high water of nothing", {"echo", "--high-water", "0"}, "--high-water", "at least 1 byte"},
    {"high water of a fraction",
     {"echo", "--high-water", "1.5MiB"},
     "--high-water",
     "KiB, MiB, GiB"},
    {"high water above the output limit",
     {"echo", "--high-water", "2MiB"},
     "--high-water",
     "raise the one"},
    {"output limit in an unknown unit",
     {"echo", "--output-limit", "64K"},
     "--output-limit",
     "KiB, MiB, GiB"},
    {"output limit below the high water",
     {"echo", "--output-limit", "4KiB"},
     "--output-limit",
     "raise the one"},
    {"framing without a value", {"echo", "--framing"}, "--framing", "write --framing lines"},
    {"an unknown framing", {"echo", "--framing", "line"}, "--framing", "write one of lines"},
    {"frames larger than their limit",
     {"echo", "--framing", "fixed:9", "--frame-limit", "8"},
     "--framing",
     "--frame-limit"},
    {"no frame at all", {"echo", "--frame-limit", "0"}, "--frame-limit", "at least 1 byte"},
    {"frame limit above the output limit",
     {"echo", "--framing=u8", "--frame-limit=1MiB"},
     "--frame-limit",
     "raise the last"},
    {"connect to nothing", {"connect"}, "ENDPOINT is missing", "write tcp://127.0.0.1:7007"},
    {"connect to a bare port", {"connect", "7007"}, "ENDPOINT: '7007'", "tcp://127.0.0.1:7007"},
    {"connect to two endpoints",
     {"connect", "tcp://[::1]:7", "surplus"},
     "ENDPOINT",
     "give it once"},
    {"no time to connect",
     {"connect", "tcp://[::1]:7", "--timeout", "0s"},
     "--timeout",
     "at least 1ms"},
    {"connect from a name",
     {"connect", "tcp://[::1]:7", "--source", "tcp://a:0"},
     "--source",
     "an address"},
    {"connect with an unknown framing",
     {"connect", "tcp://[::1]:7", "--framing", "u9"},
     "--framing",
     "write one of"},
    {"connect with lines in frames",
     {"connect", "tcp://[::1]:7", "--framing=u8", "--line"},
     "--line",
     "leave it out"},
    {"connect with CRLF in frames",
     {"connect", "tcp://[::1]:7", "--framing=u8", "--crlf"},
     "--crlf",
     "--framing crlf"},
    {"account without a command",
     {"account"},
     "account: a command is missing",
     "switchboard account hash"},
    {"an unknown command of account",
     {"account", "remove"},
     "no command 'remove'",
     "switchboard account --help"},
    {"account with a surplus word",
     {"account", "hash", "surplus"},
     "surplus",
     "switchboard account hash --help"},
    {"chat listening without a value",
     {"chat", "--listen"},
     "--listen",
     "write --listen plain+tcp://127.0.0.1:7000"},
    {"chat listening without a port",
     {"chat", "--listen", "irc+tcp://127.0.0.1"},
     "a port is missing",
     "behind irc+"},
    {"drain timeout off", {"echo", "--drain-timeout", "off"}, "--drain-timeout", "ms, s, m, h"},
    {"an unknown log level",
     {"echo", "--log-level", "loud"},
     "--log-level",
     "debug, info, warn, error"},
};

CASES("command line: a mistake is one line that names the option and the mend", mistakes,
      const Mistake& mistake) {
  const Outcome outcome = run(mistake.arguments);
  CHECK_EQ(outcome.status, 2);
  CHECK_EQ(outcome.output, "");
  CHECK(begins_with(outcome.errors, "switchboard: "));
  CHECK(is_one_line(outcome.errors));
  CHECK(contains(outcome.errors, mistake.names));
  CHECK(contains(outcome.errors, mistake.mend));
}

TEST_CASE("program: a backend that is not here is refused with those that are") {
  const auto is_here = [](const Backend& backend) { return backend.available(); };
  if (std::ranges::all_of(backends(), is_here)) skip("this system has every backend");
  for (const Backend& backend : backends()) {
    if (backend.available()) continue;
    const Outcome outcome = run({"echo", "--backend", std::string{backend.name}});
    CHECK_EQ(outcome.status, 2);
    CHECK(is_one_line(outcome.errors));
    CHECK(contains(outcome.errors, std::string{backend.name}));
    CHECK(contains(outcome.errors, "choose one of"));
  }
}

// The server was content with them.
TEST_CASE("program: accounts that nobody could log in to are refused") {
  const TemporaryFolder folder;
  const std::string accounts = folder.file("accounts");
  std::ofstream{accounts} << "anna:$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA\n";
  const Outcome useless = run({"chat", "--accounts", accounts, "--check-config"});
  CHECK_EQ(useless.status, 2);
  CHECK(is_one_line(useless.errors));
  CHECK(contains(useless.errors, "--sasl-in-plain-text"));
  CHECK_EQ(run({"chat", "--accounts", accounts, "--sasl-in-plain-text", "--check-config"}).status,
           0);
}

TEST_CASE("program: the help goes to standard output") {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"-h"},
                                                    {"echo", "--help"},
                                                    {"connect", "--help"},
                                                    {"backends", "--help"}}) {
    const Outcome outcome = run(arguments);
    CHECK_EQ(outcome.status, 0);
    CHECK(contains(outcome.output, "Usage: switchboard"));
    CHECK_EQ(outcome.errors, "");
  }
}

TEST_CASE("program: the version goes to standard output") {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--version"}, {"echo", "--version"}, {"backends", "--version"}}) {
    const Outcome outcome = run(arguments);
    CHECK_EQ(outcome.status, 0);
    CHECK(begins_with(outcome.output, "switchboard "));
    CHECK_EQ(outcome.errors, "");
  }
}

TEST_CASE("program: without a command it helps and fails") {
  const Outcome outcome = run({});
  CHECK_EQ(outcome.status, 2);
  CHECK_EQ(outcome.output, "");
  CHECK(contains(outcome.errors, "echo"));
  CHECK(contains(outcome.errors, "backends"));
}

TEST_CASE("program: every backend is listed") {
  const Outcome outcome = run({"backends"}, {.descriptor_limit = 321});
  CHECK_EQ(outcome.status, 0);
  CHECK_EQ(outcome.errors, "");
  CHECK(contains(outcome.output, "may open 321 (ulimit -n)"));
  for (const Backend& backend : backends()) {
    std::string state = backend.available() ? "available" : "no: ";
    if (&backend == &default_backend()) state += ", default";
    CHECK(contains(outcome.output,
                   std::string{backend.name} + std::string(10 - backend.name.size(), ' ') + state));
    CHECK(contains(outcome.output, std::string{backend.descriptors}));
    CHECK(contains(outcome.output, std::string{backend.cost_of_wait}));
  }
}

TEST_CASE("program: output that cannot be written is an error") {
  for (const std::string command : {"backends", "--help", "--version"}) {
    Process process{
        {"/bin/sh", "-c", "exec \"$0\" \"$1\" >/dev/full", SWITCHBOARD_PROGRAM, command}};
    const std::string errors = process.read_all_errors();
    CHECK(is_one_line(errors));
    CHECK(contains(errors, "cannot print"));
    CHECK_EQ(process.wait(), 1);
  }
}

// --- Addresses that cannot be listened on: one line, and exit status 1.

TEST_CASE("listening: an address in use is refused by its name") {
  EchoServer first;
  const std::string taken = first.endpoint().to_string();
  const Outcome outcome = run({"echo", "--listen", taken});
  CHECK_EQ(outcome.status, 1);
  CHECK_EQ(outcome.output, "");
  CHECK(is_one_line(outcome.errors));
  CHECK(contains(outcome.errors, taken));
  CHECK(contains(outcome.errors, "in use"));
}

TEST_CASE("listening: a failure of the last of several is said before any is ready") {
  EchoServer first;
  const Outcome outcome =
      run({"echo", "--listen", "tcp://127.0.0.1:0", "--listen", first.endpoint().to_string()});
  CHECK_EQ(outcome.status, 1);
  CHECK_EQ(outcome.output, "");
  CHECK(is_one_line(outcome.errors));
}

TEST_CASE("listening: a name that nobody knows is refused") {
  const Outcome outcome = run({"echo", "--listen", "tcp://[fe80::1%nowhere]:7007"});
  CHECK_EQ(outcome.status, 1);
  CHECK(is_one_line(outcome.errors));
  CHECK(contains(outcome.errors, "cannot resolve"));
}

TEST_CASE("listening: a folder that is not there is named as the reason") {
  const TemporaryFolder folder;
  const Outcome outcome = run({"echo", "--listen", "unix://" + folder.file("none/x.sock")});
  CHECK_EQ(outcome.status, 1);
  CHECK(is_one_line(outcome.errors));
  CHECK(contains(outcome.errors, "No such file"));
}

TEST_CASE("listening: a file in the way is left alone, and the mend is named") {
  const TemporaryFolder folder;
  std::ofstream{folder.file("x")} << "precious";
  const Outcome outcome = run({"echo", "--listen", "unix://" + folder.file("x")});
  CHECK_EQ(outcome.status, 1);
  CHECK(is_one_line(outcome.errors));
  CHECK(contains(outcome.errors, "remove it"));
  CHECK_EQ(std::filesystem::file_size(folder.file("x")), 8U);
}

TEST_CASE("listening: control characters in a path are escaped") {
  const Outcome outcome = run({"echo", "--listen", "unix:///nowhere/\x1B[31m\n/x"});
  CHECK_EQ(outcome.status, 1);
  CHECK(is_one_line(outcome.errors));
  CHECK(contains(outcome.errors, "\\x1b[31m\\n"));
}

// --- Unix sockets and their files.

TEST_CASE("socket file: it is removed at the end") {
  const TemporaryFolder folder;
  EchoServer server{{"--listen", "unix://" + folder.file("x")}};
  CHECK(std::filesystem::is_socket(folder.file("x")));
  server.process().signal(SIGTERM);
  CHECK_EQ(server.process().wait(), 0);
  CHECK_FALSE(std::filesystem::exists(folder.file("x")));
}

TEST_CASE("socket file: one of a server that was killed is replaced") {
  const TemporaryFolder folder;
  const std::vector<std::string> arguments{"--listen", "unix://" + folder.file("x")};
  {
    EchoServer killed{arguments};
    killed.process().signal(SIGKILL);
    CHECK_EQ(killed.process().wait(), 128 + SIGKILL);
  }
  REQUIRE(std::filesystem::exists(folder.file("x")));
  EchoServer next{arguments};
  CHECK(Client{next.endpoint()}.echoes("hello"));
}

TEST_CASE("socket file: one of a live server is left alone") {
  const TemporaryFolder folder;
  EchoServer first{{"--listen", "unix://" + folder.file("x")}};
  const Outcome second = run({"echo", "--listen", "unix://" + folder.file("x")});
  CHECK_EQ(second.status, 1);
  CHECK(is_one_line(second.errors));
  CHECK(contains(second.errors, "in use"));
  CHECK(Client{first.endpoint()}.echoes("still here"));
}

// --- Standard streams that are not there.

TEST_CASE("standard streams: a server goes on without its output") {
  for (const Stream stream : {Stream::closed, Stream::broken}) {
    const TemporaryFolder folder;
    const std::string endpoint = "unix://" + folder.file("x");
    EchoServer server{{"--listen", endpoint}, 0, {.output = stream}};
    if (stream == Stream::broken) {
      server.process().await_error_line("cannot write to standard output");
    } else {
      server.process().await_error_line("listening");
    }
    CHECK(Client{Endpoint::parse(endpoint)}.echoes("hello"));
    server.process().signal(SIGTERM);
    CHECK_EQ(server.process().wait(), 0);
  }
}

TEST_CASE("standard streams: the log of a server without an error stream reaches no client") {
  for (const Stream stream : {Stream::closed, Stream::broken}) {
    EchoServer server{{"--log-level", "debug"}, 1, {.error = stream}};
    Client client{server.endpoint()};
    CHECK(Client{server.endpoint()}.echoes("another"));
    client.send("hello");
    client.finish_sending();
    CHECK_EQ(client.receive_to_end(), "hello");
    server.process().signal(SIGTERM);
    CHECK_EQ(server.process().wait(), 0);
  }
}

#ifdef __linux__
// Else the next socket would be number 1 or 2, and its peer would read the log.
TEST_CASE("standard streams: closed ones are replaced") {
  const TemporaryFolder folder;
  EchoServer server{{"--listen", "unix://" + folder.file("x")},
                    0,
                    {.output = Stream::closed, .error = Stream::piped}};
  server.process().await_error_line("listening");
  const std::string descriptors = "/proc/" + std::to_string(server.process().pid()) + "/fd/";
  CHECK_EQ(std::filesystem::read_symlink(descriptors + "1"), "/dev/null");
  EchoServer mute{{}, 1, {.error = Stream::closed}};
  const std::string mute_descriptors = "/proc/" + std::to_string(mute.process().pid()) + "/fd/";
  CHECK_EQ(std::filesystem::read_symlink(mute_descriptors + "2"), "/dev/null");
}
#endif

// --- The log.

TEST_CASE("server log: the shutdown and the end are told in logfmt") {
  EchoServer server{{"--log-level", "debug"}};
  CHECK_EQ(Client{server.endpoint()}.exchange("hello", true), "hello");
  server.process().await_error_line("connection closed");
  server.process().signal(SIGTERM);
  const std::string log = server.process().read_all_errors();
  CHECK_EQ(server.process().wait(), 0);
  CHECK(contains(log,
                 "level=info msg=\"shutting down\" signal=SIGTERM connections=0 "
                 "drain_timeout=5s\n"));
  CHECK(contains(log, "level=info msg=\"stopped\" connections_served=1 bytes=5\n"));
}

TEST_CASE("server log: the start, the listeners and the connections are told") {
  EchoServer server{{"--log-level", "debug"}};
  constexpr auto time = "time=[0-9-]+T[0-9:]+\\.[0-9][0-9][0-9]Z ";
  CHECK(matches(*server.process().read_error_line(),
                time + std::string{"level=info msg=\"starting\" service=echo "
                                   "version=[0-9.]+ descriptors=[0-9]+"}));
  CHECK(matches(*server.process().read_error_line(),
                time + std::string{"level=info msg=\"listening\" "
                                   "endpoint=tcp://127.0.0.1:[0-9]+ backend=[a-z]+"}));
  CHECK_EQ(Client{server.endpoint()}.exchange("hello", true), "hello");
  const std::string connection = " connection=[0-9]+\\.[0-9]+ peer=tcp://127.0.0.1:[0-9]+";
  CHECK(matches(*server.process().read_error_line(),
                time + ("level=debug msg=\"connection opened\"" + connection)));
  CHECK(matches(
      *server.process().read_error_line(),
      time + ("level=debug msg=\"connection closed\"" + connection + " reason=\"peer closed\"")));
}

TEST_CASE("server log: the name of a client's own socket is escaped") {
  const TemporaryFolder folder;
  EchoServer server{{"--log-level", "debug", "--listen", "unix://" + folder.file("x")}};
  Client client{server.endpoint(), folder.file("\x1B[31m=\nlevel=error")};
  CHECK(client.echoes("hello"));
  const std::string line = server.process().await_error_line("connection opened");
  CHECK(contains(line, "\\x1b[31m=\\nlevel=error\""));
}

TEST_CASE("server log: more connections than descriptors are warned of") {
  EchoServer server{{"--max-connections", "1000"}, 1, {.descriptor_limit = 64}};
  const std::string line = server.process().await_error_line("--max-connections");
  CHECK(contains(line, "level=warn"));
  CHECK(contains(line, "max_connections=1000"));
  CHECK(contains(line, "descriptors=64"));
}

TEST_CASE("server log: clients that cannot be accepted are warned of") {
  EchoServer server{{}, 1, {.descriptor_limit = 24}};
  std::vector<Client> clients;
  for (int i = 0; i < 40; ++i) clients.emplace_back(server.endpoint());
  const std::string line = server.process().await_error_line("cannot accept");
  CHECK(contains(line, "level=warn"));
  CHECK(contains(line, "turned_away=1"));
  CHECK(contains(line, "occurrences=1"));
  CHECK(contains(line, "error=\"Too many open files\""));
  CHECK(clients.front().echoes("still served"));
}

TEST_CASE("server log: it is quiet where told so") {
  EchoServer server{{"--log-level", "error"}};
  CHECK(Client{server.endpoint()}.echoes("hello"));
  server.process().signal(SIGTERM);
  CHECK_EQ(server.process().read_all_errors(), "");
  CHECK_EQ(server.process().wait(), 0);
}

TEST_CASE("signals: SIGHUP ends the server as it does any program") {
  EchoServer server;
  server.process().signal(SIGHUP);
  CHECK_EQ(server.process().wait(), 128 + SIGHUP);
}

}  // namespace
}  // namespace switchboard::test
