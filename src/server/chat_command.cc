#include <fmt/core.h>

#include <csignal>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include "switchboard/sys/process.hpp"

#include "chat/plain_service.hpp"
#include "command_line/output.hpp"
#include "irc/service.hpp"
#include "server/accounts.hpp"
#include "server/commands.hpp"
#include "server/connection_log.hpp"
#include "server/listeners.hpp"
#include "server/password_worker.hpp"
#include "server/server.hpp"

namespace switchboard::server {

namespace {

// Strangers choose the names.
chat::HashKey draw_hash_key() {
  chat::HashKey key;
  if (const auto error = sys::fill_with_chance(std::as_writable_bytes(std::span{key}))) {
    throw std::system_error(error, "cannot draw the key that names are hashed with");
  }
  return key;
}

// The command line again, and with it the file that it names. Throws command_line::UsageError.
ChatOptions read_again(const ChatOptions& options) {
  std::vector<const char*> arguments;
  for (const std::string& argument : options.arguments) arguments.push_back(argument.c_str());
  return std::get<ChatOptions>(
      parse_command_line(static_cast<int>(arguments.size()), arguments.data()));
}

// Both dialects on one chat.
class ChatServer {
 public:
  explicit ChatServer(const ChatOptions& options)
      : options_(options),
        server_(options_, "chat"),
        chat_(options.chat_limits, sys::wall_now, draw_hash_key()),
        addresses_(options.addresses),
        passwords_(server_.reactor(), [this](std::error_code error) { no_passwords(error); }),
        plain_(server_.reactor(), chat_, addresses_, options.plain_settings, options.limits,
               server_.on_opened(), on_closed()),
        irc_(server_.reactor(), chat_, addresses_, options.irc_settings, options.limits,
             can_hash_passwords()
                 ? [this](std::string hash, std::string password, irc::Verdict verdict) {
                     passwords_.check(std::move(hash), std::move(password), std::move(verdict));
                   }
                 : irc::PasswordCheck{},
             server_.on_opened(), on_closed()),
        listeners_(server_.reactor(), server_.connection_log()) {
    listeners_.add(plain_.connections(), options.plain, "plain+");
    listeners_.add(irc_.connections(), options.irc, "irc+");
    irc_.set_rehash([this] { return reload(); });
    irc_.set_on_deed(
        [this](const irc::Session& by, const irc::OperatorDeed& deed) { log_deed(by, deed); });
    if (!options.config_file.empty()) {
      server_.reactor().on_signal(SIGHUP, [this](int) { reload(); });
    }
  }

  int run() {
    server_.end_with(
        {.count_connections =
             [this] { return plain_.connections().size() + irc_.connections().size(); },
         .begin =
             [this](Nanoseconds drain_timeout, std::function<void()> done) {
               listeners_.close();
               const auto one_is_done = [left = std::make_shared<int>(2), done = std::move(done)] {
                 if (--*left == 0) done();
               };
               irc_.shut_down(drain_timeout, one_is_done);
               plain_.shut_down(drain_timeout, one_is_done);
             }});
    server_.announce(listeners_);
    return server_.run([this]() -> std::vector<LogField> {
      return {{"connections_served", served_},
              {"messages", chat_.messages()},
              {"deliveries", chat_.deliveries()}};
    });
  }

 private:
  std::function<void(const Connection&, const Closed&)> on_closed() {
    return [this, closed = server_.on_closed()](const Connection& connection, const Closed& how) {
      ++served_;
      closed(connection, how);
    };
  }

  // How often a password is wrong is the clients' doing; all else is an operator's.
  void log_deed(const irc::Session& by, const irc::OperatorDeed& deed) {
    using Outcome = irc::OperatorDeed::Outcome;
    const LogLevel level = deed.outcome == Outcome::done ? LogLevel::info : LogLevel::warn;
    if (!server_.log().writes(level)) return;
    const bool is_refused = deed.outcome == Outcome::refused;
    if (is_refused && !refusals_.admit(sys::monotonic_now())) return;
    const Connection* connection = irc_.connections().find(by.id);
    std::vector<LogField> fields{{"command", deed.command},
                                 {"by", chat::full_name(by.person)},
                                 {"peer", connection == nullptr ? "gone" : peer_of(*connection)}};
    if (!deed.subject.empty()) fields.emplace_back("subject", deed.subject);
    if (!deed.reason.empty()) fields.emplace_back("reason", deed.reason);
    const std::uint64_t suppressed = is_refused ? refusals_.take_suppressed() : 0;
    if (suppressed > 0) fields.emplace_back("suppressed", suppressed);
    server_.log().write(level, message_of(deed.outcome), fields);
  }

  static std::string_view message_of(irc::OperatorDeed::Outcome outcome) noexcept {
    using Outcome = irc::OperatorDeed::Outcome;
    if (outcome == Outcome::done) return "operator's command";
    return outcome == Outcome::refused ? "operator's command refused" : "operator's command failed";
  }

  // How often is the clients' doing.
  void no_passwords(std::error_code error) {
    if (!password_warnings_.admit(sys::monotonic_now())) return;
    server_.log().write(LogLevel::warn, "no password can be checked for now",
                        {{"error", error.message()}});
  }

  // Takes over what can be changed while people are there; where anything is wrong, nothing is.
  // Gives what was wrong.
  std::string reload() {
    try {
      ChatOptions fresh = read_again(options_);
      const std::string unchanged = needing_a_restart(options_, fresh);
      keep_what_needs_a_restart(fresh);
      plain_.reload(fresh.plain_settings, fresh.limits);
      irc_.set_limits(fresh.limits);
      chat_.set_limits(fresh.chat_limits);
      addresses_.set(fresh.addresses);
      irc_.reload(fresh.irc_settings);
      server_.log().set_threshold(fresh.log_level);
      options_ = std::move(fresh);
      server_.log().write(LogLevel::info, "configuration read again");
      if (!unchanged.empty()) {
        server_.log().write(LogLevel::warn, "not changed before a restart",
                            {{"options", unchanged}});
      }
      return {};
    } catch (const std::exception& wrong) {
      server_.log().write(LogLevel::error, "configuration not read again, the old one holds",
                          {{"error", wrong.what()}});
      return wrong.what();
    }
  }

  // It is told again with each reload until it is done, or taken back.
  void keep_what_needs_a_restart(ChatOptions& fresh) const {
    fresh.plain = options_.plain;
    fresh.irc = options_.irc;
    fresh.irc_settings.server_name = options_.irc_settings.server_name;
    fresh.backend = options_.backend;
    fresh.limits.keepalive = options_.limits.keepalive;
  }

  ChatOptions options_;  // as they hold
  std::uint64_t served_ = 0;
  Server server_;
  chat::Chat chat_;
  chat::AddressLimit addresses_;
  RateLimit password_warnings_{1};
  RateLimit refusals_{1};
  PasswordWorker passwords_;
  chat::PlainService plain_;
  irc::Service irc_;
  Listeners listeners_;
};

}  // namespace

int run_chat(const ChatOptions& options) {
  if (options.only_checks) {
    const auto error = command_line::write_all(sys::standard_output, "all options are well\n");
    if (error) throw std::system_error(error, "cannot print");
    return 0;
  }
  return ChatServer{options}.run();
}

}  // namespace switchboard::server
