// The program against what a school's testers do to such a server with nc(1), in each dialect and
// over every poller: a command that is typed in pieces, a client that is killed in the middle of
// one, a member that is stopped with ^Z while its room is flooded. Somebody who stands by asks the
// server all the while whether it is still there. Reads proc(5).
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "chat/chat_server.hpp"
#include "load/process_account.hpp"
#include "support/backends.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

// How each dialect says the same. Lines come without their ends.
struct Tongue {
  const char* name;
  std::string (*enter)(const std::string& who);  // the lobby
  const char* entered;                           // in the last line of the answer
  std::string (*say)(const std::string& text);
  std::string (*heard)(const std::string& who, const std::string& text);  // ends such a line
  const char* ask;                                                        // anything
  const char* answer;                                                     // in a line
  std::string (*gone)(const std::string& who);
};

const std::array<Tongue, 2> tongues{{
    {.name = "plain",
     .enter = [](const std::string& who) { return who + "\n"; },
     .entered = "-- you are in lobby",
     .say = [](const std::string& text) { return text + "\n"; },
     .heard = [](const std::string& who,
                 const std::string& text) { return " <" + who + "> " + text; },
     .ask = "/ping\n",
     .answer = "-- there is no /ping",
     .gone = [](const std::string& who) { return " <- " + who + " has gone"; }},
    {.name = "irc",
     .enter =
         [](const std::string& who) {
           return "NICK " + who + "\r\nUSER " + who + " 0 * :" + who + "\r\nJOIN #lobby\r\n";
         },
     .entered = " 366 ",
     .say = [](const std::string& text) { return "PRIVMSG #lobby :" + text + "\r\n"; },
     .heard =
         [](const std::string& who, const std::string& text) {
           return ":" + who + "!~" + who + "@127.0.0.1 PRIVMSG #lobby :" + text;
         },
     .ask = "PING there\r\n",
     .answer = " PONG ",
     .gone = [](const std::string& who) { return ":" + who + "!~" + who + "@127.0.0.1 QUIT :"; }},
}};

const Tongue& tongue_of(std::string_view name) {
  return tongues[name == tongues[0].name ? 0 : 1];
}

// A person at nc(1): what is typed is what it reads, and what it shows is looked at line by line.
class Typist {
 public:
  explicit Typist(const Endpoint& server) : Typist(server.port(), make_pipe()) {}

  void type(std::string_view text) {
    if (::write(keyboard_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("nc does not read");
    }
  }
  // Until the server's kernel has what was typed: nc has taken all of it, sleeps again, and has
  // been told so. It leaves Nagle's algorithm on, which holds what is typed next until then (RFC
  // 9293 section 3.7.4).
  void await_arrival() {
    const auto deadline = std::chrono::steady_clock::now() + process_deadline;
    while (untaken_bytes() > 0 || state() != 'S' || !is_acknowledged()) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("nc does not send");
      std::this_thread::sleep_for(std::chrono::milliseconds{1});  // nothing tells of any of these
    }
  }
  // The next line that it shows, without its end.
  std::string see() {
    auto line = process_->read_line();
    if (!line) throw std::runtime_error("nc ended too early");
    if (line->ends_with('\r')) line->pop_back();
    return *line;
  }
  // Up to and with the line that holds `text`; gives that one.
  std::string see(std::string_view text) {
    for (;;) {
      std::string line = see();
      if (line.find(text) != std::string::npos) return line;
    }
  }

  void stop() {
    process_->signal(SIGTSTP);  // as the terminal does for ^Z
    int status = 0;
    REQUIRE_EQ(::waitpid(process_->pid(), &status, WUNTRACED), process_->pid());
    REQUIRE(WIFSTOPPED(status));
  }
  void go_on() { process_->signal(SIGCONT); }
  void kill() {
    process_->signal(SIGKILL);
    CHECK_EQ(process_->wait(), 128 + SIGKILL);
  }

 private:
  struct Pipe {
    sys::Descriptor reader;
    sys::Descriptor writer;
  };
  static Pipe make_pipe() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) must(sys::make_error(errno), "pipe");
    return {sys::Descriptor{ends[0]}, sys::Descriptor{ends[1]}};
  }
  Typist(std::uint16_t port, Pipe pipe)
      : port_(port),
        keyboard_(std::move(pipe.writer)),
        taken_(std::move(pipe.reader)),
        process_(std::make_unique<Process>(
            std::vector<std::string>{"nc", "127.0.0.1", std::to_string(port)},
            ProcessOptions{.input_fd = taken_.get(), .is_job = true})) {}

  int untaken_bytes() const {
    int bytes = 0;
    if (::ioctl(taken_.get(), FIONREAD, &bytes) != 0) must(sys::make_error(errno), "FIONREAD");
    return bytes;
  }
  char state() const {
    std::string stat;
    std::getline(std::ifstream("/proc/" + std::to_string(process_->pid()) + "/stat"), stat);
    return stat.at(stat.rfind(')') + 2);
  }
  // Whatever anybody has sent to the server's port: proc(5), /proc/net/tcp.
  bool is_acknowledged() const {
    std::array<char, 6> port{};
    std::snprintf(port.data(), port.size(), ":%04X", port_);
    std::ifstream table{"/proc/net/tcp"};
    for (std::string line; std::getline(table, line);) {
      std::istringstream fields{line};
      std::string number, local, remote, state, queues;
      fields >> number >> local >> remote >> state >> queues;
      if (remote.ends_with(port.data()) && !queues.starts_with("00000000:")) return false;
    }
    return true;
  }

  std::uint16_t port_;
  sys::Descriptor keyboard_;
  sys::Descriptor taken_;  // the other end, which nc has too
  std::unique_ptr<Process> process_;
};

