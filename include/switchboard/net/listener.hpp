// Accepts connections on an endpoint and hands them to a table.
//
// A full process never makes it spin: when descriptors or kernel memory run out, it turns one
// waiting client away (so that somebody gets an answer, by way of a descriptor held in reserve),
// leaves the others in the backlog, and pauses. When the table is full, all wait in the backlog.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <system_error>
#include <vector>

#include "switchboard/net/connection_table.hpp"
#include "switchboard/net/endpoint.hpp"
#include "switchboard/reactor/reactor.hpp"

namespace switchboard {

// Connections could not be accepted. Told at most once a second a listener.
struct AcceptProblem {
  Endpoint endpoint;
  std::error_code error;          // of the last
  std::uint64_t occurrences = 0;  // since the last report
  std::uint64_t turned_away = 0;  // clients whose connection was closed at once, since then
};

class Listener final : private ConnectionTable::RoomWaiter {
 public:
  using ProblemCallback = std::function<void(const AcceptProblem&)>;

  // How many connections are taken for one event, so that established ones get their turn.
  static constexpr int max_accepts_per_event = 64;
  // How long to leave a backlog alone that cannot be accepted from.
  static constexpr Nanoseconds pause = std::chrono::milliseconds{250};

  // Listens at once, on every address of the endpoint; the connections are `table`'s. Reactor and
  // table must outlive it. A Unix socket's file is replaced where nobody listens on it any more;
  // for that its folder is locked, and who else holds that lock is waited for, for up to a second.
  // Throws std::system_error or std::runtime_error, with the endpoint in its text.
  Listener(Reactor& reactor, const Endpoint& endpoint, ConnectionTable& table,
           ProblemCallback on_problem = {});
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  // Stops listening. What is in the backlog is reset by the kernel. Removes its own socket file.
  // Not inside a callback of its own or of its table's handler: post it.
  ~Listener();

  // Where it really listens, with the port that was picked: one for each address of the name.
  const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }
  const Endpoint& endpoint() const noexcept { return endpoints_.front(); }

 private:
  class Socket;

  void open_tcp(const Endpoint& endpoint);
  bool open_addresses(const Endpoint& endpoint, std::span<const sys::SocketAddress> addresses,
                      bool may_pick_again);
  void open_unix(const Endpoint& endpoint);
  void add_socket(sys::Descriptor socket, Endpoint endpoint);
  void on_room() override;
  void accept_from(Socket& socket);
  bool take(Socket& socket, sys::Descriptor accepted);
  void fail(Socket& socket, std::error_code error);
  std::error_code turn_one_away(Socket& socket);
  bool is_pausing() const noexcept { return waits_for_room_ || pause_timer_ != TimerId{}; }
  void pause_all();
  void pause_for_a_while();
  void resume_all();
  void report(const Endpoint& endpoint, std::error_code error, bool turned_away);

  Reactor& reactor_;
  ConnectionTable& table_;
  ProblemCallback on_problem_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::vector<Endpoint> endpoints_;
  sys::Descriptor reserve_;
  sys::FileIdentity socket_file_;
  TimerId pause_timer_;
  bool waits_for_room_ = false;
  std::uint64_t occurrences_ = 0;
  std::uint64_t turned_away_ = 0;
  Instant next_report_{};
};

}  // namespace switchboard
