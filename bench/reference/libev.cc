// libev: one watcher a connection, which waits for writing only while a send was taken in part.
#include <ev.h>

#include <cerrno>
#include <string>

#include "listening_socket.hpp"

namespace {

char buffer[64 * 1024];

struct Connection {
  ev_io watcher;  // first: libev hands it back, and it is the connection
  std::string* unsent;
};

void drop(struct ev_loop* loop, Connection* connection) {
  ev_io_stop(loop, &connection->watcher);
  close(connection->watcher.fd);
  delete connection->unsent;
  delete connection;
}

void wait_for(struct ev_loop* loop, Connection* connection, int events) {
  ev_io_stop(loop, &connection->watcher);
  ev_io_set(&connection->watcher, connection->watcher.fd, events);
  ev_io_start(loop, &connection->watcher);
}

void echo(struct ev_loop* loop, Connection* connection) {
  const int fd = connection->watcher.fd;
  const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
  if (got <= 0) {
    if (got == 0 || errno != EAGAIN) drop(loop, connection);
    return;
  }
  const ssize_t sent = send(fd, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL);
  if (sent == got) return;
  if (sent < 0 && errno != EAGAIN) return drop(loop, connection);
  const ssize_t done = sent < 0 ? 0 : sent;
  connection->unsent = new std::string(buffer + done, static_cast<std::size_t>(got - done));
  wait_for(loop, connection, EV_WRITE);
}

void send_rest(struct ev_loop* loop, Connection* connection) {
  std::string& rest = *connection->unsent;
  const ssize_t sent = send(connection->watcher.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN) drop(loop, connection);
    return;
  }
  rest.erase(0, static_cast<std::size_t>(sent));
  if (!rest.empty()) return;
  delete connection->unsent;
  connection->unsent = nullptr;
  wait_for(loop, connection, EV_READ);
}

void on_ready(struct ev_loop* loop, ev_io* watcher, int events) {
  auto* connection = reinterpret_cast<Connection*>(watcher);
  if ((events & EV_WRITE) != 0) {
    send_rest(loop, connection);
  } else {
    echo(loop, connection);
  }
}

void on_connections(struct ev_loop* loop, ev_io* listener, int) {
  for (;;) {
    const int fd = accept4(listener->fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN) return;
      if (errno == ECONNABORTED || errno == EINTR) continue;
      die("accept4");
    }
    set_no_delay(fd);
    auto* connection = new Connection{};
    ev_io_init(&connection->watcher, on_ready, fd, EV_READ);
    ev_io_start(loop, &connection->watcher);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int fd = listening_socket("libev", argc, argv);
  struct ev_loop* loop = ev_default_loop(0);
  ev_io listener;
  ev_io_init(&listener, on_connections, fd, EV_READ);
  ev_io_start(loop, &listener);
  ev_run(loop, 0);
}
