// Serving, the second way: one thread, and select tells who is ready. Answers in capitals.
//   c++ -std=c++20 serve_with_select.cc && ./a.out 7007      then: nc 127.0.0.1 7007
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <csignal>
#include <iostream>
#include <map>
#include <string>

// False: it is over. Who does not take the answer is not read from, and so cannot fill our memory.
bool serve(int client, std::string& unsent) {
  if (unsent.empty()) {
    char text[4096];
    const ssize_t size = recv(client, text, sizeof text, MSG_DONTWAIT);
    if (size <= 0) return size < 0 && (errno == EAGAIN || errno == EINTR);  // 0: the end
    for (ssize_t i = 0; i < size; ++i) unsent += static_cast<char>(std::toupper(text[i] & 0xFF));
  }
  const ssize_t sent = send(client, unsent.data(), unsent.size(), MSG_DONTWAIT);
  if (sent > 0) unsent.erase(0, static_cast<std::size_t>(sent));  // perhaps a part only
  return sent >= 0 || errno == EAGAIN || errno == EINTR;
}

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // else to send to a client that has gone would end us all
  const char* const port = argc > 1 ? argv[1] : "0";  // 0: one that is free
  addrinfo* at = nullptr;
  if (getaddrinfo("127.0.0.1", port, nullptr, &at) != 0) return std::cerr << "a.out PORT\n", 2;
  const int server = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // else a restart has to wait
  if (bind(server, at->ai_addr, at->ai_addrlen) != 0) return std::perror("bind"), 1;
  if (listen(server, SOMAXCONN) != 0) return std::perror("listen"), 1;
  getsockname(server, at->ai_addr, &at->ai_addrlen);
  std::cout << "listening on 127.0.0.1 port "
            << ntohs(reinterpret_cast<sockaddr_in*>(at->ai_addr)->sin_port) << std::endl;
  std::map<int, std::string> clients;         // and what each is still to be sent
  for (timeval pause{}, *wait = nullptr;;) {  // none, unless no descriptor was left for a client
    fd_set readable{}, writable{};
    if (wait == nullptr) FD_SET(server, &readable);  // else it would be ready again at once
    for (auto& [client, unsent] : clients) FD_SET(client, unsent.empty() ? &readable : &writable);
    if (select(FD_SETSIZE, &readable, &writable, nullptr, wait) < 0) continue;  // a signal
    for (auto next = clients.begin(); next != clients.end();) {
      const auto client = next++;
      if (!FD_ISSET(client->first, client->second.empty() ? &readable : &writable)) continue;
      if (serve(client->first, client->second)) continue;
      close(client->first);
      clients.erase(client);
    }
    if (wait = nullptr; !FD_ISSET(server, &readable)) continue;
    const int client = accept(server, nullptr, nullptr);
    if (client < 0 && (errno == EMFILE || errno == ENFILE)) *(wait = &pause) = {0, 250'000};
    if (client >= 0 && client < FD_SETSIZE) clients[client];
    if (client >= FD_SETSIZE) close(client);  // more than a set can hold
  }
}
