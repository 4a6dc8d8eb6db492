// What every way to connect must know.
#pragma once

#include <system_error>

#include "switchboard/sys/socket.hpp"

namespace switchboard {

inline bool is_tcp(const sys::SocketAddress& address) noexcept {
  return address.family() != AF_UNIX;
}

// A Unix socket whose backlog is full answers EAGAIN, and nothing tells when there is room again.
inline constexpr sys::Nanoseconds full_backlog_delay = std::chrono::milliseconds{5};

// Connecting to a port of this machine that nobody listens on, but that the kernel has just picked
// as ours, meets its own SYN (a simultaneous open, RFC 9293 section 3.5).
inline bool is_connected_to_itself(int fd, const sys::SocketAddress& server) noexcept {
  if (!is_tcp(server)) return false;
  const auto ours = sys::local_address(fd);
  const auto theirs = sys::peer_address(fd);
  return ours && theirs && *ours == *theirs;
}

// Of two addresses' failures the one that says more about the server: refused (it is there), then
// timed out (it may be), then whatever else, then no way there (this machine has no IPv6, say).
std::error_code more_telling(std::error_code one, std::error_code other) noexcept;

}  // namespace switchboard
