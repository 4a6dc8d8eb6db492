// The chat as IRC clients know it: modern.ircdocs.horse, which refines RFC 1459 and RFC 2812, and
// IRCv3's capabilities (ircv3.net). People of other dialects are in the same rooms: the room
// "lobby" is the channel #lobby.
//
// The service owns connections, sessions and their life cycle; what a command does is a function of
// the table in commands.hpp, which comes back here to answer.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "switchboard/net/connection_table.hpp"

#include "chat/address_limit.hpp"
#include "chat/chat.hpp"
#include "chat/turn_end.hpp"
#include "irc/form.hpp"
#include "irc/message.hpp"
#include "irc/numerics.hpp"
#include "irc/session.hpp"
#include "irc/settings.hpp"

namespace switchboard::irc {

// Somebody who has gone, or goes by another name now.
struct Memory {
  std::string nick;
  std::string user;
  std::string host;
  std::string real_name;
  chat::WallTime at;
};

// What was done, or tried, with an operator's right; for a log.
struct OperatorDeed {
  enum class Outcome : std::uint8_t {
    done,
    refused,  // a wrong password, which anybody may try
    failed,   // a configuration that cannot be taken
  };
  std::string_view command;    // "OPER", "KILL" or "REHASH"
  std::string_view subject{};  // the operator's name, or the victim's nick; REHASH has none
  std::string_view reason{};   // the victim's; or what was wrong with it
  Outcome outcome = Outcome::done;
};

class Service final : private ConnectionHandler, private chat::Observer {
 public:
  using OpenedCallback = std::function<void(const Connection&)>;
  using ClosedCallback = std::function<void(const Connection&, const Closed&)>;

  static constexpr std::size_t most_memories = 1000;   // WHOWAS
  static constexpr std::size_t most_monitored = 100;   // MONITOR of ISUPPORT
  static constexpr std::size_t most_listed = 100;      // MAXLIST of ISUPPORT
  static constexpr std::size_t most_targets = 4;       // TARGMAX of ISUPPORT
  static constexpr std::size_t most_text_bytes = 307;  // AWAYLEN, KICKLEN, NAMELEN of ISUPPORT
  static constexpr std::size_t most_user_bytes = 10;   // USERLEN of ISUPPORT
  static constexpr std::size_t most_questions = 250;   // passwords that wait, one a connection
  static constexpr std::size_t most_under_way = 4;     // of them are being looked at
  static constexpr unsigned most_wrong_passwords = 5;  // of a connection, and it is closed

  // Reactor, chat and address limit must outlive it; it is the chat's observer as long as it lives.
  // `check` may be empty: then no password is right.
  Service(Reactor& reactor, chat::Chat& chat, chat::AddressLimit& addresses, Settings settings,
          ConnectionLimits limits, PasswordCheck check = {}, OpenedCallback on_opened = {},
          ClosedCallback on_closed = {});
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  // Its people are gone from the chat, without a word.
  ~Service();

  // Give this to a Listener.
  ConnectionTable& connections() noexcept { return connections_; }
  // Takes what may change while it runs: all but the server's name. Nobody is closed.
  void reload(Settings settings);
  // Throws as ConnectionTable::set_limits() does.
  void set_limits(const ConnectionLimits& limits);
  // What REHASH does; gives what was wrong, empty where nothing was.
  void set_rehash(std::function<std::string()> rehash) { rehash_ = std::move(rehash); }
  // Called with each as soon as its outcome is known: of OPER and KILL before anybody is told.
  void set_on_deed(std::function<void(const Session& by, const OperatorDeed&)> on_deed) {
    on_deed_ = std::move(on_deed);
  }
  // Tells everybody, drains, and calls `done` when the last is gone.
  void shut_down(Nanoseconds drain_timeout, std::function<void()> done);

  // --- For commands.

  chat::Chat& chat() noexcept { return chat_; }
  const Settings& settings() const noexcept { return settings_; }
  Reactor& reactor() noexcept { return reactor_; }
  chat::WallTime started() const noexcept { return started_; }
  Capabilities offered() const noexcept;

  // A line of the server's own: ":server NNN name parameters :text". `text` stands for that of the
  // numeric where it is not empty.
  void reply(Session& session, const Numeric& numeric,
             std::initializer_list<std::string_view> parameters = {}, std::string_view text = {});
  // A whole line, without its end and shorter than most_message_bytes.
  void send(Session& session, std::string_view line);
  // ":server COMMAND parameters"; the last is for people if `last` says so.
  void send_message(Session& session, std::string_view command,
                    std::initializer_list<std::string_view> parameters, Last last = Last::word);
  // FAIL to those who understand it (standard-replies), else a NOTICE.
  void fail(Session& session, std::string_view command, std::string_view code,
            std::string_view text);
  // The bytes that a line of so many parameters may have; what a list may fill.
  std::size_t room_for_text(const Session& session, std::size_t parameter_bytes) const noexcept;

  // What others than who asked are sent: where there is no memory for it, its receiver goes, as for
  // any line that somebody misses.
  template <typename Step>
  void closing_without_memory(Session& receiver, Step step) {
    try {
      step();
    } catch (const std::bad_alloc&) {
      close(receiver.id);
    }
  }

