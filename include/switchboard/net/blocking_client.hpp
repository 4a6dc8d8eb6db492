// A client in three lines, without a loop: every call waits until it is done.
//
//   BlockingClient client{Endpoint::parse("tcp://127.0.0.1:7007")};
//   client.send_all("hello\n");
//   const auto line = client.receive_until("\n");
//
// For programs that have nothing else to do meanwhile. One thing at a time: while it sends, it does
// not receive, so a server that answers before it has read everything, and waits for its answer to
// be taken, waits for ever, and send_all() with it, unless a deadline ends it. A Connection does
// both at once.
//
// Errors are exceptions, since there is nobody else to hand them to:
//   std::system_error   what the kernel said, with the call and the server in the text; ETIMEDOUT
//                       where the deadline has passed
//   StreamEnded         the server finished sending in the middle of what was asked for
//   std::length_error   more bytes than the limit came, and no delimiter among them
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "switchboard/net/deadline.hpp"
#include "switchboard/net/endpoint.hpp"
#include "switchboard/sys/descriptor.hpp"

namespace switchboard {

struct StreamEnded : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Owns its socket and what was received and not yet asked for. Move-only; belongs to one thread at
// a time. Destroying it closes the connection; what the kernel has taken is still sent, but input
// that nobody read turns the close into a reset (RFC 1122 section 4.2.2.13).
//
// A deadline that has passed still gives what is there already. A receive that fails has consumed
// nothing: what came is there for the next one. After a failed send_all() nobody knows how much
// arrived, and the connection is good for nothing but receiving.
class BlockingClient {
 public:
  static constexpr std::size_t default_limit_bytes = 1024 * 1024;

  // Tries every address of the server's name in turn, each for an even share of the time that is
  // left. A name is looked up first, for as long as the system takes: no deadline ends that (an
  // address needs no lookup). Throws std::system_error: ECONNREFUSED, ETIMEDOUT, whatever else, or
  // ENETUNREACH; where the addresses failed differently, the first of these. One of
  // sys::resolver_category() says that there is no address.
  explicit BlockingClient(const Endpoint& server, Deadline deadline = std::chrono::seconds{10});

  // Until the kernel has taken all of it, however often it takes a part only.
  void send_all(std::span<const std::byte> bytes, Deadline deadline = Deadline::never());
  void send_all(std::string_view text, Deadline deadline = Deadline::never()) {
    send_all(std::as_bytes(std::span{text}), deadline);
  }
  // Half-close: the server reads the end of the stream behind all that was sent. Receiving goes on.
  void finish_sending();

  // Every receive gives bytes, zero bytes among them, as a string. None, or false, where the stream
  // ended before the first byte: between two messages, which is as good an end as any.

  // That many, not one more; what came behind them stays for the next call.
  std::optional<std::string> receive_exactly(std::size_t count,
                                             Deadline deadline = Deadline::never());
  bool receive_exactly(std::span<std::byte> into, Deadline deadline = Deadline::never());
  // All before the delimiter, which is taken and left out. The delimiter must not be empty.
  std::optional<std::string> receive_until(std::string_view delimiter,
                                           Deadline deadline = Deadline::never(),
                                           std::size_t limit_bytes = default_limit_bytes);
  // What there is, at least one byte.
  std::optional<std::string> receive_some(Deadline deadline = Deadline::never());
  // Everything up to the end of the stream.
  std::string receive_to_end(Deadline deadline = Deadline::never(),
                             std::size_t limit_bytes = default_limit_bytes);

  // Whom it is connected to, by the address that answered.
  const Endpoint& peer() const noexcept { return peer_; }

 private:
  std::string_view unread() const noexcept { return std::string_view{input_}.substr(consumed_); }
  std::string take(std::size_t count);
  void consume(std::size_t count);
  bool receive_more(Deadline deadline);
  bool receive_at_least(std::size_t count, Deadline deadline);

  Endpoint peer_;
  sys::Descriptor socket_;
  std::string input_;  // received; the first consumed_ bytes of it were given out
  std::size_t consumed_ = 0;
};

}  // namespace switchboard
