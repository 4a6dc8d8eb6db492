#include "simulation/service_workload.hpp"

#include <new>
#include <system_error>
#include <utility>

#include "support/counted_memory.hpp"

namespace switchboard::simulation {

std::unique_ptr<Listener> ServiceWorkload::listen(const std::string& endpoint,
                                                  ConnectionTable& connections) {
  for (;;) {
    try {
      return std::make_unique<Listener>(world_.reactor, Endpoint::parse(endpoint), connections,
                                        [this](const AcceptProblem& problem) {
                                          const test::Unfailing unfailing;
                                          lost_ = true;
                                          note(problem);
                                        });
    } catch (const std::system_error&) {
      world_.kernel.set_faults({});
    }
  }
}

void ServiceWorkload::stop() {
  if (std::exchange(stopping_, true)) return;
  const test::Unfailing unfailing;
  world_.reactor.post(
      [this] { try_to_shut_down(world_.random().duration(std::chrono::seconds{2})); });
}

void ServiceWorkload::try_to_shut_down(Nanoseconds timeout) {
  try {
    shut_down(timeout, [this] { stopped_ = true; });
  } catch (const std::bad_alloc&) {
    return try_to_shut_down(timeout);
  }
  const test::Unfailing unfailing;
  world_.kernel.happen(world_.kernel.now() + timeout + std::chrono::seconds{1},
                       [this] { world_.expect(stopped_, "the drain did not end"); });
}

void ServiceWorkload::opened(const Connection& connection) {
  const test::Unfailing unfailing;
  world_.expect(open_.insert(connection.id().packed()).second, "an id was given out twice");
}

void ServiceWorkload::ended(const Connection& connection, const Closed& closed,
                            const ConnectionLimits& limits) {
  const test::Unfailing unfailing;
  world_.expect(open_.erase(connection.id().packed()) == 1, "an end was told twice");
  const bool may_be = may_end(closed.reason);
  switch (closed.reason) {
    case CloseReason::idle:
      return world_.expect(limits.idle_timeout > Nanoseconds::zero(), "idle without a timeout");
    case CloseReason::shutdown:
      return world_.expect(stopping_, "a shutdown that nobody asked for");
    case CloseReason::refused:
      return world_.expect(world_.kernel.faults().no_memory > 0 || world_.fails_once(),
                           "refused for no reason");
    default:
      return world_.expect(may_be, "closed for a reason that this service cannot have");
  }
}

bool ServiceWorkload::is_lossless() const noexcept {
  const Faults& faults = world_.kernel.faults();
  return faults.reset == 0 && faults.no_memory == 0 && faults.no_descriptors == 0 &&
         !world_.fails_once() && !lost_ && !stopping_;
}

}  // namespace switchboard::simulation
