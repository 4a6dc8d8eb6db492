#include "switchboard/net/reconnecting_client.hpp"

#include <utility>

namespace switchboard {

namespace {

// Two clients must not begin with the same: neither two of one process nor those of two that began
// at the same moment. It keeps no secret.
std::uint64_t seed_of(const void* client) noexcept {
  const auto time = static_cast<std::uint64_t>(sys::monotonic_now().time_since_epoch().count());
  return time * 0x9E3779B97F4A7C15U ^ reinterpret_cast<std::uintptr_t>(client);
}

}  // namespace

ReconnectingClient::ReconnectingClient(Reactor& reactor, Resolver& resolver, Endpoint server,
                                       ConnectionHandler& service, const ReconnectOptions& options,
                                       InterruptionCallback on_interruption)
    : reactor_(reactor),
      resolver_(resolver),
      server_(std::move(server)),
      service_(service),
      options_(options),
      on_interruption_(std::move(on_interruption)),
      backoff_(options_.first_delay, options_.longest_delay,
               options_.seed ? *options_.seed : seed_of(this)),
      table_(reactor, *this, options_.limits) {
  dial();
}

ReconnectingClient::~ReconnectingClient() {
  reactor_.cancel(next_attempt_);
}

Connection* ReconnectingClient::connection() noexcept {
  return table_.find(connection_);
}

void ReconnectingClient::stop(Nanoseconds drain_timeout, std::function<void()> done) {
  stopped_ = true;
  reactor_.cancel(next_attempt_);
  dialer_.reset();
  table_.shut_down(
      drain_timeout, done ? std::move(done) : [] {});
}

void ReconnectingClient::dial() {
  dialer_ = std::make_unique<Dialer>(
      table_, resolver_, server_,
      [this](Connection* connection, std::error_code error) {
        dialer_.reset();
        if (connection == nullptr) report({error, false, dial_later()});
      },
      options_.dial);
}

Nanoseconds ReconnectingClient::dial_later() {
  const Nanoseconds delay = backoff_.next();
  next_attempt_ = reactor_.call_after(delay, [this] {
    try {
      dial();
    } catch (...) {  // no memory: that must not be the last attempt
      dial_later();
      throw;
    }
  });
  return delay;
}

void ReconnectingClient::report(const Interruption& interruption) {
  if (on_interruption_ && !stopped_) on_interruption_(interruption);
}

void ReconnectingClient::on_open(Connection& connection) {
  connection_ = connection.id();
  connected_at_ = reactor_.now();
  service_.on_open(connection);
}

std::size_t ReconnectingClient::on_data(Connection& connection, const Slice& input) {
  return service_.on_data(connection, input);
}

void ReconnectingClient::on_end(Connection& connection, std::span<const std::byte> unconsumed) {
  service_.on_end(connection, unconsumed);
}

void ReconnectingClient::on_drained(Connection& connection) {
  service_.on_drained(connection);
}

void ReconnectingClient::on_closed(Connection& connection, const Closed& closed) {
  dialer_.reset();  // of this very connection, where its on_open() threw
  if (reactor_.now() - connected_at_ >= options_.success_after) backoff_.reset();
  // First, so that there will be another connection whatever the service throws.
  const Nanoseconds delay = stopped_ ? Nanoseconds::zero() : dial_later();
  service_.on_closed(connection, closed);
  report({closed.error, true, delay});
}

}  // namespace switchboard
