#include "switchboard/net/dialer.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "connecting.hpp"

namespace switchboard {

std::vector<sys::SocketAddress> interleaved(const std::vector<sys::SocketAddress>& addresses) {
  std::vector<sys::SocketAddress> first;
  std::vector<sys::SocketAddress> others;
  for (const sys::SocketAddress& address : addresses) {
    auto& family = address.family() == addresses.front().family() ? first : others;
    if (std::ranges::count(family, address) == 0) family.push_back(address);
  }
  std::vector<sys::SocketAddress> order;
  for (std::size_t i = 0; i < std::max(first.size(), others.size()); ++i) {
    if (i < first.size()) order.push_back(first[i]);
    if (i < others.size()) order.push_back(others[i]);
  }
  return order;
}

Dialer::Dialer(ConnectionTable& table, Resolver& resolver, Callback callback,
               const DialOptions& options)
    : table_(table),
      resolver_(resolver),
      reactor_(table.reactor()),
      options_(options),
      callback_(std::move(callback)) {}

// By way of another constructor: where this one throws, the destructor takes back what it had
// begun.
Dialer::Dialer(ConnectionTable& table, Resolver& resolver, const Endpoint& server,
               Callback callback, const DialOptions& options)
    : Dialer(table, resolver, std::move(callback), options) {
  deadline_ = reactor_.call_after(options_.timeout, [this] {
    finish(nullptr, more_telling(failure_, sys::make_error(ETIMEDOUT)));
  });
  lookup_ = resolver_.look_up(server, [this](const sys::Resolution& found) { begin(found); });
}

Dialer::~Dialer() {
  resolver_.cancel(lookup_);
  reactor_.cancel(deadline_);
  reactor_.cancel(head_start_);
}

void Dialer::begin(const sys::Resolution& resolution) {
  if (resolution.error) return finish(nullptr, resolution.error);
  addresses_ = interleaved(resolution.addresses);
  if (options_.source) {
    std::erase_if(addresses_, [this](const sys::SocketAddress& address) {
      return address.family() != options_.source->family();
    });
  }
  if (addresses_.empty()) return finish(nullptr, sys::make_error(EAFNOSUPPORT));
  attempts_.reserve(addresses_.size());
  attempt_next();
}

void Dialer::attempt_next() {
  reactor_.cancel(head_start_);
  const std::size_t attempt = attempts_.size();
  ConnectOptions options;
  options.timeout = Nanoseconds::max();  // the deadline is everybody's
  options.source = options_.source;
  attempts_.push_back(std::make_unique<Connector>(
      table_, addresses_[attempt],
      [this, attempt](Connection* connection, std::error_code error) {
        on_outcome(attempt, connection, error);
      },
      options));
  ++under_way_;
  if (attempts_.size() == addresses_.size()) return;
  head_start_ = reactor_.call_after(options_.attempt_delay, [this] { attempt_next(); });
}

void Dialer::on_outcome(std::size_t attempt, Connection* connection, std::error_code error) {
  attempts_[attempt].reset();
  --under_way_;
  // A table that takes nobody takes nobody from another address either.
  if (!error || error == std::errc::operation_canceled) return finish(connection, error);
  failure_ = more_telling(failure_, error);
  if (attempts_.size() < addresses_.size()) return attempt_next();
  if (under_way_ == 0) finish(nullptr, failure_);
}

void Dialer::finish(Connection* connection, std::error_code error) {
  resolver_.cancel(lookup_);
  reactor_.cancel(deadline_);
  reactor_.cancel(head_start_);
  attempts_.clear();
  const Callback callback = std::move(callback_);  // which may destroy this
  callback(connection, error);
}

}  // namespace switchboard
