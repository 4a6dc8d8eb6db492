// The life of connections, over every poller and every family: what arrives, what is kept back, and
// what callbacks may close. How each ends is in endings_test.cc.
#include "life_cycle.hpp"

namespace switchboard::test {
namespace {

// --- Bytes

CASES_FIXTURE(LifeCycle, "life cycle: 64 MiB through tiny buffers come back byte for byte") {
  serve();
  Client& client = connect(4096);
  client.to_send = random_bytes(64 * MiB);
  client.shut_down_when_sent = true;
  pump([&] { return client.ended; }, seconds{120});
  CHECK_EQ(client.received, client.to_send);
  pump([&] { return table->size() == 0; });
  CHECK_EQ(recorder.only_reason(), CloseReason::peer_closed);
}

CASES_FIXTURE(LifeCycle, "life cycle: bytes sent one at a time come back in order") {
  serve();
  Client& client = connect();
  client.most_at_once = 1;
  client.to_send = random_bytes(3000);
  client.shut_down_when_sent = true;
  pump([&] { return client.ended; });
  CHECK_EQ(client.received, client.to_send);
}

CASES_FIXTURE(LifeCycle,
              "life cycle: a peer that reads nothing costs the high-water mark and delays nobody") {
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
  CHECK_LT(stalled.sent, stalled.to_send.size());
  CHECK_LE(connection(0).queued_bytes(), high_water);
  CHECK_LE(memory_in_use().bytes, before + high_water + 64 * KiB);

  other.to_send += random_bytes(MiB);
  pump([&] { return other.received.size() == other.to_send.size(); });
  CHECK_EQ(other.received, other.to_send);

  stalled.reading = true;
  stalled.shut_down_when_sent = true;
  pump([&] { return stalled.ended; }, seconds{120});
  CHECK_EQ(stalled.received, stalled.to_send);
}

CASES_FIXTURE(LifeCycle, "life cycle: input that is not consumed comes again with more behind it") {
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
  CHECK_EQ(lines, Texts{"one", "two", large, "three"});
}

CASES_FIXTURE(LifeCycle, "life cycle: a message without an end is refused at the input limit") {
  serve({.input_limit_bytes = 8 * KiB});
  recorder.data = [](Connection&, const Slice&) { return std::size_t{0}; };
  connect().to_send = std::string(16 * KiB, 'x');
  pump([&] { return !recorder.reasons.empty(); });
  CHECK_EQ(recorder.only_reason(), CloseReason::protocol_error);
}

CASES_FIXTURE(LifeCycle, "life cycle: pausing keeps bytes back and resuming brings them") {
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
  CHECK_EQ(recorder.received, 0U);
  CHECK_EQ(client.received, "");
  recorder.data = [](Connection& c, const Slice& input) {
    c.write(input);
    return input.size();
  };
  connection().resume_reading();
  pump([&] { return client.received == "ab"; });
  client.to_send += "cd";
  pump([&] { return client.received == "abcd"; });
  CHECK_EQ(recorder.received, 4U);
}

// As a service does that answers one request at a time and takes no further one while its output is
// full.
CASES_FIXTURE(LifeCycle,
              "life cycle: requests that were kept come again when the output has drained") {
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
  CHECK_EQ(recorder.received, 8U);
}

CASES_FIXTURE(LifeCycle, "life cycle: reaching the low-water mark is told once each time") {
  serve(
      {.high_water_bytes = 64 * KiB, .low_water_bytes = 16 * KiB, .output_limit_bytes = 64 * MiB});
  Client& client = connect(4096);
  client.reading = false;
  connection().write(std::string_view{random_bytes(8 * MiB)});
  for (int i = 0; i < 20; ++i) step();
  CHECK_EQ(recorder.drains, 0);
  client.reading = true;
  pump([&] { return client.received.size() == 8 * MiB; });
  CHECK_EQ(recorder.drains, 1);
}

// --- Closing inside callbacks

CASES_FIXTURE(LifeCycle, "life cycle: a callback may close its own connection") {
  serve();
  recorder.data = [](Connection& c, const Slice& input) {
    c.close();
    c.close(CloseReason::shutdown);  // the first word stands
    c.drain();
    CHECK_FALSE(c.write("no"));
    return input.size();
  };
  connect().to_send = "x";
  pump([&] { return table->size() == 0; });
  CHECK_EQ(recorder.only_reason(), CloseReason::local);
}

CASES_FIXTURE(LifeCycle, "life cycle: a connection closed as it opens is still reported once") {
  serve();
  recorder.opened = [](Connection& c) { c.close(); };
  Client& client = connect();
  pump([&] { return client.ended || client.error != 0; });
  CHECK_EQ(recorder.only_reason(), CloseReason::local);
}

CASES_FIXTURE(LifeCycle,
              "life cycle: a callback may close others whose events are in the same batch") {
  serve();
  for (int i = 0; i < 20; ++i) connect();
  int deliveries = 0;
  recorder.data = [&](Connection& self, const Slice& input) {
    ++deliveries;
    const auto before = recorder.reasons.size();
    table->for_each([&](Connection& other) {
      if (&other != &self) other.close();
    });
    CHECK_MESSAGE(recorder.reasons.size() == before, "told inside close()");
    return input.size();
  };
  for (const auto& client : clients) send_text(client->socket.get(), "all at once");
  pump([&] { return table->size() == 1; });
  CHECK_EQ(deliveries, 1);
  CHECK_EQ(recorder.reasons.size(), 19U);
}

CASES_FIXTURE(LifeCycle, "life cycle: on_closed may write to other connections and close them") {
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
  CHECK_EQ(recorder.reasons.size(), 5U);
}

CASES_FIXTURE(LifeCycle, "life cycle: on_end and on_drained may close their connection") {
  serve({.high_water_bytes = 64 * KiB, .low_water_bytes = KiB, .output_limit_bytes = 64 * MiB});
  recorder.ended = [](Connection& c) { c.close(); };
  recorder.drained = [](Connection& c) { c.close(CloseReason::protocol_error); };
  Client& first = connect();
  first.shut_down_when_sent = true;
  pump([&] { return table->size() == 0; });
  connect();
  connection(1).write(std::string_view{random_bytes(4 * MiB)});
  pump([&] { return table->size() == 0; });
  CHECK_EQ(recorder.reasons.at(recorder.ids[0].packed()), CloseReason::local);
  CHECK_EQ(recorder.reasons.at(recorder.ids[1].packed()), CloseReason::protocol_error);
}

CASES_FIXTURE(LifeCycle, "life cycle: a table may die with connections in every state") {
  serve();
  for (int i = 0; i < 4; ++i) connect();
  connection(0).write("queued");
  connection(1).drain();
  connection(2).close();
  clients[3]->to_send = "unread";
  clients[3]->step();
  listener.reset();
  table.reset();
  CHECK(recorder.reasons.empty());
  reactor.turn(milliseconds{0});
}

}  // namespace
}  // namespace switchboard::test
