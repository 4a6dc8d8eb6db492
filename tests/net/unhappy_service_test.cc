// Services that throw, and limits at the end of their range: neither may cost a byte, a descriptor
// or a connection that it was not about.
#include "life_cycle.hpp"

namespace switchboard::test {
namespace {

struct Unhappy final : std::runtime_error {
  Unhappy() : std::runtime_error("the service is unhappy") {}
};

// --- An exception of a handler comes out of the reactor; its connection ends, and no other.

struct Callback {
  const char* name;
  void (*spoil)(Recorder&);
};

class ThrowingService : public LifeCycle {
 protected:
  using LifeCycle::LifeCycle;

  // How often the reactor threw while `done` was waited for.
  int pump_through_exceptions(const std::function<bool()>& done) {
    int thrown = 0;
    while (true) {
      try {
        pump(done);
        return thrown;
      } catch (const Unhappy&) {
        ++thrown;
      }
    }
  }

  void expect_that_it_ends_alone(Callback callback) {
    INFO(callback.name);
    recorder = Recorder{};
    clients.clear();
    listener.reset();
    serve({.high_water_bytes = 64 * KiB, .low_water_bytes = 16 * KiB});
    Client& other = connect();
    callback.spoil(recorder);
    Client& client = open_client();
    begin_connecting(client);
    client.to_send = random_bytes(MiB);
    client.shut_down_when_sent = true;
    CHECK_EQ(pump_through_exceptions([&] { return recorder.reasons.size() == 1; }), 1);
    pump([&] { return table->size() == 1; });

    const Recorder healthy;
    recorder.opened = healthy.opened;
    recorder.data = healthy.data;
    recorder.ended = healthy.ended;
    recorder.drained = healthy.drained;
    recorder.closed = healthy.closed;
    other.to_send = "still here";
    pump([&] { return other.received == other.to_send; });
    bool empty = false;
    table->shut_down(seconds{10}, [&] { empty = true; });
    other.shut_down_when_sent = true;
    pump([&] { return empty; });
  }
};

CASES_FIXTURE(ThrowingService,
              "life cycle: a callback that throws ends its own connection and no other") {
  const Callback callbacks[] = {
      {"on_open", [](Recorder& r) { r.opened = [](Connection&) { throw Unhappy{}; }; }},
      {"on_data",
       [](Recorder& r) {
         r.data = [](Connection&, const Slice&) -> std::size_t { throw Unhappy{}; };
       }},
      {"on_end", [](Recorder& r) { r.ended = [](Connection&) { throw Unhappy{}; }; }},
      {"on_drained", [](Recorder& r) { r.drained = [](Connection&) { throw Unhappy{}; }; }},
      {"on_closed",
       [](Recorder& r) { r.closed = [](Connection&, const Closed&) { throw Unhappy{}; }; }},
  };
  for (const Callback& callback : callbacks) expect_that_it_ends_alone(callback);
}

// --- Limits

CASES_FIXTURE(LifeCycle, "life cycle: an infinite timeout is a timeout like any other") {
  serve({.high_water_bytes = 64 * KiB,
         .low_water_bytes = 16 * KiB,
         .idle_timeout = Nanoseconds::max(),
         .drain_timeout = Nanoseconds::max(),
         .linger_timeout = Nanoseconds::max()});
  Client& client = connect(4096);
  client.to_send = random_bytes(MiB);
  client.shut_down_when_sent = true;
  pump([&] { return client.ended; });
  CHECK_EQ(client.received, client.to_send);
}

CASES_FIXTURE(LifeCycle, "life cycle: a negative timeout is refused") {
  const Nanoseconds negative{-1};
  CHECK_THROWS_AS(serve({.idle_timeout = negative}), std::invalid_argument);
  CHECK_THROWS_AS(serve({.drain_timeout = negative}), std::invalid_argument);
  CHECK_THROWS_AS(serve({.linger_timeout = negative}), std::invalid_argument);
}

// The reactor's now() was of before the table, the tick of the first activity negative, and the
// timeout 497 days off.
CASES_FIXTURE(LifeCycle, "life cycle: a connection adopted under an old clock is idle in time") {
  (void)reactor.now();
  sleep_without_turns(milliseconds{25});
  serve({.idle_timeout = milliseconds{30}});
  const sys::Descriptor peer = adopt_one();
  pump([&] { return !recorder.reasons.empty(); });
  CHECK_EQ(recorder.only_reason(), CloseReason::idle);
}

// Shutting down what had just failed said ENOTCONN, in the place of what had really happened.
CASES_FIXTURE(LifeCycle, "life cycle: the first error is the one that is told") {
  serve({.high_water_bytes = 4 * KiB, .low_water_bytes = 1 * KiB, .output_limit_bytes = 64 * MiB});
  std::error_code told;
  recorder.closed = [&](Connection&, const Closed& closed) { told = closed.error; };
  Client& client = connect(4096);
  client.reading = false;
  connection().write(std::string_view{random_bytes(16 * MiB)});
  for (int i = 0; i < 5; ++i) step();
  connection().finish_sending();
  const linger at_once{1, 0};
  must(::setsockopt(client.socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0
           ? std::error_code{}
           : sys::make_error(errno),
       "SO_LINGER");
  client.socket.reset();
  pump([&] { return !recorder.reasons.empty(); });
  CHECK_MESSAGE((told == std::errc::connection_reset || told == std::errc::broken_pipe), told);
}

// Ten bytes of each message held the whole block that the message had come in.
CASES_FIXTURE(LifeCycle,
              "life cycle: short answers to long messages do not keep the messages in memory") {
  constexpr std::size_t message = 60 * KiB;
  constexpr std::size_t messages = 50;
  serve({.high_water_bytes = 64 * MiB,
         .low_water_bytes = 16 * KiB,
         .output_limit_bytes = 128 * MiB,
         .input_limit_bytes = 128 * KiB});
  std::size_t taken = 0;
  recorder.data = [&](Connection& c, const Slice& input) {
    if (input.size() < message) return std::size_t{0};
    c.write(input.first(10));
    ++taken;
    return message;
  };
  Client& client = connect(4096);
  client.reading = false;
  connection().write(std::string_view{random_bytes(8 * MiB)});
  for (int i = 0; i < 20; ++i) step();  // the kernel takes no more
  client.to_send = random_bytes(messages * message);
  client.most_at_once = 10'000;
  const std::size_t before = memory_in_use().bytes;
  pump([&] { return taken == messages; });
  CHECK_LT(memory_in_use().bytes, before + MiB);
}

}  // namespace
}  // namespace switchboard::test
