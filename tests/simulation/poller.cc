#include "simulation/poller.hpp"

#include <algorithm>
#include <cerrno>

#include "support/counted_memory.hpp"

namespace switchboard::simulation {

SimulatedPoller::Watched* SimulatedPoller::find(int fd) noexcept {
  const auto index = static_cast<std::size_t>(fd);
  return index < watched_.size() && watched_[index].is_watched ? &watched_[index] : nullptr;
}

std::error_code SimulatedPoller::add(int fd, Token token, Interest interest) {
  const test::Unfailing unfailing;
  if (!kernel_.is_open(fd)) kernel_.violate("watches a descriptor that is not open");
  if (find(fd) != nullptr) kernel_.violate("watches a descriptor twice");
  const bool refused = kernel_.fault(kernel_.faults().no_memory, ENOMEM) != 0;
  kernel_.trace([&] { return "watch " + std::to_string(fd) + (refused ? ": refused" : ""); });
  if (refused) return sys::make_error(ENOMEM);
  const auto index = static_cast<std::size_t>(fd);
  if (index >= watched_.size()) watched_.resize(index + 1);
  watched_[index] = {true, token, interest};
  kernel_.note_watched(fd, true);
  return {};
}

std::error_code SimulatedPoller::modify(int fd, Token token, Interest interest) {
  const test::Unfailing unfailing;
  Watched* found = find(fd);
  if (found == nullptr) {
    kernel_.violate("changes the interest in what it does not watch");
    return sys::make_error(ENOENT);
  }
  if (kernel_.fault(kernel_.faults().no_memory, ENOMEM) != 0) return sys::make_error(ENOMEM);
  *found = {true, token, interest};
  return {};
}

void SimulatedPoller::remove(int fd) noexcept {
  const test::Unfailing unfailing;
  kernel_.trace([&] { return "unwatch " + std::to_string(fd); });
  if (Watched* found = find(fd)) found->is_watched = false;
  kernel_.note_watched(fd, false);
}

std::span<const Event> SimulatedPoller::wait(Timeout timeout) {
  const test::Unfailing unfailing;  // the clients live in here too
  kernel_.note_wait();
  Random& random = kernel_.random();
  kernel_.pass(random.duration(std::chrono::microseconds{50}));
  events_.clear();
  if (random.chance(kernel_.faults().interrupted)) return {};
  const Instant deadline =
      timeout ? kernel_.now() + std::max(*timeout, Nanoseconds::zero()) : Instant::max();
  do {
    kernel_.run_what_is_due();
    collect();
  } while (events_.empty() && let_time_pass(deadline));
  std::ranges::shuffle(events_, random);
  return events_;
}

// False where the wait is over.
bool SimulatedPoller::let_time_pass(Instant deadline) {
  Instant next = std::min(deadline, kernel_.next_clearing());
  if (kernel_.has_happenings()) next = std::min(next, kernel_.next_happening());
  if (held_back_) next = std::min(next, kernel_.now() + std::chrono::milliseconds{1});
  if (next == Instant::max()) {
    // What happened in this wait may have been the end; who is asked once more has missed it.
    if (++hopeless_waits_ > 2) throw Stuck{};
    return false;
  }
  hopeless_waits_ = 0;
  if (next > kernel_.now()) kernel_.pass(next - kernel_.now());
  return kernel_.now() < deadline;
}

void SimulatedPoller::collect() {
  const Faults& faults = kernel_.faults();
  Random& random = kernel_.random();
  held_back_ = false;
  for (std::size_t index = 0; index < watched_.size(); ++index) {
    const Watched& watched = watched_[index];
    if (!watched.is_watched) continue;
    const int fd = static_cast<int>(index);
    Readiness readiness{.readable = watched.interest.readable && kernel_.is_readable(fd),
                        .writable = watched.interest.writable && kernel_.is_writable(fd)};
    const bool really_ready = readiness.readable || readiness.writable;
    if (really_ready && random.chance(faults.unreported)) {
      held_back_ = true;
      continue;
    }
    if (!really_ready && random.chance(faults.spurious / 10)) {
      readiness.readable = watched.interest.readable;
      readiness.writable = watched.interest.writable;
    }
    if (!readiness.readable && !readiness.writable) continue;
    if (events_.size() == max_events_per_wait) return;
    kernel_.note_reported(fd, really_ready);
    events_.push_back({watched.token, readiness});
  }
}

}  // namespace switchboard::simulation
