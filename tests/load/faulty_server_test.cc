// What the load counts when a server misbehaves. Server and load share a reactor.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "switchboard/net/listener.hpp"

#include "load/churn_load.hpp"
#include "load/echo_load.hpp"

namespace switchboard::load {
namespace {

struct FaultyServer final : ConnectionHandler {
  using Answer = std::function<void(Connection&, const Slice&)>;
  std::size_t on_data(Connection& connection, const Slice& input) override {
    answer(connection, input);
    return input.size();
  }
  Answer answer;
};

struct Fault {
  const char* name;
  FaultyServer::Answer answer;
  const char* counted_as;
};

std::string flipped(const Slice& input) {
  const auto bytes = input.bytes();
  std::string text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  text.back() = static_cast<char>(text.back() ^ 1);
  return text;
}

const Fault faults[] = {
    {"a_flipped_bit", [](Connection& c, const Slice& input) { c.write(flipped(input)); },
     "wrong byte"},
    // A doubled message: its bytes are not those that follow.
    {"a_doubled_message",
     [](Connection& c, const Slice& input) {
       c.write(input);
       c.write(input);
     },
     "wrong byte"},
    // The first connection's stream begins at 0, and goes on where its message ends.
    {"too_many_bytes",
     [](Connection& c, const Slice& input) {
       c.write(input);
       c.write(Pattern{}.at(64, 1));
     },
     "more bytes than were sent"},
    {"an_early_end", [](Connection& c, const Slice&) { c.drain(); }, "closed by the server"},
    {"a_reset", [](Connection& c, const Slice&) { c.close(); }, "reset: Connection reset by peer"},
};

class FaultyServerTest : public testing::TestWithParam<Fault> {
 protected:
  FaultyServerTest() {
    server.answer = GetParam().answer;
    settings.server = listener.endpoint();
    // More than the server reads at once: a close while bytes wait is a reset.
    if (std::string{"a_reset"} == GetParam().name) settings.message_bytes = 200'000;
  }

  Reactor reactor;
  FaultyServer server;
  ConnectionTable table{reactor, server};
  Listener listener{reactor, Endpoint::parse("tcp://127.0.0.1:0"), table};
  Settings settings;
  Progress progress{false};
};

TEST_P(FaultyServerTest, is_counted_by_name_in_echo) {
  EchoLoad load{reactor, settings, progress};
  load.open();
  load.run_count(10);
  load.drain();
  EXPECT_EQ(load.failures(), (Failures{{GetParam().counted_as, 1}}));
}

TEST_P(FaultyServerTest, is_counted_by_name_in_churn_and_ends_it) {
  ChurnLoad load{reactor, settings, progress};
  load.run_count(10);
  load.drain();
  ASSERT_EQ(load.failures().size(), 1U);
  if (std::string{"too_many_bytes"} == GetParam().name) return;  // its streams begin elsewhere
  EXPECT_EQ(load.failures(), (Failures{{GetParam().counted_as, 1}}));
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultyServerTest, testing::ValuesIn(faults),
                         [](const testing::TestParamInfo<Fault>& fault) {
                           return fault.param.name;
                         });

}  // namespace
}  // namespace switchboard::load
