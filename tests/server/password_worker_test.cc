// Passwords that are looked at beside the loop, on a thread that may not be there.
#include "server/password_worker.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <vector>

#include "server/accounts.hpp"

namespace switchboard::server {
namespace {

// No thread that is started meanwhile finds room for its stack: pthread_create(3) says EAGAIN.
class NoThreads {
 public:
  NoThreads() {
    pthread_attr_init(&before_);
    EXPECT_EQ(pthread_getattr_default_np(&before_), 0);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    EXPECT_EQ(pthread_attr_setstacksize(&huge, std::size_t{1} << 50U), 0);
    EXPECT_EQ(pthread_setattr_default_np(&huge), 0);
    pthread_attr_destroy(&huge);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;
  ~NoThreads() {
    EXPECT_EQ(pthread_setattr_default_np(&before_), 0);
    pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_{};
};

class Passwords : public testing::Test {
 protected:
  // What becomes of a password, in the end.
  bool is_let_in(const std::string& hash, const std::string& password) {
    std::vector<bool> verdicts;
    worker.check(hash, password, [&](bool is_right) { verdicts.push_back(is_right); });
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
  EXPECT_TRUE(is_let_in(hash, "sesame"));
  EXPECT_FALSE(is_let_in(hash, "simsim"));
  EXPECT_TRUE(problems.empty());
}

// The first stranger who tried one ended the server.
TEST_F(Passwords, are_wrong_where_no_thread_can_be_had_and_nobody_else_is_harmed) {
  const std::string hash = can_hash_passwords() ? hash_password("sesame") : "";
  {
    const NoThreads meanwhile;
    EXPECT_FALSE(is_let_in(hash, "sesame"));
    EXPECT_FALSE(is_let_in(hash, "sesame"));
  }
  EXPECT_EQ(problems,
            std::vector(2, std::make_error_code(std::errc::resource_unavailable_try_again)));
  EXPECT_EQ(is_let_in(hash, "sesame"), can_hash_passwords()) << "there are threads again";
}

TEST_F(Passwords, that_too_many_wait_for_are_wrong_at_once) {
  if (!can_hash_passwords()) GTEST_SKIP() << "built without libsodium";
  const std::string hash = hash_password("sesame");
  std::size_t right = 0;
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < PasswordWorker::most_waiting + 10; ++i) {
    worker.check(hash, "sesame", [&](bool is_right) { ++(is_right ? right : wrong); });
  }
  while (wrong == 0) reactor.turn();
  EXPECT_GE(wrong, 9U);  // one may have been taken off the queue by now
}

}  // namespace
}  // namespace switchboard::server
