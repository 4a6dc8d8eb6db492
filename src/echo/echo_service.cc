#include "switchboard/echo/echo_service.hpp"

#include <utility>

namespace switchboard {

EchoService::EchoService(Reactor& reactor, ConnectionLimits limits, OpenedCallback on_opened,
                         ClosedCallback on_closed)
    : opened_callback_(std::move(on_opened)),
      closed_callback_(std::move(on_closed)),
      connections_(reactor, *this, limits) {}

void EchoService::on_open(Connection& connection) {
  ++counts_.opened;
  if (opened_callback_) opened_callback_(connection);
}

std::size_t EchoService::on_data(Connection& connection, const Slice& input) {
  counts_.bytes += input.size();
  connection.write(
      input);  // refused only where the connection is closing: then nobody waits for it
  return input.size();
}

void EchoService::on_closed(Connection& connection, const Closed& closed) {
  ++counts_.closed;
  if (closed_callback_) closed_callback_(connection, closed);
}

}  // namespace switchboard
