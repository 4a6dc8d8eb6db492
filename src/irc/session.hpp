// One client of the IRC dialect.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "switchboard/net/connection.hpp"

#include "chat/address_limit.hpp"
#include "chat/chat.hpp"
#include "chat/token_bucket.hpp"
#include "irc/capabilities.hpp"
#include "irc/line.hpp"

namespace switchboard::irc {

class Service;
struct Session;

// An answer of many lines that is given as fast as its receiver takes it: whoever lists ten
// thousand rooms must not be closed for it. Until it is done, nothing more is read of what they
// send.
class Stream {
 public:
  virtual ~Stream() = default;
  // Sends some lines; false once there are no more. What it looks at may have changed since.
  virtual bool step(Service& service, Session& session) = 0;
};

// What is known before somebody is registered, and not needed afterwards.
struct Registration {
  std::string nick{};
  bool has_user = false;
  bool is_negotiating = false;  // capabilities; nothing happens until CAP END
};

// A command whose answer is to be told from others (labeled-response).
struct LabelledAnswer {
  std::string label{};  // escaped
  std::string first{};  // the first line, as long as there is no second
  std::string batch{};  // its name, once there is a second
  bool has_begun() const noexcept { return !first.empty() || !batch.empty(); }
};

enum class Answer : std::uint8_t {
  right,
  wrong,
  none,  // too many are asking, or it could not be looked at: they may try again
};

// A password that waits to be looked at, with what is to be done then.
struct PasswordQuestion {
  std::string hash;
  std::string password;
  bool is_nobodys = false;  // and wrong, whatever it is
  std::function<void(Session&, Answer)> then;
};

struct Session final : chat::Outlet {
  Session(Service& of, ConnectionId its_id, chat::FormId form, chat::AddressLimit::Place its_place)
      : service(of), person(*this, form), id(its_id), place(std::move(its_place)) {
    person.set_profile(&profile);
  }
  ~Session();  // gone from the chat, without a word where they have not quit
  void deliver(const Slice& bytes) override;
  void miss_line() noexcept override;
  void show_out(std::string_view why) override;

  bool has(Capabilities capability) const noexcept { return (capabilities & capability) != 0; }
  bool is_registered() const noexcept { return registration == nullptr; }
  // Lines wait for the flood control, or for a verdict, and what answers a PING may be behind them.
  // Both end by themselves. Where the queue is full then, lines wait for its receiver: who takes
  // nothing is silent.
  bool is_held_back() const noexcept { return awaits_verdict || flood_timer != TimerId{}; }
  // What the server calls them.
  std::string_view name() const noexcept {
    if (person.is_here()) return person.name();
    return registration == nullptr || registration->nick.empty()
               ? std::string_view{"*"}
               : std::string_view{registration->nick};
  }

  Service& service;
  chat::Profile profile;
  chat::Person person;
  ConnectionId id;
  chat::AddressLimit::Place place;
  std::unique_ptr<Registration> registration = std::make_unique<Registration>();
  std::unique_ptr<LabelledAnswer> labelled;
  std::unique_ptr<std::string> sasl;           // what has come of an answer; null: none is expected
  std::unique_ptr<PasswordQuestion> question;  // waits its turn
  std::vector<std::unique_ptr<Stream>> streams;  // the first is being given
  std::vector<std::string> monitored;            // as they wrote them
  TimerId timer;                                 // the registration's end, then pings
  TimerId flood_timer;                           // none where nothing waits for it
  Instant last_heard{};
  Instant last_spoken{};
  std::uint64_t written_bytes = 0;  // ever queued for them
  std::uint64_t taken_bytes = 0;    // of these, by the last look of the timer
  std::size_t held_bytes = 0;       // of what has come from them, not consumed yet
  chat::WallTime signed_on{};
  chat::TokenBucket bucket;
  Capabilities capabilities = 0;
  LineFinder lines;
  std::uint8_t unlabelled_deliveries = 0;  // so many are not part of the labelled answer
  std::uint8_t wrong_passwords = 0;
  bool speaks_302 : 1 = false;
  bool has_sent_a_line : 1 = false;
  bool has_quit_by_itself : 1 = false;
  bool is_leaving : 1 = false;      // was shown out
  bool is_pinged : 1 = false;       // and has not been heard of since
  bool is_in_command : 1 = false;   // what is sent now is the command's answer
  bool awaits_verdict : 1 = false;  // on a password; nothing is read until then
  bool was_waited_for : 1 = false;  // to take what there is, by the last look of the timer
  bool is_over_limit : 1 = false;   // has too much unread, and goes with the next timers
};

}  // namespace switchboard::irc
