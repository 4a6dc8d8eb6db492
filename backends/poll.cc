// poll(2). The kernel keeps nothing between two calls, so the whole set goes in with every wait: it
// is kept dense, the last entry moving into the place of one that is removed.
#include <poll.h>

#include <cassert>
#include <vector>

#include "switchboard/sys/waiting.hpp"

#include "pollers.hpp"

namespace switchboard {

namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

struct Place {
  std::size_t index = nowhere;  // in entries_ and tokens_
};

short to_poll(Interest interest) noexcept {
  assert(interest.any());
  return static_cast<short>((interest.readable ? POLLIN : 0) | (interest.writable ? POLLOUT : 0) |
                            (interest.priority ? POLLPRI : 0));
}

Readiness from_poll(const pollfd& entry) noexcept {
  // These come unasked for, and often alone: whoever watches finds out by reading or writing.
  // POLLNVAL is a descriptor that was closed while it was watched, which its owner will find out
  // just so.
  const bool failed = (entry.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
  const int ready = failed ? entry.events : entry.revents;
  return {.readable = (ready & POLLIN) != 0,
          .writable = (ready & POLLOUT) != 0,
          .hangup = failed,
          .priority = (entry.revents & POLLPRI) != 0};
}

class PollPoller final : public Poller {
 public:
  std::error_code add(int fd, Token token, Interest interest) override {
    if (const auto error = sys::check_open(fd)) return error;
    Place& place = places_.reach(fd);
    if (place.index != nowhere) return sys::make_error(EEXIST);
    tokens_.push_back(token);
    entries_.push_back({.fd = fd, .events = to_poll(interest), .revents = 0});
    place.index = entries_.size() - 1;
    return {};
  }

  std::error_code modify(int fd, Token token, Interest interest) override {
    const Place* place = places_.find(fd);
    if (place == nullptr || place->index == nowhere) return sys::make_error(ENOENT);
    tokens_[place->index] = token;
    entries_[place->index].events = to_poll(interest);
    return {};
  }

  void remove(int fd) noexcept override {
    Place* place = places_.find(fd);
    if (place == nullptr || place->index == nowhere) return;
    places_.find(entries_.back().fd)->index = place->index;
    entries_[place->index] = entries_.back();
    tokens_[place->index] = tokens_.back();
    entries_.pop_back();
    tokens_.pop_back();
    place->index = nowhere;
  }

  std::span<const Event> wait(Timeout timeout) override {
    events_.clear();
    const auto count = sys::poll(entries_, timeout);
    if (!count) return nothing_or_throw(count.errno_value(), "poll");
    const auto ready = static_cast<std::size_t>(*count);
    for (std::size_t i = 0; events_.size() < ready; ++i) {
      if (entries_[i].revents != 0) events_.push_back({tokens_[i], from_poll(entries_[i])});
    }
    return events_;
  }

 private:
  std::vector<pollfd> entries_;
  std::vector<Token> tokens_;  // of the entry with the same index
  DescriptorTable<Place> places_;
  std::vector<Event> events_;
};

}  // namespace

std::unique_ptr<Poller> make_poll_poller() {
  return std::make_unique<PollPoller>();
}

}  // namespace switchboard
