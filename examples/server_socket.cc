// A server socket sends nothing and receives nothing: it makes a new socket for each client. This
// server tells each which two ends its socket has, and hangs up.
//   c++ -std=c++20 server_socket.cc && ./a.out localhost 7007      then: nc 127.0.0.1 7007
// At localhost only this machine can connect; at '' whoever reaches one of the machine's addresses.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>

// getsockname tells a socket's own end, getpeername the other.
std::string end_of(int fd, decltype(getsockname)* which) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (which(fd, generic, &size) != 0) return "somebody who is gone";
  char host[NI_MAXHOST], port[NI_MAXSERV];
  const int error = getnameinfo(generic, size, host, sizeof host, port, sizeof port,
                                NI_NUMERICHOST | NI_NUMERICSERV);
  return error != 0 ? gai_strerror(error) : std::string{host} + " port " + port;
}

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(fd, text.data(), text.size(), 0);  // perhaps a part only
    if (sent < 0 && errno != EINTR) return false;
    if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // else to send to a client that has gone would end us all
  if (argc != 3) return std::cerr << "a.out HOST PORT\n", 2;
  addrinfo hints{}, *at = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;  // without a host: every address
  const char* const host = *argv[1] == '\0' ? nullptr : argv[1];
  const int error = getaddrinfo(host, argv[2], &hints, &at);
  if (error != 0) return std::cerr << gai_strerror(error) << '\n', 1;
  const int server = socket(at->ai_family, SOCK_STREAM, 0), on = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // else a restart has to wait
  const bool listens = bind(server, at->ai_addr, at->ai_addrlen) == 0 && listen(server, 5) == 0;
  freeaddrinfo(at);
  if (!listens) return std::perror(argv[1]), 1;  // 5: so many may wait to be accepted
  std::cout << "listening on " << end_of(server, getsockname) << std::endl;
  for (;;) {
    const int client = accept(server, nullptr, nullptr);
    if (client < 0 && errno != EINTR && errno != ECONNABORTED) return std::perror("accept"), 1;
    if (client < 0) continue;
    const std::string you = end_of(client, getpeername), me = end_of(client, getsockname);
    if (!send_all(client, "you are " + you + ", I am " + me + "\n")) std::perror("send");
    close(client);
  }
}
