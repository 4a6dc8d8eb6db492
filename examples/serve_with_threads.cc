// Serving, the first way: a thread for each client, at the cost of its stack. Answers in capitals.
//   c++ -std=c++20 -pthread serve_with_threads.cc && ./a.out 7007      then: nc 127.0.0.1 7007
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <csignal>
#include <iostream>
#include <string_view>
#include <system_error>
#include <thread>

bool send_all(int client, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(client, text.data(), text.size(), 0);  // perhaps a part only
    if (sent < 0 && errno != EINTR) return false;
    if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void converse(int client) {
  char text[4096];
  for (;;) {
    const ssize_t size = recv(client, text, sizeof text, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;  // 0: it has finished sending; below: it is gone
    for (char* c = text; c < text + size; ++c) *c = static_cast<char>(std::toupper(*c & 0xFF));
    if (!send_all(client, {text, static_cast<std::size_t>(size)})) break;
  }
  close(client);
}

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // else to send to a client that has gone would end us all
  const char* const port = argc > 1 ? argv[1] : "0";  // 0: one that is free
  addrinfo* at = nullptr;
  if (getaddrinfo("127.0.0.1", port, nullptr, &at) != 0) return std::cerr << "a.out PORT\n", 2;
  const int server = socket(at->ai_family, SOCK_STREAM, 0), on = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // else a restart has to wait
  if (bind(server, at->ai_addr, at->ai_addrlen) != 0) return std::perror("bind"), 1;
  if (listen(server, SOMAXCONN) != 0) return std::perror("listen"), 1;
  getsockname(server, at->ai_addr, &at->ai_addrlen);
  std::cout << "listening on 127.0.0.1 port "
            << ntohs(reinterpret_cast<sockaddr_in*>(at->ai_addr)->sin_port) << std::endl;
  for (;;) {
    const int client = accept(server, nullptr, nullptr);
    try {
      if (client < 0) throw std::system_error(errno, std::generic_category(), "accept");
      std::thread{converse, client}.detach();
    } catch (const std::system_error& error) {  // out of descriptors or threads: the others go on
      std::cerr << error.what() << std::endl;
      close(client);
      usleep(100'000);
    }
  }
}
