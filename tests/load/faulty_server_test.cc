// The faults of a server, counted by the load. Server and load share a reactor.
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchboard/net/listener.hpp"

#include "load/churn_load.hpp"
#include "load/echo_load.hpp"
#include "support/testing.hpp"

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

const std::vector<Fault> faults{
    {"a flipped bit", [](Connection& c, const Slice& input) { c.write(flipped(input)); },
     "wrong byte"},
    // A doubled message: its bytes are not those that follow.
    {"a doubled message",
     [](Connection& c, const Slice& input) {
       c.write(input);
       c.write(input);
     },
     "wrong byte"},
    // The first connection's stream begins at 0, and goes on where its message ends.
    {"too many bytes",
     [](Connection& c, const Slice& input) {
       c.write(input);
       c.write(Pattern{}.at(64, 1));
     },
     "more bytes than were sent"},
    {"an early end", [](Connection& c, const Slice&) { c.drain(); }, "closed by the server"},
    {"a reset", [](Connection& c, const Slice&) { c.close(); }, "reset: Connection reset by peer"},
};

class LoadOnFaultyServer {
 protected:
  static const auto& rows() { return faults; }
  explicit LoadOnFaultyServer(const Fault& its_fault) : fault(its_fault) {
    server.answer = fault.answer;
    settings.server = listener.endpoint();
    // More than the server reads at once: a close while bytes wait is a reset.
    if (std::string_view{"a reset"} == fault.name) settings.message_bytes = 200'000;
  }

  const Fault fault;
  Reactor reactor;
  FaultyServer server;
  ConnectionTable table{reactor, server};
  Listener listener{reactor, Endpoint::parse("tcp://127.0.0.1:0"), table};
  Settings settings;
  Progress progress{false};
};

CASES_FIXTURE(LoadOnFaultyServer, "faulty server: an echo load counts the fault by name") {
  EchoLoad load{reactor, settings, progress};
  load.open();
  load.run_count(10);
  load.drain();
  CHECK_EQ(load.failures(), (Failures{{fault.counted_as, 1}}));
}

CASES_FIXTURE(LoadOnFaultyServer,
              "faulty server: a churn load counts the fault by name, and ends") {
  ChurnLoad load{reactor, settings, progress};
  load.run_count(10);
  load.drain();
  REQUIRE_EQ(load.failures().size(), 1U);
  if (std::string_view{"too many bytes"} == fault.name) return;  // its streams begin elsewhere
  CHECK_EQ(load.failures(), (Failures{{fault.counted_as, 1}}));
}

}  // namespace
}  // namespace switchboard::load
