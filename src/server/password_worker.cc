#include "server/password_worker.hpp"

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

void PasswordWorker::check(std::string hash, std::string password,
                           std::function<void(bool)> verdict) {
  std::unique_lock lock{mutex_};
  if (tasks_.size() >= most_waiting) {
    lock.unlock();
    return reactor_.post([verdict = std::move(verdict)] { verdict(false); });
  }
  tasks_.push_back({std::move(hash), std::move(password), std::move(verdict)});
  lock.unlock();
  if (!thread_.joinable()) {
    const sys::SignalsBlocked blocked;  // signals are the loop's
    thread_ = std::thread{[this] { run(); }};
  }
  changed_.notify_one();
}

void PasswordWorker::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (ending_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    const bool is_right = is_password(task.hash, task.password);
    reactor_.post([verdict = std::move(task.verdict), is_right] { verdict(is_right); });
    lock.lock();
  }
}

}  // namespace switchboard::server
