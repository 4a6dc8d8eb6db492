// What the backends share: their makers, for the table, what they keep for each descriptor, and how
// each answers a failed wait.
#pragma once

#include <cassert>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "switchboard/poller.hpp"

namespace switchboard {

std::unique_ptr<Poller> make_epoll_poller();
std::unique_ptr<Poller> make_kqueue_poller();
std::unique_ptr<Poller> make_poll_poller();
// Watches descriptors below `capacity` only; add() refuses others with EMFILE.
std::unique_ptr<Poller> make_select_poller(int capacity = sys::select_capacity());
std::unique_ptr<Poller> make_libevent_poller();

// One row a descriptor, found by its number: the kernel gives out the lowest number that is free,
// so the rows lie close together. A row that was never written is a Row{}.
template <typename Row>
class DescriptorTable {
 public:
  // Null where the table does not reach so far, and for negative numbers.
  Row* find(int fd) noexcept {
    return fd >= 0 && static_cast<std::size_t>(fd) < rows_.size()
               ? &rows_[static_cast<std::size_t>(fd)]
               : nullptr;
  }

  // Makes the table longer if need be, and so moves its rows.
  Row& reach(int fd) {
    assert(fd >= 0);
    const auto index = static_cast<std::size_t>(fd);
    if (index >= rows_.size()) rows_.resize(index + 1);
    return rows_[index];
  }

 private:
  std::vector<Row> rows_;
};

template <typename T>
T take_or_throw(sys::Result<T> result, const char* call) {
  if (!result) throw std::system_error(result.error(), call);
  return std::move(*result);
}

// A wait that was interrupted, or that the kernel had no memory for, reports nothing: the reactor
// asks again on its next turn. Anything else means that our own tables are wrong.
inline std::span<const Event> nothing_or_throw(int errno_value, const char* call) {
  if (errno_value == EINTR || errno_value == EAGAIN || errno_value == ENOMEM) return {};
  throw std::system_error(sys::make_error(errno_value), call);
}

}  // namespace switchboard
