#include "switchboard/sys/socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "descriptor_flags.hpp"
#include "outcome.hpp"

namespace switchboard::sys {

namespace {

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0;  // SO_NOSIGPIPE was set when the socket was made
#endif

Result<std::size_t> transferred(ssize_t returned) noexcept {
  if (returned < 0) return Errno{errno};
  return static_cast<std::size_t>(returned);
}

template <typename T>
std::error_code set_option(int fd, int level, int option, T value) noexcept {
  return outcome(::setsockopt(fd, level, option, &value, sizeof value));
}

// What every socket of ours is, where the call that made it could not say so.
std::error_code make_ours([[maybe_unused]] int fd) noexcept {
#ifndef SOCK_NONBLOCK
  if (const auto error = set_nonblocking_cloexec(fd)) return error;
#endif
#ifdef SO_NOSIGPIPE
  return set_option(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
#else
  return {};
#endif
}

class ResolverCategory final : public std::error_category {
  const char* name() const noexcept override { return "resolver"; }
  std::string message(int value) const override { return ::gai_strerror(value); }
};

Resolution look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  const std::string service = std::to_string(port);
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found);
  if (failure == EAI_SYSTEM) return {{}, make_error(errno)};
  if (failure != 0) return {{}, {failure, resolver_category()}};
  Resolution resolution;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    SocketAddress address;
    assert(entry->ai_addrlen <= sizeof address.storage);
    std::copy_n(reinterpret_cast<const std::byte*>(entry->ai_addr), entry->ai_addrlen,
                reinterpret_cast<std::byte*>(&address.storage));
    address.length = entry->ai_addrlen;
    resolution.addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return resolution;
}

int whole_seconds(Nanoseconds duration) noexcept {
  return static_cast<int>(std::max<std::chrono::seconds::rep>(
      1, std::chrono::ceil<std::chrono::seconds>(duration).count()));
}

}  // namespace

bool SocketAddress::operator==(const SocketAddress& other) const noexcept {
  return length == other.length && std::memcmp(&storage, &other.storage, length) == 0;
}

