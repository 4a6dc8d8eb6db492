// The life of connections, over every poller and every family: what arrives, what is kept back, and
// what callbacks may close. How each ends is in endings_test.cc.
#include "life_cycle.hpp"

namespace switchboard::test {
namespace {

// --- Bytes

TEST_P(LifeCycle, sixty_four_mebibytes_through_tiny_buffers_come_back_byte_for_byte) {
  serve();
  Client& client = connect(4096);
  client.to_send = random_bytes(64 * MiB);
  client.shut_down_when_sent = true;
  pump([&] { return client.ended; }, seconds{120});
  EXPECT_TRUE(client.received == client.to_send);
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::peer_closed);
}

TEST_P(LifeCycle, one_byte_at_a_time_comes_back_in_order) {
  serve();
  Client& client = connect();
  client.most_at_once = 1;
  client.to_send = random_bytes(3000);
  client.shut_down_when_sent = true;
  pump([&] { return client.ended; });
  EXPECT_TRUE(client.received == client.to_send);
}

TEST_P(LifeCycle, a_peer_that_reads_nothing_costs_the_high_water_mark_and_delays_nobody) {
  constexpr std::size_t high_water = 256 * KiB;
  serve({.high_water_bytes = high_water, .low_water_bytes = 64 * KiB});
  Client& stalled = connect();
  Client& other = connect();
  other.to_send = "what is allocated once is allocated now";
  pump([&] { return other.received == other.to_send; });
  stalled.to_send = random_bytes(64 * MiB);
  stalled.reading = false;
  const std::size_t before = memory_in_use().bytes;
  std::size_t last = 1;
  pump([&] {  // until the kernel takes no more of it
    const bool stuck = stalled.sent == last && connection(0).queued_bytes() > high_water / 2;
    last = stalled.sent;
    return stuck;
  });
  EXPECT_LT(stalled.sent, stalled.to_send.size());
  EXPECT_LE(connection(0).queued_bytes(), high_water);
  EXPECT_LE(memory_in_use().bytes, before + high_water + 64 * KiB);

  other.to_send += random_bytes(MiB);
  pump([&] { return other.received.size() == other.to_send.size(); });
  EXPECT_TRUE(other.received == other.to_send);

  stalled.reading = true;
  stalled.shut_down_when_sent = true;
  pump([&] { return stalled.ended; }, seconds{120});
  EXPECT_TRUE(stalled.received == stalled.to_send);
}

TEST_P(LifeCycle, what_a_service_does_not_consume_comes_again_with_more_behind_it) {
  serve();
  std::vector<std::string> lines;
  recorder.data = [&](Connection&, const Slice& input) {
    const std::string_view text{reinterpret_cast<const char*>(input.bytes().data()), input.size()};
    const std::size_t end = text.rfind('\n');
    if (end == std::string_view::npos) return std::size_t{0};
    for (std::size_t at = 0; at <= end; at = text.find('\n', at) + 1) {
      lines.emplace_back(text.substr(at, text.find('\n', at) - at));
    }
    return end + 1;
  };
  Client& client = connect();
  const std::string large(40 * KiB, 'x');  // grows in a block of its own
  client.most_at_once = 777;
  client.to_send = "one\ntwo\n" + large + "\nthree\nhalf a li";
  client.shut_down_when_sent = true;
  pump([&] { return client.ended; });
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", large, "three"}));
}

TEST_P(LifeCycle, a_message_without_an_end_is_refused_at_the_input_limit) {
  serve({.input_limit_bytes = 8 * KiB});
  recorder.data = [](Connection&, const Slice&) { return std::size_t{0}; };
  connect().to_send = std::string(16 * KiB, 'x');
  pump([&] { return !recorder.reasons.empty(); });
  EXPECT_EQ(recorder.only_reason(), CloseReason::protocol_error);
}

TEST_P(LifeCycle, pausing_keeps_bytes_back_and_resuming_brings_them) {
  serve();
  recorder.data = [](Connection& c, const Slice& input) {
    if (input.size() < 4) {
      c.pause_reading();
      return std::size_t{0};
    }
    c.write(input);
    return input.size();
  };
  Client& client = connect();
  client.to_send = "ab";
  pump([&] { return client.all_sent(); });
  for (int i = 0; i < 5; ++i) step();
  recorder.data = [](Connection& c, const Slice& input) {
    c.write(input);
    return input.size();
  };
  connection().resume_reading();
  pump([&] { return client.received == "ab"; });
  client.to_send += "cd";
  pump([&] { return client.received == "abcd"; });
}

// As a service does that answers one request at a time and takes no further one while its output is
// full.
TEST_P(LifeCycle, requests_that_were_kept_come_again_when_the_output_has_drained) {
  constexpr std::size_t answer = 100 * KiB;
  serve({.high_water_bytes = 64 * KiB, .low_water_bytes = 16 * KiB});
  recorder.data = [&](Connection& c, const Slice& input) {
    std::size_t consumed = 0;
    while (consumed < input.size() && c.queued_bytes() == 0) {
      c.write(std::string_view{std::string(answer, 'x')});
      ++consumed;
    }
    return consumed;
  };
  Client& client = connect(4096);
  client.to_send = "12345678";
  pump([&] { return client.received.size() == 8 * answer; });
  EXPECT_EQ(recorder.received, 8U);
}

TEST_P(LifeCycle, the_low_water_mark_is_told_once_each_time) {
  serve(
      {.high_water_bytes = 64 * KiB, .low_water_bytes = 16 * KiB, .output_limit_bytes = 64 * MiB});
  Client& client = connect(4096);
  client.reading = false;
  connection().write(std::string_view{random_bytes(8 * MiB)});
  for (int i = 0; i < 20; ++i) step();
  EXPECT_EQ(recorder.drains, 0);
  client.reading = true;
  pump([&] { return client.received.size() == 8 * MiB; });
  EXPECT_EQ(recorder.drains, 1);
}

// --- Closing inside callbacks

TEST_P(LifeCycle, a_callback_may_close_its_own_connection) {
  serve();
  recorder.data = [](Connection& c, const Slice& input) {
    c.close();
    c.close(CloseReason::shutdown);  // the first word stands
    c.drain();
    EXPECT_FALSE(c.write("no"));
    return input.size();
  };
  connect().to_send = "x";
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::local);
}

