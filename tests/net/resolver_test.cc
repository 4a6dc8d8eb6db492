// Names looked up on a thread: the loop goes on meanwhile, and whatever dies first, nobody is told
// who is not there. Also run under ThreadSanitizer.
#include "switchboard/net/resolver.hpp"

#include <netdb.h>

#include <memory>
#include <thread>
#include <vector>

#include "support/fake_names.hpp"
#include "support/no_threads.hpp"
#include "support/sockets.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;

class ResolverTest {
 protected:
  ResolverTest() { names.add("both.test", both); }

  Resolver::LookupId look_up(const std::string& endpoint) {
    return resolver->look_up(Endpoint::parse(endpoint), [this](const sys::Resolution& found) {
      CHECK_EQ(std::this_thread::get_id(), loop);
      answers.push_back(found);
    });
  }

  void await_answers(std::size_t count) {
    for (int turns = 0; answers.size() < count && turns < 30; ++turns) reactor->turn(1s);
    REQUIRE_EQ(answers.size(), count);
  }

  const std::vector<sys::SocketAddress> both{loopback(AF_INET6, 7), loopback(AF_INET, 7)};
  const std::thread::id loop = std::this_thread::get_id();
  FakeNames names;
  std::unique_ptr<Reactor> reactor = std::make_unique<Reactor>();
  std::unique_ptr<Resolver> resolver = std::make_unique<Resolver>(*reactor);
  std::vector<sys::Resolution> answers;
};

TEST_CASE_FIXTURE(ResolverTest,
                  "resolver: a name is answered on a later turn, in the system's order") {
  look_up("tcp://both.test:7");
  CHECK(answers.empty());
  await_answers(1);
  CHECK_EQ(answers[0].addresses, both);
  CHECK_FALSE(answers[0].error);
}

TEST_CASE_FIXTURE(ResolverTest,
                  "resolver: an address is answered on a later turn, without a lookup") {
  names.hold();
  for (const char* endpoint :
       {"tcp://127.0.0.1:7", "tcp://[::1]:7", "tcp://*:7", "unix:///run/x.sock"}) {
    INFO(endpoint);
    answers.clear();
    look_up(endpoint);
    CHECK(answers.empty());
    await_answers(1);
    CHECK_EQ(answers[0].addresses, Endpoint::parse(endpoint).resolve());
  }
  CHECK_EQ(names.lookups(), 0U);
}

TEST_CASE_FIXTURE(ResolverTest, "resolver: an unknown name is an error of the resolver") {
  look_up("tcp://nobody.test:7");
  await_answers(1);
  CHECK(answers[0].addresses.empty());
  CHECK_EQ(answers[0].error, std::error_code(EAI_NONAME, sys::resolver_category()));
}

TEST_CASE_FIXTURE(ResolverTest, "resolver: the loop goes on while a name is looked up") {
  names.hold();
  look_up("tcp://both.test:7");
  names.await_held(1);
  int ticks = 0;
  const TimerId ticker = reactor->call_every(1ms, [&] { ++ticks; });
  while (ticks < 10) reactor->turn();
  look_up("tcp://127.0.0.1:7");
  await_answers(1);  // the address, past the name
  names.release();
  await_answers(2);
  CHECK_EQ(answers[1].addresses, both);
  reactor->cancel(ticker);
}

TEST_CASE_FIXTURE(ResolverTest, "resolver: its threads take no signals") {
  look_up("tcp://both.test:7");
  await_answers(1);
  CHECK_EQ(names.without_signals(), 1U);
}

TEST_CASE_FIXTURE(ResolverTest,
                  "resolver: no more names are looked up at a time than it has threads") {
  names.hold();
  for (unsigned i = 0; i < 3 * Resolver::max_threads; ++i) look_up("tcp://both.test:7");
  names.await_held(Resolver::max_threads);
  names.release();
  await_answers(std::size_t{3} * Resolver::max_threads);
  CHECK_EQ(names.lookups(), 3 * Resolver::max_threads);
  CHECK_LE(names.most_at_a_time(), Resolver::max_threads);
}

TEST_CASE_FIXTURE(ResolverTest,
                  "resolver: if no thread can be had, a name is answered with that error") {
  {
    const NoThreads now;
    look_up("tcp://both.test:7");
    CHECK(answers.empty());
    await_answers(1);
  }
  CHECK_EQ(answers[0].error, std::errc::resource_unavailable_try_again);
  CHECK(answers[0].addresses.empty());
  look_up("tcp://both.test:7");
  await_answers(2);
  CHECK_EQ(answers[1].addresses, both);
}

TEST_CASE_FIXTURE(ResolverTest,
                  "resolver: if no second thread can be had, the first looks up all names") {
  names.hold();
  look_up("tcp://both.test:7");
  names.await_held(1);
  {
    const NoThreads from_here_on;
    look_up("tcp://both.test:7");
    look_up("tcp://both.test:7");
  }
  names.release();
  await_answers(3);
  for (const sys::Resolution& answer : answers) CHECK_EQ(answer.addresses, both);
  CHECK_EQ(names.most_at_a_time(), 1U);
}

TEST_CASE_FIXTURE(ResolverTest, "resolver: a cancelled lookup is not reported") {
  names.hold();
  const auto name = look_up("tcp://both.test:7");
  const auto address = look_up("tcp://127.0.0.1:7");
  resolver->cancel(name);
  resolver->cancel(address);
  resolver->cancel(address);
  look_up("tcp://both.test:7");
  names.release();
  await_answers(1);
  resolver->cancel(name);
}

// Clients that gave up and asked again, while a name server was silent, waited behind all that
// nobody asked for any more.
TEST_CASE_FIXTURE(ResolverTest,
                  "resolver: a lookup that is cancelled before its turn is not made") {
  names.hold();
  for (unsigned i = 0; i < Resolver::max_threads; ++i) look_up("tcp://both.test:7");
  names.await_held(Resolver::max_threads);
  for (int i = 0; i < 100; ++i) resolver->cancel(look_up("tcp://both.test:7"));
  look_up("tcp://both.test:7");
  names.release();
  await_answers(Resolver::max_threads + std::size_t{1});
  CHECK_EQ(names.lookups(), Resolver::max_threads + 1);
}

TEST_CASE_FIXTURE(ResolverTest,
                  "resolver: it may be destroyed during a lookup, and waits for nothing") {
  names.hold();
  for (unsigned i = 0; i < 2 * Resolver::max_threads; ++i) look_up("tcp://both.test:7");
  names.await_held(Resolver::max_threads);
  resolver.reset();
  reactor.reset();
  names.release();
  CHECK(answers.empty());
}

TEST_CASE_FIXTURE(ResolverTest, "resolver: it may be destroyed while an answer is on its way") {
  look_up("tcp://127.0.0.1:7");  // posted already
  resolver.reset();
  reactor->turn(1s);
  CHECK(answers.empty());
}

TEST_CASE_FIXTURE(ResolverTest, "resolver: its callback may destroy it") {
  bool told = false;
  resolver->look_up(Endpoint::parse("tcp://both.test:7"), [&](const sys::Resolution& found) {
    resolver.reset();
    told = !found.addresses.empty();
  });
  look_up("tcp://127.0.0.1:7");
  while (resolver != nullptr) reactor->turn(1s);
  CHECK(told);
}

}  // namespace
}  // namespace switchboard::test
