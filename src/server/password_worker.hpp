// Checks passwords beside the loop, which must not stand still for the tens of milliseconds that
// each takes by design.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "switchboard/reactor/reactor.hpp"

namespace switchboard::server {

class PasswordWorker {
 public:
  // Whether it is the right one; nothing where that could not be looked at, and may be later.
  using Verdict = std::function<void(std::optional<bool> is_right)>;
  using ProblemCallback = std::function<void(std::error_code)>;

  // The reactor must outlive it. Its thread is started by the first check; where it cannot be had,
  // `on_problem` is told, and there is no verdict on the password.
  explicit PasswordWorker(Reactor& reactor, ProblemCallback on_problem = {}) noexcept
      : reactor_(reactor), on_problem_(std::move(on_problem)) {}
  PasswordWorker(const PasswordWorker&) = delete;
  PasswordWorker& operator=(const PasswordWorker&) = delete;
  // Waits for the check that is being made, if one is.
  ~PasswordWorker();

  // Calls `verdict` on a later turn of the loop. As many may wait as the caller lets.
  void check(std::string hash, std::string password, Verdict verdict);

 private:
  struct Task {
    std::string hash;
    std::string password;
    Verdict verdict;
  };
  bool has_thread();
  void run();
  void tell(const Verdict& verdict, std::optional<bool> is_right);

  Reactor& reactor_;
  const ProblemCallback on_problem_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace switchboard::server
