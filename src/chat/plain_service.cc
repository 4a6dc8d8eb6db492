#include "chat/plain_service.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace switchboard::chat {

namespace {

// A reader of so much at once has enough for its receivers to begin with: they are sent it before
// the next is read.
constexpr std::size_t bytes_worth_a_flush = 16 * 1024;

constexpr std::size_t line_end_bytes = 2;

// An unfinished line is left with its connection, with its CR, and must not fill it. Nor must an
// answer be what closes its receiver: long ones stop at high water.
ConnectionLimits with_room_for_a_line(ConnectionLimits limits, std::size_t line_bytes) {
  limits.high_water_bytes = std::min(limits.high_water_bytes, limits.output_limit_bytes / 2);
  limits.low_water_bytes = std::min(limits.low_water_bytes, limits.high_water_bytes / 4);
  limits.input_limit_bytes = std::max(limits.input_limit_bytes, line_bytes + line_end_bytes);
  return limits;
}

std::string_view as_text(const Slice& bytes) noexcept {
  const auto view = bytes.bytes();
  return {reinterpret_cast<const char*>(view.data()), view.size()};
}

std::string_view without_blanks_around(std::string_view text) noexcept {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

// What programs say first that were sent to the wrong port, and what they are to be told: none of
// it can be a name. They would not understand, but their users may.
struct Stranger {
  std::string_view says;
  std::string_view is_told;
};
constexpr std::string_view to_irc =
    "people type plain lines here; an IRC client wants an endpoint that begins with irc+";
constexpr std::string_view to_http = "people type plain lines here; this is no web server";
constexpr auto strangers = std::to_array<Stranger>({{"CAP ", to_irc},
                                                    {"NICK ", to_irc},
                                                    {"PASS ", to_irc},
                                                    {"USER ", to_irc},
                                                    {"GET ", to_http},
                                                    {"HEAD ", to_http},
                                                    {"POST ", to_http}});

std::string reason_of(Refusal why, const ChatLimits& limits) {
  switch (why) {
    case Refusal::empty:
      return "it is empty";
    case Refusal::too_long:
      return fmt::format("it is too long; {} bytes are the most for a name, {} for a room",
                         limits.name_bytes, limits.room_name_bytes);
    case Refusal::not_utf8:
      return "it is not UTF-8";
    case Refusal::bad_character:
      return "it has a character that no name may have: a blank, a comma, or one that nobody sees; "
             "and no name of a person has one of *?!@:#/$&+~%.";
    case Refusal::taken:
      return "somebody has it already";
    case Refusal::too_many_rooms:
      return fmt::format("there are {} rooms, and no more are to be had", limits.rooms);
    case Refusal::in_too_many_rooms:
      return fmt::format("you are in {} rooms, and may be in no more", limits.rooms_of_a_person);
    case Refusal::not_there:
      return "you are not in that room";
    case Refusal::other_not_there:
      return "they are not in that room";
    case Refusal::there_already:
      return "they are in that room already";
    case Refusal::not_operator:
      return "only operators of the room may do that";
    case Refusal::banned:
      return "you are banned from it";
    case Refusal::by_invitation:
      return "it is for those who are invited";
    case Refusal::wrong_key:
      return "it takes a key, which is given behind its name";
    case Refusal::full:
      return "it is full";
    case Refusal::not_heard:
      return "you have no voice in that room";
    case Refusal::no_requests:
      return "it takes no such messages";
    case Refusal::none:
      break;
  }
  return "nothing is wrong with it";
}

}  // namespace

PlainService::PlainService(Reactor& reactor, Chat& chat, AddressLimit& addresses,
                           PlainSettings settings, ConnectionLimits limits,
                           OpenedCallback on_opened, ClosedCallback on_closed)
    : reactor_(reactor),
      chat_(chat),
      addresses_(addresses),
      settings_(std::move(settings)),
      lf_form_id_(chat.add_form(lf_form_)),
      crlf_form_id_(chat.add_form(crlf_form_)),
      opened_callback_(std::move(on_opened)),
      closed_callback_(std::move(on_closed)),
      turn_end_(reactor, chat),
      connections_(reactor, *this, with_room_for_a_line(limits, settings_.line_bytes)) {}

PlainService::~PlainService() = default;

void PlainService::reload(PlainSettings settings, const ConnectionLimits& limits) {
  connections_.set_limits(with_room_for_a_line(limits, settings.line_bytes));
  settings_ = std::move(settings);
}

void PlainService::shut_down(Nanoseconds drain_timeout, std::function<void()> done) {
  for (auto& [id, session] : sessions_) {
    chat_.dismiss(session.person);
    Connection* connection = connections_.find(session.id);
    if (connection == nullptr) continue;
    try {
      answer(*connection, session, "the server is going down; good-bye");
    } catch (const std::bad_alloc&) {
      connection->close();  // the others are told, and the end goes on
    }
  }
  connections_.shut_down(drain_timeout, std::move(done));
}

// --- Connections

PlainService::Session::~Session() {
  service.chat_.dismiss(person);
  service.cancel_timers(*this);
}

void PlainService::Session::deliver(const Slice& bytes) {
  // Closed by the output limit, it tells of it at the end of the turn.
  if (Connection* connection = service.connections_.find(id)) connection->write(bytes);
}

void PlainService::Session::miss_line() noexcept {
  if (Connection* connection = service.connections_.find(id)) connection->close();
}

void PlainService::Session::show_out(std::string_view why) {
  service.chat_.quit(person, why);
  if (Connection* connection = service.connections_.find(id)) {
    service.show_out(*connection, *this, without_control(why));
  }
}

PlainService::Session& PlainService::session_of(const Connection& connection) {
  return sessions_.at(connection.id().packed());
}

void PlainService::on_open(Connection& connection) {
  if (opened_callback_) opened_callback_(connection);
  const auto peer = connection.peer();
  auto place = peer ? addresses_.admit(*peer) : AddressLimit::Place{};
  const bool is_admitted = place.has_value();
  Session& session = sessions_
                         .try_emplace(connection.id().packed(), *this, connection.id(),
                                      std::move(place).value_or(AddressLimit::Place{}))
                         .first->second;
  if (peer && peer->kind() == Endpoint::Kind::tcp) session.person.set_host(peer->host());
  if (!is_admitted) {
    return show_out(connection, session, "too many connections from your address; close one first");
  }
  connection.write(settings_.motd);
  answer(connection, session, "welcome. Type a name and press Enter.");
  if (settings_.registration_timeout == Nanoseconds::zero()) return;
  session.registration_timer =
      reactor_.call_after(settings_.registration_timeout, [this, id = session.id] {
        Connection* late = connections_.find(id);
        if (late != nullptr) show_out(*late, session_of(*late), "no name came; good-bye");
      });
}

void PlainService::on_closed(Connection& connection, const Closed& closed) {
  // None where there was no memory for one. Ends with this call, whatever may throw in it.
  const auto session = sessions_.extract(connection.id().packed());
  if (closed_callback_) closed_callback_(connection, closed);
  if (session.empty()) return;
  chat_.quit(session.mapped().person, "");
  turn_end_.ask();
}

void PlainService::cancel_timers(const Session& session) {
  reactor_.cancel(session.registration_timer);
  reactor_.cancel(session.flood_timer);
}

// What is typed behind the last line's end goes with its sender.
void PlainService::on_end(Connection& connection, std::span<const std::byte>) {
  show_out(connection, session_of(connection), "good-bye");
}

void PlainService::show_out(Connection& connection, Session& session, std::string_view why) {
  answer(connection, session, why);
  cancel_timers(session);
  session.is_leaving = true;
  chat_.quit(session.person, "");
  turn_end_.ask();
  connection.drain();
}

// --- Lines

std::size_t PlainService::on_data(Connection& connection, const Slice& input) {
  Session& session = session_of(connection);
  const std::string_view text = as_text(input);
  std::size_t consumed = 0;
  // What is left where the answers have filled the queue comes again when it is sent.
  while (consumed < text.size() && !is_full(connection) && !slow_down(connection, session)) {
    const Line line = session.lines.next(text.substr(consumed), settings_.line_bytes);
    consumed += line.size_bytes;
    if (line.status == Line::Status::incomplete) break;
    session.bucket.take(settings_.flood, reactor_.now());
    if (line.status == Line::Status::too_long) {
      answer(connection, session,
             fmt::format("that line was too long and went nowhere; {} bytes are the most",
                         settings_.line_bytes));
    } else {
      if (!std::exchange(session.has_said_a_line, true) && line.has_crlf) {
        session.has_crlf = true;
        session.person.set_form(crlf_form_id_);
      }
      take_line(connection, session, line.text);
    }
    if (session.is_leaving || connection.is_closed()) return text.size();
  }
  if (consumed >= bytes_worth_a_flush) reactor_.flush_soon();
  turn_end_.ask();
  return consumed;
}

bool PlainService::is_full(const Connection& connection) const noexcept {
  return connection.queued_bytes() >= connections_.limits().high_water_bytes;
}

// Who is faster than the flood control allows is not read from for a while: nothing is lost.
bool PlainService::slow_down(Connection& connection, Session& session) {
  if (!settings_.flood.is_limit()) return false;
  const Nanoseconds wait = session.bucket.wait(settings_.flood, reactor_.now());
  if (wait == Nanoseconds::zero()) return false;
  connection.pause_reading();
  reactor_.cancel(session.flood_timer);
  session.flood_timer = reactor_.call_after(wait, [this, id = session.id] {
    if (Connection* slowed = connections_.find(id)) slowed->resume_reading();
  });
  return true;
}

void PlainService::take_line(Connection& connection, Session& session, std::string_view line) {
  if (!is_utf8(line)) {
    return answer(connection, session,
                  "that line was not UTF-8 and went nowhere; please set your terminal to UTF-8");
  }
  if (!session.person.is_here()) return take_first_line(connection, session, line);
  if (has_control(line)) return take_line(connection, session, without_control(line));
  if (line.starts_with("//")) return say(connection, session, line.substr(1), Event::Kind::said);
  if (line.starts_with('/')) return run_command(connection, session, line.substr(1));
  if (!line.empty()) say(connection, session, line, Event::Kind::said);
}

void PlainService::take_first_line(Connection& connection, Session& session,
                                   std::string_view line) {
  const auto* const stranger = std::ranges::find_if(
      strangers, [&](const Stranger& each) { return line.starts_with(each.says); });
  if (stranger != strangers.end()) return show_out(connection, session, stranger->is_told);
  if (line.starts_with('/')) {
    return run_command(connection, session, without_control(line).substr(1));
  }
  register_name(connection, session, without_blanks_around(line));
}

void PlainService::register_name(Connection& connection, Session& session, std::string_view line) {
  const Refusal refusal = chat_.enter(session.person, line);
  if (refusal != Refusal::none) {
    refuse(connection, session, "that name will not do", refusal);
    return answer(connection, session, "please type another name");
  }
  reactor_.cancel(session.registration_timer);
  answer(connection, session,
         fmt::format("hello {}. /help lists the commands.", session.person.name()));
  join(connection, session, settings_.first_room);
}

void PlainService::say(Connection& connection, Session& session, std::string_view text,
                       Event::Kind kind) {
  Room* room = room_of(connection, session);
  if (room == nullptr) return;
  const Refusal refusal = chat_.say(session.person, *room, text, kind);
  if (refusal != Refusal::none) refuse(connection, session, "nobody heard that", refusal);
}

// --- Answers

void PlainService::answer(Connection& connection, const Session& session, std::string_view text) {
  connection.write(fmt::format("-- {}{}", text, session.has_crlf ? "\r\n" : "\n"));
}

void PlainService::refuse(Connection& connection, const Session& session, std::string_view what,
                          Refusal why) {
  answer(connection, session, fmt::format("{}: {}", what, reason_of(why, chat_.limits())));
}

}  // namespace switchboard::chat
