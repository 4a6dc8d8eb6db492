// `switchboard chat` from outside: what it says, and people who are other processes.
//
//   SWITCHBOARD_MEMBERS=1000 SWITCHBOARD_MEGABYTES=100   the size of the broadcast past a member
//                                                        that is stopped; 200 and 3 unless told
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "chat/chat_server.hpp"
#include "load/process_account.hpp"
#include "support/backends.hpp"
#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

// Memory is the sanitizer's, then, and not what a person costs.
#ifdef __SANITIZE_ADDRESS__
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

// Reads up to and with the line that holds `text`.
std::string read_to(Client& client, std::string_view text) {
  std::string read;
  while (read.find(text) == std::string::npos || !read.ends_with('\n')) read += client.receive(1);
  return read;
}

void enter(Client& client, const std::string& name) {
  client.send(name + "\n");
  read_to(client, "-- you are in lobby");
}

// --- What it says

TEST_CASE("chat program: it says where it listens and in which dialect") {
  const TemporaryFolder folder;
  for (const std::string& backend : backend_names()) {
    const std::string path = "unix://" + folder.file(backend);
    ChatServer server{{"--backend", backend}, {"plain+tcp://127.0.0.1:0", "plain+" + path}};
    {
      const std::string said = server.ready_line(0);
      CHECK(begins_with(said, "listening on plain+tcp://127.0.0.1:"));
      CHECK(ends_with(said, " (" + backend + ")"));
    }
    CHECK_EQ(server.ready_line(1), "listening on plain+" + path + " (" + backend + ")");
    Client anna{server.endpoint(0)};
    Client ben{server.endpoint(1)};
    enter(anna, "anna");
    ben.send("ben\n");
    CHECK(contains(read_to(ben, "you are in"), "-- you are in lobby with anna\n"));
    ben.send("hello\n");
    CHECK(contains(read_to(anna, "hello"), " <ben> hello\n"));
  }
}

struct Mistake {
  std::vector<std::string> arguments;
  std::string names;
  std::string mend;
};

