#include "load/room.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace switchboard::load::test {

namespace {

// Without its end; `bytes` with it. An empty one that is not all there has 0 bytes.
struct Line {
  std::string text;
  std::size_t bytes;
};
Line first_line(std::string_view input) {
  const std::size_t end = input.find('\n');
  if (end == std::string_view::npos) return {"", 0};
  std::string text{input.substr(0, end)};
  if (text.ends_with('\r')) text.pop_back();
  return {text, end + 1};
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words(1);
  for (const char c : line) {
    if (c == ' ') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

void open_silently(Room&, Connection&) {}

void open_the_door(Room& room, Connection&) {
  room.most_at_the_door = std::max(room.most_at_the_door, ++room.at_the_door);
}

// --- Plain

void open_plain(Room&, Connection& guest) {
  guest.write("Who are you?\r\n");
}

std::size_t take_plain(Room& room, Connection& connection, std::string_view input) {
  const Line line = first_line(input);
  if (line.bytes == 0) return 0;
  Guest& guest = room.guest(connection);
  if (guest.name.empty()) {
    guest = {.name = line.text, .room = "lobby", .is_member = line.text.starts_with("load-m")};
    connection.write("-- you are in lobby, alone so far\r\n");
  } else if (line.text.starts_with("/join ")) {
    guest.room = line.text.substr(6);
    connection.write("-- you are in " + guest.room + " with somebody\r\n");
  } else if (line.text == "/load") {
    connection.write("-- there is no /load\r\n");
  } else {
    room.say(connection, guest.room, line.text);
  }
  return line.bytes;
}

std::string wrap_plain(const Guest& sender, const std::string& text) {
  return "14:03 <" + sender.name + "> " + text + "\r\n";
}

std::string take_leave_plain(const Guest& gone) {
  return "14:03 <- " + gone.name + " has gone\r\n";
}

std::string a_minute_later(std::string wrapped) {
  return wrapped.replace(0, 5, "14:04");
}

// --- Redis

std::size_t take_redis(Room& room, Connection& connection, std::string_view input) {
  const std::size_t all = input.size();
  const Line head = first_line(input);
  if (head.bytes == 0) return 0;
  input.remove_prefix(head.bytes);
  std::vector<std::string> words;
  for (int left = std::stoi(head.text.substr(1)); left > 0; --left) {
    const Line size_line = first_line(input);
    if (size_line.bytes == 0) return 0;
    const std::size_t size = std::stoul(size_line.text.substr(1));
    if (input.size() < size_line.bytes + size + 2) return 0;
    words.emplace_back(input.substr(size_line.bytes, size));
    input.remove_prefix(size_line.bytes + size + 2);
  }
  if (words[0] == "SUBSCRIBE") {
    room.guest(connection) = {.name = "subscriber", .room = words[1], .is_member = true};
    connection.write("*3\r\n$9\r\nsubscribe\r\n$" + std::to_string(words[1].size()) + "\r\n" +
                     words[1] + "\r\n:1\r\n");
  } else {
    room.guest(connection).name = words[1];  // what subscribers are told: where it was said
    room.say(connection, words[1], words[2]);
    connection.write(":1\r\n");
  }
  return all - input.size();
}

std::string wrap_redis(const Guest& sender, const std::string& text) {
  const std::string& room = sender.name;
  return "*3\r\n$7\r\nmessage\r\n$" + std::to_string(room.size()) + "\r\n" + room + "\r\n$" +
         std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

// --- NATS

void open_nats(Room&, Connection& guest) {
  guest.write("INFO {\"server_id\":\"test\"}\r\nPING\r\n");
}

std::size_t take_nats(Room& room, Connection& connection, std::string_view input) {
  const Line line = first_line(input);
  if (line.bytes == 0) return 0;
  const auto words = words_of(line.text);
  if (words[0] == "SUB") {
    room.guest(connection) = {.name = "subscriber", .room = words[1], .is_member = true};
  } else if (words[0] == "PONG") {
    ++room.answers;
  } else if (words[0] == "PUB") {
    const std::size_t size = std::stoul(words[2]);
    if (input.size() < line.bytes + size + 2) return 0;
    room.guest(connection).name = words[1];
    room.say(connection, words[1], std::string{input.substr(line.bytes, size)});
    return line.bytes + size + 2;
  }
  return line.bytes;
}

std::string wrap_nats(const Guest& sender, const std::string& text) {
  return "MSG " + sender.name + " 1 " + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

// --- IRC

void welcome_all(Room& room) {
  room.welcomes_from = 1;
  for (const ConnectionId id : std::exchange(room.unwelcomed, {})) {
    --room.at_the_door;
    Connection* connection = room.table.find(id);
    if (connection == nullptr) continue;
    const std::string& name = room.guest(*connection).name;
    connection->write(":test NOTICE * :Looking up your hostname\r\nPING :first\r\n:test 001 " +
                      name + " :Welcome\r\n:test 422 " + name + " :No MOTD\r\n");
  }
}

std::size_t take_irc(Room& room, Connection& connection, std::string_view input) {
  const Line line = first_line(input);
  if (line.bytes == 0) return 0;
  const auto words = words_of(line.text);
  Guest& guest = room.guest(connection);
  if (words[0] == "NICK") {
    guest.name = words[1];
    guest.is_member = words[1].starts_with("m");
  } else if (words[0] == "USER") {
    room.unwelcomed.push_back(connection.id());
    if (room.unwelcomed.size() >= room.welcomes_from) welcome_all(room);
  } else if (words[0] == "JOIN") {
    guest.room = words[1];
    connection.write(":" + guest.name + "!u@h JOIN " + words[1] + "\r\n:test 366 " + guest.name +
                     " " + words[1] + " :End\r\n");
  } else if (words[0] == "PONG") {
    ++room.answers;
  } else if (words[0] == "PING") {
    connection.write(":test PONG test :" + words[1] + "\r\n");
  } else if (words[0] == "PRIVMSG" && guest.room != words[1]) {
    connection.write(":test 404 " + words[1] + " :Cannot send to channel\r\n");
  } else if (words[0] == "PRIVMSG") {
    room.say(connection, guest.room, line.text.substr(line.text.find(" :") + 2));
  }
  return line.bytes;
}

std::string wrap_irc(const Guest& sender, const std::string& text) {
  return ":" + sender.name + "!~u@127.0.0.1 PRIVMSG " + sender.room + " :" + text + "\r\n";
}

std::string take_leave_irc(const Guest& gone) {
  return ":" + gone.name + "!~u@127.0.0.1 QUIT :Connection reset\r\n";
}

std::string from_another_host(std::string wrapped) {
  return wrapped.replace(wrapped.find("127.0.0.1"), 9, "localhost");
}

const Host hosts[] = {
    {.dialect = "plain",
     .open = open_plain,
     .take = take_plain,
     .wrap = wrap_plain,
     .take_leave = take_leave_plain,
     .aside = "14:03 * somebody came\r\n",
     .aside_is_answered = false,
     .reword = a_minute_later,
     .has_one_order = true},
    {.dialect = "redis",
     .open = open_silently,
     .take = take_redis,
     .wrap = wrap_redis,
     .take_leave = nullptr,
     .aside = "*3\r\n$9\r\nsubscribe\r\n$5\r\nother\r\n:2\r\n",
     .aside_is_answered = false,
     .reword = nullptr,
     .has_one_order = true},
    {.dialect = "nats",
     .open = open_nats,
     .take = take_nats,
     .wrap = wrap_nats,
     .take_leave = nullptr,
     .aside = "PING\r\n",
     .aside_is_answered = true,
     .reword = nullptr,
     .has_one_order = false},
    {.dialect = "irc",
     .open = open_the_door,
     .take = take_irc,
     .wrap = wrap_irc,
     .take_leave = take_leave_irc,
     .aside = "PING :again\r\n",
     .aside_is_answered = true,
     .reword = from_another_host,
     .has_one_order = true},
};

}  // namespace

const Host& host_of(std::string_view dialect) {
  for (const Host& host : hosts) {
    if (dialect == host.dialect) return host;
  }
  throw std::invalid_argument("no host speaks " + std::string{dialect});
}

void Room::on_open(Connection& connection) {
  guest(connection) = {};
  host.open(*this, connection);
}

std::size_t Room::on_data(Connection& connection, const Slice& input) {
  const auto bytes = input.bytes();
  std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  while (!text.empty() && !connection.is_closed()) {
    const std::size_t taken = host.take(*this, connection, text);
    if (taken == 0) break;
    text.remove_prefix(taken);
  }
  return bytes.size() - text.size();
}

void Room::on_closed(Connection& connection, const Closed&) {
  const Guest gone = guests_[connection.id().packed()];
  guests_.erase(connection.id().packed());
  if (!farewell) return;
  table.for_each([&](Connection& hearer) {
    if (guest(hearer).room == gone.room) farewell(hearer, host.take_leave(gone));
  });
}

void Room::say(Connection& sender, const std::string& room, const std::string& text) {
  speaking_ = &guest(sender);
  table.for_each([&](Connection& member) {
    const Guest& hearer = guest(member);
    if (member.id() == sender.id() || hearer.room != room) return;
    hearer.is_member ? deliver(member, text) : deliver_well(member, text);
  });
}

}  // namespace switchboard::load::test
