// The echo service under hundreds of clients: everybody gets back what it sent, nothing else, and
// in order; marks and limits hold; each connection ends once, with a reason; and a drain ends.
#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "switchboard/echo/echo_service.hpp"

#include "simulation/client.hpp"
#include "simulation/service_workload.hpp"
#include "support/counted_memory.hpp"

namespace switchboard::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// `kept`: how much a service may leave for later, and then answer beyond the high-water mark.
ConnectionLimits draw_limits(Random& random, std::size_t kept) {
  ConnectionLimits limits;
  limits.high_water_bytes = random.chance(0.5) ? 1 + random.skewed(2000) : 64 * 1024;
  limits.low_water_bytes = random.below(limits.high_water_bytes);
  limits.output_limit_bytes = limits.high_water_bytes + kept;
  if (random.chance(0.3)) limits.idle_timeout = milliseconds{100} + random.duration(seconds{2});
  if (random.chance(0.3)) limits.max_connections = random.between(1, 20);
  limits.drain_timeout = seconds{1} + random.duration(seconds{5});
  return limits;
}

// An echo that makes use of all that a connection offers: it answers in pieces, views of what came
// and copies of it, takes only a part of what is there, and stops reading for a while. Others'
// bytes lie between its own in the arena.
class PiecewiseEcho final : private ConnectionHandler {
 public:
  using OpenedCallback = EchoService::OpenedCallback;
  using ClosedCallback = EchoService::ClosedCallback;

  PiecewiseEcho(Reactor& reactor, const ConnectionLimits& limits, OpenedCallback on_opened,
                ClosedCallback on_closed)
      : reactor_(reactor),
        opened_(std::move(on_opened)),
        closed_(std::move(on_closed)),
        connections_(reactor, *this, limits) {}

  ConnectionTable& connections() noexcept { return connections_; }

 private:
  void on_open(Connection& connection) override { opened_(connection); }
  void on_closed(Connection& connection, const Closed& closed) override {
    closed_(connection, closed);
  }

  std::size_t on_data(Connection& connection, const Slice& input) override {
    Random& random = Kernel::current().random();
    if (random.chance(0.05)) pause(connection);
    // What is left over comes again, with more behind it or at the end.
    const std::size_t taken = random.chance(0.2) ? random.below(input.size()) : input.size();
    answer(connection, input.first(taken));
    return taken;
  }

  void on_end(Connection& connection, std::span<const std::byte> unconsumed) override {
    connection.write(unconsumed);
    connection.drain(CloseReason::peer_closed);
  }

  void answer(Connection& connection, Slice input) {
    Random& random = Kernel::current().random();
    while (!input.empty()) {
      const std::size_t piece = random.between(1, input.size());
      if (random.chance(0.5)) {
        connection.write(input.first(piece));
      } else {
        connection.write(input.bytes().first(piece));
      }
      input.drop_first(piece);
      if (random.chance(0.3)) {
        (void)reactor_.arena().reserve(100);
        (void)reactor_.arena().commit(random.below(100));
      }
    }
  }

  void pause(Connection& connection) {
    connection.pause_reading();
    const Nanoseconds time = Kernel::current().random().duration(milliseconds{20});
    reactor_.call_after(time, [this, id = connection.id()] {
      if (Connection* paused = connections_.find(id)) paused->resume_reading();
    });
  }

  Reactor& reactor_;
  OpenedCallback opened_;
  ClosedCallback closed_;
  ConnectionTable connections_;
};

// What a service may keep, and answer later beyond the mark.
template <typename Service>
constexpr std::size_t kept_bytes = 0;
template <>
constexpr std::size_t kept_bytes<PiecewiseEcho> = 64 * 1024;

template <typename Service>
class EchoWorkload final : public ServiceWorkload {
 public:
  explicit EchoWorkload(World& world)
      : ServiceWorkload(world),
        limits_(draw_limits(world.random(), kept_bytes<Service>)),
        service_(
            world.reactor, limits_, [this](const Connection& c) { opened(c); },
            [this](const Connection& c, const Closed& closed) { ended(c, closed, limits_); }) {
    Random& random = world.random();
    if (random.chance(0.2)) world.kernel.set_descriptor_limit(random.between(8, 30));
    const bool is_unix = random.chance(0.5);
    listener_ = listen(is_unix ? "unix:///run/echo" : "tcp://127.0.0.1:7", service_.connections());
    address_ = is_unix ? "/run/echo" : "127.0.0.1:7";
    const test::Unfailing unfailing;
    std::size_t count = random.chance(0.1) ? 300 : random.between(1, 60);
    if (world.scale != Scale::full) {
      count = random.between(1, world.scale == Scale::brief ? 4 : 2);
    } else if (limits_.high_water_bytes < 64)
      count = random.between(1, 5);  // a few bytes a turn
    if (random.chance(0.3)) stops_early_at_ = world.kernel.now() + random.duration(seconds{1});
    reconnects_left_ = random.below(count);
    for (std::size_t i = 0; i < count; ++i) add_client(static_cast<std::uint32_t>(i));
    if (stops_early_at_) {
      world.kernel.happen(*stops_early_at_, [this] { stop(); });
    }
  }

