// How connections end, over every poller and every family: by the peer, by a failure, by a drain,
// and by a limit.
#include "life_cycle.hpp"

namespace switchboard::test {
namespace {

TEST_P(LifeCycle, a_client_that_shuts_down_sending_gets_everything_and_then_the_end) {
  serve();
  Client& client = connect();
  client.reading = false;
  client.to_send = random_bytes(128 * KiB);
  client.shut_down_when_sent = true;
  pump([&] { return recorder.ends == 1; });
  client.reading = true;
  pump([&] { return client.ended; });
  EXPECT_TRUE(client.received == client.to_send);
  pump([&] { return table->size() == 0; });
}

TEST_P(LifeCycle, a_service_that_finished_sending_still_receives) {
  serve();
  recorder.opened = [](Connection& c) {
    c.write("that is all from me");
    c.finish_sending();
    EXPECT_FALSE(c.write("no more"));
  };
  recorder.data = [](Connection&, const Slice& input) { return input.size(); };
  Client& client = connect();
  pump([&] { return client.ended; });
  EXPECT_EQ(client.received, "that is all from me");
  client.to_send = random_bytes(4 * MiB);
  client.shut_down_when_sent = true;
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.received, 4 * MiB);
  EXPECT_EQ(recorder.only_reason(), CloseReason::peer_closed);
}

TEST_P(LifeCycle, a_reset_in_mid_send_is_told_once) {
  serve();
  Client& client = connect();
  client.reading = false;
  client.to_send = random_bytes(16 * MiB);
  pump([&] { return connection().queued_bytes() > 0; });
  reset_connection(std::move(client.socket));
  pump([&] { return !recorder.reasons.empty(); });
  EXPECT_EQ(recorder.only_reason(), CloseReason::reset);
  EXPECT_EQ(table->size(), 0U);
}

TEST_P(LifeCycle, what_arrived_before_the_peer_broke_off_is_still_delivered) {
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
  EXPECT_EQ(heard, "last words");
}

// The same where the service is not reading, so that it is the send that meets the reset.
TEST_P(LifeCycle, what_arrived_before_a_reset_is_delivered_although_a_send_failed_first) {
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
  ASSERT_GT(connection().queued_bytes(), 64 * KiB);
  send_text(client.socket.get(), "last words");
  reset_connection(std::move(client.socket));
  pump([&] { return !recorder.reasons.empty(); });
  EXPECT_EQ(heard, "last words");
  EXPECT_EQ(recorder.only_reason(), CloseReason::reset);
  EXPECT_EQ(recorder.ends, 0);
}

TEST_P(LifeCycle, what_was_kept_comes_again_when_the_output_it_waited_for_has_failed) {
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
  ASSERT_GT(connection().queued_bytes(), 64 * KiB);
  reset_connection(std::move(client.socket));
  pump([&] { return !recorder.reasons.empty(); });
  EXPECT_EQ(heard, "answering, then: another request");
}

TEST_P(LifeCycle, a_service_that_pauses_hears_nothing_more_even_after_a_failed_send) {
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
  EXPECT_EQ(deliveries, 1);
  EXPECT_EQ(recorder.only_reason(), CloseReason::reset);
}

TEST_P(LifeCycle, a_client_that_pauses_keeps_what_came_before_a_failed_send) {
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
  ASSERT_GT(connection().queued_bytes(), 64 * KiB);
  send_text(client.socket.get(), "last words");
  reset_connection(std::move(client.socket));
  pump([&] { return connection().queued_bytes() == 0; });
  EXPECT_EQ(heard, "first words, ");
  connection().resume_reading();
  pump([&] { return heard.ends_with("last words"); });
  EXPECT_TRUE(recorder.reasons.empty()) << "a pause is one, whatever became of sending";
  connection().resume_reading();
  pump([&] { return !recorder.reasons.empty(); });
  EXPECT_EQ(heard, "first words, last words");
  EXPECT_EQ(recorder.only_reason(), CloseReason::reset);
}

// Such a client fills the buffers of both sides, and would wait for the service as the service for
// it.
TEST_P(LifeCycle, a_drain_reaches_a_client_that_sends_all_before_it_reads) {
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
  EXPECT_EQ(client.error, 0);
  EXPECT_TRUE(client.received == random_bytes(32 * MiB));
}

TEST_P(LifeCycle, a_drain_delivers_the_last_bytes_although_input_was_left_unread) {
  serve();
  Client& client = connect();
  recorder.data = [](Connection& c, const Slice& input) {
    c.write(std::string_view{random_bytes(900 * KiB)});
    c.drain();
    return input.size();
  };
  client.to_send = random_bytes(8 * MiB);  // nobody will read the most of it
  pump([&] { return client.ended || client.error != 0; });
  EXPECT_EQ(client.error, 0) << "a reset destroyed what was under way";
  EXPECT_TRUE(client.received == random_bytes(900 * KiB));
  client.socket.reset();
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::local);
}

