// Looks names up while the loop goes on.
//
// getaddrinfo(3) can only block, so it runs on a thread of its own, and the answer is posted back
// to the reactor. An address, numeric or of a Unix socket, starts no thread. Threads last no longer
// than there are names to look up; an idle program has none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "switchboard/net/endpoint.hpp"
#include "switchboard/reactor/reactor.hpp"
#include "switchboard/sys/socket.hpp"

namespace switchboard {

// Belongs to its reactor's thread, like everything on it.
//
// A lookup that has begun cannot be interrupted: a thread may outlast the lookup that it was
// started for, the Resolver and the Reactor. It shares nothing with them but a piece of memory of
// its own, and what it finds is dropped where nobody is left to be told.
class Resolver {
 public:
  // Names that are looked up at the same time; more wait for one of these. A name server that does
  // not answer holds up one thread for as long as resolv.conf(5) says.
  static constexpr unsigned max_threads = 4;

  // Called once, on a later turn and never from within look_up(). Addresses in the order in which
  // they should be tried, or an error: of sys::resolver_category(), or EAGAIN where no thread could
  // be started. May destroy the Resolver.
  using Callback = std::function<void(const sys::Resolution&)>;

  // The reactor must outlive it.
  explicit Resolver(Reactor& reactor);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  // Gives up all that is still being looked up, without a word, and waits for nothing.
  ~Resolver();

  enum class LookupId : std::uint64_t {};
  LookupId look_up(const Endpoint& endpoint, Callback callback);
  // Its callback is not called, and where it still waits for a thread, it waits no more. One that
  // was called or cancelled already is left alone.
  void cancel(LookupId lookup);

  Reactor& reactor() const noexcept { return reactor_; }

 private:
  struct Shared;

  void begin(LookupId lookup, const Endpoint& endpoint);
  void deliver(LookupId lookup, const sys::Resolution& resolution);
  static void post(const std::shared_ptr<Shared>& shared, LookupId lookup,
                   sys::Resolution resolution);
  static void work(const std::shared_ptr<Shared>& shared);

  Reactor& reactor_;
  std::map<LookupId, Callback> pending_;
  std::uint64_t last_id_ = 0;
  std::shared_ptr<Shared> shared_;
};

}  // namespace switchboard
