// Connected sockets for tests, and what to do to them.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "switchboard/sys/descriptor.hpp"
#include "switchboard/sys/result.hpp"
#include "switchboard/sys/socket.hpp"
#include "switchboard/sys/waiting.hpp"

#include "support/call_site.hpp"

namespace switchboard::test {

// For steps that a test takes for granted: a failure ends it with the name of the step.
template <typename T>
T must(sys::Result<T> result, const char* step) {
  if (!result) throw std::system_error(result.error(), step);
  return std::move(*result);
}
inline void must(std::error_code error, const char* step) {
  if (error) throw std::system_error(error, step);
}

// Waits, without a Poller, for POLLIN or POLLOUT on one descriptor. Its exception says which, and
// from where it was called.
inline void await(int fd, short events, CallSite caller = CallSite::here()) {
  std::array<pollfd, 1> entry{{{.fd = fd, .events = events, .revents = 0}}};
  if (must(sys::poll(entry, std::chrono::seconds{10}), "poll") > 0) return;
  const char* wanted = (events & POLLOUT) == 0  ? "bytes"
                       : (events & POLLIN) == 0 ? "room to write"
                                                : "bytes or room to write";
  const std::string step = caller.to_string() + ": waited in vain for " + wanted +
                           " on descriptor " + std::to_string(fd);
  must(sys::make_error(ETIMEDOUT), step.c_str());
}

// Both ends non-blocking.
struct SocketPair {
  sys::Descriptor ours;
  sys::Descriptor theirs;
};

inline SocketPair unix_pair() {
#ifdef SOCK_NONBLOCK
  constexpr int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
#else
  constexpr int type = SOCK_STREAM;
#endif
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, type, 0, ends.data()) != 0) {
    must(sys::make_error(errno), "socketpair");
  }
#ifndef SOCK_NONBLOCK
  for (const int end : ends) ::fcntl(end, F_SETFL, O_NONBLOCK);
#endif
  return {sys::Descriptor{ends[0]}, sys::Descriptor{ends[1]}};
}

// A numeric loopback address; port 0 lets the system choose.
inline sys::SocketAddress loopback(int family, std::uint16_t port) {
  const auto found = sys::resolve_numeric(family == AF_INET6 ? "::1" : "127.0.0.1", port);
  if (found.addresses.empty()) must(found.error, "a loopback address");
  return found.addresses.front();
}

// Over the loopback of AF_INET or AF_INET6. `theirs` is the end that connected.
inline SocketPair tcp_pair(int family = AF_INET) {
  const auto listener = must(sys::open_stream_socket(family), "socket");
  must(sys::bind(listener.get(), loopback(family, 0)), "bind");
  must(sys::listen(listener.get()), "listen");
  SocketPair pair;
  pair.theirs = must(sys::open_stream_socket(family), "socket");
  const auto address = must(sys::local_address(listener.get()), "getsockname");
  const auto connecting = sys::connect(pair.theirs.get(), address);
  if (connecting && connecting.value() != EINPROGRESS) must(connecting, "connect");
  await(listener.get(), POLLIN);
  pair.ours = must(sys::accept(listener.get()), "accept").socket;
  await(pair.theirs.get(), POLLOUT);
  must(sys::set_no_delay(pair.ours.get()), "TCP_NODELAY");
  must(sys::set_no_delay(pair.theirs.get()), "TCP_NODELAY");
  return pair;
}

// Sends all of a short text.
inline void send_text(int fd, std::string_view text) {
  const auto sent = must(sys::send(fd, std::as_bytes(std::span{text})), "send");
  if (sent != text.size()) must(sys::make_error(EMSGSIZE), "send in one piece");
}

// Sends until the socket takes no more. Gives how many bytes it took.
inline std::size_t fill(int fd) {
  const std::array<std::byte, 16384> block{};
  std::size_t total = 0;
  while (true) {
    const auto sent = sys::send(fd, block);
    if (sent.would_block()) return total;
    total += must(sent, "send");
  }
}

// Receives until there is nothing more, or the stream ends. Gives how many bytes there were.
inline std::size_t drain(int fd) {
  std::array<std::byte, 16384> block{};
  std::size_t total = 0;
  while (true) {
    const auto received = sys::receive(fd, block);
    if (received.would_block()) return total;
    if (must(received, "recv") == 0) return total;
    total += *received;
  }
}

// Closes a TCP socket so that its peer gets a reset, not the end of the stream: SO_LINGER with 0.
inline void reset_connection(sys::Descriptor socket) {
  const linger abort{.l_onoff = 1, .l_linger = 0};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort) != 0) {
    must(sys::make_error(errno), "SO_LINGER");
  }
}

}  // namespace switchboard::test
