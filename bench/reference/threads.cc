// The first of the three ways to serve: a thread a connection, each blocking in recv and send.
#include <fcntl.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

#include "listening_socket.hpp"

namespace {

void serve(int fd) {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    ssize_t done = 0;
    while (done < got) {
      const ssize_t sent =
          send(fd, buffer.data() + done, static_cast<std::size_t>(got - done), MSG_NOSIGNAL);
      if (sent < 0) break;
      done += sent;
    }
    if (done < got) break;
  }
  close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  const int listener = listening_socket("threads", argc, argv);
  if (fcntl(listener, F_SETFL, 0) != 0) die("fcntl");  // it blocks, as everything here does
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      die("accept4");
    }
    set_no_delay(fd);
    try {
      std::thread(serve, fd).detach();
    } catch (const std::system_error&) {  // no more threads to be had
      close(fd);
    }
  }
}
