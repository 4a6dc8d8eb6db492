// `switchboard connect`, the program: between its standard streams and servers of ours, of the test
// and of others.
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "echo_server.hpp"
#include "support/backends.hpp"
#include "support/foreign_servers.hpp"
#include "support/process.hpp"
#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

struct Outcome {
  int status;
  std::string output;
  std::string errors;
};

struct InputPipe {
  sys::Descriptor reader;
  sys::Descriptor writer;

  InputPipe() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) must(sys::make_error(errno), "pipe");
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  void write(std::string_view text) const {
    while (!text.empty()) text.remove_prefix(must(sys::write(writer.get(), text), "write"));
  }
};

// The client, running.
class ConnectProcess {
 public:
  explicit ConnectProcess(std::vector<std::string> arguments, ProcessOptions options = {})
      : process_(with_command(std::move(arguments)), with_input(options, input_.reader.get())) {
    input_.reader.reset();
  }

  Process& process() noexcept { return process_; }
  void say(std::string_view text) const { input_.write(text); }
  // Whether there comes to be room for a page or more.
  bool can_say(sys::Nanoseconds within) const {
    std::array<pollfd, 1> entry{{{.fd = input_.writer.get(), .events = POLLOUT, .revents = 0}}};
    return must(sys::poll(entry, within), "poll") > 0;
  }
  // Until it has read all that was said, or has had a while to do so.
  void await_input_taken() const {
    int left = 1;
    for (int i = 0; i < 100 && left > 0; ++i) {
      REQUIRE_EQ(::ioctl(input_.writer.get(), FIONREAD, &left), 0);
      std::this_thread::sleep_for(2ms);
    }
  }
  void end_input() { input_.writer.reset(); }
  Outcome outcome() {
    Outcome outcome{};
    outcome.output = process_.read_all();
    outcome.errors = process_.read_all_errors();
    outcome.status = process_.wait();
    return outcome;
  }

 private:
  static std::vector<std::string> with_command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "connect");
    return program(std::move(arguments));
  }
  static ProcessOptions with_input(ProcessOptions options, int fd) {
    if (options.input_fd < 0) options.input_fd = fd;
    return options;
  }

  InputPipe input_;
  Process process_;
};

Outcome run(std::vector<std::string> arguments, std::string_view input = "") {
  ConnectProcess client{std::move(arguments)};
  client.say(input);
  client.end_input();
  return client.outcome();
}

// A server of the test's own, for one client.
class OwnServer {
 public:
  explicit OwnServer(int backlog = 8) {
    must(sys::bind(socket_.get(), loopback(AF_INET, 0)), "bind");
    if (::listen(socket_.get(), backlog) != 0) must(sys::make_error(errno), "listen");
  }
  std::string endpoint() const {
    return Endpoint::from(must(sys::local_address(socket_.get()), "getsockname")).to_string();
  }
  const sys::Descriptor& listening() const noexcept { return socket_; }
  sys::Accepted accept() const {
    await(socket_.get(), POLLIN);
    return must(sys::accept(socket_.get()), "accept");
  }

 private:
  sys::Descriptor socket_ = must(sys::open_stream_socket(AF_INET), "socket");
};

std::string receive_to_end(const sys::Descriptor& socket) {
  std::string text;
  std::array<std::byte, 65536> block;
  for (;;) {
    await(socket.get(), POLLIN);
    const auto received = must(sys::receive(socket.get(), block), "recv");
    if (received == 0) return text;
    text.append(reinterpret_cast<const char*>(block.data()), received);
  }
}

std::string numbered_lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "line " + std::to_string(i) + '\n';
  return text;
}

