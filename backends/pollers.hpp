// What the backends share: their makers, for the table, and how each answers a failed wait.
#pragma once

#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include "switchboard/poller.hpp"

namespace switchboard {

std::unique_ptr<Poller> make_epoll_poller();
std::unique_ptr<Poller> make_kqueue_poller();
std::unique_ptr<Poller> make_poll_poller();
// Watches descriptors below `capacity` only; add() refuses others with EMFILE.
std::unique_ptr<Poller> make_select_poller(int capacity = sys::select_capacity());
std::unique_ptr<Poller> make_libevent_poller();

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
