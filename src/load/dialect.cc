#include "load/dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <stdexcept>

namespace switchboard::load {

namespace {

using Kind = Frame::Kind;

constexpr Frame unfinished{.kind = Kind::unfinished, .bytes = 0, .text = {}};

// A line without its end (LF, or CRLF), and how many bytes it takes with it; none where it is not
// there yet.
struct Line {
  std::string_view text;
  std::size_t bytes;
};
std::optional<Line> first_line(std::string_view input) {
  const std::size_t end = input.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view text = input.substr(0, end);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return Line{.text = text, .bytes = end + 1};
}

std::string name_of(const Person& person) {
  return fmt::format("load-{}{}", person.speaks ? 'p' : 'm', person.number);
}

std::optional<std::size_t> number_in(std::string_view digits) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// --- Plain lines: the first is a name, all further ones go to the room.

// Everybody is in this one at first.
constexpr std::string_view first_room = "lobby";

void greet_plain(std::string& out, const Person& person) {
  out += name_of(person) + "\n";
}

void join_plain(std::string& out, const Person& person) {
  if (person.room != first_room) fmt::format_to(std::back_inserter(out), "/join {}\n", person.room);
}

void publish_plain(std::string& out, std::string_view, std::string_view text) {
  out.append(text).push_back('\n');
}

constexpr std::string_view plain_question = "/load";

void ask_plain(std::string& out) {
  out.append(plain_question).push_back('\n');
}

// What the server says itself, or of others.
Frame next_plain_notice(const Line& line) {
  constexpr std::string_view joined = "-- you are in ";
  constexpr std::string_view unknown = "-- there is no ";
  constexpr std::string_view going = " <- ";
  constexpr std::string_view gone = " has gone";
  constexpr std::size_t time_bytes = 5;
  const std::string_view text = line.text;
  if (text.starts_with(joined)) {
    const std::string_view room = text.substr(joined.size());
    return {.kind = Kind::joined,
            .bytes = line.bytes,
            .text = room.substr(0, room.find_first_of(", "))};
  }
  if (text.starts_with(unknown) && text.substr(unknown.size()).starts_with(plain_question)) {
    return {.kind = Kind::answer, .bytes = line.bytes, .text = {}};
  }
  const std::string_view of_others = text.substr(std::min(time_bytes, text.size()));
  if (const std::size_t end = of_others.find(gone);
      of_others.starts_with(going) && end != std::string_view::npos) {
    return {.kind = Kind::departure,
            .bytes = line.bytes,
            .text = of_others.substr(going.size(), end - going.size())};
  }
  return {.kind = Kind::of_no_interest, .bytes = line.bytes, .text = {}};
}

Frame next_plain(std::string_view input) {
  const auto line = first_line(input);
  if (!line) return unfinished;
  const std::size_t said = line->text.find(marker);
  if (said == std::string_view::npos) return next_plain_notice(*line);
  return {.kind = Kind::message, .bytes = line->bytes, .text = line->text.substr(said)};
}

// --- Redis: pub/sub over RESP2 (redis.io, "Redis serialization protocol specification").

void greet_nobody(std::string&, const Person&) {}

void append_bulk(std::string& out, std::string_view text) {
  fmt::format_to(std::back_inserter(out), "${}\r\n", text.size());
  out.append(text).append("\r\n");
}

void join_redis(std::string& out, const Person& person) {
  if (person.speaks) return;
  out += "*2\r\n";
  append_bulk(out, "SUBSCRIBE");
  append_bulk(out, person.room);
}

void publish_redis(std::string& out, std::string_view room, std::string_view text) {
  out += "*3\r\n";
  append_bulk(out, "PUBLISH");
  append_bulk(out, room);
  append_bulk(out, text);
}

// One string or number of an array; none where it is not all there.
std::optional<Line> next_element(std::string_view input) {
  const auto head = first_line(input);
  if (!head || !head->text.starts_with('$')) return head;
  const std::size_t size = number_in(head->text.substr(1)).value_or(0);
  if (input.size() < head->bytes + size + 2) return std::nullopt;
  return Line{.text = input.substr(head->bytes, size), .bytes = head->bytes + size + 2};
}

Frame next_redis(std::string_view input) {
  const auto head = first_line(input);
  if (!head) return unfinished;
  if (head->text.starts_with('-')) {
    return {.kind = Kind::refusal, .bytes = head->bytes, .text = head->text.substr(1)};
  }
  Frame frame{.kind = Kind::of_no_interest, .bytes = head->bytes, .text = {}};
  if (!head->text.starts_with('*')) return frame;
  const std::size_t count = number_in(head->text.substr(1)).value_or(0);
  Kind kind = Kind::of_no_interest;
  for (std::size_t i = 0; i < count; ++i) {
    const auto element = next_element(input.substr(frame.bytes));
    if (!element) return unfinished;
    if (i == 0 && element->text == "message") kind = Kind::message;
    if (i == 0 && element->text == "subscribe") kind = Kind::joined;
    frame.bytes += element->bytes;
    // What was said comes last, the room second.
    if (kind != Kind::joined || i == 1) frame.text = element->text;
  }
  frame.kind = kind;
  return frame;
}

// --- NATS (docs.nats.io, "Client protocol"). Everybody's subscription has the same number, so that
// everybody is sent the same bytes. Publishers are read by a goroutine each, which get into each
// other's way: two subscribers may see the messages of two publishers in different orders.

void greet_nats(std::string& out, const Person& person) {
  fmt::format_to(std::back_inserter(out),
                 "CONNECT {{\"verbose\":false,\"pedantic\":false,\"name\":\"{}\"}}\r\n",
                 name_of(person));
}

void join_nats(std::string& out, const Person& person) {
  if (!person.speaks) fmt::format_to(std::back_inserter(out), "SUB {} 1\r\n", person.room);
}

void publish_nats(std::string& out, std::string_view room, std::string_view text) {
  fmt::format_to(std::back_inserter(out), "PUB {} {}\r\n", room, text.size());
  out.append(text).append("\r\n");
}

void answer_nats(std::string& out, std::string_view) {
  out += "PONG\r\n";
}

Frame next_nats(std::string_view input) {
  const auto line = first_line(input);
  if (!line) return unfinished;
  Frame frame{.kind = Kind::of_no_interest, .bytes = line->bytes, .text = {}};
  if (line->text.starts_with("MSG ")) {
    const std::string_view size_text = line->text.substr(line->text.rfind(' ') + 1);
    const std::size_t size = number_in(size_text).value_or(0);
    frame.bytes += size + 2;
    if (input.size() < frame.bytes) return unfinished;
    frame.kind = Kind::message;
    frame.text = input.substr(line->bytes, size);
  } else if (line->text == "PING") {
    frame.kind = Kind::ping;
  } else if (line->text.starts_with("-ERR")) {
    frame.kind = Kind::refusal;
    frame.text = line->text;
  }
  return frame;
}

// --- IRC (RFC 2812). A nickname has at most 9 letters.

std::string nickname_of(const Person& person) {
  return fmt::format("{}{}", person.speaks ? 'p' : 'm', person.number);
}

void greet_irc(std::string& out, const Person& person) {
  fmt::format_to(std::back_inserter(out), "NICK {0}\r\nUSER {0} 0 * :load\r\n",
                 nickname_of(person));
}

void join_irc(std::string& out, const Person& person) {
  fmt::format_to(std::back_inserter(out), "JOIN #{}\r\n", person.room);
}

void publish_irc(std::string& out, std::string_view room, std::string_view text) {
  out.append("PRIVMSG #").append(room).append(" :").append(text).append("\r\n");
}

void answer_irc(std::string& out, std::string_view ping) {
  out.append("PONG ").append(ping).append("\r\n");
}

void ask_irc(std::string& out) {
  out += "PING load\r\n";
}

// "name #room :End of /NAMES list" without the sigil, where it has all of these.
std::string_view room_of_names_end(std::string_view parameters) {
  parameters.remove_prefix(std::min(parameters.find('#'), parameters.size() - 1) + 1);
  return parameters.substr(0, parameters.find(' '));
}

// Of the numeric replies that begin with 4 or 5 (RFC 2812 section 5.2) one is no refusal.
constexpr std::string_view no_message_of_the_day = "422";
bool is_refusal(std::string_view command) {
  return command == "ERROR" || (command.size() == 3 && (command[0] == '4' || command[0] == '5') &&
                                command != no_message_of_the_day);
}

Frame next_irc(std::string_view input) {
  const auto line = first_line(input);
  if (!line) return unfinished;
  std::string_view rest = line->text;
  std::string_view source;
  if (rest.starts_with(':')) {
    source = rest.substr(1, rest.find_first_of("! ") - 1);
    rest.remove_prefix(std::min(rest.find(' '), rest.size() - 1) + 1);
  }
  const std::string_view command = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(command.size() + 1, rest.size()));
  if (command == "PRIVMSG" && rest.starts_with('#')) {
    const std::size_t text = std::min(rest.find(" :"), rest.size());
    rest.remove_prefix(std::min(text + 2, rest.size()));
    return {.kind = Kind::message, .bytes = line->bytes, .text = rest};
  }
  if (command == "QUIT") return {.kind = Kind::departure, .bytes = line->bytes, .text = source};
  if (command == "366") {
    return {.kind = Kind::joined, .bytes = line->bytes, .text = room_of_names_end(rest)};
  }
  const Kind kind = command == "PING"     ? Kind::ping
                    : command == "PONG"   ? Kind::answer
                    : command == "001"    ? Kind::welcome
                    : is_refusal(command) ? Kind::refusal
                                          : Kind::of_no_interest;
  return {.kind = kind, .bytes = line->bytes, .text = kind == Kind::refusal ? line->text : rest};
}

// --- The table

constexpr std::array<Dialect, 4> known_dialects{{
    {.name = "plain",
     .summary = "lines; the first is a name",
     .greet = greet_plain,
     .join = join_plain,
     .publish = publish_plain,
     .answer = nullptr,
     .ask = ask_plain,
     .next = next_plain,
     .waits_for_welcome = false,
     .has_one_order = true,
     .tells_who_joined = true,
     .has_many_rooms = false,
     .publisher_may_be_deaf = true,
     .longest_message = 0},
    {.name = "redis",
     .summary = "SUBSCRIBE and PUBLISH",
     .greet = greet_nobody,
     .join = join_redis,
     .publish = publish_redis,
     .answer = nullptr,
     .ask = nullptr,
     .next = next_redis,
     .waits_for_welcome = false,
     .has_one_order = true,
     .tells_who_joined = true,
     .has_many_rooms = true,
     .publisher_may_be_deaf = false,
     .longest_message = 0},
    {.name = "nats",
     .summary = "SUB and PUB",
     .greet = greet_nats,
     .join = join_nats,
     .publish = publish_nats,
     .answer = answer_nats,
     .ask = nullptr,
     .next = next_nats,
     .waits_for_welcome = false,
     .has_one_order = false,
     .tells_who_joined = false,
     .has_many_rooms = true,
     .publisher_may_be_deaf = false,
     .longest_message = 0},
    {.name = "irc",
     .summary = "JOIN and PRIVMSG",
     .greet = greet_irc,
     .join = join_irc,
     .publish = publish_irc,
     .answer = answer_irc,
     .ask = ask_irc,
     .next = next_irc,
     .waits_for_welcome = true,
     .has_one_order = true,
     .tells_who_joined = true,
     .has_many_rooms = true,
     .publisher_may_be_deaf = false,
     // A line has at most 512 bytes, with the sender's long name in front and the room's.
     .longest_message = 384},
}};

}  // namespace

std::span<const Dialect> dialects() noexcept {
  return known_dialects;
}

const Dialect& find_dialect(std::string_view name) {
  for (const Dialect& dialect : known_dialects) {
    if (dialect.name == name) return dialect;
  }
  std::string names;
  for (const Dialect& dialect : known_dialects) {
    names.append(names.empty() ? "" : ", ").append(dialect.name);
  }
  throw std::invalid_argument(fmt::format("no dialect '{}'; write one of {}", name, names));
}

std::string room_name(std::size_t number) {
  return fmt::format("load-{}", number);
}

std::string room_of_fanout(std::size_t number, std::size_t rooms) {
  return rooms == 1 ? std::string{first_room} : room_name(number);
}

std::string describe_refusal(const Frame& refusal) {
  constexpr std::size_t longest_told = 160;
  return fmt::format("refused: {}", refusal.text.substr(0, longest_told));
}

std::optional<std::size_t> number_of(std::string_view name) {
  const std::size_t letter = name.rfind('m');
  return letter == std::string_view::npos ? std::nullopt : number_in(name.substr(letter + 1));
}

}  // namespace switchboard::load