TEST_CASE("chat program: a mistake is one line that names the mend") {
  const TemporaryFolder folder;
  std::ofstream{folder.file("latin1")} << "caf\xE9\n";
  std::ofstream{folder.file("large")} << std::string(70'000, 'x');
  for (const Mistake& mistake : std::vector<Mistake>{
           {{"--listen", "tcp://127.0.0.1:0"}, "--listen", "plain+"},
           {{"--listen", "plain+127.0.0.1:0"}, "--listen", "tcp://"},
           {{"--listen", "plain+tcp://127.0.0.1"}, "--listen", "a port is missing"},
           {{"--listen=plain+unix:///a", "--listen=plain+unix:///a"}, "--listen", "give it once"},
           {{"--motd", folder.file("missing")}, "--motd", "No such file"},
           {{"--motd", folder.path()}, "--motd", "name a file that can be read"},
           {{"--motd", folder.file("latin1")}, "--motd", "save it as UTF-8"},
           {{"--motd", folder.file("large")}, "--motd", "write at most 64KiB"},
           {{"--motd", "/dev/zero"}, "--motd", "write at most 64KiB"},
           {{"--flood", "20"}, "--flood", "20:5"},
           {{"--flood", "0:5"}, "--flood", "20:5"},
           {{"--flood", "5:0"}, "--flood", "20:5"},
           {{"--flood", "5:5x"}, "--flood", "20:5"},
           {{"--flood", ":"}, "--flood", "20:5"},
           {{"--max-per-address", "0"}, "--max-per-address", ""},
           {{"--max-per-address", "many"}, "--max-per-address", ""},
           {{"--room-limit", "off"}, "--room-limit", ""},
           {{"--registration-timeout", "60"}, "--registration-timeout", ""},
           {{"--line-limit", "300KiB"}, "--line-limit", "--high-water"},
           {{"--output-limit", "1KiB"}, "--output-limit", "--high-water"},
           {{"--frob"}, "--frob", "switchboard chat --help"}}) {
    INFO(mistake.arguments);
    std::vector<std::string> arguments = mistake.arguments;
    arguments.insert(arguments.begin(), "chat");
    Process process{program(arguments)};
    CHECK_EQ(process.read_all(), "");
    const std::string errors = process.read_all_errors();
    CHECK(begins_with(errors, "switchboard: "));
    CHECK(contains(errors, mistake.names));
    CHECK(contains(errors, mistake.mend));
    CHECK_MESSAGE(std::count(errors.begin(), errors.end(), '\n') == 1, errors);
    CHECK_EQ(process.wait(), 2);
  }
}

TEST_CASE("chat program: it shows the message of the day") {
  const TemporaryFolder folder;
  std::ofstream{folder.file("motd")} << "be kind\r\nor be gone";
  ChatServer server{{"--motd", folder.file("motd")}};
  Client anna{server.endpoint()};
  CHECK_EQ(read_to(anna, "welcome"),
           "be kind\nor be gone\n-- welcome. Type a name and press Enter.\n");
}

TEST_CASE("chat program: it tells everybody that it goes, and exits well") {
  for (const int number : {SIGTERM, SIGINT}) {
    ChatServer server;
    Client anna{server.endpoint()};
    Client nobody{server.endpoint()};
    enter(anna, "anna");
    read_to(nobody, "welcome");
    server.process().signal(number);
    CHECK_EQ(anna.receive_to_end(), "-- the server is going down; good-bye\n");
    CHECK_EQ(nobody.receive_to_end(), "-- the server is going down; good-bye\n");
    { const Client gone{std::move(anna)}; }  // lest the server waits for their ends
    { const Client gone{std::move(nobody)}; }
    CHECK_EQ(server.process().wait(), 0);
  }
}

// --- Members who are stopped

// A member that is a process of its own, which prints what it hears.
class Member {
 public:
  Member(const Endpoint& endpoint, const std::string& name)
      : process_({"/bin/bash", "-c",
                  "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(endpoint.port()) + "; echo " +
                      name + " >&3; exec cat <&3"}) {
    process_.await_line("-- you are in lobby");
  }
  Process& process() noexcept { return process_; }

 private:
  struct LineProcess : Process {
    using Process::Process;
    void await_line(std::string_view text) {
      while (const auto line = read_line()) {
        if (line->starts_with(text)) return;
      }
      throw std::runtime_error("it ended too early");
    }
  };
  LineProcess process_;
};

std::string numbered(std::size_t line, std::size_t bytes) {
  std::string text = std::to_string(line) + " ";
  text.resize(bytes - 1, 'x');
  return text + "\n";
}

TEST_CASE("stopped member: if it goes on before its limit, it gets every line in order") {
  constexpr std::size_t lines = 20'000;
  ChatServer server{{"--flood", "off", "--output-limit", "64MiB"}};
  Member member{server.endpoint(), "member"};
  Client speaker{server.endpoint()};
  enter(speaker, "speaker");
  member.process().signal(SIGSTOP);
  for (std::size_t line = 0; line < lines; ++line) speaker.send(numbered(line, 1000));
  speaker.send("/msg speaker done\n");
  read_to(speaker, "done");
  member.process().signal(SIGCONT);
  CHECK(ends_with(*member.process().read_line(), "speaker has joined lobby"));
  for (std::size_t line = 0; line < lines; ++line) {
    std::string expected = " <speaker> " + numbered(line, 1000);
    expected.pop_back();
    REQUIRE_EQ(member.process().read_line()->substr(5), expected);
  }
}

TEST_CASE("stopped member: past its limit, it leaves as others do") {
  ChatServer server{{"--flood", "off", "--output-limit", "256KiB"}};
  Client listener{server.endpoint()};
  enter(listener, "listener");
  Member member{server.endpoint(), "member"};
  Client speaker{server.endpoint()};
  enter(speaker, "speaker");
  read_to(listener, "speaker has joined");
  member.process().signal(SIGSTOP);
  std::size_t line = 0;
  std::size_t heard = 0;
  for (bool is_gone = false; !is_gone; ++line) {
    REQUIRE_LT(line, 200'000U);
    speaker.send(numbered(line, 1000));
    // In step, so that nobody else falls behind.
    for (std::string text; heard <= line;) {
      text = listener.receive(8);
      if (text.substr(5) == " <s") {
        text += listener.receive(std::string_view{"peaker> "}.size() + 1000);
        REQUIRE(ends_with(text, "<speaker> " + numbered(heard, 1000)));
        ++heard;
      } else {
        text += read_to(listener, "\n");
        CHECK(ends_with(text, " <- member has gone\n"));
        CHECK_FALSE_MESSAGE(is_gone, "told twice");
        is_gone = true;
      }
    }
  }
  CHECK(ends_with(read_to(speaker, "gone"), " <- member has gone\n"));
  member.process().signal(SIGCONT);
  member.process().read_all();
}

// The others get every byte, and the server's memory stays within what it was, the limit of the one
// that is stopped, and a tenth.
TEST_CASE("stopped member: it costs its limit and delays nobody") {
  const auto from_environment = [](const char* name, std::size_t usual) {
    const char* given = std::getenv(name);
    return given == nullptr ? usual : std::strtoull(given, nullptr, 10);
  };
  const std::size_t members = from_environment("SWITCHBOARD_MEMBERS", is_sanitized ? 50 : 200);
  const std::size_t bytes = from_environment("SWITCHBOARD_MEGABYTES", 3) * 1'000'000;
  constexpr std::size_t limit = 1024 * 1024;
  constexpr std::size_t line_bytes = 1000;
  constexpr std::size_t told_bytes = line_bytes + std::string_view{"00:00 <speaker> "}.size();
  constexpr std::size_t window = 60;  // lines on their way at once
  constexpr std::string_view going = " <- stopped has gone\n";
  const TemporaryFolder folder;
  sys::raise_descriptor_limit();
  ChatServer server{{"--flood", "off"}, {"plain+unix://" + folder.file("chat")}};
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i + 1 < members; ++i) {
    clients.push_back(std::make_unique<Client>(server.endpoint()));
    clients.back()->send("m" + std::to_string(i) + "\n/join room\n");
    read_to(*clients.back(), "-- you are in room");
  }
  Client stopped{server.endpoint()};  // nobody reads from it
  stopped.send("stopped\n/join room\n");
  read_to(stopped, "-- you are in room");
  Client speaker{server.endpoint()};
  speaker.send("speaker\n/join room\n");
  read_to(speaker, "-- you are in room");
  for (auto& client : clients) read_to(*client, "speaker has joined room");
  const std::uint64_t base = load::anonymous_bytes(server.process().pid());
  std::uint64_t most = base;
  const std::size_t lines = bytes / line_bytes;
  std::size_t goings = 0;
  for (std::size_t line = 0; line < lines;) {
    const std::size_t end = std::min(lines, line + window);
    std::string text;
    std::vector<std::string> expected;
    for (std::size_t i = line; i < end; ++i) {
      text += numbered(i, line_bytes);
      expected.push_back(" <speaker> " + numbered(i, line_bytes));
    }
    speaker.send(text);
    for (auto& client : clients) {
      std::string told = client->receive(told_bytes * (end - line));
      if (const std::size_t at = told.find(going); at != std::string::npos) {
        ++goings;
        told.erase(at - 5, going.size() + 5);  // with the time
        told += client->receive(told_bytes * (end - line) - told.size());
      }
      for (std::size_t i = 0; i < expected.size(); ++i) {
        REQUIRE_MESSAGE(told.compare(i * told_bytes + 5, told_bytes - 5, expected[i]) == 0, told);
      }
    }
    most = std::max(most, load::anonymous_bytes(server.process().pid()));
    line = end;
  }
  CHECK_MESSAGE(goings == clients.size(), "who is over the limit is gone, for everybody once");
  if (!is_sanitized) {
    CHECK_MESSAGE(most <= (base + limit) * 11 / 10, "base ", base);
  }
  MESSAGE("base: ", base);
  MESSAGE("most: ", most);
}

// --- Ten thousand people

TEST_CASE("many people: each costs at most 700 bytes") {
  constexpr std::size_t rooms = 1000;
  sys::raise_descriptor_limit();
  const std::size_t people =
      std::min<std::size_t>(is_sanitized ? 1000 : 10'000, sys::descriptor_limit() - 100);
  ChatServer server;
  std::vector<std::unique_ptr<Client>> clients;
  {
    Client first{server.endpoint()};  // what is made once has been made
    enter(first, "first");
  }
  const std::uint64_t base = load::anonymous_bytes(server.process().pid());
  const auto start = std::chrono::steady_clock::now();
  constexpr std::size_t at_once = 500;
  for (std::size_t from = 0; from < people; from += at_once) {
    const std::size_t end = std::min(people, from + at_once);
    for (std::size_t i = from; i < end; ++i) {
      clients.push_back(std::make_unique<Client>(server.endpoint()));
      clients.back()->send("p" + std::to_string(i) + "\n/join room" + std::to_string(i % rooms) +
                           "\n");
    }
    for (std::size_t i = from; i < end; ++i) {
      std::string told;
      const std::string last = "-- you are in room" + std::to_string(i % rooms);
      while (!contains(told, last)) told += clients[i]->receive_any();
      CHECK_MESSAGE(!contains(told, "there is no "), told);
    }
  }
  const auto taken = std::chrono::steady_clock::now() - start;
  const std::uint64_t all = load::anonymous_bytes(server.process().pid());
  const std::uint64_t each = (all - base) / people;
  std::printf("%zu people in %zu rooms joined in %.2f s; %llu bytes each\n", people, rooms,
              std::chrono::duration<double>{taken}.count(), static_cast<unsigned long long>(each));
  if (!is_sanitized) {
    CHECK_LE(each, 700U);
  }
}

}  // namespace
}  // namespace switchboard::test
