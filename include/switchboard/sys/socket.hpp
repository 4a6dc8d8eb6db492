// Stream sockets: socket(2), bind(2), accept(2), recv(2), send(2) and their options.
//
// Every descriptor made here is non-blocking, close-on-exec, and never raises SIGPIPE. No call
// blocks but resolve(). EINTR never comes out of a non-blocking call on a socket on the systems we
// build for, yet POSIX allows it: the calls that transfer bytes try again at once.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "switchboard/sys/clock.hpp"
#include "switchboard/sys/descriptor.hpp"
#include "switchboard/sys/result.hpp"

namespace switchboard::sys {

// A socket address of any family, with the length that the kernel gave or wants. A plain value.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  int family() const noexcept { return storage.ss_family; }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }

  bool operator==(const SocketAddress& other) const noexcept;
};

// A connection that the kernel handed over, and who is at the other end.
struct Accepted {
  Descriptor socket;
  SocketAddress peer;
};

// When the kernel asks a silent peer whether it is still there (tcp(7), TCP_KEEPIDLE and friends).
// Rounded up to whole seconds. A zero `idle` leaves keepalive off.
struct KeepAlive {
  Nanoseconds idle = std::chrono::seconds{60};
  Nanoseconds interval = std::chrono::seconds{10};
  int probes = 3;

  // One probe after one second, answered by nothing for another.
  static constexpr Nanoseconds shortest = std::chrono::seconds{2};
  // Linux counts no more than 32,767 seconds of `idle`.
  static constexpr Nanoseconds longest = std::chrono::hours{9};
  // Gives a peer up `limit`, which is from `shortest` to `longest`, after it was last heard of:
  // three probes in the last third of that, or as many as there are seconds for. What is no whole
  // second is cut off.
  static KeepAlive within(Nanoseconds limit) noexcept;
};

// SOCK_STREAM of AF_INET, AF_INET6 or AF_UNIX.
Result<Descriptor> open_stream_socket(int family) noexcept;

std::error_code bind(int fd, const SocketAddress& address) noexcept;
// With the longest backlog that the system offers (SOMAXCONN).
std::error_code listen(int fd) noexcept;
// Whether an accepted socket has the options that were set on its listening socket (tcp(7)); where
// not, they are set again on each.
#ifdef __linux__
inline constexpr bool accepted_sockets_inherit_options = true;
#else
inline constexpr bool accepted_sockets_inherit_options = false;
#endif
// One connection off the backlog. EMFILE, ENFILE, ENOBUFS and ENOMEM leave it there.
Result<Accepted> accept(int fd) noexcept;
// EINPROGRESS is the usual answer: wait for writable, then ask pending_error().
std::error_code connect(int fd, const SocketAddress& address) noexcept;
// SO_ERROR, read and cleared.
std::error_code pending_error(int fd) noexcept;

// recv(2). 0 bytes is the end of the stream. `into` must not be empty.
Result<std::size_t> receive(int fd, std::span<std::byte> into) noexcept;
// send(2) and sendmsg(2); what was taken may be less than what was offered. Never raises SIGPIPE.
Result<std::size_t> send(int fd, std::span<const std::byte> bytes) noexcept;
Result<std::size_t> send_gathered(int fd, std::span<const iovec> pieces) noexcept;
// How many pieces one send_gathered() may carry (IOV_MAX).
inline constexpr std::size_t max_gathered_pieces = 1024;

// One urgent byte of TCP, by MSG_OOB (tcp(7), RFC 9293 section 3.8.5): sent behind all that was
// sent before, and taken past all that was received before, by whoever watches for priority. Later
// urgent data makes the byte of an earlier one an ordinary one. EINVAL where there is none, or it
// was taken; EAGAIN where it is announced and has not come.
std::error_code send_urgent(int fd, std::byte urgent) noexcept;
Result<std::byte> receive_urgent(int fd) noexcept;

// shutdown(2) with SHUT_WR: the peer reads the end of the stream after all that was sent.
std::error_code shut_down_sending(int fd) noexcept;

Result<SocketAddress> local_address(int fd) noexcept;
Result<SocketAddress> peer_address(int fd) noexcept;

std::error_code set_reuse_address(int fd) noexcept;         // SO_REUSEADDR
std::error_code set_ipv6_only(int fd, bool only) noexcept;  // IPV6_V6ONLY
std::error_code set_no_delay(int fd) noexcept;              // TCP_NODELAY
// For a socket that is bound to an address only: the port is picked when it connects, and then need
// only be free towards that peer (ip(7), IP_BIND_ADDRESS_NO_PORT). Does nothing where there is
// none.
std::error_code set_bind_address_no_port(int fd) noexcept;
// TCP_CONGESTION; ENOPROTOOPT where the system lets nobody choose.
std::error_code set_congestion_control(int fd, const char* name) noexcept;
std::error_code set_keepalive(int fd, const KeepAlive& keepalive) noexcept;
std::error_code set_send_buffer(int fd, int bytes) noexcept;     // SO_SNDBUF; Linux doubles it
std::error_code set_receive_buffer(int fd, int bytes) noexcept;  // SO_RCVBUF; Linux doubles it

// getaddrinfo(3): the stream addresses of a host name or numeric address, in the order in which
// they should be tried (RFC 6724). Blocks while a name is looked up, for as long as the system's
// resolver likes, and may be called on any thread.
struct Resolution {
  std::vector<SocketAddress> addresses;
  // None where addresses were found; else of resolver_category(), or an errno.
  std::error_code error{};
};
Resolution resolve(const std::string& host, std::uint16_t port);
// The same for a numeric address, without any lookup; EAI_NONAME for a name.
Resolution resolve_numeric(const std::string& host, std::uint16_t port);
// The EAI_ values, and what gai_strerror(3) says of them.
const std::error_category& resolver_category() noexcept;

}  // namespace switchboard::sys
