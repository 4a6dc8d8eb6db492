#include "server/password_worker.hpp"

#include <chrono>
#include <new>
#include <system_error>
#include <utility>

#include "switchboard/sys/process.hpp"

#include "server/accounts.hpp"

namespace switchboard::server {

PasswordWorker::~PasswordWorker() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void PasswordWorker::check(std::string hash, std::string password, Verdict verdict) {
  if (!has_thread()) {
    return reactor_.post([verdict = std::move(verdict)] { verdict(std::nullopt); });
  }
  const std::lock_guard lock{mutex_};
  tasks_.push_back({std::move(hash), std::move(password), std::move(verdict)});
  changed_.notify_one();
}

// Where there is none, the next check tries again.
bool PasswordWorker::has_thread() {
  if (thread_.joinable()) return true;
  const sys::SignalsBlocked blocked;  // signals are the loop's
  try {
    thread_ = std::thread{[this] { run(); }};
    return true;
  } catch (const std::system_error& refusal) {
    if (on_problem_) on_problem_(refusal.code());
    return false;
  }
}

// Somebody waits for it: where there is no memory for now, it is told later.
void PasswordWorker::tell(const Verdict& verdict, std::optional<bool> is_right) {
  for (;;) {
    try {
      return reactor_.post([verdict, is_right] { verdict(is_right); });
    } catch (const std::bad_alloc&) {
      std::unique_lock lock{mutex_};
      if (changed_.wait_for(lock, std::chrono::milliseconds{10}, [this] { return ending_; }))
        return;
    }
  }
}

void PasswordWorker::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (ending_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    tell(task.verdict, is_password(task.hash, task.password));
    lock.lock();
  }
}

}  // namespace switchboard::server
