#include "server/standard_streams.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "switchboard/sys/process.hpp"

#include "command_line/input.hpp"
#include "command_line/output.hpp"

namespace switchboard::server {

namespace {

void start(std::function<void()> run) {
  if (const auto error = sys::start_thread(std::move(run))) {
    throw std::system_error(error, "cannot start a thread");
  }
}

}  // namespace

struct InputStream::Shared {
  Shared(Reactor& loop, int descriptor, Callbacks told)
      : fd(descriptor), callbacks(std::move(told)), reactor(&loop) {}

  const int fd;
  Callbacks callbacks;  // the loop's thread alone
  bool alive = true;    // the loop's thread alone

  std::mutex mutex;
  std::condition_variable changed;
  // Under the mutex. Null once the owner is gone: held while posting, so that the Reactor, which
  // outlives the owner, is there.
  Reactor* reactor;
  bool asked = false;
};

InputStream::InputStream(Reactor& reactor, int fd, Callbacks callbacks)
    : shared_(std::make_shared<Shared>(reactor, fd, std::move(callbacks))) {
  start([shared = shared_] { run(shared); });
}

InputStream::~InputStream() {
  shared_->alive = false;
  const std::lock_guard lock{shared_->mutex};
  shared_->reactor = nullptr;
  shared_->changed.notify_one();
}

void InputStream::ask() {
  const std::lock_guard lock{shared_->mutex};
  shared_->asked = true;
  shared_->changed.notify_one();
}

void InputStream::run(const std::shared_ptr<Shared>& shared) {
  Shared& state = *shared;
  std::string block(max_piece_bytes, '\0');
  for (;;) {
    std::unique_lock lock{state.mutex};
    state.changed.wait(lock, [&state] { return state.asked || state.reactor == nullptr; });
    if (state.reactor == nullptr) return;
    lock.unlock();
    const auto taken = command_line::read_some(state.fd, block);
    lock.lock();
    if (state.reactor == nullptr) return;
    state.asked = false;
    if (!taken || *taken == 0) {
      state.reactor->post([shared, error = taken ? std::error_code{} : taken.error()] {
        if (shared->alive) shared->callbacks.on_end(error);
      });
      return;
    }
    state.reactor->post([shared, piece = block.substr(0, *taken)] {
      if (shared->alive) shared->callbacks.on_input(piece);
    });
  }
}

struct OutputStream::Shared {
  Shared(OutputStream* stream, Reactor& loop, int descriptor, Callbacks told)
      : fd(descriptor), callbacks(std::move(told)), owner(stream), reactor(&loop) {}

  const int fd;
  Callbacks callbacks;  // the loop's thread alone
  OutputStream* owner;  // the loop's thread alone; null once it is gone

  std::mutex mutex;
  std::condition_variable changed;
  Reactor* reactor;  // under the mutex, as above
  std::string queued;
};

OutputStream::OutputStream(Reactor& reactor, int fd, Callbacks callbacks)
    : shared_(std::make_shared<Shared>(this, reactor, fd, std::move(callbacks))) {
  start([shared = shared_] { run(shared); });
}

OutputStream::~OutputStream() {
  shared_->owner = nullptr;
  const std::lock_guard lock{shared_->mutex};
  shared_->reactor = nullptr;
  shared_->changed.notify_one();
}

void OutputStream::write(std::string_view text) {
  queued_bytes_ += text.size();
  const std::lock_guard lock{shared_->mutex};
  shared_->queued += text;
  shared_->changed.notify_one();
}

void OutputStream::run(const std::shared_ptr<Shared>& shared) {
  Shared& state = *shared;
  std::string batch;
  for (;;) {
    std::unique_lock lock{state.mutex};
    state.changed.wait(lock,
                       [&state] { return !state.queued.empty() || state.reactor == nullptr; });
    if (state.reactor == nullptr) return;
    batch.swap(state.queued);
    lock.unlock();
    const auto error = command_line::write_all(state.fd, batch);
    lock.lock();
    if (state.reactor == nullptr) return;
    state.reactor->post([shared, error, written = batch.size()] {
      if (shared->owner == nullptr) return;
      shared->owner->queued_bytes_ -= written;
      error ? shared->callbacks.on_error(error) : shared->callbacks.on_written();
    });
    if (error) return;
    batch.clear();
  }
}

}  // namespace switchboard::server
