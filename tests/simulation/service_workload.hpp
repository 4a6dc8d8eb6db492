// What the workloads of services have in common: somebody listens, clients come, go and come back,
// and an operator ends it all. Each connection begins and ends once, for a reason that fits, and
// the drain ends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "switchboard/net/listener.hpp"

#include "simulation/workload.hpp"

namespace switchboard::simulation {

class ServiceWorkload : public Workload {
 public:
  bool is_over() const override { return stopped_ && connected_ == 0; }

 protected:
  explicit ServiceWorkload(World& world) noexcept : world_(world) {}

  // A fault may keep it from listening; an operator would try again.
  std::unique_ptr<Listener> listen(const std::string& endpoint, ConnectionTable& connections);

  // --- Clients: what connects by connect(), for the first time soon.

  template <typename Client>
  void add(Client& client) {
    ++connected_;
    connect_after(world_.random().duration(std::chrono::milliseconds{50}), client);
  }
  // A client's connection is over. Some come back, and behind the last all ends.
  template <typename Client>
  void part(Client& client, bool may_return) {
    if (reconnects_left_ > 0 && may_return) {
      --reconnects_left_;
      return connect_after(std::chrono::milliseconds{1}, client);
    }
    if (--connected_ == 0) stop();
  }

  // --- The end

  // An operator's SIGTERM.
  void stop();
  // Listens no more, drains, and calls `done` once the last connection has ended. Called again
  // where it threw.
  virtual void shut_down(Nanoseconds timeout, const std::function<void()>& done) = 0;

  // --- What services and listeners tell

  void opened(const Connection& connection);
  void ended(const Connection& connection, const Closed& closed, const ConnectionLimits& limits);
  // Whether a connection may end so that has neither idled, nor been shut down or refused.
  virtual bool may_end(CloseReason reason) = 0;
  virtual void note(const AcceptProblem& /*problem*/) {}

  // Nothing but the clients themselves ends a connection.
  bool is_lossless() const noexcept;

  World& world_;
  std::size_t connected_ = 0;
  std::size_t reconnects_left_ = 0;
  std::size_t waits_to_connect_ = 0;
  bool stopping_ = false;

 private:
  template <typename Client>
  void connect_after(Nanoseconds time, Client& client) {
    ++waits_to_connect_;
    world_.kernel.happen(world_.kernel.now() + time, [this, &client] {
      --waits_to_connect_;
      client.connect();
    });
  }
  void try_to_shut_down(Nanoseconds timeout);

  std::set<std::uint64_t> open_;
  bool stopped_ = false;
  bool lost_ = false;  // a client, to a fault
};

}  // namespace switchboard::simulation
