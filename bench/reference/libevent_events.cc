// libevent with plain events: one persistent read event a connection, and a write event that is
// added only while a send was taken in part.
#include <event2/event.h>

#include <cerrno>
#include <string>

#include "listening_socket.hpp"

namespace {

char buffer[64 * 1024];
event_base* base;

struct Connection {
  event* readable = nullptr;
  event* writable = nullptr;
  std::string unsent;
};

void drop(int fd, Connection* connection) {
  event_free(connection->readable);
  event_free(connection->writable);
  delete connection;
  close(fd);
}

void on_readable(int fd, short, void* context) {
  auto* connection = static_cast<Connection*>(context);
  const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
  if (got <= 0) {
    if (got == 0 || errno != EAGAIN) drop(fd, connection);
    return;
  }
  const ssize_t sent = send(fd, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL);
  if (sent == got) return;
  if (sent < 0 && errno != EAGAIN) return drop(fd, connection);
  const ssize_t done = sent < 0 ? 0 : sent;
  connection->unsent.assign(buffer + done, static_cast<std::size_t>(got - done));
  event_del(connection->readable);
  event_add(connection->writable, nullptr);
}

void on_writable(int fd, short, void* context) {
  auto* connection = static_cast<Connection*>(context);
  std::string& rest = connection->unsent;
  const ssize_t sent = send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN) drop(fd, connection);
    return;
  }
  rest.erase(0, static_cast<std::size_t>(sent));
  if (!rest.empty()) return;
  event_del(connection->writable);
  event_add(connection->readable, nullptr);
}

void on_connections(int listener, short, void*) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN) return;
      if (errno == ECONNABORTED || errno == EINTR) continue;
      die("accept4");
    }
    set_no_delay(fd);
    auto* connection = new Connection;
    connection->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, connection);
    connection->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, connection);
    event_add(connection->readable, nullptr);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int listener = listening_socket("libevent_events", argc, argv);
  base = event_base_new();
  event_add(event_new(base, listener, EV_READ | EV_PERSIST, on_connections, nullptr), nullptr);
  event_base_dispatch(base);
}
