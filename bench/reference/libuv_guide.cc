// libuv, as its guide writes an echo server: a buffer for every read, and a write request for every
// answer (https://docs.libuv.org/en/v1.x/guide/networking.html).
#include <uv.h>

#include "listening_socket.hpp"

namespace {

struct Write {
  uv_write_t request;
  uv_buf_t bytes;
};

void close_stream(uv_stream_t* stream) {
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(stream))) return;
  uv_close(reinterpret_cast<uv_handle_t*>(stream),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
}

void give_buffer(uv_handle_t*, std::size_t suggested, uv_buf_t* given) {
  *given = uv_buf_init(new char[suggested], static_cast<unsigned>(suggested));
}

void on_written(uv_write_t* request, int status) {
  auto* write = reinterpret_cast<Write*>(request);
  if (status < 0) close_stream(request->handle);
  delete[] write->bytes.base;
  delete write;
}

void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* given) {
  if (got <= 0) {
    delete[] given->base;
    if (got < 0) close_stream(stream);
    return;
  }
  auto* write = new Write{{}, uv_buf_init(given->base, static_cast<unsigned>(got))};
  uv_write(&write->request, stream, &write->bytes, 1, on_written);
}

void on_connection(uv_stream_t* listener, int status) {
  if (status < 0) return;
  auto* connection = new uv_tcp_t;
  uv_tcp_init(listener->loop, connection);
  auto* stream = reinterpret_cast<uv_stream_t*>(connection);
  if (uv_accept(listener, stream) != 0) return close_stream(stream);
  uv_tcp_nodelay(connection, 1);
  uv_read_start(stream, give_buffer, on_read);
}

}  // namespace

int main(int argc, char** argv) {
  const int fd = listening_socket("libuv_guide", argc, argv);
  uv_tcp_t listener;
  uv_tcp_init(uv_default_loop(), &listener);
  uv_tcp_open(&listener, fd);
  if (uv_listen(reinterpret_cast<uv_stream_t*>(&listener), SOMAXCONN, on_connection) != 0) {
    die("uv_listen");
  }
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
