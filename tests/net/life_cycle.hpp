// The fixture of the life-cycle suites: a service that can be told what to do, its listener, and
// clients, over one poller and one family.
//
// Reactor and clients share the test's thread: a turn of the one, a step of the others, until what
// is waited for has happened. So the outcome does not depend on time, but where timers are the
// subject.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "switchboard/switchboard.hpp"

#include "support/backends.hpp"
#include "support/call_site.hpp"
#include "support/counted_memory.hpp"
#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::test {

using std::chrono::milliseconds;
using std::chrono::seconds;
inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * 1024;

// An echo service that writes down what it is told, and in which a test can replace any answer.
struct Recorder final : ConnectionHandler {
  std::function<void(Connection&)> opened = [](Connection&) {};
  std::function<std::size_t(Connection&, const Slice&)> data = [](Connection& c,
                                                                  const Slice& input) {
    c.write(input);
    return input.size();
  };
  std::function<void(Connection&)> ended = [](Connection& c) { c.drain(CloseReason::peer_closed); };
  std::function<void(Connection&)> drained = [](Connection&) {};
  std::function<void(Connection&)> idle = [](Connection& c) { c.close(CloseReason::idle); };
  std::function<void(Connection&, const Closed&)> closed = [](Connection&, const Closed&) {};

  void on_open(Connection& c) override {
    ids.push_back(c.id());
    opened(c);
  }
  std::size_t on_data(Connection& c, const Slice& input) override {
    expect_alive(c);
    const std::size_t consumed = data(c, input);
    received += consumed;
    return consumed;
  }
  void on_end(Connection& c, std::span<const std::byte>) override {
    expect_alive(c);
    ++ends;
    ended(c);
  }
  void on_drained(Connection& c) override {
    expect_alive(c);
    ++drains;
    drained(c);
  }
  void on_idle(Connection& c) override {
    expect_alive(c);
    idle(c);
  }
  void on_closed(Connection& c, const Closed& why) override {
    CHECK(c.is_closed());
    CHECK_FALSE(c.write("too late"));
    CHECK_FALSE_MESSAGE(reasons.contains(c.id().packed()), "told twice");
    {
      const Unfailing unfailing;
      reasons[c.id().packed()] = why.reason;
    }
    closed(c, why);
  }
  void expect_alive(Connection& c) {
    CHECK_FALSE_MESSAGE(reasons.contains(c.id().packed()), "called after on_closed");
    CHECK_FALSE(c.is_closed());
  }
  CloseReason only_reason() const {
    CHECK_EQ(reasons.size(), 1U);
    return reasons.empty() ? CloseReason::refused : reasons.begin()->second;
  }

  std::vector<ConnectionId> ids;
  std::size_t received = 0;
  int ends = 0;
  int drains = 0;
  std::map<std::uint64_t, CloseReason> reasons;
};

// A peer written with plain calls, which does only what it is told.
struct Client {
  sys::Descriptor socket;
  std::string to_send;
  std::size_t sent = 0;
  std::size_t most_at_once = 64 * KiB;
  bool shut_down_when_sent = false;
  bool reading = true;
  std::string received;
  bool ended = false;
  int error = 0;

  bool all_sent() const { return sent == to_send.size(); }

  std::string to_string() const {
    return "sent " + std::to_string(sent) + " of " + std::to_string(to_send.size()) +
           " bytes, received " + std::to_string(received.size()) +
           (ended ? ", the server has ended" : "") +
           (error == 0 ? std::string{} : ", " + sys::make_error(error).message());
  }

  // Whether anything moved.
  bool step() {
    if (!socket || error != 0) return false;
    const std::size_t before = sent + received.size();
    if (!all_sent()) send_some();
    if (all_sent() && std::exchange(shut_down_when_sent, false)) {
      must(sys::shut_down_sending(socket.get()), "shutdown");
    }
    if (reading && !ended && error == 0) receive_some();
    return sent + received.size() > before;
  }

 private:
  void send_some() {
    const auto bytes = std::as_bytes(std::span{to_send}).subspan(sent);
    const auto took = sys::send(socket.get(), bytes.first(std::min(bytes.size(), most_at_once)));
    if (took) sent += *took;
    if (!took && !took.would_block()) error = took.errno_value();
  }

  void receive_some() {
    static std::array<std::byte, 64 * KiB> block;
    const auto got =
        sys::receive(socket.get(), std::span{block}.first(std::min(block.size(), most_at_once)));
    if (!got) {
      if (!got.would_block()) error = got.errno_value();
      return;
    }
    if (*got == 0) ended = true;
    received.append(reinterpret_cast<const char*>(block.data()), *got);
  }
};

