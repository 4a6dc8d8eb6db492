// How connections end, over every poller and every family: by the peer, by a failure, by a drain,
// and by a limit.
#include "life_cycle.hpp"

namespace switchboard::test {
namespace {

CASES_FIXTURE(LifeCycle,
              "life cycle: a client that shuts down sending gets everything and then the end") {
  serve();
  Client& client = connect();
  client.reading = false;
  client.to_send = random_bytes(128 * KiB);
  client.shut_down_when_sent = true;
  pump([&] { return recorder.ends == 1; });
  client.reading = true;
  pump([&] { return client.ended; });
  CHECK_EQ(client.received, client.to_send);
  pump([&] { return table->size() == 0; });
}

CASES_FIXTURE(LifeCycle, "life cycle: a service that has finished sending still receives") {
  serve();
  recorder.opened = [](Connection& c) {
    c.write("that is all from me");
    c.finish_sending();
    CHECK_FALSE(c.write("no more"));
  };
  recorder.data = [](Connection&, const Slice& input) { return input.size(); };
  Client& client = connect();
  pump([&] { return client.ended; });
  CHECK_EQ(client.received, "that is all from me");
  client.to_send = random_bytes(4 * MiB);
  client.shut_down_when_sent = true;
  pump([&] { return table->size() == 0; });
  CHECK_EQ(recorder.received, 4 * MiB);
  CHECK_EQ(recorder.only_reason(), CloseReason::peer_closed);
}

CASES_FIXTURE(LifeCycle, "life cycle: a reset in the middle of sending is told once") {
  serve();
  Client& client = connect();
  client.reading = false;
  client.to_send = random_bytes(16 * MiB);
  pump([&] { return connection().queued_bytes() > 0; });
  reset_connection(std::move(client.socket));
  pump([&] { return !recorder.reasons.empty(); });
  CHECK_EQ(recorder.only_reason(), CloseReason::reset);
  CHECK_EQ(table->size(), 0U);
}

CASES_FIXTURE(LifeCycle,
              "life cycle: the last words of a peer that broke off are still delivered") {
  serve();
  Client& client = connect();
  // The service writes first, so that its send fails while the last words are still unread.
  send_text(client.socket.get(), "last words");
  client.socket.reset();
  connection().write("are you there?");
  std::string heard;
  recorder.data = [&](Connection&, const Slice& input) {
    heard.append(reinterpret_cast<const char*>(input.bytes().data()), input.size());
    return input.size();
  };
  pump([&] { return !recorder.reasons.empty(); });
  CHECK_EQ(heard, "last words");
}

// The same where the service is not reading, so that it is the send that meets the reset.
CASES_FIXTURE(
    LifeCycle,
    "life cycle: bytes that came before a reset are delivered although a send failed first") {
  serve({.high_water_bytes = 64 * KiB, .low_water_bytes = KiB, .output_limit_bytes = 64 * MiB});
  std::string heard;
  recorder.data = [&](Connection&, const Slice& input) {
    heard.append(reinterpret_cast<const char*>(input.bytes().data()), input.size());
    return input.size();
  };
  Client& client = connect(4096);
  client.reading = false;
  connection().write(std::string_view{random_bytes(32 * MiB)});
  for (int i = 0; i < 5; ++i) step();
  REQUIRE_GT(connection().queued_bytes(), 64 * KiB);
  send_text(client.socket.get(), "last words");
  reset_connection(std::move(client.socket));
  pump([&] { return !recorder.reasons.empty(); });
  CHECK_EQ(heard, "last words");
  CHECK_EQ(recorder.only_reason(), CloseReason::reset);
  CHECK_EQ(recorder.ends, 0);
}

CASES_FIXTURE(
    LifeCycle,
    "life cycle: input that waited for the output comes again when the output has failed") {
  serve({.high_water_bytes = 64 * KiB, .low_water_bytes = KiB, .output_limit_bytes = 64 * MiB});
  std::string heard;
  recorder.data = [&](Connection& c, const Slice& input) {
    if (recorder.received == 0 && c.queued_bytes() == 0 && heard.empty()) {
      heard = "answering, then: ";
      c.write(std::string_view{random_bytes(32 * MiB)});
    }
    if (c.queued_bytes() > 0) return std::size_t{0};
    heard.append(reinterpret_cast<const char*>(input.bytes().data()), input.size());
    return input.size();
  };
  Client& client = connect(4096);
  client.reading = false;
  send_text(client.socket.get(), "another request");
  pump([&] { return !heard.empty(); });
  for (int i = 0; i < 5; ++i) step();
  REQUIRE_GT(connection().queued_bytes(), 64 * KiB);
  reset_connection(std::move(client.socket));
  pump([&] { return !recorder.reasons.empty(); });
  CHECK_EQ(heard, "answering, then: another request");
}

CASES_FIXTURE(LifeCycle,
              "life cycle: a service that pauses hears nothing more, even after a failed send") {
  serve({.high_water_bytes = 64 * KiB, .low_water_bytes = KiB, .output_limit_bytes = 64 * MiB});
  int deliveries = 0;
  recorder.data = [&](Connection& c, const Slice& input) {
    ++deliveries;
    c.pause_reading();
    return input.size();
  };
  Client& client = connect();
  client.reading = false;
  connection().write(std::string_view{random_bytes(32 * MiB)});
  for (int i = 0; i < 5; ++i) step();
  client.to_send = random_bytes(100 * KiB);  // more than one read takes
  pump([&] { return client.all_sent(); });
  reset_connection(std::move(client.socket));
  pump([&] { return !recorder.reasons.empty(); });
  CHECK_EQ(deliveries, 1);
  CHECK_EQ(recorder.only_reason(), CloseReason::reset);
}

CASES_FIXTURE(LifeCycle,
              "life cycle: a paused connection keeps the bytes that came before a failed send") {
  serve({.high_water_bytes = 64 * KiB,
         .low_water_bytes = KiB,
         .keeps_rest_while_paused = true,
         .output_limit_bytes = 64 * MiB});
  std::string heard;
  recorder.data = [&](Connection& c, const Slice& input) {
    heard.append(reinterpret_cast<const char*>(input.bytes().data()), input.size());
    c.pause_reading();
    return input.size();
  };
  Client& client = connect(4096);
  client.reading = false;
  send_text(client.socket.get(), "first words, ");
  pump([&] { return !heard.empty(); });
  connection().write(std::string_view{random_bytes(32 * MiB)});
  for (int i = 0; i < 5; ++i) step();
  REQUIRE_GT(connection().queued_bytes(), 64 * KiB);
  send_text(client.socket.get(), "last words");
  reset_connection(std::move(client.socket));
  pump([&] { return connection().queued_bytes() == 0; });
  CHECK_EQ(heard, "first words, ");
  connection().resume_reading();
  pump([&] { return heard.ends_with("last words"); });
  CHECK_MESSAGE(recorder.reasons.empty(), "a pause is one, whatever became of sending");
  connection().resume_reading();
  pump([&] { return !recorder.reasons.empty(); });
  CHECK_EQ(heard, "first words, last words");
  CHECK_EQ(recorder.only_reason(), CloseReason::reset);
}

// Such a client fills the buffers of both sides, and would wait for the service as the service for
// it.
CASES_FIXTURE(LifeCycle,
              "life cycle: a drain reaches a client that sends everything before it reads") {
  serve({.output_limit_bytes = 64 * MiB, .drain_timeout = std::chrono::hours{1}});
  recorder.data = [](Connection& c, const Slice& input) {
    c.write(std::string_view{random_bytes(32 * MiB)});
    c.drain();
    return input.size();
  };
  Client& client = connect();
  client.reading = false;
  client.to_send = random_bytes(16 * MiB);
  pump([&] { return client.all_sent() || client.error != 0; }, seconds{10});
  client.reading = true;
  pump([&] { return client.ended || client.error != 0; });
  CHECK_EQ(client.error, 0);
  CHECK_EQ(client.received, random_bytes(32 * MiB));
}

CASES_FIXTURE(LifeCycle,
              "life cycle: a drain delivers the last bytes although input was left unread") {
  serve();
  Client& client = connect();
  recorder.data = [](Connection& c, const Slice& input) {
    c.write(std::string_view{random_bytes(900 * KiB)});
    c.drain();
    return input.size();
  };
  client.to_send = random_bytes(8 * MiB);  // nobody will read the most of it
  pump([&] { return client.ended || client.error != 0; });
  CHECK_MESSAGE(client.error == 0, "a reset destroyed what was under way");
  CHECK_EQ(client.received, random_bytes(900 * KiB));
  client.socket.reset();
  pump([&] { return table->size() == 0; });
  CHECK_EQ(recorder.only_reason(), CloseReason::local);
}

CASES_FIXTURE(LifeCycle, "life cycle: a drain ends although the peer takes nothing") {
  serve({.output_limit_bytes = 64 * MiB, .drain_timeout = milliseconds{50}});
  Client& client = connect();
  client.reading = false;
  connection().write(std::string_view{random_bytes(32 * MiB)});
  connection().drain();
  pump([&] { return table->size() == 0; });
  CHECK_EQ(recorder.only_reason(), CloseReason::local);
}

CASES_FIXTURE(LifeCycle, "life cycle: a drain ends although the peer never does") {
  serve({.linger_timeout = milliseconds{50}});
  Client& client = connect();
  connection().write("bye");
  connection().drain();
  pump([&] { return table->size() == 0; });
  pump([&] { return client.ended; });
  CHECK_EQ(client.received, "bye");
}

CASES_FIXTURE(LifeCycle,
              "life cycle: shutting down drains every connection and then says so once") {
  serve();
  for (int i = 0; i < 10; ++i) connect();
  for (std::size_t i = 0; i < 10; ++i) connection(i).write("so long");
  int done = 0;
  table->shut_down(seconds{20}, [&] { ++done; });
  pump([&] { return std::ranges::all_of(clients, [](auto& c) { return c->ended; }); });
  for (const auto& client : clients) {
    CHECK_EQ(client->received, "so long");
    client->socket.reset();
  }
  pump([&] { return table->size() == 0; });
  CHECK_EQ(done, 1);
  for (const auto& [id, reason] : recorder.reasons) CHECK_EQ(reason, CloseReason::shutdown);
}

CASES_FIXTURE(LifeCycle, "life cycle: shutting down does not wait for ever") {
  serve({.output_limit_bytes = 64 * MiB});
  Client& client = connect();
  client.reading = false;
  connection().write(std::string_view{random_bytes(32 * MiB)});
  bool done = false;
  table->shut_down(milliseconds{50}, [&] { done = true; });
  pump([&] { return done; });
  CHECK_EQ(recorder.only_reason(), CloseReason::shutdown);
}

CASES_FIXTURE(LifeCycle, "life cycle: a second, less patient shutdown replaces the first") {
  serve({.output_limit_bytes = 64 * MiB});
  Client& client = connect();
  client.reading = false;
  connection().write(std::string_view{random_bytes(32 * MiB)});
  bool first = false;
  bool second = false;
  table->shut_down(milliseconds{60}, [&] { first = true; });
  table->shut_down(milliseconds{20}, [&] { second = true; });
  pump([&] { return second; });
  CHECK_FALSE(first);
  listener.reset();
  table.reset();
  bool later = false;
  reactor.call_after(milliseconds{60}, [&] { later = true; });  // the first one's moment passes
  pump([&] { return later; });
}

CASES_FIXTURE(LifeCycle, "life cycle: an idle connection is closed, and never early") {
  const Nanoseconds timeout = milliseconds{160};
  serve({.idle_timeout = timeout});
  connect();
  Client& busy = connect();
  const Instant begin = sys::monotonic_now();
  pump([&] {
    if (busy.all_sent() && busy.received.size() == busy.to_send.size()) busy.to_send += "x";
    return !recorder.reasons.empty();
  });
  CHECK_GE(sys::monotonic_now() - begin, timeout);
  CHECK_EQ(recorder.reasons.at(recorder.ids[0].packed()), CloseReason::idle);
  CHECK_MESSAGE(table->find(recorder.ids[1]) != nullptr, "bytes keep a connection alive");
  pump([&] { return table->size() == 0; });
}

CASES_FIXTURE(LifeCycle, "life cycle: an idle connection may be told so or left alone") {
  serve({.idle_timeout = milliseconds{40}});
  recorder.idle = [&, left = 2](Connection& c) mutable {
    if (left-- > 0) return;
    c.write("you were idle");
    c.drain(CloseReason::idle);
  };
  Client& client = connect();
  const Instant begin = sys::monotonic_now();
  pump([&] { return client.ended; });
  CHECK_GE(sys::monotonic_now() - begin, milliseconds{120});
  CHECK_EQ(client.received, "you were idle");
  pump([&] { return !recorder.reasons.empty(); });  // it does not end, so is idle again, and closed
  CHECK_EQ(recorder.only_reason(), CloseReason::idle);
}

CASES_FIXTURE(LifeCycle,
              "life cycle: a service that throws about an idle connection spares the others") {
  serve({.idle_timeout = milliseconds{40}});
  recorder.idle = [](Connection& c) {
    c.close(CloseReason::idle);
    throw std::runtime_error("no");
  };
  connect();
  connect();
  for (std::size_t closed = 1; closed <= 2; ++closed) {
    CHECK_THROWS_AS(pump([&] { return recorder.reasons.size() == 2; }), std::runtime_error);
  }
  pump([&] { return recorder.reasons.size() == 2; });
}

// The timer for the next was lost where a service had taken the memory of the one that had fired.
CASES_FIXTURE(LifeCycle,
              "life cycle: the next idle connection is closed even when memory has run out") {
  serve({.idle_timeout = milliseconds{40}});
  connect();
  const Instant later = sys::monotonic_now() + milliseconds{10};
  pump([&] { return sys::monotonic_now() > later; });
  connect();
  recorder.idle = [&, is_first = true](Connection& c) mutable {
    c.close(CloseReason::idle);
    if (std::exchange(is_first, false)) take_all_memory_for_timers();
  };
  recorder.closed = [](Connection&, const Closed&) { fail_allocation(0); };
  pump([&] { return recorder.reasons.size() == 2; });
}

CASES_FIXTURE(
    LifeCycle,
    "life cycle: a connection adopted while the last one is told that it is idle is idle in time") {
  serve({.idle_timeout = milliseconds{40}});
  sys::Descriptor peer;
  recorder.idle = [&](Connection& c) {
    c.close(CloseReason::idle);
    if (!peer) peer = adopt_one();
  };
  connect();
  pump([&] { return recorder.reasons.size() == 2; });
}

// Two were due in one look: what the first one's end had the second told was lost with it.
CASES_FIXTURE(LifeCycle,
              "life cycle: a connection drained by another's on_idle gets its last words") {
  serve();
  connect();
  Client& other = connect();
  recorder.idle = [&](Connection& c) {
    connection(1).write("bye");
    connection(1).drain(CloseReason::local);
    c.close(CloseReason::idle);
  };
  table->set_limits({.idle_timeout = milliseconds{40}});
  sleep_without_turns(milliseconds{100});
  pump([&] { return other.ended; });
  CHECK_EQ(other.received, "bye");
}

// It was measured from the beginning of the turn, which had lasted longer.
CASES_FIXTURE(
    LifeCycle,
    "life cycle: a connection adopted in a long turn that changed the limits is not idle early") {
  serve({.idle_timeout = milliseconds{40}});
  sys::Descriptor peer;
  Instant came{};
  recorder.idle = [&](Connection& c) {
    c.close(CloseReason::idle);
    if (peer) return;
    sleep_without_turns(milliseconds{100});
    came = sys::monotonic_now();
    peer = adopt_one();
    table->set_limits({.idle_timeout = milliseconds{80}});
  };
  connect();
  pump([&] { return recorder.reasons.size() == 2; });
  CHECK_GE(sys::monotonic_now() - came, milliseconds{80});
}

// They had been changed by half, and said that nothing had.
CASES_FIXTURE(LifeCycle,
              "life cycle: limits stay as they were when there is no memory for a timer") {
  serve();
  connect();
  take_all_memory_for_timers();
  CHECK_THROWS_AS(table->set_limits({.idle_timeout = milliseconds{40}}), std::bad_alloc);
  fail_allocation(0);
  CHECK_EQ(table->limits().idle_timeout, Nanoseconds::zero());
  table->set_limits({.idle_timeout = milliseconds{40}});
  pump([&] { return recorder.reasons.size() == 1; });
}

CASES_FIXTURE(LifeCycle, "life cycle: limits may be changed while connections are served") {
  serve({.idle_timeout = seconds{3600}});
  connect();
  const Instant begin = sys::monotonic_now();
  ConnectionLimits limits;
  limits.low_water_bytes = limits.high_water_bytes;
  CHECK_THROWS_AS(table->set_limits(limits), std::invalid_argument);
  CHECK_EQ(table->limits().idle_timeout, seconds{3600});
  table->set_limits({.idle_timeout = milliseconds{160}});
  pump([&] { return !recorder.reasons.empty(); });
  CHECK_GE(sys::monotonic_now() - begin, milliseconds{160});
  CHECK_EQ(recorder.only_reason(), CloseReason::idle);
  table->set_limits({.max_connections = 0});
  Client& waiting = open_client();
  begin_connecting(waiting);
  for (int turn = 0; turn < 10; ++turn) reactor.turn(milliseconds{1});
  CHECK_EQ(recorder.ids.size(), 1U);
  table->set_limits({.max_connections = 1});
  pump([&] { return recorder.ids.size() == 2; });
}

CASES_FIXTURE(LifeCycle,
              "life cycle: lowering the high-water mark below the queued bytes closes nobody") {
  serve({.high_water_bytes = 32 * MiB, .output_limit_bytes = 64 * MiB});
  Client& client = connect();
  client.reading = false;
  const std::string news = random_bytes(16 * MiB);  // more than any kernel takes at once
  connection().write(std::string_view{news});
  step();
  recorder.data = [&](Connection& c, const Slice& input) -> std::size_t {
    if (c.queued_bytes() >= table->limits().high_water_bytes) return 0;
    c.write(input);
    return input.size();
  };
  ConnectionLimits lowered = table->limits();
  lowered.low_water_bytes = 16 * KiB;
  lowered.high_water_bytes = 64 * KiB;
  REQUIRE_GT(connection().queued_bytes(), lowered.high_water_bytes);
  table->set_limits(lowered);
  client.to_send = random_bytes(300 * KiB);
  for (int turn = 0; turn < 20; ++turn) step();
  CHECK_FALSE_MESSAGE(reactor.interest(recorder.ids[0]).readable, "a loop that spins");
  client.reading = true;
  pump([&] { return client.received.size() == news.size() + client.to_send.size(); });
  CHECK_EQ(client.received, news + client.to_send);
  CHECK_EQ(table->size(), 1U);
}

CASES_FIXTURE(LifeCycle, "life cycle: a connection past its output limit is closed") {
  serve({.output_limit_bytes = MiB});
  Client& client = connect();
  client.reading = false;
  while (!connection().is_closed()) {
    connection().write(std::string_view{random_bytes(100 * KiB)});
    step();
    if (table->find(recorder.ids[0]) == nullptr) break;
  }
  pump([&] { return table->size() == 0; });
  CHECK_EQ(recorder.only_reason(), CloseReason::output_limit);
}

// Where idleness was not looked at any more, the look never ended.
CASES_FIXTURE(LifeCycle, "life cycle: on_idle may change the limits") {
  serve({.idle_timeout = milliseconds{40}});
  const auto next = std::to_array({milliseconds{80}, milliseconds{0}});
  std::size_t asked = 0;
  recorder.idle = [&](Connection&) { table->set_limits({.idle_timeout = next.at(asked++)}); };
  connect();
  const Instant begin = sys::monotonic_now();
  pump([&] { return asked == 2; });
  CHECK_GE(sys::monotonic_now() - begin, milliseconds{120});
  for (int turn = 0; turn < 10; ++turn) reactor.turn(milliseconds{1});
  CHECK_EQ(asked, 2U);
  CHECK_EQ(table->size(), 1U);
}

}  // namespace
}  // namespace switchboard::test
