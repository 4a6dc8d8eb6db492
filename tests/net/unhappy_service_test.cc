// Services that throw, and limits at the end of their range: neither may cost a byte, a descriptor
// or a connection that it was not about.
#include "life_cycle.hpp"

namespace switchboard::test {
namespace {

struct Unhappy final : std::runtime_error {
  Unhappy() : std::runtime_error("the service is unhappy") {}
};

// --- What a handler throws comes out of the reactor; its connection ends, and no other.

struct Callback {
  const char* name;
  void (*spoil)(Recorder&);
};

class ThrowingService : public LifeCycle {
 protected:
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
    SCOPED_TRACE(callback.name);
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
    EXPECT_EQ(pump_through_exceptions([&] { return recorder.reasons.size() == 1; }), 1);
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

TEST_P(ThrowingService, ends_that_connection_and_no_other) {
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

TEST_P(LifeCycle, never_is_a_timeout_like_any_other) {
  serve({.high_water_bytes = 64 * KiB,
         .low_water_bytes = 16 * KiB,
         .idle_timeout = Nanoseconds::max(),
         .drain_timeout = Nanoseconds::max(),
         .linger_timeout = Nanoseconds::max()});
  Client& client = connect(4096);
  client.to_send = random_bytes(MiB);
  client.shut_down_when_sent = true;
  pump([&] { return client.ended; });
  EXPECT_TRUE(client.received == client.to_send);
}

TEST_P(LifeCycle, a_negative_timeout_is_refused) {
  const Nanoseconds negative{-1};
  EXPECT_THROW(serve({.idle_timeout = negative}), std::invalid_argument);
  EXPECT_THROW(serve({.drain_timeout = negative}), std::invalid_argument);
  EXPECT_THROW(serve({.linger_timeout = negative}), std::invalid_argument);
}

// The reactor's now() was of before the table, the tick of the first activity negative, and the
// timeout 497 days off.
TEST_P(LifeCycle, a_connection_adopted_under_an_old_clock_is_idle_in_time) {
  (void)reactor.now();
  sleep_without_turns(milliseconds{25});
  serve({.idle_timeout = milliseconds{30}});
  const sys::Descriptor peer = adopt_one();
  pump([&] { return !recorder.reasons.empty(); });
  EXPECT_EQ(recorder.only_reason(), CloseReason::idle);
}

// Shutting down what had just failed said ENOTCONN, in the place of what had really happened.
TEST_P(LifeCycle, the_first_error_is_the_one_that_is_told) {
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
  EXPECT_TRUE(told == std::errc::connection_reset || told == std::errc::broken_pipe) << told;
}

// Ten bytes of each message held the whole block that the message had come in.
TEST_P(LifeCycle, short_answers_out_of_long_messages_do_not_keep_the_messages) {
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
  EXPECT_LT(memory_in_use().bytes, before + MiB);
}

const auto everywhere =
    testing::Combine(testing::ValuesIn(backend_names()), testing::Values("IPv4", "IPv6", "Unix"));
INSTANTIATE_TEST_SUITE_P(Everywhere, ThrowingService, everywhere, name_of_place);

}  // namespace
}  // namespace switchboard::test