// The same ones for the same count.
inline std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  std::mt19937_64 random{count};
  for (std::size_t i = 0; i < count; i += 8) {
    const std::uint64_t word = random();
    std::copy_n(reinterpret_cast<const char*>(&word), std::min<std::size_t>(8, count - i),
                &bytes[i]);
  }
  return bytes;
}

// A reactor and the peers of what runs on it.
class OneThread {
 protected:
  explicit OneThread(const std::string& backend) : reactor(find_backend(backend).make()) {}

  void step() {
    bool moved = false;
    for (const auto& client : clients) moved |= client->step();
    reactor.turn(moved ? Nanoseconds::zero() : milliseconds{1});
  }

  // Steps until `done`; if that takes longer than `limit`, says where it was waited for and how far
  // each client has come.
  void pump(const std::function<bool()>& done, Nanoseconds limit = seconds{30},
            CallSite where = CallSite::here()) {
    const Instant deadline = sys::monotonic_now() + limit;
    while (!done()) {
      if (sys::monotonic_now() > deadline) give_up(where);
      step();
    }
  }

  [[noreturn]] void give_up(CallSite where) const {
    std::string text = "the condition of " + where.to_string() + " has not come true";
    for (std::size_t i = 0; i < clients.size(); ++i) {
      text += "\nclient " + std::to_string(i) + ": " + clients[i]->to_string();
    }
    throw std::runtime_error(text);
  }

  Reactor reactor;
  std::vector<std::unique_ptr<Client>> clients;
};

class LifeCycle : protected OneThread {
 protected:
  static auto rows() { return places(); }
  explicit LifeCycle(const Place& its_place) : OneThread(its_place.backend), place(its_place) {}

  bool is_unix() const { return place.family == "Unix"; }

  Endpoint endpoint_to_listen_on() {
    const std::string& family = place.family;
    if (family == "Unix") return Endpoint::parse("unix://" + folder.file("socket"));
    return Endpoint::parse(family == "IPv4" ? "tcp://127.0.0.1:0" : "tcp://[::1]:0");
  }

  void serve(ConnectionLimits limits = {}) {
    table.emplace(reactor, recorder, limits);
    listener.emplace(reactor, endpoint_to_listen_on(), *table,
                     [this](const AcceptProblem& problem) { problems.push_back(problem); });
  }

  Client& open_client() { return *clients.emplace_back(std::make_unique<Client>(unconnected())); }

  Client unconnected() {
    Client client;
    const auto address = listener->endpoint().resolve().front();
    client.socket = must(sys::open_stream_socket(address.family()), "socket");
    return client;
  }

  void begin_connecting(Client& client) {
    const auto error = sys::connect(client.socket.get(), listener->endpoint().resolve().front());
    if (error && error.value() != EINPROGRESS) must(error, "connect");
  }

  // Connected, and known to the service.
  Client& connect(int buffer_bytes = 0) {
    Client& client = open_client();
    if (buffer_bytes > 0) {
      must(sys::set_send_buffer(client.socket.get(), buffer_bytes), "SO_SNDBUF");
      must(sys::set_receive_buffer(client.socket.get(), buffer_bytes), "SO_RCVBUF");
    }
    begin_connecting(client);
    const std::size_t before = recorder.ids.size();
    pump([&] { return recorder.ids.size() > before; });
    return client;
  }

  // A connection that no listener has accepted; gives its other end.
  sys::Descriptor adopt_one() {
    std::array<int, 2> ends{};
    must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0
             ? std::error_code{}
             : sys::make_error(errno),
         "socketpair");
    sys::Descriptor peer{ends[0]};
    std::error_code error;
    CHECK_NE(table->adopt(sys::Descriptor{ends[1]}, error), nullptr);
    return peer;
  }

  // From here on the reactor finds no room for another timer: the next allocation fails, once.
  void take_all_memory_for_timers() {
    try {
      for (;;) {
        fail_allocation(1);
        reactor.call_after(seconds{3600}, [] {});
      }
    } catch (const std::bad_alloc&) {
      fail_allocation(1);
    }
  }

  static void sleep_without_turns(Nanoseconds duration) { std::this_thread::sleep_for(duration); }

  Connection& connection(std::size_t index = 0) {
    Connection* found = table->find(recorder.ids.at(index));
    if (found == nullptr) throw std::logic_error("that connection is closed");
    return *found;
  }

  const Place place;
  TemporaryFolder folder;
  Recorder recorder;
  std::vector<AcceptProblem> problems;
  std::optional<ConnectionTable> table;
  std::optional<Listener> listener;
};

}  // namespace switchboard::test
