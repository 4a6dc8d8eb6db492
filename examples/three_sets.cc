// What select tells of a socket: readable, writable, exceptional, or nothing before the timeout.
//   c++ -std=c++20 three_sets.cc && ./a.out
#include <arpa/inet.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

ssize_t check(ssize_t result, const char* call) {
  if (result < 0) std::perror(call), std::exit(1);
  return result;
}

// Who has nothing to send leaves the second set empty: most sockets are writable most of the time.
void look(const char* moment, int fd, bool wants_to_send = false) {
  fd_set readable, writable, exceptional;
  int ready = 0;
  do {  // filled anew each time: select puts its answer in their place
    readable = writable = exceptional = fd_set{};
    FD_SET(fd, &readable);
    FD_SET(fd, &exceptional);
    if (wants_to_send) FD_SET(fd, &writable);
    timeval timeout{.tv_sec = 1, .tv_usec = 0};
    ready = select(fd + 1, &readable, &writable, &exceptional, &timeout);
  } while (ready < 0 && errno == EINTR);
  check(ready, "select");
  std::printf("%-20s %s%s%s%s\n", moment, ready == 0 ? "timeout" : "",
              FD_ISSET(fd, &readable) ? "readable" : "", FD_ISSET(fd, &writable) ? "writable" : "",
              FD_ISSET(fd, &exceptional) ? "exceptional" : "");
}

int main() {
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const where = reinterpret_cast<sockaddr*>(&address);
  check(bind(server, where, size), "bind");
  check(listen(server, 1), "listen");
  check(getsockname(server, where, &size), "getsockname");
  if (connect(client, where, size) != 0 && errno != EINPROGRESS) check(-1, "connect");
  look("connected", client, true);  // or refused: getsockopt(SO_ERROR) tells
  const int peer = static_cast<int>(check(accept(server, nullptr, nullptr), "accept"));
  look("nothing sent", client);
  check(send(peer, "hello", 5, 0), "send");
  look("five bytes", client);
  char text[16];
  check(recv(client, text, sizeof text, 0), "recv");
  check(send(peer, "!", 1, MSG_OOB), "send");
  look("an urgent byte", client);
  check(recv(client, text, sizeof text, MSG_OOB), "recv");
  check(shutdown(peer, SHUT_WR), "shutdown");
  look("the peer is done", client);
  std::printf("recv gives %zd\n", check(recv(client, text, sizeof text, 0), "recv"));
}
