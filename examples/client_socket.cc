// A client socket: connects, sends a request, tells the other side that this was all, and prints
// whatever comes until the other side says so too.
//   c++ -std=c++20 client_socket.cc && ./a.out 127.0.0.1 7007 'hello, world'
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iostream>
#include <string_view>
#include <utility>

// A connect that a signal interrupts goes on by itself: wait for its end, never call it again.
bool connected(int fd, const addrinfo& to) {
  if (connect(fd, to.ai_addr, to.ai_addrlen) == 0) return true;
  if (errno != EINTR) return false;
  pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
  while (poll(&entry, 1, -1) < 0 && errno == EINTR) continue;
  socklen_t size = sizeof errno;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &errno, &size) == 0 && errno == 0;
}

int connect_to(const char* host, const char* port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (const int error = getaddrinfo(host, port, &hints, &found)) {
    return std::cerr << host << ": " << gai_strerror(error) << '\n', -1;
  }
  int fd = -1;
  for (const addrinfo* to = found; to != nullptr; to = to->ai_next) {  // ::1 and 127.0.0.1, say
    fd = socket(to->ai_family, SOCK_STREAM, 0);
    if (fd >= 0 && connected(fd, *to)) break;
    std::perror(host);
    close(std::exchange(fd, -1));
  }
  freeaddrinfo(found);
  return fd;
}

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a send then says EPIPE
  if (argc < 4) return std::cerr << "a.out HOST PORT TEXT\n", 2;
  const int fd = connect_to(argv[1], argv[2]);
  if (fd < 0) return 1;
  for (std::string_view text = argv[3]; !text.empty();) {
    const ssize_t sent = send(fd, text.data(), text.size(), 0);  // perhaps a part only
    if (sent < 0 && errno != EINTR) return std::perror("send"), 1;
    if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
  }
  shutdown(fd, SHUT_WR);
  char answer[4096];
  while (const ssize_t size = recv(fd, answer, sizeof answer, 0)) {
    if (size < 0 && errno != EINTR) return std::perror("recv"), 1;
    if (size > 0) std::cout.write(answer, size);
  }
}