TEST_P(LifeCycle, a_drain_ends_although_the_peer_takes_nothing) {
  serve({.output_limit_bytes = 64 * MiB, .drain_timeout = milliseconds{50}});
  Client& client = connect();
  client.reading = false;
  connection().write(std::string_view{random_bytes(32 * MiB)});
  connection().drain();
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::local);
}

TEST_P(LifeCycle, a_drain_ends_although_the_peer_never_does) {
  serve({.linger_timeout = milliseconds{50}});
  Client& client = connect();
  connection().write("bye");
  connection().drain();
  pump([&] { return table->size() == 0; });
  pump([&] { return client.ended; });
  EXPECT_EQ(client.received, "bye");
}

TEST_P(LifeCycle, shutting_down_drains_all_and_then_says_so_once) {
  serve();
  for (int i = 0; i < 10; ++i) connect();
  for (std::size_t i = 0; i < 10; ++i) connection(i).write("so long");
  int done = 0;
  table->shut_down(seconds{20}, [&] { ++done; });
  pump([&] { return std::ranges::all_of(clients, [](auto& c) { return c->ended; }); });
  for (const auto& client : clients) {
    EXPECT_EQ(client->received, "so long");
    client->socket.reset();
  }
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(done, 1);
  for (const auto& [id, reason] : recorder.reasons) EXPECT_EQ(reason, CloseReason::shutdown);
}

