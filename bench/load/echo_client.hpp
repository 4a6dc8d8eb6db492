// Many echo connections driven by one thread over epoll, at as little cost per message as may be:
// it has to keep a server's core busy and still have time to look at every byte.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "support/histogram.hpp"
#include "support/pattern.hpp"

namespace switchboard::bench {

struct EchoSettings {
  sockaddr_in server{};
  std::size_t connections = 1;
  std::size_t message_size = 64;  // bytes
  std::size_t depth = 1;          // messages under way on each connection
};

// How many times each thing went wrong, by name.
using Failures = std::map<std::string, std::uint64_t>;

class EchoClient {
 public:
  explicit EchoClient(const EchoSettings& settings);
  ~EchoClient();
  EchoClient(const EchoClient&) = delete;
  EchoClient& operator=(const EchoClient&) = delete;

  // Opens every connection and has each echo one message. Only so many are under way at once that
  // no server's backlog overflows. A connection that fails, or that is silent when nothing has
  // moved for `patience`, is counted among the failures.
  void open();

  // Keeps `depth` messages under way on each connection for that long, or until every connection
  // has failed. May be called again.
  void run_for(std::chrono::nanoseconds duration);
  // Waits for everything under way to come back; what does not, within `patience`, is a failure.
  void drain();

  // Messages that came back whole, and their times from send to receipt, since the last call.
  void start_counting();
  std::uint64_t messages() const noexcept { return times_.total(); }
  const Histogram& times() const noexcept { return times_; }

  const Failures& failures() const noexcept { return failures_; }

 private:
  // A cache line each: with thousands of them every turn brings them in from afar.
  struct alignas(64) Peer {
    int fd = -1;
    bool connected = false;
    std::uint32_t oldest = 0;       // the slot of sent_at_ns_ that the next message back belongs to
    std::uint32_t under_way = 0;    // messages offered and not yet back
    std::uint64_t sent_to = 0;      // positions in the pattern's stream
    std::uint64_t received_to = 0;  //
    std::size_t unsent = 0;         // bytes offered that the kernel has not taken
    std::size_t partial = 0;        // bytes of the oldest message that are back already
  };

  static constexpr std::chrono::nanoseconds patience = std::chrono::seconds(10);
  static constexpr std::size_t opening_at_once = 100;

  void connect(std::size_t index);
  void finish_connecting(std::size_t index);
  bool turn(int timeout_ms);  // whether anything happened
  void receive(std::size_t index);
  std::uint32_t take_back(Peer& peer, std::size_t index, std::size_t bytes, std::uint64_t now_ns);
  void offer(Peer& peer, std::size_t index, std::uint32_t messages, std::uint64_t now_ns);
  void send(Peer& peer);
  void fail(Peer& peer, const std::string& what);

  EchoSettings settings_;
  Pattern pattern_;
  int epoll_ = -1;
  bool refill_ = false;
  std::size_t failed_ = 0;     // connections
  std::size_t under_way_ = 0;  // messages, on all connections
  std::vector<Peer> peers_;
  std::vector<std::uint64_t> sent_at_ns_;  // depth slots a peer, a ring
  std::vector<char> buffer_;
  Histogram times_;
  Failures failures_;
};

}  // namespace switchboard::bench