  void start(Session& session, std::unique_ptr<Stream> stream);
  void show_out(Session& session, std::string_view why, std::string_view others_see,
                CloseReason reason = CloseReason::local);
  void set_capabilities(Session& session, Capabilities capabilities);
  // Where name, user and negotiation are done: welcomes them.
  void try_to_register(Session& session);
  // Null for people of other dialects.
  static Session* session_of(const chat::Person& person) noexcept;
  void for_each_session(const std::function<void(Session&)>& visit);
  // Whether it is what was hashed; an empty hash is that of nobody. Nothing more is read of what
  // they send until then. Each waits its turn; who has been wrong too often is shown out behind
  // `then`.
  void check_password(Session& session, std::string hash, std::string password,
                      std::function<void(Session&, Answer)> then);
  // What is told of who is new to those who share a channel, and to those who watch them
  // (extended-monitor).
  void announce_news(Session& session, chat::Event::Kind kind, std::string_view text,
                     bool hear_self);
  // The host that the settings have for the account or operator of that name, if they have one.
  void give_host_of(Session& session, std::string_view name);
  void note_mode_change(bool chat::Profile::*mode, bool is_set) noexcept;
  std::string rehash() { return rehash_ ? rehash_() : std::string{}; }
  void report(const Session& by, const OperatorDeed& deed) {
    if (on_deed_) on_deed_(by, deed);
  }
  Instant now() noexcept { return reactor_.now(); }

  struct Figures {
    std::size_t invisible = 0;
    std::size_t operators = 0;
    std::size_t most_people = 0;  // at once, ever
  };
  const Figures& figures() const noexcept { return figures_; }
  std::size_t unregistered() const noexcept { return unregistered_; }
  std::size_t sessions() const noexcept { return sessions_.size(); }
  std::uint64_t& uses_of(std::size_t command) { return uses_[command]; }
  std::uint64_t served() const noexcept { return served_; }

  const std::deque<Memory>& memories() const noexcept { return memories_; }
  // False where they have as many as they may.
  bool monitor(Session& session, std::string_view nick);
  void unmonitor(Session& session, std::string_view nick);

 private:
  friend struct Session;

  void on_open(Connection& connection) override;
  std::size_t on_data(Connection& connection, const Slice& input) override;
  void on_end(Connection& connection, std::span<const std::byte> unconsumed) override;
  void on_drained(Connection& connection) override;
  void on_closed(Connection& connection, const Closed& closed) override;
  void on_idle(Connection& connection) override;
  std::string_view last_words() override;
  void on_entered(const chat::Person& person) override;
  void on_renamed(const chat::Person& person, std::string_view before) override;
  void on_quit(const chat::Person& person) override;

  Session& session_of(const Connection& connection);
  void bid_farewell(Session& session, std::string_view why, std::string_view others_see,
                    CloseReason reason);
  void close(ConnectionId id);
  // Outside of a connection's callbacks nobody else closes it.
  template <typename Step>
  void closing_if_thrown(ConnectionId id, Step step) {
    try {
      step();
    } catch (...) {
      close(id);
      throw;
    }
  }
  void turn_away_stranger(Session& session, Stranger stranger);
  bool may_go_on(Connection& connection, Session& session);
  void slow_down(Connection& connection, Session& session, Nanoseconds wait);
  void take_line(Session& session, std::string_view line);
  void run(Session& session, const Message& message);
  void begin_answer(Session& session, const Message& message);
  void end_answer(Session& session);
  void go_on_with_streams(Connection& connection, Session& session);
  void deliver(Session& session, const Slice& bytes);
  void emit(Session& session, std::string line);
  void emit_lines(Session& session, std::string_view lines);  // each with its end
  void write(Session& session, std::string_view text);
  bool has_room(Session& session, const Connection& connection, std::size_t bytes);
  void make_room_for_last_words(Session& session);
  void welcome(Session& session);
  void tell_capabilities(Session& session, std::string_view how, Capabilities which);
  void ping_anew(Session& session);
  void offer_anew(Session& session, Capabilities before);
  void announce_shutdown(Session& session);
  void arm_timer(Session& session, Nanoseconds delay);
  void on_timer(Session& session);
  void cancel_timers(const Session& session);
  void uncount(Session& session) noexcept;
  void forget_watcher(Session& session) noexcept;
  void remember(const chat::Person& person, std::string_view nick);
  void ask_next() noexcept;
  void ask(ConnectionId id);
  void forget_question(Session& session) noexcept;
  void take_answer(Session& session, PasswordQuestion& question, Answer answer);
  bool has_taken_some(Session& session);
  std::vector<chat::Person*> watchers_of(const chat::Person& person, Capabilities needed) const;
  void tell_watchers(std::string_view nick, const Numeric& numeric, std::string_view text);

  Reactor& reactor_;
  chat::Chat& chat_;
  chat::AddressLimit& addresses_;
  Settings settings_;
  const PasswordCheck check_;
  std::function<std::string()> rehash_;
  std::function<void(const Session&, const OperatorDeed&)> on_deed_;
  OpenedCallback opened_callback_;
  ClosedCallback closed_callback_;
  const chat::WallTime started_;
  IrcForms forms_;
  chat::TurnEnd turn_end_;
  Figures figures_;
  std::size_t unregistered_ = 0;
  std::uint64_t served_ = 0;
  std::uint64_t last_batch_ = 0;
  std::size_t under_way_ = 0;           // passwords that are being looked at
  std::deque<ConnectionId> questions_;  // of those who wait for that
  std::vector<std::uint64_t> uses_;     // of each command
  std::deque<Memory> memories_;         // the latest first
  std::unordered_map<std::string, std::vector<Session*>> watchers_;  // by the folded nick
  std::unordered_map<std::uint64_t, Session> sessions_;            // by the id of their connection
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  // for verdicts that come late
  ConnectionTable connections_;  // last: its connections call back into what stands above
};

}  // namespace switchboard::irc
