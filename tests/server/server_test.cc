// How a server takes what comes out of its loop.
#include "server/server.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <stdexcept>

namespace switchboard::server {
namespace {

class ServerLoop : public testing::Test {
 protected:
  static ServerOptions options() {
    ServerOptions options;
    options.backend = &default_backend();
    options.log_level = LogLevel::error;
    return options;
  }
  int run() {
    return server.run([] { return std::vector<LogField>{}; });
  }

  const ServerOptions options_ = options();
  Server server{options_, "test"};
};

// It ended, and with it everybody's connection, where memory for one of them was short for once.
TEST_F(ServerLoop, goes_on_where_an_allocation_fails) {
  bool went_on = false;
  server.reactor().post([] { throw std::bad_alloc{}; });
  server.reactor().post([&] {
    went_on = true;
    server.reactor().stop();
  });
  EXPECT_EQ(run(), 0);
  EXPECT_TRUE(went_on);
}

TEST_F(ServerLoop, ends_where_no_allocation_succeeds) {
  const std::function<void()> fail = [&] {
    server.reactor().post(fail);
    throw std::bad_alloc{};
  };
  server.reactor().post(fail);
  EXPECT_EQ(run(), 1);
}

TEST_F(ServerLoop, ends_after_a_failure_of_another_kind) {
  server.reactor().post([] { throw std::runtime_error{"the poller is gone"}; });
  EXPECT_EQ(run(), 1);
}

}  // namespace
}  // namespace switchboard::server
