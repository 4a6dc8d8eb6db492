// Where memory runs out for one line: whose connection that costs, and that nothing else is left
// undone.
#include <functional>
#include <new>
#include <string>
#include <utility>

#include "irc/exchange.hpp"
#include "support/counted_memory.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using std::chrono::milliseconds;

// Whether there was an Nth allocation in `step` to fail.
bool fails(std::uint64_t number, const std::function<void()>& step) {
  fail_allocation(number);
  try {
    step();
  } catch (const std::bad_alloc&) {
  }
  const bool did_fail = allocations() >= number;
  fail_allocation(0);
  return did_fail;
}

TEST_CASE("irc: memory lacking for a receiver of WALLOPS cost the operator their connection") {
  bool has_closed_receiver = false;
  bool did_fail = true;
  for (std::uint64_t number = 1; did_fail; ++number) {
    ExchangeServer server;
    server.connect("anna", "");
    server.connect("bert", "");
    server.send("anna", "MODE anna +w\r\n", false);
    server.send("bert", "OPER root secret\r\n", false);
    server.take();
    server.send("bert", "WALLOPS :x\r\n", false);
    did_fail = fails(number, [&] { server.reactor().turn(milliseconds{10}); });
    server.reactor().turn(milliseconds{0});  // what the first has left undone
    const bool is_anna_there = server.chat().find_person("anna") != nullptr;
    const bool is_bert_there = server.chat().find_person("bert") != nullptr;
    CHECK_MESSAGE((is_anna_there || is_bert_there), "allocation ", number);
    has_closed_receiver |= !is_anna_there;
  }
  CHECK(has_closed_receiver);
}

TEST_CASE("irc: memory lacking for a farewell kept the server from going down") {
  bool did_fail = true;
  for (std::uint64_t number = 1; did_fail; ++number) {
    ExchangeServer server;
    server.hold_passwords();
    server.connect("anna", "batch labeled-response");
    server.connect("bert", "");
    server.connect_plain("carl");
    server.send("anna", "@label=x OPER root secret\r\n", false);
    for (int i = 0; i < 1000 && server.held_passwords() == 0; ++i) {
      server.reactor().turn(milliseconds{10});
    }
    REQUIRE_EQ(server.held_passwords(), 1U);
    did_fail = fails(number, [&] { server.service().shut_down(milliseconds{100}, [] {}); });
    CHECK_MESSAGE(server.service().connections().full(), "irc, allocation ", number);
    did_fail |= fails(number, [&] { server.plain().shut_down(milliseconds{100}, [] {}); });
    CHECK_MESSAGE(server.plain().connections().full(), "plain, allocation ", number);
  }
}

TEST_CASE("irc: memory lacking for a timer left others without pings after a reload") {
  bool did_fail = true;
  for (std::uint64_t number = 1; did_fail; ++number) {
    irc::Settings settings = ExchangeServer::default_settings();
    settings.ping_interval = sys::Nanoseconds::zero();
    ExchangeServer server{settings};
    for (int i = 0; i < 20; ++i) server.connect("n" + std::to_string(i), "");
    settings.ping_interval = milliseconds{20};
    did_fail = fails(number, [&] { server.service().reload(std::move(settings)); });
    if (server.service().settings().ping_interval == sys::Nanoseconds::zero()) continue;
    server.reactor().turn(milliseconds{0});  // the closed ones go
    for (int i = 0; i < 20; ++i) {
      const std::string name = "n" + std::to_string(i);
      if (server.chat().find_person(name) != nullptr) {
        CHECK_FALSE(server.take_until(name, "PING ").empty());
      }
    }
  }
}

}  // namespace
}  // namespace switchboard::test
