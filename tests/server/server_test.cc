// How a server takes what comes out of its loop.
#include "server/server.hpp"

#include <functional>
#include <new>
#include <stdexcept>

#include "support/testing.hpp"

namespace switchboard::server {
namespace {

class ServerLoop {
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
TEST_CASE_FIXTURE(ServerLoop, "server loop: it goes on where an allocation fails") {
  bool went_on = false;
  server.reactor().post([] { throw std::bad_alloc{}; });
  server.reactor().post([&] {
    went_on = true;
    server.reactor().stop();
  });
  CHECK_EQ(run(), 0);
  CHECK(went_on);
}

TEST_CASE_FIXTURE(ServerLoop, "server loop: it ends where no allocation succeeds") {
  const std::function<void()> fail = [&] {
    server.reactor().post(fail);
    throw std::bad_alloc{};
  };
  server.reactor().post(fail);
  CHECK_EQ(run(), 1);
}

TEST_CASE_FIXTURE(ServerLoop, "server loop: it ends after a failure of another kind") {
  server.reactor().post([] { throw std::runtime_error{"the poller is gone"}; });
  CHECK_EQ(run(), 1);
}

}  // namespace
}  // namespace switchboard::server
