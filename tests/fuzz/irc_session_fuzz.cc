// Three IRC clients on one chat: arbitrary bytes through parser, commands and core. Each line of
// the input begins with whose it is ('0', '1', '2', or any byte, modulo three); 'X', 'Y' and 'Z'
// close one. At the end registry, rooms and memberships agree, and no client has ever got a line
// that is none.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "switchboard/net/connection_table.hpp"

#include "irc/line.hpp"
#include "irc/message.hpp"
#include "irc/service.hpp"
#include "support/sockets.hpp"

namespace {

using namespace switchboard;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Client {
  sys::Descriptor socket;
  std::string unread;

  // What the server sends is whole lines, each a message within the limits.
  void read() {
    if (socket.get() < 0) return;
    std::array<char, 65'536> block{};
    for (;;) {
      const auto received = sys::receive(socket.get(), std::as_writable_bytes(std::span{block}));
      if (received.would_block() || !received || *received == 0) break;
      unread.append(block.data(), *received);
    }
    std::size_t begin = 0;
    for (std::size_t end = unread.find("\r\n"); end != std::string::npos;
         end = unread.find("\r\n", begin)) {
      std::string_view line = std::string_view{unread}.substr(begin, end - begin);
      irc::Message message;
      require(irc::parse_message(line, message) == irc::ParseStatus::complete);
      if (line.starts_with('@')) line.remove_prefix(line.find(' ') + 1);
      require(line.size() + 2 <= irc::most_message_bytes);
      begin = end + 2;
    }
    unread.erase(0, begin);
  }
};

void check_agreement(const chat::Chat& chat) {
  std::size_t memberships = 0;
  chat.for_each_room([&](const chat::Room& room) {
    require(!room.people().empty() && chat.find_room(room.name()) == &room);
    for (const chat::Person* person : room.people()) {
      require(person->is_in(room) && chat.find_person(person->name()) == person);
      ++memberships;
    }
  });
  std::size_t people = 0;
  chat.for_each_person([&](const chat::Person& person) {
    ++people;
    for (const chat::Room* room : person.rooms()) {
      require(std::ranges::count(room->people(), &person) == 1);
      --memberships;
    }
  });
  require(memberships == 0 && people == chat.people());
}

irc::Settings settings() {
  irc::Settings made;
  made.motd = "hello\n";
  made.operators = {{"root", "x"}};
  made.accounts = {{"anna", "x"}};
  made.offers_sasl = true;
  made.registration_timeout = {};
  made.ping_interval = {};
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Reactor reactor;
  chat::ChatLimits limits;
  limits.rooms_of_a_person = 5;
  chat::Chat chat{limits, [] { return chat::WallTime{}; }};
  chat::AddressLimit addresses{{}};
  irc::Service service{
      reactor,
      chat,
      addresses,
      settings(),
      {},
      [](const std::string& hash, const std::string& password, const irc::Verdict& verdict) {
        reactor.post([verdict, is_right = hash == password] { verdict(is_right); });
      }};
  std::array<Client, 3> clients;
  for (Client& client : clients) {
    auto pair = test::unix_pair();
    std::error_code error;
    require(service.connections().adopt(std::move(pair.ours), error) != nullptr);
    client.socket = std::move(pair.theirs);
  }
  std::string_view input{reinterpret_cast<const char*>(data), size};
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    if (line.empty()) continue;
    const char who = line.front();
    if (who >= 'X' && who <= 'Z') {
      clients[static_cast<std::size_t>(who - 'X')].socket = {};
    } else {
      Client& client = clients[static_cast<unsigned char>(who) % 3U];
      if (client.socket.get() < 0) continue;
      const std::string bytes = std::string{line.substr(1)} + '\n';
      (void)sys::send(client.socket.get(), std::as_bytes(std::span{bytes}));  // it may have ended
    }
    reactor.turn(sys::Nanoseconds::zero());
    for (Client& client : clients) client.read();
  }
  for (int turn = 0; turn < 3; ++turn) reactor.turn(sys::Nanoseconds::zero());
  check_agreement(chat);
  for (Client& client : clients) client.socket = {};
  for (int turn = 0; turn < 3; ++turn) reactor.turn(sys::Nanoseconds::zero());
  check_agreement(chat);
  require(chat.people() == 0 && chat.rooms() == 0);
  return 0;
}
