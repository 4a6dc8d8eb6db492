// The shim against the man page: what the backend's own suite does not reach.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/event.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include "switchboard/sys/waiting.hpp"

#include "support/sockets.hpp"

namespace switchboard::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct kevent change(int fd, int filter, int flags, void* udata = nullptr) {
  struct kevent made {};
  made.ident = static_cast<uintptr_t>(fd);
  made.filter = static_cast<int16_t>(filter);
  made.flags = static_cast<uint16_t>(flags);
  made.udata = udata;
  return made;
}

class KqueueShim : public testing::Test {
 protected:
  int apply(std::vector<struct kevent> changes) {
    const auto applied = sys::kevent_call(queue_.get(), changes, {}, Nanoseconds::zero());
    return applied ? 0 : applied.errno_value();
  }

  // What is ready now: "r" and "w", with a dot behind it at the end of the stream.
  std::vector<std::string> ready() {
    std::array<struct kevent, 16> events{};
    const auto count =
        must(sys::kevent_call(queue_.get(), {}, events, Nanoseconds::zero()), "kevent");
    std::vector<std::string> texts;
    for (const auto& event : std::span{events}.first(static_cast<std::size_t>(count))) {
      texts.emplace_back(event.filter == EVFILT_READ ? "r" : "w");
      if ((event.flags & EV_EOF) != 0) texts.back() += ".";
    }
    return texts;
  }

  using Nanoseconds = sys::Nanoseconds;
  sys::Descriptor queue_ = must(sys::kqueue_create(), "kqueue");
  SocketPair pair_ = unix_pair();
  int fd_ = pair_.ours.get();
};

TEST_F(KqueueShim, FiltersOfOneDescriptorStandByThemselves) {
  EXPECT_EQ(apply({change(fd_, EVFILT_READ, EV_ADD), change(fd_, EVFILT_WRITE, EV_ADD)}), 0);
  EXPECT_THAT(ready(), ElementsAre("w"));
  send_text(pair_.theirs.get(), "x");
  EXPECT_THAT(ready(), UnorderedElementsAre("r", "w"));
  EXPECT_EQ(apply({change(fd_, EVFILT_WRITE, EV_DELETE)}), 0);
  EXPECT_THAT(ready(), ElementsAre("r"));
  EXPECT_EQ(apply({change(fd_, EVFILT_WRITE, EV_DELETE)}), ENOENT);
  EXPECT_EQ(apply({change(fd_, EVFILT_READ, EV_DELETE)}), 0);
  EXPECT_THAT(ready(), IsEmpty());
}

TEST_F(KqueueShim, HalfCloseEndsReadingAndCloseEndsBoth) {
  apply({change(fd_, EVFILT_READ, EV_ADD), change(fd_, EVFILT_WRITE, EV_ADD)});
  must(sys::shut_down_sending(pair_.theirs.get()), "shutdown");
  EXPECT_THAT(ready(), UnorderedElementsAre("r.", "w"));
  pair_.theirs.reset();
  EXPECT_THAT(ready(), UnorderedElementsAre("r.", "w."));
}

TEST_F(KqueueShim, AddingAgainReplacesTheUserData) {
  int first = 0;
  int second = 0;
  apply({change(fd_, EVFILT_WRITE, EV_ADD, &first), change(fd_, EVFILT_WRITE, EV_ADD, &second)});
  std::array<struct kevent, 2> events{};
  ASSERT_EQ(must(sys::kevent_call(queue_.get(), {}, events, std::nullopt), "kevent"), 1);
  EXPECT_EQ(events[0].udata, &second);
  EXPECT_EQ(events[0].ident, static_cast<uintptr_t>(fd_));
}

TEST_F(KqueueShim, ClosingADescriptorDeletesItsFilters) {
  apply({change(fd_, EVFILT_WRITE, EV_ADD)});
  pair_.ours.reset();
  EXPECT_THAT(ready(), IsEmpty());
  EXPECT_EQ(apply({change(fd_, EVFILT_WRITE, EV_DELETE)}), EBADF);
  const sys::Descriptor reused{::fcntl(pair_.theirs.get(), F_DUPFD_CLOEXEC, fd_)};
  ASSERT_EQ(reused.get(), fd_);
  EXPECT_EQ(apply({change(fd_, EVFILT_WRITE, EV_DELETE)}), ENOENT);
}

TEST_F(KqueueShim, WithoutRoomTheFirstErrorEndsTheCall) {
  EXPECT_EQ(apply({change(fd_, EVFILT_READ, EV_DELETE), change(fd_, EVFILT_WRITE, EV_ADD)}),
            ENOENT);
  EXPECT_THAT(ready(), IsEmpty());
  EXPECT_EQ(apply({change(-1, EVFILT_READ, EV_ADD)}), EBADF);
}

TEST_F(KqueueShim, WithRoomErrorsAndReceiptsBecomeEvents) {
  const std::array changes{change(fd_, EVFILT_READ, EV_DELETE),
                           change(fd_, EVFILT_WRITE, EV_ADD | EV_RECEIPT)};
  std::array<struct kevent, 4> events{};
  ASSERT_EQ(must(sys::kevent_call(queue_.get(), changes, events, std::nullopt), "kevent"), 2);
  EXPECT_EQ(events[0].flags, EV_ERROR);
  EXPECT_EQ(events[0].data, ENOENT);
  EXPECT_EQ(events[1].flags, EV_ERROR);
  EXPECT_EQ(events[1].data, 0);
  EXPECT_THAT(ready(), ElementsAre("w"));
}

TEST_F(KqueueShim, RefusesFlagsThatTheBackendDoesNotUse) {
  constexpr int ev_clear = 0x0020;
  EXPECT_EQ(apply({change(fd_, EVFILT_READ, EV_ADD | ev_clear)}), EINVAL);
}

}  // namespace
}  // namespace switchboard::test
