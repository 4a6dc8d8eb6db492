#include "switchboard/net/listener.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <string>
#include <utility>

namespace switchboard {

namespace {

constexpr Nanoseconds shortest_time_between_reports = std::chrono::seconds{1};

[[noreturn]] void cannot_listen(const Endpoint& endpoint, std::error_code error) {
  throw std::system_error(error, "cannot listen on " + endpoint.to_string());
}

void check(std::error_code error, const Endpoint& endpoint) {
  if (error) cannot_listen(endpoint, error);
}

// The table of descriptors, of the process or of the system, or the kernel's memory is exhausted.
bool is_exhaustion(int errno_value) noexcept {
  return errno_value == EMFILE || errno_value == ENFILE || errno_value == ENOBUFS ||
         errno_value == ENOMEM;
}

// What became of one connection before it could be accepted; the next may be well (accept(2),
// "Error handling").
bool is_of_one_connection(int errno_value) noexcept {
  switch (errno_value) {
    case ECONNABORTED:
    case EINTR:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

// A name may have an address of a family that this machine does not speak, or does not have.
bool is_address_of_elsewhere(std::error_code error) noexcept {
  return error.value() == EAFNOSUPPORT || error.value() == EADDRNOTAVAIL;
}

// With port 0 and several addresses: how many ports to try until one is free at all of them.
constexpr int most_port_picks = 16;

void set_port(sys::SocketAddress& address, std::uint16_t port) noexcept {
  // sin_port and sin6_port are at the same place.
  reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
}

std::error_code bind_tcp(int fd, const sys::SocketAddress& address, bool both_families) noexcept {
  if (const auto error = sys::set_reuse_address(fd)) return error;
  if (address.family() == AF_INET6) {
    const auto error = sys::set_ipv6_only(fd, !both_families);
    // OpenBSD has no sockets of both families: as good as no IPv6 then.
    if (error) return both_families ? sys::make_error(EAFNOSUPPORT) : error;
  }
  if (const auto error = sys::bind(fd, address)) return error;
  return sys::listen(fd);
}

std::error_code set_stream_options(int fd, const sys::KeepAlive& keepalive) noexcept {
  if (const auto error = sys::set_no_delay(fd)) return error;
  return sys::set_keepalive(fd, keepalive);
}

// Nobody accepts there, and the file is the one that was looked at: it is what a server that was
// killed leaves behind. Only ever called with the folder locked.
void remove_stale_socket_file(const Endpoint& endpoint, const sys::SocketAddress& address) {
  const auto file = sys::identify_file(endpoint.path());
  if (!file) return;  // most likely there is none; if not, bind() will say what is wrong
  if (!file->is_socket) {
    throw std::runtime_error(
        "cannot listen on " + endpoint.to_string() +
        ": a file that is no socket is in the way; remove it or choose another "
        "path");
  }
  const auto probe = sys::open_stream_socket(AF_UNIX);
  if (!probe) cannot_listen(endpoint, probe.error());
  // A full backlog answers EAGAIN: somebody listens. Only a refusal proves that nobody does.
  const auto answer = sys::connect(probe->get(), address);
  if (answer.value() != ECONNREFUSED) cannot_listen(endpoint, sys::make_error(EADDRINUSE));
  check(sys::remove_file(endpoint.path()), endpoint);
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

}  // namespace

// One listening socket; there is one for each address of the endpoint.
class Listener::Socket final : public EventHandler {
 public:
  Socket(Listener& listener, sys::Descriptor socket, Endpoint endpoint)
      : listener_(listener),
        descriptor_(std::move(socket)),
        endpoint_(std::move(endpoint)),
        token_(listener.reactor_.register_handler(descriptor_.get(), *this)) {}
  ~Socket() { listener_.reactor_.deregister(token_); }

  void on_ready(Readiness) override {
    if (listener_.is_pausing()) return;  // since another address's event of this very batch
    listener_.accept_from(*this);
  }

  std::error_code listen_for_connections(bool wanted) {
    return listener_.reactor_.set_interest(token_, {.readable = wanted});
  }

  int fd() const noexcept { return descriptor_.get(); }
  const Endpoint& endpoint() const noexcept { return endpoint_; }

 private:
  Listener& listener_;
  sys::Descriptor descriptor_;
  Endpoint endpoint_;
  Token token_;
};

Listener::Listener(Reactor& reactor, const Endpoint& endpoint, ConnectionTable& table,
                   ProblemCallback on_problem)
    : reactor_(reactor), table_(table), on_problem_(std::move(on_problem)) {
  auto reserve = sys::open_reserve();
  if (!reserve) cannot_listen(endpoint, reserve.error());
  reserve_ = std::move(*reserve);
  if (endpoint.kind() == Endpoint::Kind::tcp) {
    open_tcp(endpoint);
  } else {
    open_unix(endpoint);
  }
  table_.add_room_waiter(*this);
}

Listener::~Listener() {
  table_.remove_room_waiter(*this);
  reactor_.cancel(pause_timer_);
  if (!socket_file_.is_socket) return;
  const auto present = sys::identify_file(endpoint().path());
  // Another's by now: leave it. Ours: nothing is to be done if it cannot be removed.
  if (present && *present == socket_file_) (void)sys::remove_file(endpoint().path());
}

void Listener::open_tcp(const Endpoint& endpoint) {
  const auto addresses = endpoint.resolve();
  for (int left = most_port_picks; !open_addresses(endpoint, addresses, left > 1); --left) {
    sockets_.clear();
    endpoints_.clear();
  }
}

// False where the port that the kernel picked for one address is taken at another.
bool Listener::open_addresses(const Endpoint& endpoint,
                              std::span<const sys::SocketAddress> addresses, bool may_pick_again) {
  std::error_code last_error = sys::make_error(EADDRNOTAVAIL);
  std::uint16_t port = endpoint.port();
  for (sys::SocketAddress address : addresses) {
    set_port(address, port);  // the port that was picked for the first is the others' too
    // hosts(5) may give a name one address in two lines.
    if (std::ranges::find(endpoints_, Endpoint::from(address)) != endpoints_.end()) continue;
    auto socket = sys::open_stream_socket(address.family());
    last_error =
        socket ? bind_tcp(socket->get(), address, endpoint.is_every_address()) : socket.error();
    if (is_address_of_elsewhere(last_error)) continue;
    const bool was_picked = port != endpoint.port();
    if (was_picked && may_pick_again && last_error == std::errc::address_in_use) return false;
    check(last_error, endpoint.with_port(port));
    check(set_stream_options(socket->get(), table_.limits().keepalive), endpoint);
    const auto local = sys::local_address(socket->get());
    if (!local) cannot_listen(endpoint, local.error());
    const Endpoint bound = Endpoint::from(*local);
    port = bound.port();
    add_socket(std::move(*socket), endpoint.is_every_address() ? endpoint.with_port(port) : bound);
    if (endpoint.is_every_address()) break;  // the first that works takes both families
  }
  if (sockets_.empty()) cannot_listen(endpoint, last_error);
  return true;
}

void Listener::open_unix(const Endpoint& endpoint) {
  const sys::SocketAddress address = endpoint.resolve().front();
  // Two servers that start at once must not each take the other's fresh file for a stale one.
  const auto lock = sys::lock_directory(folder_of(endpoint.path()));
  if (!lock && lock.would_block()) {
    throw std::runtime_error("cannot listen on " + endpoint.to_string() +
                             ": another program keeps its folder locked; end that one (lslocks(8) "
                             "tells which) or choose another folder");
  }
  if (!lock) cannot_listen(endpoint, lock.error());
  remove_stale_socket_file(endpoint, address);
  auto socket = sys::open_stream_socket(AF_UNIX);
  if (!socket) cannot_listen(endpoint, socket.error());
  check(sys::bind(socket->get(), address), endpoint);
  check(sys::listen(socket->get()), endpoint);
  if (const auto file = sys::identify_file(endpoint.path())) socket_file_ = *file;
  add_socket(std::move(*socket), endpoint);
}

void Listener::add_socket(sys::Descriptor socket, Endpoint endpoint) {
  endpoints_.push_back(endpoint);
  sockets_.push_back(std::make_unique<Socket>(*this, std::move(socket), std::move(endpoint)));
  check(sockets_.back()->listen_for_connections(true), endpoints_.back());
}

void Listener::accept_from(Socket& socket) {
  int lost = 0;
  for (int i = 0; i < max_accepts_per_event; ++i) {
    if (table_.full()) {
      waits_for_room_ = true;
      return pause_all();
    }
    auto accepted = sys::accept(socket.fd());
    if (accepted) {
      if (!take(socket, std::move(accepted->socket))) return;
    } else if (accepted.would_block()) {
      return;
      // Where not one of so many can be had, it is not the connections' fault: a filter of system
      // calls, say, that refuses accept() itself.
    } else if (!is_of_one_connection(accepted.errno_value()) || ++lost == max_accepts_per_event) {
      return fail(socket, accepted.error());
    }
  }
}

// False where accepting is to pause.
bool Listener::take(Socket& socket, sys::Descriptor accepted) {
  std::error_code error;
  if (!sys::accepted_sockets_inherit_options && socket.endpoint().kind() == Endpoint::Kind::tcp) {
    error = set_stream_options(accepted.get(), table_.limits().keepalive);
    // What macOS says of a connection that its client has reset by now.
    if (error == std::errc::invalid_argument) return true;
  }
  if (!error) (void)table_.adopt(std::move(accepted), error);
  if (!error) return true;
  pause_for_a_while();
  report(socket.endpoint(), error, true);
  return false;
}

void Listener::fail(Socket& socket, std::error_code error) {
  bool turned_away = false;
  if (is_exhaustion(error.value())) {
    const auto outcome = turn_one_away(socket);
    // Linux picks the descriptor before it looks whether anybody waits: nobody did.
    if (outcome == std::errc::operation_would_block) return;
    turned_away = !outcome;
  }
  pause_for_a_while();
  report(socket.endpoint(), error, turned_away);
}

std::error_code Listener::turn_one_away(Socket& socket) {
  reserve_.reset();
  std::error_code outcome;
  {
    const auto accepted = sys::accept(socket.fd());  // closed at once; else everybody waits
    outcome = accepted.error();
    if (accepted) table_.say_last_words(accepted->socket.get());
  }
  auto reserve = sys::open_reserve();
  if (reserve) reserve_ = std::move(*reserve);  // else another took it: the next pause tries again
  return outcome;
}

void Listener::pause_all() {
  for (const auto& socket : sockets_) (void)socket->listen_for_connections(false);  // cannot fail
}

void Listener::pause_for_a_while() {
  pause_timer_ = reactor_.call_after(pause, [this] { resume_all(); });
  pause_all();  // last: without a timer nobody would end the pause
}

void Listener::resume_all() {
  pause_timer_ = TimerId{};
  if (waits_for_room_) return;
  for (const auto& socket : sockets_) {
    const auto error = socket->listen_for_connections(true);
    if (!error) continue;
    pause_for_a_while();
    return report(socket->endpoint(), error, false);
  }
}

void Listener::on_room() {
  if (!waits_for_room_) return;
  waits_for_room_ = false;
  if (pause_timer_ == TimerId{}) resume_all();
}

void Listener::report(const Endpoint& endpoint, std::error_code error, bool turned_away) {
  ++occurrences_;
  if (turned_away) ++turned_away_;
  const Instant now = reactor_.now();
  if (!on_problem_ || now < next_report_) return;
  next_report_ = now + shortest_time_between_reports;
  on_problem_({endpoint, error, std::exchange(occurrences_, 0), std::exchange(turned_away_, 0)});
}

}  // namespace switchboard
