// The program from outside: what it says and how it exits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "echo_server.hpp"
#include "support/backends.hpp"
#include "support/temporary_folder.hpp"

namespace switchboard::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

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

MATCHER(IsOneLine, "one line") {
  return std::count(arg.begin(), arg.end(), '\n') == 1 && arg.back() == '\n';
}

struct Mistake {
  std::vector<std::string> arguments;
  std::string names;  // the option, or the word
  std::string mend;
};

class MistakeTest : public testing::TestWithParam<Mistake> {};

TEST_P(MistakeTest, IsOneLineThatNamesOptionAndMend) {
  const Outcome outcome = run(GetParam().arguments);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.output, IsEmpty());
  EXPECT_THAT(outcome.errors, AllOf(StartsWith("switchboard: "), IsOneLine(),
                                    HasSubstr(GetParam().names), HasSubstr(GetParam().mend)));
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine, MistakeTest,
    testing::Values(
        Mistake{{"frobnicate"}, "frobnicate", "switchboard --help"},
        Mistake{{"--frob"}, "--frob", "switchboard --help"},
        Mistake{{"echo", "--frob"}, "--frob", "switchboard echo --help"},
        Mistake{{"echo", "--frob=1"}, "--frob", "switchboard echo --help"},
        Mistake{{"echo", "-x"}, "-x", "switchboard echo --help"},
        Mistake{{"echo", "surplus"}, "surplus", "switchboard echo --help"},
        Mistake{{"echo", "backends"}, "backends", "switchboard echo --help"},
        Mistake{{"backends", "--frob"}, "--frob", "switchboard backends --help"},
        Mistake{{"echo", "two\nlines\x1B[31m"}, R"(two\nlines\x1b[31m)", "--help"},
        Mistake{{"echo", "--listen"}, "--listen", "write --listen tcp://127.0.0.1:7007"},
        Mistake{{"echo", "--listen", "--backend", "poll"}, "--listen", "a value is missing"},
        Mistake{{"echo", "--listen", ""}, "--listen", "tcp://127.0.0.1:7007"},
        Mistake{{"echo", "--listen", "7007"}, "--listen", "tcp://127.0.0.1:7007"},
        Mistake{{"echo", "--listen", "tcp://127.0.0.1"}, "--listen", "a port is missing"},
        Mistake{{"echo", "--listen", "tcp://127.0.0.1:70000"}, "--listen", "65535"},
        Mistake{{"echo", "--listen", "tcp://::1:7007"}, "--listen", "brackets"},
        Mistake{{"echo", "--listen", "unix://x.sock"}, "--listen", "absolute"},
        Mistake{{"echo", "--listen", "tcp://a\nb:1"}, "--listen", "a\\nb"},
        Mistake{{"echo", "--listen=tcp://[::1]:7007", "--listen=tcp://[::1]:7007"},
                "--listen",
                "give it once"},
        Mistake{{"echo", "--backend"}, "--backend", "write --backend"},
        Mistake{{"echo", "--backend", "uring"}, "--backend", "choose one of"},
        Mistake{{"echo", "--backend=poll", "--backend=poll"}, "--backend", "give it once"},
        Mistake{{"echo", "--max-connections", "0"}, "--max-connections", "at least 1, or off"},
        Mistake{{"echo", "--max-connections", "-1"}, "--max-connections", "at least 1, or off"},
        Mistake{{"echo", "--max-connections", "many"}, "--max-connections", "at least 1, or off"},
        Mistake{{"echo", "--idle-timeout"}, "--idle-timeout", "write --idle-timeout 5m"},
        Mistake{{"echo", "--idle-timeout", "5 parsecs"}, "--idle-timeout", "ms, s, m, h, or off"},
        Mistake{{"echo", "--idle-timeout", "300"}, "--idle-timeout", "ms, s, m, h, or off"},
        Mistake{{"echo", "--idle-timeout", "0s"}, "--idle-timeout", "at least 1ms, or off"},
        Mistake{{"echo", "--idle-timeout", "9999999h"}, "--idle-timeout", "write less, or off"},
        Mistake{{"echo", "--high-water", "off"}, "--high-water", "cannot be off"},
        Mistake{{"echo", "--high-water", "0"}, "--high-water", "at least 1 byte"},
        Mistake{{"echo", "--high-water", "1.5MiB"}, "--high-water", "KiB, MiB, GiB"},
        Mistake{{"echo", "--high-water", "2MiB"}, "--high-water", "raise the one"},
        Mistake{{"echo", "--output-limit", "64K"}, "--output-limit", "KiB, MiB, GiB"},
        Mistake{{"echo", "--output-limit", "4KiB"}, "--output-limit", "raise the one"},
        Mistake{{"echo", "--framing"}, "--framing", "write --framing lines"},
        Mistake{{"echo", "--framing", "line"}, "--framing", "write one of lines"},
        Mistake{
            {"echo", "--framing", "fixed:9", "--frame-limit", "8"}, "--framing", "--frame-limit"},
        Mistake{{"echo", "--frame-limit", "0"}, "--frame-limit", "at least 1 byte"},
        Mistake{{"echo", "--framing=u8", "--frame-limit=1MiB"}, "--frame-limit", "raise the last"},
        Mistake{{"connect"}, "ENDPOINT is missing", "write tcp://127.0.0.1:7007"},
        Mistake{{"connect", "7007"}, "ENDPOINT: '7007'", "tcp://127.0.0.1:7007"},
        Mistake{{"connect", "tcp://[::1]:7", "surplus"}, "ENDPOINT", "give it once"},
        Mistake{{"connect", "tcp://[::1]:7", "--timeout", "0s"}, "--timeout", "at least 1ms"},
        Mistake{{"connect", "tcp://[::1]:7", "--source", "tcp://a:0"}, "--source", "an address"},
        Mistake{{"connect", "tcp://[::1]:7", "--framing", "u9"}, "--framing", "write one of"},
        Mistake{{"connect", "tcp://[::1]:7", "--framing=u8", "--line"}, "--line", "leave it out"},
        Mistake{{"connect", "tcp://[::1]:7", "--framing=u8", "--crlf"}, "--crlf", "--framing crlf"},
        Mistake{{"account"}, "account: a command is missing", "switchboard account hash"},
        Mistake{{"account", "remove"}, "no command 'remove'", "switchboard account --help"},
        Mistake{{"account", "hash", "surplus"}, "surplus", "switchboard account hash --help"},
        Mistake{{"chat", "--listen"}, "--listen", "write --listen plain+tcp://127.0.0.1:7000"},
        Mistake{{"chat", "--listen", "irc+tcp://127.0.0.1"}, "a port is missing", "behind irc+"},
        Mistake{{"echo", "--drain-timeout", "off"}, "--drain-timeout", "ms, s, m, h"},
        Mistake{{"echo", "--log-level", "loud"}, "--log-level", "debug, info, warn, error"}));

