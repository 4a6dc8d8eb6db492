// Exchanges between clients and a chat server, as text: who sends what, and what each client gets.
//
//   == a name for the whole, which has a server of its own
//   connect anna server-time multi-prefix     registers, with these capabilities
//   raw bert                                  connects, no more
//   plain carl                                connects to the plain dialect and gives the name
//   anna> JOIN #a                             sends a line
//   anna< :anna!~anna@127.0.0.1 JOIN #a       has got this line, and all before it
//   bert< <end>                               the server has closed
//   # a comment
//
// "{}" in what is got stands for any characters. \xNN is a byte. Lines that are sent one behind the
// other by one client, and what is got then by all, are one exchange.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "switchboard/net/listener.hpp"

#include "chat/plain_service.hpp"
#include "irc/service.hpp"
#include "support/sockets.hpp"

namespace switchboard::test {

struct Step {
  enum class Kind : std::uint8_t { connect, raw, plain, send };
  Kind kind = Kind::send;
  std::string client{};
  std::string capabilities{};                                  // of connect
  std::vector<std::string> lines{};                            // of send
  std::map<std::string, std::vector<std::string>> expected{};  // of send, by client
  std::size_t line_number = 0;
};

struct Script {
  std::string name;
  std::vector<Step> steps;
};

// Throws std::runtime_error where the file is no such script.
std::vector<Script> read_scripts(const std::string& path);

// How what is sent arrives.
enum class Pieces : std::uint8_t {
  lines,    // each by itself
  bytes,    // each by itself
  segment,  // all that one client sends in a row, at once
};

bool is_like(std::string_view pattern, std::string_view text) noexcept;

// A server with both dialects, its clients, and a clock that stands still at 2026-01-01. A wait
// that runs out throws what was waited for and what came.
class ExchangeServer {
 public:
  explicit ExchangeServer(irc::Settings settings = default_settings(),
                          const ConnectionLimits& limits = {},
                          const chat::ChatLimits& chat_limits = {},
                          const chat::AddressLimit::Settings& addresses = {});
  ~ExchangeServer();
  static irc::Settings default_settings();

  void connect(const std::string& name, std::string_view capabilities);
  void connect_raw(const std::string& name);
  void connect_plain(const std::string& name);
  void send(const std::string& client, const std::string& bytes, bool byte_by_byte);
  // Closes without a word.
  void drop(const std::string& client) { clients_.erase(client); }
  // What each client has got since it was last asked, once all that was sent is answered.
  std::map<std::string, std::vector<std::string>> take();

  // Everything up to the end, which the server must choose. The last is not whole where it has no
  // end of line.
  std::vector<std::string> take_to_the_end(const std::string& client);
  // What a client has got, once a line contains `text`; it is the last.
  std::vector<std::string> take_until(const std::string& client, const std::string& text);

  // Keeps passwords from being looked at until they are let go; and how many there are.
  void hold_passwords() noexcept { holds_passwords_ = true; }
  std::size_t held_passwords() const noexcept { return held_.size(); }
  std::size_t passwords_looked_at() const noexcept { return looked_at_; }
  void let_passwords_go();

  Reactor& reactor() noexcept { return reactor_; }
  irc::Service& service() noexcept { return irc_; }
  chat::PlainService& plain() noexcept { return plain_; }
  chat::Chat& chat() noexcept { return chat_; }
  int socket_of(const std::string& client) const { return clients_.at(client).socket.get(); }

 private:
  struct Client {
    sys::Descriptor socket;
    bool is_plain = false;
    bool has_ended = false;
    std::string unread{};
    std::vector<std::string> lines{};
  };

  void check(const std::string& hash, const std::string& password, const irc::Verdict& verdict);
  void open(const std::string& name, const Endpoint& endpoint);
  static void read(Client& client);
  bool await_mark(const std::string& name, const std::string& mark);
  std::string waited_in_vain(const std::string& name, const std::string& wanted) const;

  Reactor reactor_;
  chat::Chat chat_;
  chat::AddressLimit addresses_;
  chat::PlainService plain_;
  bool holds_passwords_ = false;
  std::size_t looked_at_ = 0;
  std::vector<std::function<void()>> held_;
  irc::Service irc_;
  std::unique_ptr<Listener> irc_listener_;
  std::unique_ptr<Listener> plain_listener_;
  std::map<std::string, Client> clients_;
  std::uint64_t marks_ = 0;
};

}  // namespace switchboard::test
