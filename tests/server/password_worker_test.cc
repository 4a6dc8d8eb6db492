// Passwords that are looked at beside the loop, on a thread that may not be there.
#include "server/password_worker.hpp"

#include <optional>
#include <vector>

#include "server/accounts.hpp"
#include "support/no_threads.hpp"
#include "support/testing.hpp"

namespace switchboard::server {
namespace {

class Passwords {
 protected:
  // The end of it: true, false, or nothing where it could not be looked at.
  std::optional<bool> verdict_on(const std::string& hash, const std::string& password) {
    std::vector<std::optional<bool>> verdicts;
    worker.check(hash, password, [&](std::optional<bool> right) { verdicts.push_back(right); });
    CHECK_MESSAGE(verdicts.empty(), "never before check() has returned");
    while (verdicts.empty()) reactor.turn();
    return verdicts.front();
  }

  Reactor reactor;
  std::vector<std::error_code> problems;
  PasswordWorker worker{reactor, [this](std::error_code error) { problems.push_back(error); }};
};

TEST_CASE_FIXTURE(Passwords, "passwords: a right one is told from a wrong one") {
  if (!can_hash_passwords()) test::skip("built without libsodium");
  const std::string hash = hash_password("sesame");
  CHECK_EQ(verdict_on(hash, "sesame"), true);
  CHECK_EQ(verdict_on(hash, "simsim"), false);
  CHECK(problems.empty());
}

// The first stranger who tried one ended the server; then a right one was called wrong.
TEST_CASE_FIXTURE(Passwords,
                  "passwords: without a thread none is looked at, and nobody is harmed") {
  const std::string hash = can_hash_passwords() ? hash_password("sesame") : "";
  {
    const test::NoThreads meanwhile;
    CHECK_EQ(verdict_on(hash, "sesame"), std::nullopt);
    CHECK_EQ(verdict_on(hash, "sesame"), std::nullopt);
  }
  CHECK_EQ(problems,
           std::vector(2, std::make_error_code(std::errc::resource_unavailable_try_again)));
  CHECK_MESSAGE(verdict_on(hash, "sesame") == can_hash_passwords(), "there are threads again");
}

}  // namespace
}  // namespace switchboard::server