// epoll refuses files; and the echo is much more than all buffers hold.
CASES("connect: a file is sent, and all that comes back is shown", backend_names(),
      const std::string& backend) {
  const EchoServer server{{"--backend", backend}};
  const TemporaryFolder folder;
  const std::string text = numbered_lines(600'000);
  std::ofstream{folder.file("input")} << text;
  const sys::Descriptor file{::open(folder.file("input").c_str(), O_RDONLY | O_CLOEXEC)};
  ProcessOptions options;
  options.input_fd = file.get();
  ConnectProcess client{{server.endpoint().to_string(), "--backend", backend}, options};
  const Outcome outcome = client.outcome();
  CHECK_MESSAGE(outcome.status == 0, outcome.errors);
  CHECK_EQ(outcome.output, text);
}

CASES("connect: after its own end it shows all that the server still says", backend_names(),
      const std::string& backend) {
  const OwnServer server;
  ConnectProcess client{{server.endpoint(), "--backend", backend}};
  auto peer = server.accept().socket;
  client.say("question");
  client.end_input();
  CHECK_EQ(receive_to_end(peer), "question");
  send_text(peer.get(), "answer\n");
  CHECK_EQ(client.process().read_line(), "answer");
  send_text(peer.get(), "and more");
  peer.reset();
  const Outcome outcome = client.outcome();
  CHECK_EQ(outcome.output, "and more");
  CHECK_MESSAGE(outcome.status == 0, outcome.errors);
}

CASES("connect: after the server's end it still sends all that it has", backend_names(),
      const std::string& backend) {
  const OwnServer server;
  ConnectProcess client{{server.endpoint(), "--backend", backend}};
  const auto peer = server.accept().socket;
  send_text(peer.get(), "answer\n");
  must(sys::shut_down_sending(peer.get()), "shutdown");
  CHECK_EQ(client.process().read_line(), "answer");
  client.say("question");
  client.end_input();
  CHECK_EQ(receive_to_end(peer), "question");
  CHECK_EQ(client.outcome().status, 0);
}

TEST_CASE("connect: the status tells refused, timed out and no way apart") {
  const auto closed = must(sys::open_stream_socket(AF_INET), "socket");
  must(sys::bind(closed.get(), loopback(AF_INET, 0)), "bind");
  const Outcome refused =
      run({Endpoint::from(must(sys::local_address(closed.get()), "getsockname")).to_string()});
  CHECK_EQ(refused.status, 3);
  CHECK(contains(refused.errors, "Connection refused"));

  const OwnServer full{0};
  std::array<sys::Descriptor, 4> crowd;
  for (sys::Descriptor& one : crowd) {
    one = must(sys::open_stream_socket(AF_INET), "socket");
    (void)sys::connect(one.get(), must(sys::local_address(full.listening().get()), "getsockname"));
  }
  const Outcome late = run({full.endpoint(), "--timeout", "50ms"});
  CHECK_EQ(late.status, 4);
  CHECK(contains(late.errors, "timed out"));

  CHECK_EQ(run({"tcp://nobody.invalid:7"}).status, 5);
  const TemporaryFolder folder;
  CHECK_EQ(run({"unix://" + folder.file("nobody")}).status, 5);
  CHECK_EQ(run({}).status, 2);
}

TEST_CASE("connect: the status tells that the connection was broken off") {
  const OwnServer server;
  ConnectProcess client{{server.endpoint()}};
  reset_connection(server.accept().socket);
  const Outcome outcome = client.outcome();
  CHECK_EQ(outcome.status, 6);
  CHECK(contains(outcome.errors, "reset"));
}

TEST_CASE("connect: the status tells that nothing moved for too long") {
  const OwnServer server;
  ConnectProcess client{{server.endpoint(), "--idle-timeout", "50ms"}};
  CHECK_EQ(client.outcome().status, 4);
}

TEST_CASE("connect: the status tells that malformed bytes came") {
  const OwnServer server;
  ConnectProcess client{{server.endpoint(), "--framing", "digits:2"}};
  send_text(server.accept().socket.get(), "02okxx");
  const Outcome outcome = client.outcome();
  CHECK_EQ(outcome.status, 7);
  CHECK_EQ(outcome.output, "ok\n");
  CHECK(contains(outcome.errors, "malformed"));
}

// Gives all that has been taken: the kernel's buffers are full, and a bounded rest waits in the
// client.
std::string send_until_nothing_moves(int fd) {
  std::string sent;
  const std::string block = numbered_lines(1000);
  std::array<pollfd, 1> entry{{{.fd = fd, .events = POLLOUT, .revents = 0}}};
  while (must(sys::poll(entry, 300ms), "poll") > 0) {
    sent += block.substr(0, must(sys::send(fd, std::as_bytes(std::span{block})), "send"));
    if (sent.size() > 64U * 1024 * 1024) throw std::runtime_error("it takes whatever comes");
  }
  return sent;
}

TEST_CASE("connect: a slow reader holds up the server and loses nothing") {
  const OwnServer server;
  ProcessOptions options;
  options.small_pipes = true;
  ConnectProcess client{{server.endpoint()}, options};
  auto peer = server.accept().socket;
  const std::string sent = send_until_nothing_moves(peer.get());
  peer.reset();
  client.end_input();
  const Outcome outcome = client.outcome();
  CHECK_EQ(outcome.output, sent);
  CHECK_MESSAGE(outcome.status == 0, outcome.errors);
}

// Its own bytes could not be sent any more, and with that all was lost that it had not read yet.
TEST_CASE("connect: a slow reader gets all that came before the server broke off") {
  const OwnServer server;
  ProcessOptions options;
  options.small_pipes = true;
  ConnectProcess client{{server.endpoint()}, options};
  auto peer = server.accept().socket;
  const std::string sent = send_until_nothing_moves(peer.get());
  int unacknowledged = 0;
  REQUIRE_EQ(::ioctl(peer.get(), TIOCOUTQ, &unacknowledged), 0);
  reset_connection(std::move(peer));
  for (int i = 0; i < 3; ++i) {
    client.say("is anybody there?\n");
    client.await_input_taken();
  }
  client.end_input();
  const Outcome outcome = client.outcome();
  CHECK(sent.starts_with(outcome.output));
  CHECK_GE(outcome.output.size(), sent.size() - static_cast<std::size_t>(unacknowledged));
  CHECK_MESSAGE(outcome.status == 6, outcome.errors);
}

TEST_CASE("connect: output that nobody reads ends it") {
  const OwnServer server;
  ProcessOptions options;
  options.output = Stream::broken;
  ConnectProcess client{{server.endpoint()}, options};
  const auto peer = server.accept().socket;
  send_text(peer.get(), "for nobody");
  const Outcome outcome = client.outcome();
  CHECK_EQ(outcome.status, 1);
  CHECK(contains(outcome.errors, "cannot print"));
}

// The description of a terminal is shared with the shell.
TEST_CASE("connect: a terminal is left as it was, and the server's end is the end") {
  int controller = -1;
  int terminal = -1;
  REQUIRE_EQ(::openpty(&controller, &terminal, nullptr, nullptr, nullptr), 0);
  const sys::Descriptor ours{controller};
  const sys::Descriptor theirs{terminal};
  const OwnServer server;
  ProcessOptions options;
  options.input_fd = terminal;
  ConnectProcess client{{server.endpoint()}, options};
  auto peer = server.accept().socket;
  must(sys::write(ours.get(), std::string_view{"typed\n"}), "write");
  await(peer.get(), POLLIN);
  CHECK_EQ(drain(peer.get()), 6U);
  CHECK_EQ(::fcntl(theirs.get(), F_GETFL) & O_NONBLOCK, 0);
  send_text(peer.get(), "bye\n");
  peer.reset();
  const Outcome outcome = client.outcome();
  CHECK_MESSAGE(outcome.status == 0, outcome.errors);
  CHECK_EQ(outcome.output, "bye\n");
  CHECK_EQ(::fcntl(theirs.get(), F_GETFL) & O_NONBLOCK, 0);
}

// Runs it as a shell runs what stands before an &: on its terminal, and not in the group of
// processes that may read from it. Gives what stopped it; 0: it ended.
int stopped_in_background(const std::vector<std::string>& program, int terminal) {
  std::vector<char*> argv;
  for (const std::string& argument : program) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t shell = ::fork();
  if (shell == 0) {
    if (::setsid() < 0 || ::ioctl(terminal, TIOCSCTTY, 0) != 0) ::_exit(126);
    const pid_t job = ::fork();
    if (job == 0) {
      ::alarm(static_cast<unsigned>(process_deadline.count()));
      ::setpgid(0, 0);
      ::dup2(terminal, STDIN_FILENO);
      ::execv(argv.front(), argv.data());
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(job, &status, WUNTRACED);
    ::kill(job, SIGKILL);
    ::_exit(WIFSTOPPED(status) ? WSTOPSIG(status) : 0);
  }
  int status = 0;
  CHECK_EQ(::waitpid(shell, &status, 0), shell);
  return WEXITSTATUS(status);
}

// The thread that reads took no signals, not even this: then a terminal says EIO instead.
TEST_CASE("connect: in the background it stops when it would read, as every program does") {
  int controller = -1;
  int terminal = -1;
  REQUIRE_EQ(::openpty(&controller, &terminal, nullptr, nullptr, nullptr), 0);
  const sys::Descriptor ours{controller};
  const sys::Descriptor theirs{terminal};
  const OwnServer server;
  CHECK_EQ(stopped_in_background(program({"connect", server.endpoint()}), terminal), SIGTTIN);
}

// It was read on and on, and thrown away.
TEST_CASE("connect: input that nobody takes any more is not read either") {
  const TemporaryFolder folder;
  const Endpoint endpoint = Endpoint::parse("unix://" + folder.file("socket"));
  const auto listening = must(sys::open_stream_socket(AF_UNIX), "socket");
  must(sys::bind(listening.get(), endpoint.resolve_numeric().front()), "bind");
  must(sys::listen(listening.get()), "listen");
  ConnectProcess client{{endpoint.to_string()}};
  await(listening.get(), POLLIN);
  auto peer = must(sys::accept(listening.get()), "accept").socket;
  REQUIRE_EQ(::shutdown(peer.get(), SHUT_RD), 0);
  const std::string block(4096, 'x');
  std::size_t said = 0;
  while (client.can_say(300ms)) {
    client.say(block);
    said += block.size();
    REQUIRE_LT(said, 16U * 1024 * 1024);
  }
  send_text(peer.get(), "enough");
  peer.reset();
  const Outcome outcome = client.outcome();
  CHECK_EQ(outcome.output, "enough");
  CHECK_EQ(outcome.status, 6);
}

TEST_CASE("connect: --CR LF, --line, --hex and --framing change the bytes as they say") {
  const EchoServer server;
  const std::string endpoint = server.endpoint().to_string();
  CHECK_EQ(run({endpoint, "--crlf"}, "a\nb\n").output, "a\r\nb\r\n");
  CHECK_EQ(run({endpoint, "--line"}, "a\nb").output, "a\nb");
  CHECK_EQ(run({endpoint, "--hex"}, "\0hi"s).output,
           "00000000  00 68 69                                         .hi\n");
  for (const char* framing : {"lines", "crlf", "u8", "u16le", "u64", "varint", "digits:5"}) {
    CHECK_MESSAGE(run({endpoint, "--framing", framing}, "one\n\nthree").output == "one\n\nthree\n",
                  framing);
  }
  CHECK_EQ(run({endpoint, "--framing", "close"}, "one\nthree").output, "one\nthree");
  CHECK_EQ(run({endpoint, "--framing", "u8", "--line"}).status, 2);
}

TEST_CASE("connect: our own echo answers message by message") {
  const EchoServer server{{"--framing", "digits:5"}};
  ConnectProcess client{{server.endpoint().to_string(), "--framing", "digits:5"}};
  client.say("hello\n");
  CHECK_EQ(client.process().read_line(), "hello");
  client.end_input();
  CHECK_EQ(client.outcome().status, 0);
}

TEST_CASE("connect: the connection comes from the source that is asked for") {
  const OwnServer server;
  ConnectProcess client{{server.endpoint(), "--source", "tcp://127.0.0.2:0"}};
  CHECK_EQ(Endpoint::from(server.accept().peer).host(), "127.0.0.2");
}

// It was left behind, and stood in the way of the next.
TEST_CASE("connect: the file of a Unix source goes with it") {
  const TemporaryFolder folder;
  const EchoServer server{{"--listen", "unix://" + folder.file("server")}};
  const std::string source = "unix://" + folder.file("source");
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = run({server.endpoint().to_string(), "--source", source}, "hello");
    CHECK_MESSAGE(outcome.output == "hello", outcome.errors);
    CHECK_FALSE(std::filesystem::exists(folder.file("source")));
  }
  CHECK_EQ(run({"unix://" + folder.file("nobody"), "--source", source}).status, 5);
  CHECK_FALSE(std::filesystem::exists(folder.file("source")));
  std::ofstream{folder.file("source")} << "somebody's";
  CHECK_EQ(run({server.endpoint().to_string(), "--source", source}, "hello").status, 1);
  CHECK(std::filesystem::exists(folder.file("source")));
}

TEST_CASE("connect: socat sends back all that it is sent") {
  skip_without("socat");
  const SocatEcho server;
  const std::string text = numbered_lines(5000);
  const Outcome outcome = run({server.endpoint().to_string()}, text);
  CHECK_EQ(outcome.output, text);
  CHECK_MESSAGE(outcome.status == 0, outcome.errors);
}

// ncat --exec drops what its program still says once the client has ended: so all of it first.
TEST_CASE("connect: ncat sends back line by line") {
  skip_without("ncat");
  const NcatEcho server;
  ConnectProcess client{{server.endpoint().to_string()}};
  client.say(numbered_lines(1000));
  for (int i = 0; i < 1000; ++i) {
    REQUIRE_EQ(client.process().read_line(), "line " + std::to_string(i));
  }
  client.end_input();
  CHECK_EQ(client.outcome().status, 0);
}

TEST_CASE("connect: Redis answers PING over delimited framing") {
  skip_without("redis-server");
  const RedisServer server;
  ConnectProcess client{{server.endpoint().to_string(), "--framing", "crlf"}};
  client.say("PING\nECHO hello\n");
  CHECK_EQ(client.process().read_line(), "+PONG");
  CHECK_EQ(client.process().read_line(), "$5");
  CHECK_EQ(client.process().read_line(), "hello");
  client.end_input();
  CHECK_EQ(client.outcome().status, 0);
}

}  // namespace
}  // namespace switchboard::test
