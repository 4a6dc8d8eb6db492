// The real program, run as a server, and clients for it.
#pragma once

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "switchboard/net/endpoint.hpp"
#include "switchboard/sys/process.hpp"
#include "switchboard/sys/socket.hpp"

#include "support/process.hpp"
#include "support/sockets.hpp"

namespace switchboard::test {

inline std::vector<std::string> program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), SWITCHBOARD_PROGRAM);
  return arguments;
}

// The address out of a ready line, "listening on ADDRESS (BACKEND)".
inline Endpoint ready_endpoint(const std::string& line) {
  constexpr std::string_view beginning = "listening on ";
  if (!line.starts_with(beginning)) throw std::runtime_error("no ready line: " + line);
  return Endpoint::parse(line.substr(beginning.size(), line.rfind(" (") - beginning.size()));
}

// `switchboard echo`, ready. Listens on a free port of 127.0.0.1 unless told otherwise.
class EchoServer {
 public:
  explicit EchoServer(std::vector<std::string> arguments = {}, std::size_t listeners = 1,
                      const ProcessOptions& options = {})
      : process_(with_listener(std::move(arguments)), options) {
    for (std::size_t i = 0; i < listeners; ++i) {
      auto line = process_.read_line();
      if (!line) throw std::runtime_error("it did not get ready: " + process_.read_all_errors());
      endpoints_.push_back(ready_endpoint(*line));
      ready_lines_.push_back(std::move(*line));
    }
  }

  Process& process() noexcept { return process_; }
  const Endpoint& endpoint(std::size_t index = 0) const { return endpoints_.at(index); }
  const std::string& ready_line(std::size_t index = 0) const { return ready_lines_.at(index); }

 private:
  static std::vector<std::string> with_listener(std::vector<std::string> arguments) {
    bool listens = false;
    for (const std::string& argument : arguments) listens = listens || argument == "--listen";
    if (!listens) arguments.insert(arguments.end(), {"--listen", "tcp://127.0.0.1:0"});
    arguments.insert(arguments.begin(), "echo");
    return program(std::move(arguments));
  }

  Process process_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::string> ready_lines_;
};

// A client that waits for its answers, and gives up with an exception that says what it had got.
class Client {
 public:
  // With a path of its own, where it is to be known by one (Unix sockets only).
  explicit Client(const Endpoint& endpoint, const std::string& own_path = {}) {
    const sys::SocketAddress address = endpoint.resolve().front();
    socket_ = must(sys::open_stream_socket(address.family()), "socket");
    if (!own_path.empty()) {
      must(sys::bind(fd(), Endpoint::parse("unix://" + own_path).resolve().front()), "bind");
    }
    auto connecting = sys::connect(fd(), address);
    while (connecting.value() == EAGAIN) {  // the backlog of a Unix socket is full: unix(7)
      std::this_thread::yield();
      connecting = sys::connect(fd(), address);
    }
    if (connecting && connecting.value() != EINPROGRESS) must(connecting, "connect");
    await(fd(), POLLOUT);
    must(sys::pending_error(fd()), "connect");
  }

  int fd() const noexcept { return socket_.get(); }
  // Gives the socket away, to be ended as no Client ends one.
  sys::Descriptor release() noexcept { return std::move(socket_); }

  void send(std::string_view text) {
    while (!text.empty()) {
      wait(POLLOUT, "room for " + std::to_string(text.size()) + " bytes more");
      text.remove_prefix(send_some(text));
    }
  }

  // Sends until neither the kernel nor the server takes more for a while; gives how much that was.
  std::size_t send_until_stuck() {
    const std::string block(65'536, 'x');
    std::size_t total = 0;
    std::array<pollfd, 1> entry{{{.fd = fd(), .events = POLLOUT, .revents = 0}}};
    while (must(sys::poll(entry, std::chrono::milliseconds{200}), "poll") > 0) {
      total += send_some(block);
    }
    return total;
  }

  std::string receive(std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) {
      const std::string state = so_far(text.size(), bytes);
      wait(POLLIN, state);
      if (receive_some(text, bytes - text.size()) == 0) ended_too_early(state);
    }
    return text;
  }

  // Whatever there is, which is not nothing.
  std::string receive_any() {
    std::string text;
    while (text.empty()) {
      wait(POLLIN, "any bytes");
      if (receive_some(text, 65'536) == 0) ended_too_early("any bytes");
    }
    return text;
  }

  std::string receive_to_end() {
    std::string text;
    do wait(POLLIN, "the end after " + std::to_string(text.size()) + " bytes");
    while (receive_some(text, 65'536) > 0);
    return text;
  }

  // Sends and receives at the same time, as much as it takes; then the end, if told to end.
  std::string exchange(std::string_view text, bool end) {
    std::string echo;
    const std::size_t expected = text.size();
    bool ended = false;
    while (echo.size() < expected) {
      const bool sending = !text.empty();
      const std::string state =
          so_far(echo.size(), expected) + ", " + std::to_string(text.size()) + " unsent";
      wait(static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN), state);
      if (sending) text.remove_prefix(send_some(text));
      if (text.empty() && end && !std::exchange(ended, true)) finish_sending();
      if (receive_some(echo, 65'536) == 0) ended_too_early(state);
    }
    if (end) echo += receive_to_end();
    return echo;
  }

  void finish_sending() { must(sys::shut_down_sending(fd()), "shutdown"); }

  // Whether there is something to receive at this very moment.
  bool has_input() const {
    std::array<pollfd, 1> entry{{{.fd = fd(), .events = POLLIN, .revents = 0}}};
    return must(sys::poll(entry, sys::Nanoseconds::zero()), "poll") > 0;
  }

  bool echoes(std::string_view text) {
    send(text);
    return receive(text.size()) == text;
  }

 private:
  static std::string so_far(std::size_t received, std::size_t expected) {
    return std::to_string(expected) + " bytes, of which " + std::to_string(received) + " came";
  }
  void wait(short events, const std::string& awaited) const {
    try {
      await(fd(), events);
    } catch (const std::runtime_error& failure) {
      throw std::runtime_error(std::string{failure.what()} + ", awaiting " + awaited);
    }
  }
  [[noreturn]] static void ended_too_early(const std::string& awaited) {
    throw std::runtime_error("ended too early, awaiting " + awaited);
  }

  std::size_t send_some(std::string_view text) {
    const auto sent = sys::send(fd(), std::as_bytes(std::span{text}));
    return sent.would_block() ? 0 : must(sent, "send");
  }

  // 0 is the end; what is merely not there yet counts as one byte.
  std::size_t receive_some(std::string& text, std::size_t at_most) {
    std::array<char, 65'536> block;
    const auto room =
        std::as_writable_bytes(std::span{block}).first(std::min(at_most, block.size()));
    const auto received = sys::receive(fd(), room);
    if (received.would_block()) return 1;
    text.append(block.data(), must(received, "recv"));
    return *received;
  }

  sys::Descriptor socket_;
};

}  // namespace switchboard::test