  void check() override {
    service_.connections().for_each([this](Connection& connection) {
      world_.expect(connection.queued_bytes() <= limits_.output_limit_bytes,
                    "more is queued than the marks allow");
    });
    if (service_.connections().full()) full_at_ = world_.kernel.now();
    world_.expect(service_.connections().size() <= limits_.max_connections,
                  "more connections than the limit allows");
  }

 private:
  void add_client(std::uint32_t key) {
    clients_.push_back(std::make_unique<Client>(
        world_, address_, key, [this](Client& client, Client::End how) { finished(client, how); }));
    add(*clients_.back());
  }

  // Nothing but the client itself ends a connection.
  bool loses_nothing() const {
    return is_lossless() && world_.kernel.descriptor_limit() > 1000 &&
           limits_.idle_timeout == Nanoseconds::zero();
  }

  // There are faults that lose nothing, and may hold up everything.
  bool delays() const {
    const Faults& faults = world_.kernel.faults();
    return faults.would_block > 0 || faults.unreported > 0 || faults.interrupted > 0 ||
           faults.no_buffers > 0 || faults.clog > 0;
  }

  void finished(Client& client, Client::End how) {
    const auto& received = client.received();
    world_.expect(received.size() <= client.sent(), "more came back than was sent");
    for (std::size_t i = 0; i < received.size(); ++i) {
      if (received[i] == stream_byte(client.key(), i)) continue;
      world_.expect(false, "what came back is not what was sent");
      break;
    }
    if (how == Client::End::complete) {
      world_.expect(received.size() == client.sent() || !loses_nothing(),
                    "the end came before the last bytes");
    } else if (how == Client::End::gave_up) {
      // In the backlog of a full service it may wait for long.
      const bool was_full = service_.connections().full() ||
                            (full_at_ && world_.kernel.now() - *full_at_ < milliseconds{500});
      world_.expect(!loses_nothing() || was_full || (world_.is_decided && delays()),
                    "a connection came to a standstill");
    } else if (how != Client::End::left) {
      world_.expect(!loses_nothing(), "a connection was lost for no reason");
    }
    part(client, how != Client::End::refused);
  }

  void shut_down(Nanoseconds timeout, const std::function<void()>& done) override {
    listener_.reset();
    service_.connections().shut_down(timeout, done);
  }

  bool may_end(CloseReason reason) override {
    return reason == CloseReason::peer_closed || reason == CloseReason::reset ||
           (reason == CloseReason::local && world_.fails_an_allocation);
  }

  void note(const AcceptProblem& problem) override {
    const Faults& faults = world_.kernel.faults();
    // Where every one of a batch was aborted, the listener pauses too.
    world_.expect(world_.fails_once() || faults.no_descriptors > 0 || faults.no_memory > 0 ||
                      faults.aborted > 0 ||
                      world_.kernel.open_descriptors() + 1 >= world_.kernel.descriptor_limit(),
                  "accepting failed for no reason");
    // What really ran out is made good for one client with the reserve.
    if (problem.error == std::errc::too_many_files_open && faults.no_descriptors == 0 &&
        faults.would_block == 0 && faults.aborted == 0 && !world_.fails_once() &&
        faults.no_memory == 0) {
      world_.expect(problem.turned_away == problem.occurrences, "nobody was turned away");
    }
  }

  const ConnectionLimits limits_;
  std::string address_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::optional<Instant> stops_early_at_;
  std::optional<Instant> full_at_;
  Service service_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace

std::unique_ptr<Workload> make_echo_workload(World& world) {
  return std::make_unique<EchoWorkload<EchoService>>(world);
}

std::unique_ptr<Workload> make_piecewise_workload(World& world) {
  return std::make_unique<EchoWorkload<PiecewiseEcho>>(world);
}

}  // namespace switchboard::simulation
