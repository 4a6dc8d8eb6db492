// Passwords that are looked at beside the loop, on a thread that may not be there.
#include "server/password_worker.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "server/accounts.hpp"
#include "support/no_threads.hpp"

namespace switchboard::server {
namespace {

class Passwords : public testing::Test {
 protected:
  // What becomes of a password, in the end.
  std::optional<bool> verdict_on(const std::string& hash, const std::string& password) {
    std::vector<std::optional<bool>> verdicts;
    worker.check(hash, password, [&](std::optional<bool> right) { verdicts.push_back(right); });
    EXPECT_TRUE(verdicts.empty()) << "never before check() has returned";
    while (verdicts.empty()) reactor.turn();
    return verdicts.front();
  }

  Reactor reactor;
  std::vector<std::error_code> problems;
  PasswordWorker worker{reactor, [this](std::error_code error) { problems.push_back(error); }};
};

TEST_F(Passwords, are_right_or_wrong) {
  if (!can_hash_passwords()) GTEST_SKIP() << "built without libsodium";
  const std::string hash = hash_password("sesame");
  EXPECT_EQ(verdict_on(hash, "sesame"), true);
  EXPECT_EQ(verdict_on(hash, "simsim"), false);
  EXPECT_TRUE(problems.empty());
}

// The first stranger who tried one ended the server; then a right one was called wrong.
TEST_F(Passwords, are_not_looked_at_where_no_thread_can_be_had_and_nobody_is_harmed) {
  const std::string hash = can_hash_passwords() ? hash_password("sesame") : "";
  {
    const switchboard::test::NoThreads meanwhile;
    EXPECT_EQ(verdict_on(hash, "sesame"), std::nullopt);
    EXPECT_EQ(verdict_on(hash, "sesame"), std::nullopt);
  }
  EXPECT_EQ(problems,
            std::vector(2, std::make_error_code(std::errc::resource_unavailable_try_again)));
  EXPECT_EQ(verdict_on(hash, "sesame"), can_hash_passwords()) << "there are threads again";
}

}  // namespace
}  // namespace switchboard::server