TEST(Program, RefusesABackendThatIsNotHereAndSaysWhichAre) {
  for (const Backend& backend : backends()) {
    if (backend.available()) continue;
    const Outcome outcome = run({"echo", "--backend", std::string{backend.name}});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.errors, AllOf(IsOneLine(), HasSubstr(std::string{backend.name}),
                                      HasSubstr("choose one of")));
  }
}

TEST(Program, WasContentWithAccountsThatNobodyCouldLogInTo) {
  const TemporaryFolder folder;
  const std::string accounts = folder.file("accounts");
  std::ofstream{accounts} << "anna:$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA\n";
  const Outcome useless = run({"chat", "--accounts", accounts, "--check-config"});
  EXPECT_EQ(useless.status, 2);
  EXPECT_THAT(useless.errors, AllOf(IsOneLine(), HasSubstr("--sasl-in-plain-text")));
  EXPECT_EQ(run({"chat", "--accounts", accounts, "--sasl-in-plain-text", "--check-config"}).status,
            0);
}

TEST(Program, HelpsOnStandardOutput) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"-h"},
                                                    {"echo", "--help"},
                                                    {"connect", "--help"},
                                                    {"backends", "--help"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, HasSubstr("Usage: switchboard"));
    EXPECT_THAT(outcome.errors, IsEmpty());
  }
}

