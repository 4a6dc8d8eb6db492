// libevent with bufferevents, as its book writes an echo server: what was read is moved, not
// copied, to the output buffer. https://libevent.org/libevent-book/Ref8_listener.html
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "listening_socket.hpp"

namespace {

void on_read(bufferevent* connection, void*) {
  evbuffer_add_buffer(bufferevent_get_output(connection), bufferevent_get_input(connection));
}

void on_event(bufferevent* connection, short what, void*) {
  if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) bufferevent_free(connection);
}

void on_connection(evconnlistener* listener, int fd, sockaddr*, int, void*) {
  set_no_delay(fd);
  bufferevent* connection =
      bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
  bufferevent_setcb(connection, on_read, nullptr, on_event, nullptr);
  bufferevent_enable(connection, EV_READ | EV_WRITE);
}

}  // namespace

int main(int argc, char** argv) {
  const int listener = listening_socket("libevent_bufferevents", argc, argv);
  event_base* base = event_base_new();
  evconnlistener_new(base, on_connection, nullptr, LEV_OPT_CLOSE_ON_FREE, 0, listener);
  event_base_dispatch(base);
}
