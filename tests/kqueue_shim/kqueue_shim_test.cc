// The shim against the man page, where the backend's own suite does not reach.
#include <fcntl.h>
#include <sys/event.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "switchboard/sys/waiting.hpp"

#include "support/sockets.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

struct kevent change(int fd, int filter, int flags, void* udata = nullptr) {
  struct kevent made {};
  made.ident = static_cast<uintptr_t>(fd);
  made.filter = static_cast<int16_t>(filter);
  made.flags = static_cast<uint16_t>(flags);
  made.udata = udata;
  return made;
}

class KqueueShim {
 protected:
  int apply(std::vector<struct kevent> changes) {
    const auto applied = sys::kevent_call(queue_.get(), changes, {}, Nanoseconds::zero());
    return applied ? 0 : applied.errno_value();
  }

  // The filters that are ready now, sorted: "r" and "w", with a dot behind it at the end of the
  // stream.
  std::vector<std::string> ready() {
    std::array<struct kevent, 16> events{};
    const auto count =
        must(sys::kevent_call(queue_.get(), {}, events, Nanoseconds::zero()), "kevent");
    std::vector<std::string> texts;
    for (const auto& event : std::span{events}.first(static_cast<std::size_t>(count))) {
      texts.emplace_back(event.filter == EVFILT_READ ? "r" : "w");
      if ((event.flags & EV_EOF) != 0) texts.back() += ".";
    }
    std::ranges::sort(texts);
    return texts;
  }

  using Nanoseconds = sys::Nanoseconds;
  sys::Descriptor queue_ = must(sys::kqueue_create(), "kqueue");
  SocketPair pair_ = unix_pair();
  int fd_ = pair_.ours.get();
};

TEST_CASE_FIXTURE(KqueueShim, "kqueue shim: the filters of one descriptor stand by themselves") {
  CHECK_EQ(apply({change(fd_, EVFILT_READ, EV_ADD), change(fd_, EVFILT_WRITE, EV_ADD)}), 0);
  CHECK_EQ(ready(), Texts{"w"});
  send_text(pair_.theirs.get(), "x");
  CHECK_EQ(ready(), Texts{"r", "w"});
  CHECK_EQ(apply({change(fd_, EVFILT_WRITE, EV_DELETE)}), 0);
  CHECK_EQ(ready(), Texts{"r"});
  CHECK_EQ(apply({change(fd_, EVFILT_WRITE, EV_DELETE)}), ENOENT);
  CHECK_EQ(apply({change(fd_, EVFILT_READ, EV_DELETE)}), 0);
  CHECK_EQ(ready(), Texts{});
}

TEST_CASE_FIXTURE(KqueueShim,
                  "kqueue shim: a half close ends reading, and a close ends both directions") {
  apply({change(fd_, EVFILT_READ, EV_ADD), change(fd_, EVFILT_WRITE, EV_ADD)});
  must(sys::shut_down_sending(pair_.theirs.get()), "shutdown");
  CHECK_EQ(ready(), Texts{"r.", "w"});
  pair_.theirs.reset();
  CHECK_EQ(ready(), Texts{"r.", "w."});
}

TEST_CASE_FIXTURE(KqueueShim, "kqueue shim: adding a filter again replaces its user data") {
  int first = 0;
  int second = 0;
  apply({change(fd_, EVFILT_WRITE, EV_ADD, &first), change(fd_, EVFILT_WRITE, EV_ADD, &second)});
  std::array<struct kevent, 2> events{};
  REQUIRE_EQ(must(sys::kevent_call(queue_.get(), {}, events, std::nullopt), "kevent"), 1);
  CHECK_EQ(events[0].udata, &second);
  CHECK_EQ(events[0].ident, static_cast<uintptr_t>(fd_));
}

TEST_CASE_FIXTURE(KqueueShim, "kqueue shim: closing a descriptor deletes its filters") {
  apply({change(fd_, EVFILT_WRITE, EV_ADD)});
  pair_.ours.reset();
  CHECK_EQ(ready(), Texts{});
  CHECK_EQ(apply({change(fd_, EVFILT_WRITE, EV_DELETE)}), EBADF);
  const sys::Descriptor reused{::fcntl(pair_.theirs.get(), F_DUPFD_CLOEXEC, fd_)};
  REQUIRE_EQ(reused.get(), fd_);
  CHECK_EQ(apply({change(fd_, EVFILT_WRITE, EV_DELETE)}), ENOENT);
}

TEST_CASE_FIXTURE(KqueueShim, "kqueue shim: if there is no room, the first error ends the call") {
  CHECK_EQ(apply({change(fd_, EVFILT_READ, EV_DELETE), change(fd_, EVFILT_WRITE, EV_ADD)}), ENOENT);
  CHECK_EQ(ready(), Texts{});
  CHECK_EQ(apply({change(-1, EVFILT_READ, EV_ADD)}), EBADF);
}

TEST_CASE_FIXTURE(KqueueShim, "kqueue shim: if there is room, errors and receipts become events") {
  const std::array changes{change(fd_, EVFILT_READ, EV_DELETE),
                           change(fd_, EVFILT_WRITE, EV_ADD | EV_RECEIPT)};
  std::array<struct kevent, 4> events{};
  REQUIRE_EQ(must(sys::kevent_call(queue_.get(), changes, events, std::nullopt), "kevent"), 2);
  CHECK_EQ(events[0].flags, EV_ERROR);
  CHECK_EQ(events[0].data, ENOENT);
  CHECK_EQ(events[1].flags, EV_ERROR);
  CHECK_EQ(events[1].data, 0);
  CHECK_EQ(ready(), Texts{"w"});
}

TEST_CASE_FIXTURE(KqueueShim, "kqueue shim: flags that the backend does not use are refused") {
  constexpr int ev_clear = 0x0020;
  CHECK_EQ(apply({change(fd_, EVFILT_READ, EV_ADD | ev_clear)}), EINVAL);
}

}  // namespace
}  // namespace switchboard::test
