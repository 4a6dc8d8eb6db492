// libuv as one writes it who cares for speed: one buffer for all reads, and uv_try_write before a
// write request is made. (libuv_guide.cc is as its guide has it.)
#include <uv.h>

#include <cstring>

#include "listening_socket.hpp"

namespace {

char buffer[64 * 1024];

struct Write {
  uv_write_t request;
  uv_buf_t rest;
};

void close_stream(uv_stream_t* stream) {
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(stream))) return;
  uv_close(reinterpret_cast<uv_handle_t*>(stream),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
}

void lend_buffer(uv_handle_t*, std::size_t, uv_buf_t* lent) {
  *lent = uv_buf_init(buffer, sizeof buffer);
}

void on_written(uv_write_t* request, int status) {
  auto* write = reinterpret_cast<Write*>(request);
  if (status < 0) close_stream(request->handle);
  delete[] write->rest.base;
  delete write;
}

void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* lent) {
  if (got < 0) return close_stream(stream);
  if (got == 0) return;
  uv_buf_t bytes = uv_buf_init(lent->base, static_cast<unsigned>(got));
  const int sent = uv_try_write(stream, &bytes, 1);
  if (sent == got) return;
  if (sent < 0 && sent != UV_EAGAIN) return close_stream(stream);
  const std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  const std::size_t left = static_cast<std::size_t>(got) - done;
  auto* write = new Write{{}, uv_buf_init(new char[left], static_cast<unsigned>(left))};
  std::memcpy(write->rest.base, lent->base + done, left);
  uv_write(&write->request, stream, &write->rest, 1, on_written);
}

void on_connection(uv_stream_t* listener, int status) {
  if (status < 0) return;
  auto* connection = new uv_tcp_t;
  uv_tcp_init(listener->loop, connection);
  auto* stream = reinterpret_cast<uv_stream_t*>(connection);
  if (uv_accept(listener, stream) != 0) return close_stream(stream);
  uv_tcp_nodelay(connection, 1);
  uv_read_start(stream, lend_buffer, on_read);
}

}  // namespace

int main(int argc, char** argv) {
  const int fd = listening_socket("libuv", argc, argv);
  uv_tcp_t listener;
  uv_tcp_init(uv_default_loop(), &listener);
  uv_tcp_open(&listener, fd);
  if (uv_listen(reinterpret_cast<uv_stream_t*>(&listener), SOMAXCONN, on_connection) != 0) {
    die("uv_listen");
  }
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
