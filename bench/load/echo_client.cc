#include "load/echo_client.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace switchboard::bench {

namespace {

// One address has some 28,000 ports to connect from; the next 127.0.0.x takes over before that.
constexpr std::size_t connections_per_source = 16'000;

constexpr std::size_t largest_io = 64 * 1024;

std::uint64_t now_nanoseconds() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

void set_option(int fd, int level, int name) {
  const int on = 1;
  if (setsockopt(fd, level, name, &on, sizeof on) != 0) throw std::runtime_error("setsockopt");
}

// Nothing is ever lost on loopback, so the simplest algorithm does; one that paces (BBR) would have
// the client's sends wait for timers. The server's sockets keep what the system gives them.
void use_cheap_congestion_control(int fd) {
  constexpr char reno[] = "reno";  // in every Linux kernel
  if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, reno, sizeof reno - 1) != 0) {
    throw std::runtime_error(std::string("TCP_CONGESTION: ") + std::strerror(errno));
  }
}

void bind_to_source(int fd, std::size_t source) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(source));
  // Without it the kernel picks the port before it knows the peer, and runs out of them sooner.
  set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error(std::string("bind to a source address: ") + std::strerror(errno));
  }
}

}  // namespace

EchoClient::EchoClient(const EchoSettings& settings)
    : settings_(settings),
      pattern_(largest_io),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      peers_(settings.connections),
      sent_at_ns_(settings.connections * settings.depth),
      buffer_(largest_io) {
  if (epoll_ < 0) throw std::runtime_error("epoll_create1");
}

EchoClient::~EchoClient() {
  for (const Peer& peer : peers_) {
    if (peer.fd >= 0) close(peer.fd);
  }
  close(epoll_);
}

void EchoClient::open() {
  refill_ = false;
  std::size_t next = 0;
  std::size_t before = 0;
  while (next < peers_.size()) {
    while (next < peers_.size() && under_way_ < opening_at_once) connect(next++);
    before = next - under_way_;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (next - under_way_ == before && std::chrono::steady_clock::now() < deadline) turn(100);
    if (next - under_way_ == before) break;  // drain() below names those that are silent
  }
  drain();
}

// What a peer has under way counts from here: the message of its opening.
void EchoClient::connect(std::size_t index) {
  Peer& peer = peers_[index];
  peer.sent_to = peer.received_to = index * 131;
  peer.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (peer.fd < 0) throw std::runtime_error(std::string("socket: ") + std::strerror(errno));
  peer.under_way = 1;
  ++under_way_;
  set_option(peer.fd, IPPROTO_TCP, TCP_NODELAY);
  use_cheap_congestion_control(peer.fd);
  if (peers_.size() > connections_per_source)
    bind_to_source(peer.fd, index / connections_per_source);
  const auto* const server = reinterpret_cast<const sockaddr*>(&settings_.server);
  if (::connect(peer.fd, server, sizeof settings_.server) != 0 && errno != EINPROGRESS) {
    return fail(peer, std::string("connect: ") + std::strerror(errno));
  }
  // Edge-triggered, and both interests at once: no other epoll_ctl is ever made, and the kernel
  // need not look again at every socket that it has reported.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET;
  event.data.u64 = index;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd, &event) != 0) throw std::runtime_error("epoll_ctl");
}

void EchoClient::finish_connecting(std::size_t index) {
  Peer& peer = peers_[index];
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(peer.fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) return fail(peer, std::string("connect: ") + std::strerror(error));
  peer.connected = true;
  peer.under_way = 0;
  --under_way_;
  offer(peer, index, 1, now_nanoseconds());
}

void EchoClient::run_for(std::chrono::nanoseconds duration) {
  const auto deadline = std::chrono::steady_clock::now() + duration;
  refill_ = true;
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    Peer& peer = peers_[i];
    const auto missing = static_cast<std::uint32_t>(settings_.depth) - peer.under_way;
    if (peer.fd >= 0 && missing > 0) offer(peer, i, missing, now_nanoseconds());
  }
  while (failed_ < peers_.size() && std::chrono::steady_clock::now() < deadline) turn(10);
}

