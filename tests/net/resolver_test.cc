// Names looked up on a thread: the loop goes on meanwhile, and whatever dies first, nobody is told
// who is not there. Also run under ThreadSanitizer.
#include "switchboard/net/resolver.hpp"

#include <gtest/gtest.h>
#include <netdb.h>

#include <memory>
#include <thread>
#include <vector>

#include "support/fake_names.hpp"
#include "support/no_threads.hpp"
#include "support/sockets.hpp"

namespace switchboard::test {
namespace {

using namespace std::chrono_literals;

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() { names.add("both.test", both); }

  Resolver::LookupId look_up(const std::string& endpoint) {
    return resolver->look_up(Endpoint::parse(endpoint), [this](const sys::Resolution& found) {
      EXPECT_EQ(std::this_thread::get_id(), loop);
      answers.push_back(found);
    });
  }

  void await_answers(std::size_t count) {
    for (int turns = 0; answers.size() < count && turns < 30; ++turns) reactor->turn(1s);
    ASSERT_EQ(answers.size(), count);
  }

  const std::vector<sys::SocketAddress> both{loopback(AF_INET6, 7), loopback(AF_INET, 7)};
  const std::thread::id loop = std::this_thread::get_id();
  FakeNames names;
  std::unique_ptr<Reactor> reactor = std::make_unique<Reactor>();
  std::unique_ptr<Resolver> resolver = std::make_unique<Resolver>(*reactor);
  std::vector<sys::Resolution> answers;
};

TEST_F(ResolverTest, a_name_is_answered_on_a_later_turn_in_the_systems_order) {
  look_up("tcp://both.test:7");
  EXPECT_TRUE(answers.empty());
  await_answers(1);
  EXPECT_EQ(answers[0].addresses, both);
  EXPECT_FALSE(answers[0].error);
}

TEST_F(ResolverTest, an_address_is_answered_on_a_later_turn_without_a_lookup) {
  names.hold();
  for (const char* endpoint :
       {"tcp://127.0.0.1:7", "tcp://[::1]:7", "tcp://*:7", "unix:///run/x.sock"}) {
    SCOPED_TRACE(endpoint);
    answers.clear();
    look_up(endpoint);
    EXPECT_TRUE(answers.empty());
    await_answers(1);
    EXPECT_EQ(answers[0].addresses, Endpoint::parse(endpoint).resolve());
  }
  EXPECT_EQ(names.lookups(), 0U);
}

TEST_F(ResolverTest, a_name_that_is_none_is_an_error_of_the_resolver) {
  look_up("tcp://nobody.test:7");
  await_answers(1);
  EXPECT_TRUE(answers[0].addresses.empty());
  EXPECT_EQ(answers[0].error, std::error_code(EAI_NONAME, sys::resolver_category()));
}

TEST_F(ResolverTest, the_loop_goes_on_while_a_name_is_looked_up) {
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
  EXPECT_EQ(answers[1].addresses, both);
  reactor->cancel(ticker);
}

TEST_F(ResolverTest, its_threads_take_no_signals) {
  look_up("tcp://both.test:7");
  await_answers(1);
  EXPECT_EQ(names.without_signals(), 1U);
}

TEST_F(ResolverTest, no_more_than_so_many_names_are_looked_up_at_a_time) {
  names.hold();
  for (unsigned i = 0; i < 3 * Resolver::max_threads; ++i) look_up("tcp://both.test:7");
  names.await_held(Resolver::max_threads);
  names.release();
  await_answers(std::size_t{3} * Resolver::max_threads);
  EXPECT_EQ(names.lookups(), 3 * Resolver::max_threads);
  EXPECT_LE(names.most_at_a_time(), Resolver::max_threads);
}

TEST_F(ResolverTest, without_a_thread_a_name_is_answered_with_that_error) {
  {
    const NoThreads now;
    look_up("tcp://both.test:7");
    EXPECT_TRUE(answers.empty());
    await_answers(1);
  }
  EXPECT_EQ(answers[0].error, std::errc::resource_unavailable_try_again);
  EXPECT_TRUE(answers[0].addresses.empty());
  look_up("tcp://both.test:7");
  await_answers(2);
  EXPECT_EQ(answers[1].addresses, both);
}

TEST_F(ResolverTest, without_another_thread_the_one_there_is_looks_up_all_names) {
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
  for (const sys::Resolution& answer : answers) EXPECT_EQ(answer.addresses, both);
  EXPECT_EQ(names.most_at_a_time(), 1U);
}

TEST_F(ResolverTest, what_was_cancelled_is_not_told) {
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
TEST_F(ResolverTest, what_was_cancelled_before_its_turn_is_not_looked_up) {
  names.hold();
  for (unsigned i = 0; i < Resolver::max_threads; ++i) look_up("tcp://both.test:7");
  names.await_held(Resolver::max_threads);
  for (int i = 0; i < 100; ++i) resolver->cancel(look_up("tcp://both.test:7"));
  look_up("tcp://both.test:7");
  names.release();
  await_answers(Resolver::max_threads + std::size_t{1});
  EXPECT_EQ(names.lookups(), Resolver::max_threads + 1);
}

TEST_F(ResolverTest, it_may_be_destroyed_while_it_looks_up_and_waits_for_nothing) {
  names.hold();
  for (unsigned i = 0; i < 2 * Resolver::max_threads; ++i) look_up("tcp://both.test:7");
  names.await_held(Resolver::max_threads);
  resolver.reset();
  reactor.reset();
  names.release();
  EXPECT_TRUE(answers.empty());
}

TEST_F(ResolverTest, it_may_be_destroyed_when_the_answer_is_on_its_way) {
  look_up("tcp://127.0.0.1:7");  // posted already
  resolver.reset();
  reactor->turn(1s);
  EXPECT_TRUE(answers.empty());
}

TEST_F(ResolverTest, its_callback_may_destroy_it) {
  bool told = false;
  resolver->look_up(Endpoint::parse("tcp://both.test:7"), [&](const sys::Resolution& found) {
    resolver.reset();
    told = !found.addresses.empty();
  });
  look_up("tcp://127.0.0.1:7");
  while (resolver != nullptr) reactor->turn(1s);
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace switchboard::test
