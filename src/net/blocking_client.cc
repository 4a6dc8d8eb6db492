#include "switchboard/net/blocking_client.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "switchboard/sys/socket.hpp"
#include "switchboard/sys/waiting.hpp"

#include "connecting.hpp"

namespace switchboard {

namespace {

constexpr std::size_t max_bytes_per_receive = 64 * 1024;

// Until the socket is ready or the deadline has passed, which is ETIMEDOUT.
std::error_code await(int fd, short events, Deadline deadline) noexcept {
  std::array<pollfd, 1> entry{{{.fd = fd, .events = events, .revents = 0}}};
  for (;;) {
    const auto left = deadline.left();
    const auto ready = sys::poll(entry, left);
    if (!ready && ready.errno_value() != EINTR) return ready.error();
    if (ready && *ready > 0) return {};
    // A wait of more than 24 days is cut short: see sys::poll.
    if (left && *left == sys::Nanoseconds::zero()) return sys::make_error(ETIMEDOUT);
  }
}

// Until a Unix socket's backlog may have room again.
std::error_code pause(Deadline deadline) noexcept {
  const auto left = deadline.left();
  if (left && *left == sys::Nanoseconds::zero()) return sys::make_error(ETIMEDOUT);
  const auto delay = left ? std::min(*left, full_backlog_delay) : full_backlog_delay;
  const auto waited = sys::poll({}, delay);
  if (!waited && waited.errno_value() != EINTR) return waited.error();
  return {};
}

std::error_code connect(int fd, const sys::SocketAddress& server, Deadline deadline) noexcept {
  for (;;) {
    const auto error = sys::connect(fd, server);
    switch (error.value()) {
      case 0:
        return {};
      case EINPROGRESS:
      case EINTR:  // POSIX: the attempt goes on by itself
        if (const auto failure = await(fd, POLLOUT, deadline)) return failure;
        return sys::pending_error(fd);
      case EAGAIN:
        if (is_tcp(server)) return sys::make_error(EADDRNOTAVAIL);  // out of ports
        if (const auto failure = pause(deadline)) return failure;
        continue;
      default:
        return error;
    }
  }
}

sys::Result<sys::Descriptor> open_connected(const sys::SocketAddress& server, Deadline deadline) {
  auto socket = sys::open_stream_socket(server.family());
  if (!socket) return socket;
  if (is_tcp(server)) {
    if (const auto error = sys::set_no_delay(socket->get())) return sys::Errno{error.value()};
  }
  if (const auto error = connect(socket->get(), server, deadline)) {
    return sys::Errno{error.value()};
  }
  if (is_connected_to_itself(socket->get(), server)) return sys::Errno{ECONNREFUSED};
  return socket;
}

Deadline share_of(Deadline deadline, std::size_t shares) {
  const auto left = deadline.left();
  if (!left) return deadline;
  return Deadline{*left / static_cast<sys::Nanoseconds::rep>(shares)};
}

}  // namespace

BlockingClient::BlockingClient(const Endpoint& server, Deadline deadline) : peer_(server) {
  const std::vector<sys::SocketAddress> addresses = server.resolve();
  std::error_code failure;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    auto socket = open_connected(addresses[i], share_of(deadline, addresses.size() - i));
    if (socket) {
      socket_ = std::move(*socket);
      peer_ = Endpoint::from(addresses[i]);
      return;
    }
    failure = more_telling(failure, socket.error());
  }
  throw std::system_error(failure, "connect to " + server.to_string());
}

void BlockingClient::send_all(std::span<const std::byte> bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const auto sent = sys::send(socket_.get(), bytes);
    if (sent) {
      bytes = bytes.subspan(*sent);
      continue;
    }
    const auto error = sent.would_block() ? await(socket_.get(), POLLOUT, deadline) : sent.error();
    if (error) throw std::system_error(error, "send to " + peer_.to_string());
  }
}

void BlockingClient::finish_sending() {
  if (const auto error = sys::shut_down_sending(socket_.get())) {
    throw std::system_error(error, "shutdown of " + peer_.to_string());
  }
}

// False at the end of the stream.
bool BlockingClient::receive_more(Deadline deadline) {
  std::array<std::byte, max_bytes_per_receive> block;
  for (;;) {
    const auto received = sys::receive(socket_.get(), block);
    if (received) {
      if (consumed_ > 0) input_.erase(0, std::exchange(consumed_, 0));
      input_.append(reinterpret_cast<const char*>(block.data()), *received);
      return *received > 0;
    }
    const auto error =
        received.would_block() ? await(socket_.get(), POLLIN, deadline) : received.error();
    if (error) throw std::system_error(error, "receive from " + peer_.to_string());
  }
}

// False where the stream ended before the first byte.
bool BlockingClient::receive_at_least(std::size_t count, Deadline deadline) {
  while (unread().size() < count) {
    if (receive_more(deadline)) continue;
    if (unread().empty()) return false;
    throw StreamEnded("receive from " + peer_.to_string() + ": the stream ended after " +
                      std::to_string(unread().size()) + " of " + std::to_string(count) + " bytes");
  }
  return true;
}

void BlockingClient::consume(std::size_t count) {
  consumed_ += count;
  if (consumed_ < input_.size()) return;
  input_.clear();
  consumed_ = 0;
}

std::string BlockingClient::take(std::size_t count) {
  std::string taken{unread().substr(0, count)};
  consume(count);
  return taken;
}

std::optional<std::string> BlockingClient::receive_exactly(std::size_t count, Deadline deadline) {
  if (!receive_at_least(count, deadline)) return std::nullopt;
  return take(count);
}

bool BlockingClient::receive_exactly(std::span<std::byte> into, Deadline deadline) {
  if (!receive_at_least(into.size(), deadline)) return false;
  const auto bytes = std::as_bytes(std::span{unread()}).first(into.size());
  std::copy(bytes.begin(), bytes.end(), into.begin());
  consume(into.size());
  return true;
}

std::optional<std::string> BlockingClient::receive_until(std::string_view delimiter,
                                                         Deadline deadline,
                                                         std::size_t limit_bytes) {
  assert(!delimiter.empty());
  std::size_t searched = 0;  // no delimiter begins before it
  for (;;) {
    const std::size_t found = unread().find(delimiter, searched);
    const bool is_found = found != std::string_view::npos;
    if (is_found && found <= limit_bytes) {
      std::string message = take(found);
      consume(delimiter.size());
      return message;
    }
    // The last bytes may be the beginning of a delimiter.
    searched = unread().size() - std::min(unread().size(), delimiter.size() - 1);
    if (is_found || searched > limit_bytes) {
      throw std::length_error("receive from " + peer_.to_string() + ": no delimiter within " +
                              std::to_string(limit_bytes) + " bytes");
    }
    if (receive_more(deadline)) continue;
    if (unread().empty()) return std::nullopt;
    throw StreamEnded("receive from " + peer_.to_string() + ": the stream ended after " +
                      std::to_string(unread().size()) + " bytes without a delimiter");
  }
}

std::optional<std::string> BlockingClient::receive_some(Deadline deadline) {
  if (unread().empty() && !receive_more(deadline)) return std::nullopt;
  return take(unread().size());
}

std::string BlockingClient::receive_to_end(Deadline deadline, std::size_t limit_bytes) {
  do {
    if (unread().size() > limit_bytes) {
      throw std::length_error("receive from " + peer_.to_string() + ": more than " +
                              std::to_string(limit_bytes) + " bytes before the end");
    }
  } while (receive_more(deadline));
  return take(unread().size());
}

}  // namespace switchboard