void EchoClient::drain() {
  refill_ = false;
  auto deadline = std::chrono::steady_clock::now() + patience;
  while (under_way_ > 0 && std::chrono::steady_clock::now() < deadline) {
    if (turn(100)) deadline = std::chrono::steady_clock::now() + patience;
  }
  for (Peer& peer : peers_) {
    if (peer.under_way > 0) fail(peer, peer.connected ? "never came back" : "never connected");
  }
}

void EchoClient::start_counting() {
  times_.clear();
}

bool EchoClient::turn(int timeout_ms) {
  // Few at a time: what epoll_wait touched of each socket is then still near when recv wants it.
  std::array<epoll_event, 64> events;
  const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  if (ready < 0 && errno != EINTR) throw std::runtime_error("epoll_wait");
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (i + 1 < ready)
      __builtin_prefetch(&peers_[events[static_cast<std::size_t>(i) + 1].data.u64]);
    const std::size_t index = event.data.u64;
    Peer& peer = peers_[index];
    if (!peer.connected) {
      finish_connecting(index);
      continue;
    }
    if (peer.unsent > 0) send(peer);
    if ((event.events & ~std::uint32_t{EPOLLOUT}) != 0) receive(index);
  }
  return ready > 0;
}

void EchoClient::receive(std::size_t index) {
  Peer& peer = peers_[index];
  while (peer.fd >= 0) {
    const ssize_t got = recv(peer.fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return fail(peer, std::string("recv: ") + std::strerror(errno));
    if (got == 0) return fail(peer, "closed by the server");
    const auto size = static_cast<std::size_t>(got);
    if (!pattern_.matches(peer.received_to, buffer_.data(), size)) return fail(peer, "wrong byte");
    if (peer.received_to + size > peer.sent_to) return fail(peer, "more bytes than were sent");
    peer.received_to += size;
    const std::uint64_t now_ns = now_nanoseconds();
    const std::uint32_t back = take_back(peer, index, size, now_ns);
    if (refill_ && back > 0) offer(peer, index, back, now_ns);
    // A buffer that was not filled emptied the socket; whatever comes later makes a new edge.
    if (size < buffer_.size()) return;
  }
}

// How many messages these bytes completed.
std::uint32_t EchoClient::take_back(Peer& peer, std::size_t index, std::size_t bytes,
                                    std::uint64_t now_ns) {
  const std::uint64_t* const sent_at_ns = &sent_at_ns_[index * settings_.depth];
  std::uint32_t back = 0;
  peer.partial += bytes;
  while (peer.partial >= settings_.message_size) {
    peer.partial -= settings_.message_size;
    times_.add(now_ns - sent_at_ns[peer.oldest]);
    if (++peer.oldest == settings_.depth) peer.oldest = 0;
    ++back;
  }
  peer.under_way -= back;
  under_way_ -= back;
  return back;
}

void EchoClient::offer(Peer& peer, std::size_t index, std::uint32_t messages,
                       std::uint64_t now_ns) {
  std::uint64_t* const sent_at_ns = &sent_at_ns_[index * settings_.depth];
  std::size_t slot = peer.oldest + peer.under_way;
  for (std::uint32_t i = 0; i < messages; ++i, ++slot) {
    if (slot >= settings_.depth) slot -= settings_.depth;
    sent_at_ns[slot] = now_ns;
  }
  peer.under_way += messages;
  under_way_ += messages;
  peer.unsent += messages * settings_.message_size;
  send(peer);
}

// Until all is gone or the kernel refuses, which is what arms the edge for writing.
void EchoClient::send(Peer& peer) {
  while (peer.unsent > 0) {
    const std::size_t size = std::min(peer.unsent, pattern_.longest_run());
    const ssize_t sent = ::send(peer.fd, pattern_.at(peer.sent_to), size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return fail(peer, std::string("send: ") + std::strerror(errno));
    peer.sent_to += static_cast<std::size_t>(sent);
    peer.unsent -= static_cast<std::size_t>(sent);
  }
}

void EchoClient::fail(Peer& peer, const std::string& what) {
  ++failures_[what];
  ++failed_;
  under_way_ -= peer.under_way;
  close(peer.fd);
  peer.fd = -1;
  peer.under_way = 0;
  peer.unsent = 0;
}

}  // namespace switchboard::bench
