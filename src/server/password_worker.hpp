// Checks passwords beside the loop, which must not stand still for the tens of milliseconds that
// each takes by design.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "switchboard/reactor/reactor.hpp"

namespace switchboard::server {

class PasswordWorker {
 public:
  // So many may wait; further ones are told at once that they are wrong, lest memory fills up with
  // guesses.
  static constexpr std::size_t most_waiting = 64;

  using ProblemCallback = std::function<void(std::error_code)>;

  // The reactor must outlive it. Its thread is started by the first check; where it cannot be had,
  // `on_problem` is told, and the password is taken for a wrong one.
  explicit PasswordWorker(Reactor& reactor, ProblemCallback on_problem = {}) noexcept
      : reactor_(reactor), on_problem_(std::move(on_problem)) {}
  PasswordWorker(const PasswordWorker&) = delete;
  PasswordWorker& operator=(const PasswordWorker&) = delete;
  // Waits for the check that is being made, if one is.
  ~PasswordWorker();

  // Calls `verdict` on a later turn of the loop.
  void check(std::string hash, std::string password, std::function<void(bool)> verdict);

 private:
  struct Task {
    std::string hash;
    std::string password;
    std::function<void(bool)> verdict;
  };
  bool has_thread();
  void run();

  Reactor& reactor_;
  const ProblemCallback on_problem_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace switchboard::server
