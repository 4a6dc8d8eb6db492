// Standalone Asio, as its own echo server example is written: an asynchronous read, then an
// asynchronous write of what was read, with one buffer a connection, which its interface asks for.
#include <array>
#include <asio.hpp>
#include <memory>

#include "listening_socket.hpp"

namespace {

using asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : socket_(std::move(socket)) {}

  void read() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](std::error_code error, std::size_t got) {
                              if (!error) self->write(got);
                            });
  }

 private:
  void write(std::size_t count) {
    asio::async_write(socket_, asio::buffer(buffer_, count),
                      [self = shared_from_this()](std::error_code error, std::size_t) {
                        if (!error) self->read();
                      });
  }

  tcp::socket socket_;
  std::array<char, 16 * 1024> buffer_;
};

void accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](std::error_code error, tcp::socket socket) {
    if (!error) {
      set_no_delay(socket.native_handle());
      std::make_shared<Session>(std::move(socket))->read();
    }
    accept(acceptor);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const int fd = listening_socket("asio", argc, argv);
  asio::io_context context{1};  // one thread: it may leave its locks out
  tcp::acceptor acceptor{context, tcp::v4(), fd};
  accept(acceptor);
  context.run();
}
