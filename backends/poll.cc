// poll(2): an array of descriptors, copied to the kernel and searched with every wait.
#include <algorithm>
#include <cassert>
#include <vector>

#include "pollers.hpp"
#include "switchboard/sys/waiting.hpp"

namespace switchboard {

namespace {

short to_poll(Interest interest) noexcept {
  return static_cast<short>((interest.readable ? POLLIN : 0) | (interest.writable ? POLLOUT : 0));
}

Readiness from_poll(short events) noexcept {
  // POLLNVAL: closed without remove(). Its owner finds out by reading, as with any other failure.
  const bool failed = (events & (POLLERR | POLLHUP | POLLNVAL)) != 0;
  return {.readable = failed || (events & POLLIN) != 0,
          .writable = failed || (events & POLLOUT) != 0,
          .hangup = failed};
}

class PollPoller final : public Poller {
 public:
  std::error_code add(int fd, Token token, Interest interest) override {
    assert(interest.any());
    if (const auto error = sys::check_open(fd)) return error;
    if (index_of(fd) != not_watched) return sys::make_error(EEXIST);
    const auto number = static_cast<std::size_t>(fd);
    if (number >= indices_.size()) indices_.resize(std::max(number + 1, 2 * indices_.size()), not_watched);
    indices_[number] = static_cast<int>(entries_.size());
    entries_.push_back({.fd = fd, .events = to_poll(interest), .revents = 0});
    tokens_.push_back(token);
    return {};
  }

  std::error_code modify(int fd, Token token, Interest interest) override {
    assert(interest.any());
    const int index = index_of(fd);
    if (index == not_watched) return sys::make_error(ENOENT);
    entries_[static_cast<std::size_t>(index)].events = to_poll(interest);
    tokens_[static_cast<std::size_t>(index)] = token;
    return {};
  }

  void remove(int fd) override {
    const int index = index_of(fd);
    if (index == not_watched) return;
    const auto hole = static_cast<std::size_t>(index);
    entries_[hole] = entries_.back();
    tokens_[hole] = tokens_.back();
    indices_[static_cast<std::size_t>(entries_[hole].fd)] = index;
    indices_[static_cast<std::size_t>(fd)] = not_watched;
    entries_.pop_back();
    tokens_.pop_back();
  }

  std::span<const Event> wait(Timeout timeout) override {
    events_.clear();
    const auto count = sys::poll(entries_, timeout);
    if (!count) return nothing_or_throw(count.errno_value(), "poll");
    auto left = static_cast<std::size_t>(*count);
    for (std::size_t i = 0; left > 0 && i < entries_.size(); ++i) {
      if (entries_[i].revents == 0) continue;
      events_.push_back({tokens_[i], from_poll(entries_[i].revents)});
      --left;
    }
    return events_;
  }

 private:
  static constexpr int not_watched = -1;

  int index_of(int fd) const noexcept {
    const auto number = static_cast<std::size_t>(fd);  // a negative one becomes too large
    return number < indices_.size() ? indices_[number] : not_watched;
  }

  std::vector<pollfd> entries_;  // dense, in no order
  std::vector<Token> tokens_;    // of the entry of the same index
  std::vector<int> indices_;     // where in entries_ a descriptor stands
  std::vector<Event> events_;
};

}  // namespace

std::unique_ptr<Poller> make_poll_poller() {
  return std::make_unique<PollPoller>();
}

}  // namespace switchboard