class School {
 protected:
  static auto rows() { return pairs_of(backend_names(), std::vector<std::string>{"plain", "irc"}); }
  explicit School(const std::pair<std::string, std::string>& row)
      : backend(row.first), dialect(row.second) {
    enter(by_stander);
    // Elsewhere, so that it need not read what the room is told.
    by_stander.send(std::string_view{tongue.name} == "irc" ? "PART #lobby\r\n" : "/leave\n");
    expect_alive();
    enter(speaker);
  }

  void enter(Client& client) {
    client.send(tongue.enter(&client == &speaker ? "speaker" : "bystander"));
    await(client, tongue.entered);
  }
  void enter(Typist& typist, const std::string& name) {
    typist.type(tongue.enter(name));
    typist.see(tongue.entered);
    await(speaker, name);
  }
  // Skips what comes up to the end of the line that holds `text`; gives all of it.
  static std::string await(Client& client, std::string_view text) {
    std::string all;
    std::size_t at = std::string::npos;
    while ((at = all.find(text)) == std::string::npos || all.find('\n', at) == std::string::npos) {
      all += client.receive_any();
    }
    return all;
  }
  // The server answers somebody who has nothing to do with it.
  void expect_alive() {
    by_stander.send(tongue.ask);
    await(by_stander, tongue.answer);
  }

  const std::string backend;
  const std::string dialect;
  const Tongue& tongue = tongue_of(dialect);
  ChatServer server{
      {"--backend", backend, "--flood", "off", "--output-limit", "32MiB", "--log-level", "error"},
      {dialect + "+tcp://127.0.0.1:0"}};
  Client by_stander{server.endpoint()};
  Client speaker{server.endpoint()};
};

CASES_FIXTURE(School, "school: a command that is typed in three pieces is one") {
  Typist anna{server.endpoint()};
  enter(anna, "anna");
  const std::string command = tongue.say("good morning");
  for (std::size_t piece = 0; piece < 3; ++piece) {
    REQUIRE_FALSE_MESSAGE(speaker.has_input(), "half a command is none");
    const std::size_t begin = command.size() * piece / 3;
    anna.type(command.substr(begin, command.size() * (piece + 1) / 3 - begin));
    anna.await_arrival();
    expect_alive();
  }
  CHECK(contains(await(speaker, "\n"), tongue.heard("anna", "good morning")));
}

CASES_FIXTURE(School, "school: a client killed in the middle of a command has not said it") {
  const std::string command = tongue.say("good morning");
  for (const std::size_t typed : {std::size_t{1}, command.size() / 2, command.find('\n')}) {
    Typist anna{server.endpoint()};
    enter(anna, "anna");
    anna.type(command.substr(0, typed));
    anna.await_arrival();
    expect_alive();
    anna.kill();
    expect_alive();
    const std::string told = await(speaker, tongue.gone("anna"));
    CHECK_MESSAGE(std::ranges::count(told, '\n') == 1, told);
  }
}

CASES_FIXTURE(School,
              "school: a client stopped while the room is flooded gets all of it in order") {
  constexpr int lines = 15'000;
  constexpr int at_once = 500;
  const auto text_of = [](int line) {
    std::string text = std::to_string(line) + " ";
    text.resize(400, 'x');  // 6 MB in all: more than the kernel keeps for who reads nothing
    return text;
  };
  const auto expect_next = [&](Typist& typist, int line) {
    const std::string seen = typist.see();
    REQUIRE_MESSAGE(seen.ends_with(tongue.heard("speaker", text_of(line))), seen);
  };
  Typist anna{server.endpoint()};
  Typist ben{server.endpoint()};
  enter(anna, "anna");
  enter(ben, "ben");
  anna.see("ben");
  anna.stop();
  const std::uint64_t before = load::anonymous_bytes(server.process().pid());
  for (int begin = 0; begin < lines; begin += at_once) {
    std::string flood;
    for (int line = begin; line < begin + at_once; ++line) flood += tongue.say(text_of(line));
    speaker.send(flood);
    expect_alive();
    for (int line = begin; line < begin + at_once; ++line) {
      expect_next(ben, line);
    }
  }
  CHECK_MESSAGE(load::anonymous_bytes(server.process().pid()) > before + 1'000'000,
                "the kernel has room for all of it, and the server has stored nothing");
  anna.go_on();
  for (int line = 0; line < lines; ++line) expect_next(anna, line);
  anna.type(tongue.say("here I am"));
  CHECK(ben.see().ends_with(tongue.heard("anna", "here I am")));
  expect_alive();
}

}  // namespace
}  // namespace switchboard::test
