// The chat in plain lines, for whoever has nc, telnet or socat.
//
// The first line is one's name; every further line goes to one's room, or is a command where it
// begins with a slash (/help lists them). Blanks around a name are nobody's. A line is UTF-8 and
// ends with LF or CR LF; CR LF is sent to those who use it. What is refused is refused whole, with
// the reason, and the connection goes on. A line without an end, when its sender goes, was never
// said.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "switchboard/net/connection_table.hpp"

#include "chat/address_limit.hpp"
#include "chat/chat.hpp"
#include "chat/line_reader.hpp"
#include "chat/plain_form.hpp"
#include "chat/token_bucket.hpp"
#include "chat/turn_end.hpp"

namespace switchboard::chat {

struct PlainSettings {
  std::string motd{};  // lines that end with LF; shown before the name is asked for
  std::string first_room = "lobby";
  std::size_t line_bytes = 1024;  // the longest line, without its end
  // Who has given no name by then is shown out. Zero: never.
  Nanoseconds registration_timeout = std::chrono::seconds{60};
  BucketSize flood{};
};

class PlainService final : private ConnectionHandler {
 public:
  using OpenedCallback = std::function<void(const Connection&)>;
  using ClosedCallback = std::function<void(const Connection&, const Closed&)>;

  // Reactor, chat and address limit must outlive it; the chat must have taken no more than 254
  // forms. The callbacks, if any, are told of each connection's beginning and end.
  PlainService(Reactor& reactor, Chat& chat, AddressLimit& addresses, PlainSettings settings,
               ConnectionLimits limits, OpenedCallback on_opened = {},
               ClosedCallback on_closed = {});
  PlainService(const PlainService&) = delete;
  PlainService& operator=(const PlainService&) = delete;
  // Its people are gone from the chat, without a word.
  ~PlainService();

  // Give this to a Listener.
  ConnectionTable& connections() noexcept { return connections_; }

  // Takes new settings for what happens from now on. Nobody is closed. Throws as
  // ConnectionTable::set_limits() does; nothing has changed then.
  void reload(PlainSettings settings, const ConnectionLimits& limits);

  // Tells everybody, drains, and calls `done` when the last is gone.
  void shut_down(Nanoseconds drain_timeout, std::function<void()> done);

 private:
  // One connection, and the person who types on it.
  struct Session final : Outlet {
    Session(PlainService& of, ConnectionId its_id, AddressLimit::Place its_place)
        : service(of), person(*this, of.lf_form_id_), id(its_id), place(std::move(its_place)) {}
    ~Session();  // gone from the chat, without a word where they have not quit
    void deliver(const Slice& bytes) override;
    void miss_line() noexcept override;
    void show_out(std::string_view why) override;

    PlainService& service;
    Person person;
    ConnectionId id;
    TimerId registration_timer;
    TimerId flood_timer;
    TokenBucket bucket;
    AddressLimit::Place place;
    LineReader lines;
    bool has_crlf = false;
    bool has_said_a_line = false;
    bool is_leaving = false;  // was shown out
  };
  struct Command;
  static std::span<const Command> commands();

  void on_open(Connection& connection) override;
  std::size_t on_data(Connection& connection, const Slice& input) override;
  void on_end(Connection& connection, std::span<const std::byte> unconsumed) override;
  void on_closed(Connection& connection, const Closed& closed) override;

  void cancel_timers(const Session& session);
  Session& session_of(const Connection& connection);
  bool is_full(const Connection& connection) const noexcept;
  bool slow_down(Connection& connection, Session& session);
  void take_line(Connection& connection, Session& session, std::string_view line);
  void take_first_line(Connection& connection, Session& session, std::string_view line);
  void register_name(Connection& connection, Session& session, std::string_view line);
  void say(Connection& connection, Session& session, std::string_view text, Event::Kind kind);
  // One line for one person, with the mark that tells it from what people say.
  void answer(Connection& connection, const Session& session, std::string_view text);
  void refuse(Connection& connection, const Session& session, std::string_view what, Refusal why);
  void show_out(Connection& connection, Session& session, std::string_view why);

  void run_command(Connection& connection, Session& session, std::string_view line);
  void join(Connection& connection, Session& session, std::string_view arguments);
  void leave(Connection& connection, Session& session, std::string_view why);
  void list_rooms(Connection& connection, Session& session, std::string_view);
  void list_people(Connection& connection, Session& session, std::string_view);
  void tell(Connection& connection, Session& session, std::string_view arguments);
  void act(Connection& connection, Session& session, std::string_view text);
  void rename(Connection& connection, Session& session, std::string_view name);
  void tell_or_set_topic(Connection& connection, Session& session, std::string_view topic);
  void help(Connection& connection, Session& session, std::string_view);
  void quit(Connection& connection, Session& session, std::string_view why);
  // Null, and said so, where they are in none.
  Room* room_of(Connection& connection, Session& session);

  Reactor& reactor_;
  Chat& chat_;
  AddressLimit& addresses_;
  PlainSettings settings_;
  const PlainForm lf_form_{"\n"};
  const PlainForm crlf_form_{"\r\n"};
  const FormId lf_form_id_;
  const FormId crlf_form_id_;
  OpenedCallback opened_callback_;
  ClosedCallback closed_callback_;
  TurnEnd turn_end_;
  std::unordered_map<std::uint64_t, Session> sessions_;  // by the id of their connection
  ConnectionTable connections_;  // last: its connections call back into what stands above
};

}  // namespace switchboard::chat
