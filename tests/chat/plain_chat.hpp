// The fixture of the plain dialect's suites: the service on its reactor, over one poller and one
// family, and people who type, in the same thread.
#pragma once

#include <cctype>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/plain_service.hpp"
#include "net/life_cycle.hpp"
#include "support/testing.hpp"

namespace switchboard::chat::test {

using switchboard::test::Client;
using switchboard::test::KiB;
using switchboard::test::milliseconds;
using switchboard::test::must;
using switchboard::test::seconds;

// What was said, with each time written as "T", as no test knows when it runs.
inline std::string without_times(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    std::string_view line = text.substr(0, end);
    const auto digit = [&](std::size_t at) {
      return std::isdigit(static_cast<unsigned char>(line[at])) != 0;
    };
    if (line.size() > 5 && digit(0) && digit(1) && line[2] == ':' && digit(3) && digit(4)) {
      line.remove_prefix(5);
      plain += 'T';
    }
    plain += line;
    text.remove_prefix(end);
  }
  return plain;
}

class PlainChat : protected switchboard::test::OneThread {
 protected:
  static auto rows() { return switchboard::test::places({"IPv4", "Unix"}); }
  explicit PlainChat(const switchboard::test::Place& its_place)
      : OneThread(its_place.backend), place(its_place) {}

  bool is_unix() const { return place.family == "Unix"; }

  void serve(PlainSettings settings = {}, ConnectionLimits limits = {},
             AddressLimit::Settings per_address = {}) {
    addresses.emplace(per_address);
    service.emplace(
        reactor, chat, *addresses, std::move(settings), limits, PlainService::OpenedCallback{},
        [this](const Connection&, const Closed& closed) { ends.push_back(closed.reason); });
    const std::string& family = place.family;
    const std::string where = family == "Unix"   ? "unix://" + folder.file("socket")
                              : family == "IPv4" ? "tcp://127.0.0.1:0"
                                                 : "tcp://[::1]:0";
    listener.emplace(reactor, Endpoint::parse(where), service->connections());
  }

  // Somebody who has connected and given no name yet.
  Client& connect(int buffer_bytes = 0) {
    Client& client = *clients.emplace_back(std::make_unique<Client>());
    const auto address = listener->endpoint().resolve().front();
    client.socket = must(sys::open_stream_socket(address.family()), "socket");
    if (buffer_bytes > 0) {
      must(sys::set_send_buffer(client.socket.get(), buffer_bytes), "SO_SNDBUF");
      must(sys::set_receive_buffer(client.socket.get(), buffer_bytes), "SO_RCVBUF");
    }
    const auto error = sys::connect(client.socket.get(), address);
    if (error && error.value() != EINPROGRESS) must(error, "connect");
    pump([&] { return client.received.find('\n') != std::string::npos; });
    return client;
  }

  // Somebody who is in the lobby.
  Client& enter(const std::string& name, int buffer_bytes = 0) {
    Client& client = connect(buffer_bytes);
    type(client, name + "\n");
    await(client, "-- you are in ");
    pump([&] { return client.received.ends_with('\n'); });
    client.received.clear();
    return client;
  }

  static void type(Client& client, std::string_view text) { client.to_send += text; }

  void await(Client& client, std::string_view text) {
    try {
      pump([&] { return client.received.find(text) != std::string::npos; });
    } catch (const std::runtime_error&) {
      throw std::runtime_error("'" + std::string{text} + "' does not come; what came is:\n" +
                               client.received);
    }
  }
  // Looks at each byte once, however often it is asked whether all has come.
  void await_lines(const Client& client, int lines) {
    std::size_t from = 0;
    pump([&] {
      for (std::size_t end = 0; lines > 0; from = end + 1, --lines) {
        end = client.received.find('\n', from);
        if (end == std::string::npos) return false;
      }
      return true;
    });
  }
  // What has come up to the line that holds `text`, without times; forgotten then.
  std::string take_up_to(Client& client, std::string_view text) {
    await(client, text);
    pump([&] {
      return client.received.find('\n', client.received.find(text)) != std::string::npos;
    });
    const std::size_t end = client.received.find('\n', client.received.find(text)) + 1;
    std::string taken = without_times(std::string_view{client.received}.substr(0, end));
    client.received.erase(0, end);
    return taken;
  }
  // What it has been told by now: whatever was on its way has come, as its own answer has.
  std::string take(Client& client) {
    type(client, "/none\n");
    std::string taken = take_up_to(client, "there is no /none");
    taken.erase(taken.find("-- there is no /none"));
    return taken;
  }

  const switchboard::test::Place place;
  switchboard::test::TemporaryFolder folder;
  Chat chat{{}, sys::wall_now};
  std::vector<CloseReason> ends;
  std::optional<AddressLimit> addresses;
  std::optional<PlainService> service;
  std::optional<Listener> listener;
};

}  // namespace switchboard::chat::test