TEST(Program, TellsItsVersionOnStandardOutput) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--version"}, {"echo", "--version"}, {"backends", "--version"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, StartsWith("switchboard "));
    EXPECT_THAT(outcome.errors, IsEmpty());
  }
}

TEST(Program, WithoutACommandHelpsAndFails) {
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.output, IsEmpty());
  EXPECT_THAT(outcome.errors, AllOf(HasSubstr("echo"), HasSubstr("backends")));
}

TEST(Program, ListsEveryBackend) {
  const Outcome outcome = run({"backends"}, {.descriptor_limit = 321});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.errors, IsEmpty());
  EXPECT_THAT(outcome.output, HasSubstr("may open 321 (ulimit -n)"));
  for (const Backend& backend : backends()) {
    std::string state = backend.available() ? "available" : "no: ";
    if (&backend == &default_backend()) state += ", default";
    EXPECT_THAT(outcome.output, HasSubstr(std::string{backend.name} +
                                          std::string(10 - backend.name.size(), ' ') + state));
    EXPECT_THAT(outcome.output, HasSubstr(std::string{backend.descriptors}));
    EXPECT_THAT(outcome.output, HasSubstr(std::string{backend.cost_of_wait}));
  }
}

TEST(Program, SaysThatItsOutputCannotBeWritten) {
  for (const std::string command : {"backends", "--help", "--version"}) {
    Process process{
        {"/bin/sh", "-c", "exec \"$0\" \"$1\" >/dev/full", SWITCHBOARD_PROGRAM, command}};
    EXPECT_THAT(process.read_all_errors(), AllOf(IsOneLine(), HasSubstr("cannot print")));
    EXPECT_EQ(process.wait(), 1);
  }
}

// --- What cannot be listened on: one line, and exit status 1.

TEST(ListenFailure, AddressInUse) {
  EchoServer first;
  const std::string taken = first.endpoint().to_string();
  const Outcome outcome = run({"echo", "--listen", taken});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.output, IsEmpty());
  EXPECT_THAT(outcome.errors, AllOf(IsOneLine(), HasSubstr(taken), HasSubstr("in use")));
}

TEST(ListenFailure, OfTheLastOfSeveralIsSaidBeforeAnyIsReady) {
  EchoServer first;
  const Outcome outcome =
      run({"echo", "--listen", "tcp://127.0.0.1:0", "--listen", first.endpoint().to_string()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.output, IsEmpty());
  EXPECT_THAT(outcome.errors, IsOneLine());
}

TEST(ListenFailure, NameThatNobodyKnows) {
  const Outcome outcome = run({"echo", "--listen", "tcp://[fe80::1%nowhere]:7007"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, AllOf(IsOneLine(), HasSubstr("cannot resolve")));
}

TEST(ListenFailure, FolderThatIsNotThere) {
  const TemporaryFolder folder;
  const Outcome outcome = run({"echo", "--listen", "unix://" + folder.file("none/x.sock")});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, AllOf(IsOneLine(), HasSubstr("No such file")));
}

TEST(ListenFailure, FileInTheWayIsLeftAloneAndTheMendIsNamed) {
  const TemporaryFolder folder;
  std::ofstream{folder.file("x")} << "precious";
  const Outcome outcome = run({"echo", "--listen", "unix://" + folder.file("x")});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, AllOf(IsOneLine(), HasSubstr("remove it")));
  EXPECT_EQ(std::filesystem::file_size(folder.file("x")), 8U);
}

