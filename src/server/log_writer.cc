#include "server/log_writer.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "switchboard/sys/process.hpp"

#include "command_line/output.hpp"
#include "server/logfmt.hpp"

namespace switchboard::server {

struct LogWriter::State {
  State(int descriptor, std::size_t most_bytes) : fd(descriptor), capacity_bytes(most_bytes) {}

  // What to say of the lines that were dropped; empty where none were. With the lock held.
  std::string dropped_notice() const {
    if (dropped == 0) return {};
    const LogField count{"count", dropped};
    return log_line(sys::wall_now(), LogLevel::warn, "log lines dropped", {&count, 1});
  }

  // Behind a notice of what was dropped before it; neither where both do not fit. With the lock
  // held.
  bool append(std::string_view line) {
    const std::size_t held_bytes = queued.size() + being_written_bytes;
    if (held_bytes + line.size() > capacity_bytes) return false;  // spares making a notice in vain
    const std::string notice = dropped_notice();
    if (held_bytes + notice.size() + line.size() > capacity_bytes) return false;
    queued += notice;
    queued += line;
    dropped = 0;
    return true;
  }

  const int fd;
  const std::size_t capacity_bytes;

  std::mutex mutex;
  std::condition_variable wanted;  // something is queued, or closing was set
  std::condition_variable ended_changed;
  std::string queued;
  std::size_t being_written_bytes = 0;  // taken off the queue by the thread, not yet written
  std::uint64_t dropped = 0;            // since the last notice
  bool closing = false;
  bool ended = false;
};

LogWriter::LogWriter(int fd, std::size_t capacity_bytes)
    : state_(std::make_shared<State>(fd, capacity_bytes)) {
  const sys::SignalsBlocked for_the_thread;
  thread_ = std::thread{[state = state_] { run(state); }};
}

void LogWriter::write(std::string_view line) {
  State& state = *state_;
  {
    const std::lock_guard lock{state.mutex};
    if (state.closing) return;
    if (!state.append(line)) {
      ++state.dropped;
      return;
    }
  }
  state.wanted.notify_one();
}

bool LogWriter::close(sys::Nanoseconds patience) {
  State& state = *state_;
  std::unique_lock lock{state.mutex};
  if (!thread_.joinable()) return state.ended;
  state.queued += state.dropped_notice();
  state.closing = true;
  state.wanted.notify_one();
  const bool ended = state.ended_changed.wait_for(lock, patience, [&state] { return state.ended; });
  lock.unlock();
  // A thread that is blocked in write(2) can be neither joined nor ended. It holds its own share of
  // the state and touches nothing else, so it may stay until the process goes.
  ended ? thread_.join() : thread_.detach();
  return ended;
}

void LogWriter::run(const std::shared_ptr<State>& state) {
  sys::keep_only_descriptor(state->fd);
  std::string batch;
  std::unique_lock lock{state->mutex};
  while (true) {
    state->wanted.wait(lock, [&state] { return !state->queued.empty() || state->closing; });
    if (state->queued.empty()) break;
    batch.swap(state->queued);
    std::string_view rest = batch;
    while (!rest.empty()) {
      state->being_written_bytes = rest.size();
      lock.unlock();
      const auto written = command_line::write_some(state->fd, rest);
      lock.lock();
      if (!written) {  // there is nobody to tell but the next reader
        state->dropped += static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
        break;
      }
      rest.remove_prefix(*written);
    }
    state->being_written_bytes = 0;
    batch.clear();
  }
  state->ended = true;
  state->ended_changed.notify_all();
}

}  // namespace switchboard::server
