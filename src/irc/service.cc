#include "irc/service.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "chat/text.hpp"
#include "irc/commands.hpp"
#include "irc/names.hpp"

namespace switchboard::irc {

namespace {

// As for the plain dialect: who reads so much at once has enough for its receivers to begin with.
constexpr std::size_t bytes_worth_a_flush = 16 * 1024;

std::string_view as_text(const Slice& bytes) noexcept {
  const auto view = bytes.bytes();
  return {reinterpret_cast<const char*>(view.data()), view.size()};
}

// Room for a message that may be half sent, however long its tags, and for ERROR behind it. And an
// answer must never be what closes its receiver: streams stop at high water, well below the limit.
ConnectionLimits with_room_for_answers(ConnectionLimits limits) {
  limits.output_limit_bytes =
      std::max(limits.output_limit_bytes, most_tag_bytes + 2 * most_message_bytes);
  limits.high_water_bytes = std::min(limits.high_water_bytes, limits.output_limit_bytes / 2);
  limits.low_water_bytes = std::min(limits.low_water_bytes, limits.high_water_bytes / 4);
  return limits;
}

std::uint64_t boot_of(chat::WallTime time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

// A parameter that begins with ':' would end the others.
std::string host_of(const std::optional<Endpoint>& peer) {
  if (!peer || peer->kind() != Endpoint::Kind::tcp) return "localhost";
  return peer->host().starts_with(':') ? '0' + peer->host() : peer->host();
}

}  // namespace

Service::Service(Reactor& reactor, chat::Chat& chat, chat::AddressLimit& addresses,
                 Settings settings, ConnectionLimits limits, PasswordCheck check,
                 OpenedCallback on_opened, ClosedCallback on_closed)
    : reactor_(reactor),
      chat_(chat),
      addresses_(addresses),
      settings_(std::move(settings)),
      check_(std::move(check)),
      opened_callback_(std::move(on_opened)),
      closed_callback_(std::move(on_closed)),
      started_(chat.now()),
      forms_(chat, boot_of(started_), settings_.server_name),
      turn_end_(reactor, chat),
      uses_(commands().size()),
      connections_(reactor, *this, with_room_for_answers(limits)) {
  chat_.set_observer(this);
}

Service::~Service() {
  *is_alive_ = false;
  chat_.set_observer(nullptr);
}

Session::~Session() {
  service.chat_.dismiss(person);
  service.cancel_timers(*this);
  service.forget_watcher(*this);
}

void Service::reload(Settings settings) {
  const Capabilities before = offered();
  settings.server_name = settings_.server_name;
  const bool pings_anew = settings.ping_interval != settings_.ping_interval;
  settings_ = std::move(settings);
  for (auto& entry : sessions_) {
    Session& session = entry.second;
    closing_without_memory(session, [&] {
      if (pings_anew) ping_anew(session);
      offer_anew(session, before);
    });
  }
}

void Service::offer_anew(Session& session, Capabilities before) {
  const Capabilities now = offered();
  session.capabilities &= now;
  tell_capabilities(session, "NEW", now & ~before);
  tell_capabilities(session, "DEL", before & ~now);
}

void Service::ping_anew(Session& session) {
  if (!session.is_registered() || session.is_leaving || session.is_over_limit) return;
  const TimerId before = session.timer;
  if (settings_.ping_interval == Nanoseconds::zero()) {
    session.timer = {};
  } else {
    arm_timer(session, settings_.ping_interval);  // first: it may throw
  }
  reactor_.cancel(before);
}

void Service::set_limits(const ConnectionLimits& limits) {
  connections_.set_limits(with_room_for_answers(limits));
}

// To those who have asked to be told (cap-notify).
void Service::tell_capabilities(Session& session, std::string_view how, Capabilities which) {
  if (which == 0 || !session.has(capability::cap_notify)) return;
  const bool with_values = session.speaks_302 && how == "NEW";
  send_message(session, "CAP", {session.name(), how, capability_names(which, with_values)},
               Last::text);
}

void Service::shut_down(Nanoseconds drain_timeout, std::function<void()> done) {
  chat_.set_observer(nullptr);
  for_each_session([this](Session& session) {
    chat_.dismiss(session.person);
    forget_question(session);
    closing_without_memory(session, [&] { announce_shutdown(session); });
  });
  connections_.shut_down(drain_timeout, std::move(done));
}

void Service::announce_shutdown(Session& session) {
  if (session.is_leaving) return;
  session.is_leaving = true;
  if (session.is_over_limit) make_room_for_last_words(session);
  end_answer(session);
  write(session, "ERROR :Closing Link: the server is going down\r\n");
}

Capabilities Service::offered() const noexcept {
  Capabilities all = 0;
  for (const CapabilityRow& row : capability_rows()) all |= row.bit;
  return settings_.offers_sasl ? all : all & ~capability::sasl;
}

// --- Connections

std::string_view Service::last_words() {
  return "ERROR :Closing Link: the server is full; try again later\r\n";
}

Session& Service::session_of(const Connection& connection) {
  return sessions_.at(connection.id().packed());
}

Session* Service::session_of(const chat::Person& person) noexcept {
  return dynamic_cast<Session*>(&person.outlet());
}

void Service::for_each_session(const std::function<void(Session&)>& visit) {
  for (auto& [id, session] : sessions_) visit(session);
}

void Service::on_open(Connection& connection) {
  if (opened_callback_) opened_callback_(connection);
  ++served_;
  const auto peer = connection.peer();
  auto place = peer ? addresses_.admit(*peer) : chat::AddressLimit::Place{};
  const bool is_admitted = place.has_value();
  Session& session =
      sessions_
          .try_emplace(connection.id().packed(), *this, connection.id(), forms_.form_for(0),
                       std::move(place).value_or(chat::AddressLimit::Place{}))
          .first->second;
  ++unregistered_;
  session.person.set_host(host_of(peer));
  session.person.hear_own(true, false);
  session.last_heard = reactor_.now();
  if (!is_admitted) {
    return show_out(session, "Too many connections from your address", "");
  }
  if (settings_.registration_timeout != Nanoseconds::zero()) {
    arm_timer(session, settings_.registration_timeout);
  }
}

void Service::on_closed(Connection& connection, const Closed& closed) {
  // None where there was no memory for one. Ends with this call, whatever may throw in it.
  const auto found = sessions_.extract(connection.id().packed());
  if (closed_callback_) closed_callback_(connection, closed);
  if (found.empty()) return;
  Session& session = found.mapped();
  if (!session.is_registered()) --unregistered_;
  uncount(session);
  forget_watcher(session);
  forget_question(session);
  turn_end_.ask();
  chat_.quit(session.person, closed.reason == CloseReason::peer_closed ? "Connection closed"
                                                                       : to_string(closed.reason));
}

void Service::on_end(Connection& connection, std::span<const std::byte>) {
  show_out(session_of(connection), "Connection closed", "Connection closed");
}

void Service::on_drained(Connection& connection) {
  Session& session = session_of(connection);
  go_on_with_streams(connection, session);
}

void Service::on_idle(Connection& connection) {
  show_out(session_of(connection), "Idle timeout", "Idle timeout", CloseReason::idle);
}

// Where there is no memory for a farewell, there is none.
void Service::show_out(Session& session, std::string_view why, std::string_view others_see,
                       CloseReason reason) {
  if (session.is_leaving) return;
  session.is_leaving = true;
  if (session.is_over_limit) make_room_for_last_words(session);
  cancel_timers(session);
  forget_question(session);
  session.streams.clear();
  uncount(session);
  closing_without_memory(session, [&] { bid_farewell(session, why, others_see, reason); });
}

// The name is free at once; what was sent before is still delivered, and ERROR is the last of it.
void Service::bid_farewell(Session& session, std::string_view why, std::string_view others_see,
                           CloseReason reason) {
  turn_end_.ask();
  chat_.quit(session.person, others_see);
  // ERROR is the answer to QUIT, and to nothing else that it interrupts.
  const bool is_answer =
      session.is_in_command && session.labelled != nullptr && !session.labelled->has_begun();
  if (!is_answer) end_answer(session);
  std::string line;
  const std::string text =
      fmt::format("Closing Link: {} ({})", session.person.host(), fitting(why, most_text_bytes));
  append_message(line, "", "ERROR", std::array{std::string_view{text}}, Last::text);
  send(session, line);
  end_answer(session);
  if (Connection* connection = connections_.find(session.id)) connection->drain(reason);
}

void Service::close(ConnectionId id) {
  if (Connection* connection = connections_.find(id)) connection->close();
}

void Session::deliver(const Slice& bytes) {
  service.deliver(*this, bytes);
}

void Session::miss_line() noexcept {
  service.close(id);
}

void Session::show_out(std::string_view why) {
  service.show_out(*this, why, why);
}

// --- Lines

std::size_t Service::on_data(Connection& connection, const Slice& input) {
  Session& session = session_of(connection);
  const std::string_view text = as_text(input);
  if (text.size() > session.held_bytes) {  // else it is only offered again
    session.last_heard = reactor_.now();
    session.is_pinged = false;
  }
  if (!session.has_sent_a_line) {
    const Stranger stranger = recognise_stranger(text);
    if (stranger != Stranger::none) {
      turn_away_stranger(session, stranger);
      return text.size();
    }
  }
  std::size_t consumed = 0;
  while (consumed < text.size() && may_go_on(connection, session)) {
    const Line line = session.lines.next(text.substr(consumed));
    if (line.status == Line::Status::incomplete) break;
    if (line.status == Line::Status::endless) {
      show_out(session, "A line that does not end", "Protocol error");
      return text.size();
    }
    session.has_sent_a_line = true;
    consumed += line.size_bytes;
    session.bucket.take(settings_.flood, reactor_.now());
    take_line(session, line.text);
    if (session.is_leaving || connection.is_closed()) return text.size();
  }
  if (consumed >= bytes_worth_a_flush) reactor_.flush_soon();
  turn_end_.ask();
  session.held_bytes = text.size() - consumed;
  return consumed;
}

void Service::turn_away_stranger(Session& session, Stranger stranger) {
  show_out(session,
           stranger == Stranger::tls ? "This port does not speak TLS" : "This is no web server",
           "Protocol error");
}

// Not while an answer is being given, or a password looked at; and who is faster than the flood
// control allows is not read from for a while. Nothing is lost. Where the answers have filled the
// queue, the connection is not read from until it is sent, and hands in the rest then.
bool Service::may_go_on(Connection& connection, Session& session) {
  if (session.is_over_limit) {
    connection.pause_reading();
    return false;
  }
  if (connection.queued_bytes() >= connections_.limits().high_water_bytes) return false;
  if (!session.streams.empty() || session.awaits_verdict) {
    connection.pause_reading();
    return false;
  }
  if (!settings_.flood.is_limit()) return true;
  const Nanoseconds wait = session.bucket.wait(settings_.flood, reactor_.now());
  if (wait == Nanoseconds::zero()) return true;
  slow_down(connection, session, wait);
  return false;
}

// What answers a PING may be among what is held back, so that they are asked anew afterwards.
void Service::slow_down(Connection& connection, Session& session, Nanoseconds wait) {
  connection.pause_reading();
  reactor_.cancel(std::exchange(session.flood_timer, TimerId{}));
  session.flood_timer = reactor_.call_after(wait, [this, id = session.id] {
    Connection* slowed = connections_.find(id);
    if (slowed == nullptr) return;
    session_of(*slowed).flood_timer = {};
    slowed->resume_reading();
  });
  session.is_pinged = false;
}

// Parsed first, whatever is wrong with it: what it is refused with bears its label.
void Service::take_line(Session& session, std::string_view line) {
  Message message;
  const ParseStatus status = parse_message(line, message);
  const bool is_too_long = !is_within_limits(line);
  if (status == ParseStatus::empty && !is_too_long) return;
  begin_answer(session, message);
  if (is_too_long) {
    reply(session, ERR_INPUTTOOLONG);
  } else if (!chat::is_utf8(line)) {
    fail(session, "*", "INVALID_UTF8", "That was not UTF-8, and went nowhere");
  } else if (status == ParseStatus::malformed) {
    reply(session, ERR_UNKNOWNERROR, {"*"}, "That is no message of IRC");
  } else {
    run(session, message);
  }
  if (session.streams.empty() && !session.awaits_verdict) end_answer(session);
  session.is_in_command = false;
}

void Service::run(Session& session, const Message& message) {
  const Command* command = find_command(message.command);
  if (command == nullptr) {
    if (session.is_registered()) {
      reply(session, ERR_UNKNOWNCOMMAND, {fitting(message.command, 32)});
    } else {
      reply(session, ERR_NOTREGISTERED);
    }
  } else if (!session.is_registered() && !command->before_registration) {
    reply(session, ERR_NOTREGISTERED);
  } else if (message.parameter_count < command->least_parameters) {
    reply(session, ERR_NEEDMOREPARAMS, {command->name});
  } else {
    ++uses_[static_cast<std::size_t>(command - commands().data())];
    command->run(*this, session, message);
  }
}

// --- Streams

void Service::start(Session& session, std::unique_ptr<Stream> stream) {
  session.streams.push_back(std::move(stream));
  Connection* connection = connections_.find(session.id);
  if (connection == nullptr) return session.streams.clear();
  if (session.streams.size() == 1) go_on_with_streams(*connection, session);
}

void Service::go_on_with_streams(Connection& connection, Session& session) {
  const bool was_in_command = session.is_in_command;
  session.is_in_command = true;
  const std::size_t most = connections_.limits().high_water_bytes;
  while (!session.streams.empty() && !connection.is_closed() && connection.queued_bytes() < most) {
    if (!session.streams.front()->step(*this, session) && !session.streams.empty()) {
      session.streams.erase(session.streams.begin());
    }
  }
  if (was_in_command) return;  // take_line() ends the answer, if it has ended
  if (session.streams.empty() && !session.awaits_verdict) {
    end_answer(session);
    connection.resume_reading();
  }
  session.is_in_command = false;
}

}  // namespace switchboard::irc
