// What every reference server begins with, so that each file is about its own loop.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline void set_no_delay(int fd) {
  const int on = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) die("TCP_NODELAY");
}

// `name PORT`: a non-blocking socket that listens on 127.0.0.1:PORT (0 lets the kernel pick), and
// the ready line on standard output.
inline int listening_socket(const char* name, int argc, char** argv) {
  const long port = argc == 2 ? std::strtol(argv[1], nullptr, 10) : -1;
  if (port < 0 || port > 65535) {
    std::fprintf(stderr, "usage: %s PORT\n", name);
    std::exit(2);
  }
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  const int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) die("SO_REUSEADDR");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, length) != 0) die("bind");
  if (listen(fd, SOMAXCONN) != 0) die("listen");
  if (getsockname(fd, generic, &length) != 0) die("getsockname");
  std::printf("listening on tcp://127.0.0.1:%d (%s)\n", ntohs(address.sin_port), name);
  std::fflush(stdout);
  return fd;
}
