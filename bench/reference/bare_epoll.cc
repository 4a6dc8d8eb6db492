// The floor: an echo server that is nothing but epoll_wait, recv and send, level-triggered, on one
// thread. Whatever a server with abstractions costs above this one, the abstractions cost.
//
//   bare_epoll PORT      listens on 127.0.0.1:PORT; 0 lets the kernel pick
//
// It keeps nothing per connection. The exception is a send that the kernel took only in part: the
// rest is then kept in a table and the connection is watched for writing, not reading, until it has
// gone. A client that reads what it asked for hardly ever brings that about, and no look at the
// table is on the path of a message that went out whole.
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "listening_socket.hpp"

namespace {

int epoll_fd;
char buffer[64 * 1024];
std::unordered_map<int, std::string> unsent;

void watch(int operation, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_fd, operation, fd, &event) != 0) die("epoll_ctl");
}

void drop(int fd) {
  unsent.erase(fd);
  close(fd);
}

void accept_all(int listener) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN) return;
      if (errno == ECONNABORTED || errno == EINTR) continue;
      die("accept4");
    }
    set_no_delay(fd);
    watch(EPOLL_CTL_ADD, fd, EPOLLIN);
  }
}

void echo(int fd) {
  const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
  if (got <= 0) {
    if (got == 0 || errno != EAGAIN) drop(fd);
    return;
  }
  const ssize_t sent = send(fd, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL);
  if (sent == got) return;
  if (sent < 0 && errno != EAGAIN) return drop(fd);
  const ssize_t done = sent < 0 ? 0 : sent;
  unsent[fd].assign(buffer + done, static_cast<std::size_t>(got - done));
  watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
}

void send_rest(int fd) {
  std::string& rest = unsent[fd];
  const ssize_t sent = send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN) drop(fd);
    return;
  }
  rest.erase(0, static_cast<std::size_t>(sent));
  if (!rest.empty()) return;
  unsent.erase(fd);
  watch(EPOLL_CTL_MOD, fd, EPOLLIN);
}

}  // namespace

int main(int argc, char** argv) {
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) die("epoll_create1");
  const int listener = listening_socket("bare_epoll", argc, argv);
  watch(EPOLL_CTL_ADD, listener, EPOLLIN);
  std::array<epoll_event, 512> events;
  for (;;) {
    const int ready = epoll_wait(epoll_fd, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == listener) {
        accept_all(listener);
      } else if ((event.events & EPOLLOUT) != 0) {
        send_rest(event.data.fd);
      } else {
        echo(event.data.fd);
      }
    }
  }
}