TEST_P(LifeCycle, a_connection_closed_as_it_opens_is_still_reported_once) {
  serve();
  recorder.opened = [](Connection& c) { c.close(); };
  Client& client = connect();
  pump([&] { return client.ended || client.error != 0; });
  EXPECT_EQ(recorder.only_reason(), CloseReason::local);
}

TEST_P(LifeCycle, a_callback_may_close_others_whose_events_are_in_the_same_batch) {
  serve();
  for (int i = 0; i < 20; ++i) connect();
  int deliveries = 0;
  recorder.data = [&](Connection& self, const Slice& input) {
    ++deliveries;
    const auto before = recorder.reasons.size();
    table->for_each([&](Connection& other) {
      if (&other != &self) other.close();
    });
    EXPECT_EQ(recorder.reasons.size(), before) << "told inside close()";
    return input.size();
  };
  for (const auto& client : clients) send_text(client->socket.get(), "all at once");
  pump([&] { return table->size() == 1; });
  EXPECT_EQ(deliveries, 1);
  EXPECT_EQ(recorder.reasons.size(), 19U);
}

TEST_P(LifeCycle, on_closed_may_write_to_and_close_others) {
  serve();
  for (int i = 0; i < 5; ++i) connect();
  recorder.closed = [&](Connection&, const Closed&) {
    bool closed_one = false;
    table->for_each([&](Connection& other) {
      other.write("somebody left\n");
      if (!std::exchange(closed_one, true)) other.close();
    });
  };
  connection(2).close();
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.reasons.size(), 5U);
}

TEST_P(LifeCycle, on_end_and_on_drained_may_close) {
  serve({.high_water_bytes = 64 * KiB, .low_water_bytes = KiB, .output_limit_bytes = 64 * MiB});
  recorder.ended = [](Connection& c) { c.close(); };
  recorder.drained = [](Connection& c) { c.close(CloseReason::protocol_error); };
  Client& first = connect();
  first.shut_down_when_sent = true;
  pump([&] { return table->size() == 0; });
  connect();
  connection(1).write(std::string_view{random_bytes(4 * MiB)});
  pump([&] { return table->size() == 0; });
  EXPECT_EQ(recorder.reasons.at(recorder.ids[0].packed()), CloseReason::local);
  EXPECT_EQ(recorder.reasons.at(recorder.ids[1].packed()), CloseReason::protocol_error);
}

TEST_P(LifeCycle, a_table_may_die_with_connections_in_every_state) {
  serve();
  for (int i = 0; i < 4; ++i) connect();
  connection(0).write("queued");
  connection(1).drain();
  connection(2).close();
  clients[3]->to_send = "unread";
  clients[3]->step();
  listener.reset();
  table.reset();
  EXPECT_TRUE(recorder.reasons.empty());
  reactor.turn(milliseconds{0});
}

INSTANTIATE_TEST_SUITE_P(Everywhere, LifeCycle,
                         testing::Combine(testing::ValuesIn(backend_names()),
                                          testing::Values("IPv4", "IPv6", "Unix")),
                         name_of_place);

}  // namespace
}  // namespace switchboard::test
