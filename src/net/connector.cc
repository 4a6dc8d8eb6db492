#include "switchboard/net/connector.hpp"

#include <cerrno>
#include <utility>

#include "connecting.hpp"

namespace switchboard {

Connector::Connector(Callback callback, ConnectionTable& table, const sys::SocketAddress& server)
    : table_(table), reactor_(table.reactor()), server_(server), callback_(std::move(callback)) {}

// By way of another constructor: where this one throws, the destructor takes back what it had
// begun.
Connector::Connector(ConnectionTable& table, const sys::SocketAddress& server, Callback callback,
                     const ConnectOptions& options)
    : Connector(std::move(callback), table, server) {
  if (const auto error = prepare(options)) {
    finish_later(error);
    return;
  }
  deadline_ = reactor_.call_after(options.timeout, [this] { finish(sys::make_error(ETIMEDOUT)); });
  attempt();
}

Connector::~Connector() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  reactor_.deregister(token_);
  reactor_.cancel(deadline_);
  reactor_.cancel(next_step_);
}

std::error_code Connector::prepare(const ConnectOptions& options) {
  auto socket = sys::open_stream_socket(server_.family());
  if (!socket) return socket.error();
  socket_ = std::move(*socket);
  const int fd = socket_.get();
  if (is_tcp(server_)) {
    if (const auto error = sys::set_no_delay(fd)) return error;
    if (const auto error = sys::set_keepalive(fd, table_.limits().keepalive)) return error;
  }
  if (options.congestion_control != nullptr) {
    if (const auto error = sys::set_congestion_control(fd, options.congestion_control)) {
      return error;
    }
  }
  if (!options.source) return {};
  if (is_tcp(server_)) {
    if (const auto error = sys::set_bind_address_no_port(fd)) return error;
  }
  return sys::bind(fd, *options.source);
}

void Connector::attempt() {
  const auto error = sys::connect(socket_.get(), server_);
  switch (error.value()) {
    case EINPROGRESS:
    case EINTR:  // POSIX: the attempt goes on by itself
      return await_writable();
    case EAGAIN:
      if (is_tcp(server_)) return finish_later(sys::make_error(EADDRNOTAVAIL));  // out of ports
      next_step_ = reactor_.call_after(full_backlog_delay, [this] { attempt(); });
      return;
    default:
      return finish_later(error);
  }
}

void Connector::await_writable() {
  token_ = reactor_.register_handler(socket_.get(), *this);
  if (const auto error = reactor_.set_interest(token_, {.writable = true})) finish_later(error);
}

void Connector::on_ready(Readiness) {
  if (const auto error = sys::pending_error(socket_.get())) return finish(error);
  // Ready, and no error: connected, or woken for nothing.
  if (!sys::peer_address(socket_.get())) return;
  finish(is_connected_to_itself(socket_.get(), server_) ? sys::make_error(ECONNREFUSED)
                                                        : std::error_code{});
}

void Connector::finish_later(std::error_code error) {
  next_step_ = reactor_.call_after(Nanoseconds::zero(), [this, error] { finish(error); });
}

// False where the service's on_open() destroyed this.
bool Connector::hand_over(sys::Descriptor socket, Connection*& connection, std::error_code& error) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  try {
    connection = table_.adopt(std::move(socket), error);
  } catch (...) {
    if (!destroyed) destroyed_ = nullptr;
    throw;
  }
  if (!destroyed) destroyed_ = nullptr;
  return !destroyed;
}

void Connector::finish(std::error_code error) {
  reactor_.deregister(token_);
  reactor_.cancel(deadline_);
  reactor_.cancel(next_step_);
  const Callback callback = std::move(callback_);  // which may destroy this
  sys::Descriptor socket = std::move(socket_);
  Connection* connection = nullptr;
  if (!error && table_.full()) error = sys::make_error(ECANCELED);
  if (error) {
    socket.reset();
  } else if (!hand_over(std::move(socket), connection, error)) {
    return;
  }
  callback(connection, error);
}

}  // namespace switchboard