TEST(ListenFailure, PathWithControlCharactersIsEscaped) {
  const Outcome outcome = run({"echo", "--listen", "unix:///nowhere/\x1B[31m\n/x"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, AllOf(IsOneLine(), HasSubstr("\\x1b[31m\\n")));
}

// --- Unix sockets and their files.

TEST(SocketFile, IsRemovedAtTheEnd) {
  const TemporaryFolder folder;
  EchoServer server{{"--listen", "unix://" + folder.file("x")}};
  EXPECT_TRUE(std::filesystem::is_socket(folder.file("x")));
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(folder.file("x")));
}

TEST(SocketFile, OfAServerThatWasKilledIsReplaced) {
  const TemporaryFolder folder;
  const std::vector<std::string> arguments{"--listen", "unix://" + folder.file("x")};
  {
    EchoServer killed{arguments};
    killed.process().signal(SIGKILL);
    EXPECT_EQ(killed.process().wait(), 128 + SIGKILL);
  }
  ASSERT_TRUE(std::filesystem::exists(folder.file("x")));
  EchoServer next{arguments};
  EXPECT_TRUE(Client{next.endpoint()}.echoes("hello"));
}

TEST(SocketFile, OfALiveServerIsLeftAlone) {
  const TemporaryFolder folder;
  EchoServer first{{"--listen", "unix://" + folder.file("x")}};
  const Outcome second = run({"echo", "--listen", "unix://" + folder.file("x")});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.errors, AllOf(IsOneLine(), HasSubstr("in use")));
  EXPECT_TRUE(Client{first.endpoint()}.echoes("still here"));
}

// --- Standard streams that are not there.

TEST(StandardStreams, ServerGoesOnWithoutOutput) {
  for (const Stream stream : {Stream::closed, Stream::broken}) {
    const TemporaryFolder folder;
    const std::string endpoint = "unix://" + folder.file("x");
    EchoServer server{{"--listen", endpoint}, 0, {.output = stream}};
    if (stream == Stream::broken) {
      server.process().await_error_line("cannot write to standard output");
    } else {
      server.process().await_error_line("listening");
    }
    EXPECT_TRUE(Client{Endpoint::parse(endpoint)}.echoes("hello"));
    server.process().signal(SIGTERM);
    EXPECT_EQ(server.process().wait(), 0);
  }
}

TEST(StandardStreams, LogOfAServerWithoutErrorStreamReachesNoClient) {
  for (const Stream stream : {Stream::closed, Stream::broken}) {
    EchoServer server{{"--log-level", "debug"}, 1, {.error = stream}};
    Client client{server.endpoint()};
    EXPECT_TRUE(Client{server.endpoint()}.echoes("another"));
    client.send("hello");
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(), "hello");
    server.process().signal(SIGTERM);
    EXPECT_EQ(server.process().wait(), 0);
  }
}

#ifdef __linux__
// Else the next socket would be number 1 or 2, and its peer would read the log.
TEST(StandardStreams, ThatAreClosedAreReplaced) {
  const TemporaryFolder folder;
  EchoServer server{{"--listen", "unix://" + folder.file("x")},
                    0,
                    {.output = Stream::closed, .error = Stream::piped}};
  server.process().await_error_line("listening");
  const std::string descriptors = "/proc/" + std::to_string(server.process().pid()) + "/fd/";
  EXPECT_EQ(std::filesystem::read_symlink(descriptors + "1"), "/dev/null");
  EchoServer mute{{}, 1, {.error = Stream::closed}};
  const std::string mute_descriptors = "/proc/" + std::to_string(mute.process().pid()) + "/fd/";
  EXPECT_EQ(std::filesystem::read_symlink(mute_descriptors + "2"), "/dev/null");
}
#endif

// --- The log.

