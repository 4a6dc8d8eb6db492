// Checks passwords beside the loop, which must not stand still for the tens of milliseconds that
// each takes by design.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "switchboard/reactor/reactor.hpp"

namespace switchboard::server {

class PasswordWorker {
 public:
  // So many may wait; further ones are told at once that they are wrong, lest memory fills up with
  // guesses.
  static constexpr std::size_t most_waiting = 64;

  // The reactor must outlive it. Its thread is started by the first check.
  explicit PasswordWorker(Reactor& reactor) noexcept : reactor_(reactor) {}
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
  void run();

  Reactor& reactor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace switchboard::server