TEST_P(LifeCycle, shutting_down_does_not_wait_for_ever) {
  serve({.output_limit_bytes = 64 * MiB});
  Client& client = connect();
  client.reading = false;
  connection().write(std::string_view{random_bytes(32 * MiB)});
  bool done = false;
  table->shut_down(milliseconds{50}, [&] { done = true; });
  pump([&] { return done; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::shutdown);
}

TEST_P(LifeCycle, shutting_down_again_with_less_patience_replaces_the_first) {
  serve({.output_limit_bytes = 64 * MiB});
  Client& client = connect();
  client.reading = false;
  connection().write(std::string_view{random_bytes(32 * MiB)});
  bool first = false;
  bool second = false;
  table->shut_down(milliseconds{60}, [&] { first = true; });
  table->shut_down(milliseconds{20}, [&] { second = true; });
  pump([&] { return second; });
  EXPECT_FALSE(first);
  listener.reset();
  table.reset();
  bool later = false;
  reactor.call_after(milliseconds{60}, [&] { later = true; });  // the first one's moment passes
  pump([&] { return later; });
}

TEST_P(LifeCycle, an_idle_connection_is_closed_and_never_early) {
  const Nanoseconds timeout = milliseconds{160};
  serve({.idle_timeout = timeout});
  connect();
  Client& busy = connect();
  const Instant begin = sys::monotonic_now();
  pump([&] {
    if (busy.all_sent() && busy.received.size() == busy.to_send.size()) busy.to_send += "x";
    return !recorder.reasons.empty();
  });
  EXPECT_GE(sys::monotonic_now() - begin, timeout);
  EXPECT_EQ(recorder.reasons.at(recorder.ids[0].packed()), CloseReason::idle);
  EXPECT_NE(table->find(recorder.ids[1]), nullptr) << "bytes keep a connection alive";
  pump([&] { return table->size() == 0; });
}

TEST_P(LifeCycle, who_is_idle_may_be_told_so_or_left_alone) {
  serve({.idle_timeout = milliseconds{40}});
  recorder.idle = [&, left = 2](Connection& c) mutable {
    if (left-- > 0) return;
    c.write("you were idle");
    c.drain(CloseReason::idle);
  };
  Client& client = connect();
  const Instant begin = sys::monotonic_now();
  pump([&] { return client.ended; });
  EXPECT_GE(sys::monotonic_now() - begin, milliseconds{120});
  EXPECT_EQ(client.received, "you were idle");
  pump([&] { return !recorder.reasons.empty(); });  // who does not end is idle again, and closed
  EXPECT_EQ(recorder.only_reason(), CloseReason::idle);
}

TEST_P(LifeCycle, a_service_that_throws_when_somebody_is_idle_spares_the_others) {
  serve({.idle_timeout = milliseconds{40}});
  recorder.idle = [](Connection& c) {
    c.close(CloseReason::idle);
    throw std::runtime_error("no");
  };
  connect();
  connect();
  for (std::size_t closed = 1; closed <= 2; ++closed) {
    EXPECT_THROW(pump([&] { return recorder.reasons.size() == 2; }), std::runtime_error);
  }
  pump([&] { return recorder.reasons.size() == 2; });
}

// The timer for the next was lost where a service had taken the memory of the one that had fired.
TEST_P(LifeCycle, out_of_memory_who_is_idle_next_is_closed_all_the_same) {
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

TEST_P(LifeCycle, who_comes_while_the_last_is_told_that_it_is_idle_is_idle_in_time) {
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
TEST_P(LifeCycle, who_is_drained_when_another_is_idle_gets_the_last_words) {
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
  EXPECT_EQ(other.received, "bye");
}

// It was measured from the beginning of the turn, which had lasted longer.
TEST_P(LifeCycle, who_came_in_a_long_turn_that_changed_the_limits_is_not_idle_early) {
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
  EXPECT_GE(sys::monotonic_now() - came, milliseconds{80});
}

// They had been changed by half, and said that nothing had.
TEST_P(LifeCycle, without_memory_for_a_timer_limits_stay_as_they_were) {
  serve();
  connect();
  take_all_memory_for_timers();
  EXPECT_THROW(table->set_limits({.idle_timeout = milliseconds{40}}), std::bad_alloc);
  fail_allocation(0);
  EXPECT_EQ(table->limits().idle_timeout, Nanoseconds::zero());
  table->set_limits({.idle_timeout = milliseconds{40}});
  pump([&] { return recorder.reasons.size() == 1; });
}

TEST_P(LifeCycle, limits_may_be_changed_while_it_serves) {
  serve({.idle_timeout = seconds{3600}});
  connect();
  const Instant begin = sys::monotonic_now();
  ConnectionLimits limits;
  limits.low_water_bytes = limits.high_water_bytes;
  EXPECT_THROW(table->set_limits(limits), std::invalid_argument);
  EXPECT_EQ(table->limits().idle_timeout, seconds{3600});
  table->set_limits({.idle_timeout = milliseconds{160}});
  pump([&] { return !recorder.reasons.empty(); });
  EXPECT_GE(sys::monotonic_now() - begin, milliseconds{160});
  EXPECT_EQ(recorder.only_reason(), CloseReason::idle);
  table->set_limits({.max_connections = 0});
  Client& waiting = open_client();
  begin_connecting(waiting);
  for (int turn = 0; turn < 10; ++turn) reactor.turn(milliseconds{1});
  EXPECT_EQ(recorder.ids.size(), 1U);
  table->set_limits({.max_connections = 1});
  pump([&] { return recorder.ids.size() == 2; });
}

TEST_P(LifeCycle, a_mark_lowered_below_what_is_queued_closed_who_had_more_to_say) {
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
  ASSERT_GT(connection().queued_bytes(), lowered.high_water_bytes);
  table->set_limits(lowered);
  client.to_send = random_bytes(300 * KiB);
  for (int turn = 0; turn < 20; ++turn) step();
  EXPECT_FALSE(reactor.interest(recorder.ids[0]).readable) << "a loop that spins";
  client.reading = true;
  pump([&] { return client.received.size() == news.size() + client.to_send.size(); });
  EXPECT_EQ(client.received, news + client.to_send);
  EXPECT_EQ(table->size(), 1U);
}

TEST_P(LifeCycle, past_the_output_limit_a_connection_is_closed) {
  serve({.output_limit_bytes = MiB});
  Client& client = connect();
  client.reading = false;
  while (!connection().is_closed()) {
    connection().write(std::string_view{random_bytes(100 * KiB)});
    step();
    if (table->find(recorder.ids[0]) == nullptr) break;
  }
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::output_limit);
}

// Where idleness was not looked at any more, the look never ended.
TEST_P(LifeCycle, who_hears_that_somebody_is_idle_may_change_the_limits) {
  serve({.idle_timeout = milliseconds{40}});
  const auto next = std::to_array({milliseconds{80}, milliseconds{0}});
  std::size_t asked = 0;
  recorder.idle = [&](Connection&) { table->set_limits({.idle_timeout = next.at(asked++)}); };
  connect();
  const Instant begin = sys::monotonic_now();
  pump([&] { return asked == 2; });
  EXPECT_GE(sys::monotonic_now() - begin, milliseconds{120});
  for (int turn = 0; turn < 10; ++turn) reactor.turn(milliseconds{1});
  EXPECT_EQ(asked, 2U);
  EXPECT_EQ(table->size(), 1U);
}

}  // namespace
}  // namespace switchboard::test