TEST(ServerLog, IsLogfmt) {
  EchoServer server{{"--log-level", "debug"}};
  EXPECT_EQ(Client{server.endpoint()}.exchange("hello", true), "hello");
  server.process().await_error_line("connection closed");
  server.process().signal(SIGTERM);
  const std::string log = server.process().read_all_errors();
  EXPECT_EQ(server.process().wait(), 0);
  EXPECT_THAT(log, HasSubstr("level=info msg=\"shutting down\" signal=SIGTERM connections=0 "
                             "drain_timeout=5s\n"));
  EXPECT_THAT(log, HasSubstr("level=info msg=\"stopped\" connections_served=1 bytes=5\n"));
}

TEST(ServerLog, TellsStartListenersAndConnections) {
  EchoServer server{{"--log-level", "debug"}};
  constexpr auto time = "time=[0-9-]+T[0-9:]+\\.[0-9][0-9][0-9]Z ";
  EXPECT_THAT(*server.process().read_error_line(),
              MatchesRegex(time + std::string{"level=info msg=\"starting\" service=echo "
                                              "version=[0-9.]+ descriptors=[0-9]+"}));
  EXPECT_THAT(*server.process().read_error_line(),
              MatchesRegex(time + std::string{"level=info msg=\"listening\" "
                                              "endpoint=tcp://127.0.0.1:[0-9]+ backend=[a-z]+"}));
  EXPECT_EQ(Client{server.endpoint()}.exchange("hello", true), "hello");
  const std::string connection = " connection=[0-9]+\\.[0-9]+ peer=tcp://127.0.0.1:[0-9]+";
  EXPECT_THAT(*server.process().read_error_line(),
              MatchesRegex(time + ("level=debug msg=\"connection opened\"" + connection)));
  EXPECT_THAT(*server.process().read_error_line(),
              MatchesRegex(time + ("level=debug msg=\"connection closed\"" + connection +
                                   " reason=\"peer closed\"")));
}

TEST(ServerLog, EscapesWhatAClientCallsItself) {
  const TemporaryFolder folder;
  EchoServer server{{"--log-level", "debug", "--listen", "unix://" + folder.file("x")}};
  Client client{server.endpoint(), folder.file("\x1B[31m=\nlevel=error")};
  EXPECT_TRUE(client.echoes("hello"));
  const std::string line = server.process().await_error_line("connection opened");
  EXPECT_THAT(line, HasSubstr("\\x1b[31m=\\nlevel=error\""));
}

TEST(ServerLog, WarnsOfMoreConnectionsThanDescriptors) {
  EchoServer server{{"--max-connections", "1000"}, 1, {.descriptor_limit = 64}};
  const std::string line = server.process().await_error_line("--max-connections");
  EXPECT_THAT(line, AllOf(HasSubstr("level=warn"), HasSubstr("max_connections=1000"),
                          HasSubstr("descriptors=64")));
}

TEST(ServerLog, WarnsOfClientsThatCannotBeAccepted) {
  EchoServer server{{}, 1, {.descriptor_limit = 24}};
  std::vector<Client> clients;
  for (int i = 0; i < 40; ++i) clients.emplace_back(server.endpoint());
  const std::string line = server.process().await_error_line("cannot accept");
  EXPECT_THAT(line, AllOf(HasSubstr("level=warn"), HasSubstr("turned_away=1"),
                          HasSubstr("occurrences=1"), HasSubstr("error=\"Too many open files\"")));
  EXPECT_TRUE(clients.front().echoes("still served"));
}

TEST(ServerLog, IsQuietWhereToldSo) {
  EchoServer server{{"--log-level", "error"}};
  EXPECT_TRUE(Client{server.endpoint()}.echoes("hello"));
  server.process().signal(SIGTERM);
  EXPECT_THAT(server.process().read_all_errors(), IsEmpty());
  EXPECT_EQ(server.process().wait(), 0);
}

TEST(Signals, HangUpEndsTheServerAsItDoesAnyProgram) {
  EchoServer server;
  server.process().signal(SIGHUP);
  EXPECT_EQ(server.process().wait(), 128 + SIGHUP);
}

}  // namespace
}  // namespace switchboard::test