Result<Descriptor> open_stream_socket(int family) noexcept {
#ifdef SOCK_NONBLOCK
  Descriptor socket{::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
#else
  Descriptor socket{::socket(family, SOCK_STREAM, 0)};
#endif
  if (!socket) return Errno{errno};
  if (const auto error = make_ours(socket.get())) return Errno{error.value()};
  return socket;
}

std::error_code bind(int fd, const SocketAddress& address) noexcept {
  return outcome(::bind(fd, address.get(), address.length));
}

std::error_code listen(int fd) noexcept {
  return outcome(::listen(fd, SOMAXCONN));
}

Result<Accepted> accept(int fd) noexcept {
  Accepted accepted;
  accepted.peer.length = sizeof accepted.peer.storage;
#ifdef SOCK_NONBLOCK
  accepted.socket.reset(
      ::accept4(fd, accepted.peer.get(), &accepted.peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
#else
  accepted.socket.reset(::accept(fd, accepted.peer.get(), &accepted.peer.length));
#endif
  if (!accepted.socket) return Errno{errno};
  // Taken off the backlog, and its client has gone: macOS refuses options on such a socket.
  if (make_ours(accepted.socket.get())) return Errno{ECONNABORTED};
  return accepted;
}

std::error_code connect(int fd, const SocketAddress& address) noexcept {
  return outcome(::connect(fd, address.get(), address.length));
}

std::error_code pending_error(int fd) noexcept {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return make_error(errno);
  return error == 0 ? std::error_code{} : make_error(error);
}

Result<std::size_t> receive(int fd, std::span<std::byte> into) noexcept {
  assert(!into.empty());
  ssize_t received = 0;
  do received = ::recv(fd, into.data(), into.size(), 0);
  while (received < 0 && errno == EINTR);
  return transferred(received);
}

Result<std::size_t> send(int fd, std::span<const std::byte> bytes) noexcept {
  ssize_t sent = 0;
  do sent = ::send(fd, bytes.data(), bytes.size(), send_flags);
  while (sent < 0 && errno == EINTR);
  return transferred(sent);
}

Result<std::size_t> send_gathered(int fd, std::span<const iovec> pieces) noexcept {
  assert(pieces.size() <= max_gathered_pieces);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg reads them only
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(pieces.size());
  ssize_t sent = 0;
  do sent = ::sendmsg(fd, &message, send_flags);
  while (sent < 0 && errno == EINTR);
  return transferred(sent);
}

std::error_code send_urgent(int fd, std::byte urgent) noexcept {
  ssize_t sent = 0;
  do sent = ::send(fd, &urgent, 1, send_flags | MSG_OOB);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? make_error(errno) : std::error_code{};
}

Result<std::byte> receive_urgent(int fd) noexcept {
  std::byte urgent{};
  ssize_t received = 0;
  do received = ::recv(fd, &urgent, 1, MSG_OOB);
  while (received < 0 && errno == EINTR);
  if (received < 0) return Errno{errno};
  if (received == 0) return Errno{EINVAL};  // the stream has ended
  return urgent;
}

std::error_code shut_down_sending(int fd) noexcept {
  return outcome(::shutdown(fd, SHUT_WR));
}

Result<SocketAddress> local_address(int fd) noexcept {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (::getsockname(fd, address.get(), &address.length) != 0) return Errno{errno};
  return address;
}

Result<SocketAddress> peer_address(int fd) noexcept {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (::getpeername(fd, address.get(), &address.length) != 0) return Errno{errno};
  return address;
}

std::error_code set_reuse_address(int fd) noexcept {
  return set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

std::error_code set_ipv6_only(int fd, bool only) noexcept {
  return set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, only ? 1 : 0);
}

std::error_code set_no_delay(int fd) noexcept {
  return set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

std::error_code set_bind_address_no_port([[maybe_unused]] int fd) noexcept {
#ifdef IP_BIND_ADDRESS_NO_PORT
  return set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
#else
  return {};
#endif
}

std::error_code set_congestion_control([[maybe_unused]] int fd,
                                       [[maybe_unused]] const char* name) noexcept {
#ifdef TCP_CONGESTION
  return outcome(::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name,
                              static_cast<socklen_t>(std::strlen(name))));
#else
  return make_error(ENOPROTOOPT);
#endif
}

KeepAlive KeepAlive::within(Nanoseconds limit) noexcept {
  assert(limit >= shortest && limit <= longest);
  const auto whole = std::chrono::floor<std::chrono::seconds>(limit);
  const auto interval = std::max(whole / 9, std::chrono::seconds{1});
  const int probes = static_cast<int>(std::min<std::int64_t>(3, whole / interval - 1));
  return {.idle = whole - probes * interval, .interval = interval, .probes = probes};
}

std::error_code set_keepalive(int fd, const KeepAlive& keepalive) noexcept {
  if (keepalive.idle <= Nanoseconds::zero()) return {};
  if (const auto error = set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1)) return error;
#if defined(TCP_KEEPIDLE)
  constexpr int idle_option = TCP_KEEPIDLE;
#elif defined(TCP_KEEPALIVE)
  constexpr int idle_option = TCP_KEEPALIVE;  // what macOS calls it
#else
  return {};  // OpenBSD sets the times for the whole system
#endif
#if defined(TCP_KEEPIDLE) || defined(TCP_KEEPALIVE)
  if (const auto error = set_option(fd, IPPROTO_TCP, idle_option, whole_seconds(keepalive.idle))) {
    return error;
  }
  if (const auto error =
          set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, whole_seconds(keepalive.interval))) {
    return error;
  }
  return set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive.probes);
#endif
}

std::error_code set_send_buffer(int fd, int bytes) noexcept {
  return set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes);
}

std::error_code set_receive_buffer(int fd, int bytes) noexcept {
  return set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

Resolution resolve(const std::string& host, std::uint16_t port) {
  return look_up(host, port, 0);
}

Resolution resolve_numeric(const std::string& host, std::uint16_t port) {
  return look_up(host, port, AI_NUMERICHOST);
}

const std::error_category& resolver_category() noexcept {
  static const ResolverCategory category;
  return category;
}

}  // namespace switchboard::sys
