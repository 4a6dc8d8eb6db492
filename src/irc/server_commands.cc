// MOTD, LUSERS, VERSION, TIME, INFO, ADMIN, HELP, LINKS, STATS.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "chat/mask.hpp"
#include "irc/commands.hpp"
#include "irc/modes.hpp"
#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

namespace {

// Whether a command's target, if it has one, is this server or somebody on it; says so if not.
bool is_for_us(Service& service, Session& session, std::string_view target) {
  if (target.empty() || chat::matches_mask(target, service.settings().server_name) ||
      service.chat().find_person(target) != nullptr) {
    return true;
  }
  service.reply(session, ERR_NOSUCHSERVER, {fitting(target, 64)});
  return false;
}

class MotdStream final : public Stream {
 public:
  explicit MotdStream(std::string text) : text_(std::move(text)) {}

  bool step(Service& service, Session& session) override {
    if (from_ >= text_.size()) {
      service.reply(session, RPL_ENDOFMOTD);
      return false;
    }
    const std::size_t end = std::min(text_.find('\n', from_), text_.size());
    const std::string line = "- " + text_.substr(from_, end - from_);
    service.reply(session, RPL_MOTD, {}, line);
    from_ = end + 1;
    return true;
  }

 private:
  const std::string text_;  // its own: it may be read again meanwhile
  std::size_t from_ = 0;
};

std::string number(std::size_t value) {
  return std::to_string(value);
}

}  // namespace

void start_motd(Service& service, Session& session) {
  const Settings& settings = service.settings();
  if (settings.motd.empty()) return service.reply(session, ERR_NOMOTD);
  service.reply(session, RPL_MOTDSTART, {},
                fmt::format("- {} Message of the day -", settings.server_name));
  service.start(session, std::make_unique<MotdStream>(settings.motd));
}

// Each token is made of the setting that it tells of.
void send_isupport(Service& service, Session& session) {
  const chat::ChatLimits& limits = service.chat().limits();
  const std::size_t text = Service::most_text_bytes;
  std::vector<std::string> tokens{
      fmt::format("AWAYLEN={}", text),
      "BOT=B",
      "CASEMAPPING=ascii",
      fmt::format("CHANLIMIT=#:{}", limits.rooms_of_a_person),
      fmt::format("CHANMODES={}", chanmodes_token()),
      fmt::format("CHANNELLEN={}", limits.room_name_bytes + 1),
      "CHANTYPES=#",
      "ELIST=CMNTU",
      "EXCEPTS=e",
      "EXTBAN=,m",
      fmt::format("HOSTLEN={}", most_host_bytes),
      "INVEX=I",
      fmt::format("KEYLEN={}", most_key_bytes),
      fmt::format("KICKLEN={}", text),
      fmt::format("MAXLIST=I:{0},b:{0},e:{0}", Service::most_listed),
      fmt::format("MODES={}", most_mode_parameters),
      fmt::format("MONITOR={}", Service::most_monitored),
      fmt::format("NAMELEN={}", text),
      fmt::format("NETWORK={}", service.settings().network),
      fmt::format("NICKLEN={}", limits.name_bytes),
      "PREFIX=(ov)@+",
      "SAFELIST",
      "STATUSMSG=@+",
      fmt::format("TARGMAX=JOIN:,KICK:{0},NAMES:,NOTICE:{0},PART:,PRIVMSG:{0},TAGMSG:{0},WHOIS:1",
                  Service::most_targets),
      fmt::format("TOPICLEN={}", limits.topic_bytes),
      fmt::format("USERLEN={}", Service::most_user_bytes),
      "UTF8ONLY",
      "WHOX"};
  constexpr std::size_t most_tokens = 13;  // with the name in front and the text behind, 15
  for (std::size_t from = 0; from < tokens.size(); from += most_tokens) {
    std::string line;
    for (std::size_t i = from; i < std::min(from + most_tokens, tokens.size()); ++i) {
      line.append(line.empty() ? "" : " ").append(tokens[i]);
    }
    service.send(session, fmt::format(":{} {:03} {} {} :{}", service.settings().server_name,
                                      RPL_ISUPPORT.code, session.name(), line, RPL_ISUPPORT.text));
  }
}

void send_lusers(Service& service, Session& session) {
  const std::size_t people = service.chat().people();
  const Service::Figures& figures = service.figures();
  const std::string most = number(std::max(figures.most_people, people));
  const std::string now = number(people);
  service.reply(session, RPL_LUSERCLIENT, {},
                fmt::format("There are {} users and {} invisible on 1 servers",
                            people - figures.invisible, figures.invisible));
  // These only where there are any (RFC 2812 section 3.4.2).
  const auto count = [&](const Numeric& numeric, std::size_t value) {
    if (value > 0) service.reply(session, numeric, {number(value)});
  };
  count(RPL_LUSEROP, figures.operators);
  count(RPL_LUSERUNKNOWN, service.unregistered());
  count(RPL_LUSERCHANNELS, service.chat().rooms());
  service.reply(session, RPL_LUSERME, {}, fmt::format("I have {} clients and 0 servers", people));
  service.reply(session, RPL_LOCALUSERS, {now, most},
                fmt::format("Current local users {}, max {}", now, most));
  service.reply(session, RPL_GLOBALUSERS, {now, most},
                fmt::format("Current global users {}, max {}", now, most));
}

void command::motd(Service& service, Session& session, const Message& message) {
  if (is_for_us(service, session, message.parameter(0))) start_motd(service, session);
}

// "[mask [server]]": the mask picks among servers, of which there is one.
void command::lusers(Service& service, Session& session, const Message& message) {
  if (is_for_us(service, session, message.parameter(0)) &&
      is_for_us(service, session, message.parameter(1))) {
    send_lusers(service, session);
  }
}

void command::version(Service& service, Session& session, const Message& message) {
  if (!is_for_us(service, session, message.parameter(0))) return;
  service.reply(session, RPL_VERSION, {service.settings().version, service.settings().server_name},
                service.settings().description);
  send_isupport(service, session);
}

void command::time(Service& service, Session& session, const Message& message) {
  if (!is_for_us(service, session, message.parameter(0))) return;
  const chat::WallTime now = service.chat().now();
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  service.reply(session, RPL_TIME, {service.settings().server_name, std::to_string(seconds), "0"},
                timestamp(now));
}

void command::info(Service& service, Session& session, const Message& message) {
  if (!is_for_us(service, session, message.parameter(0))) return;
  service.reply(session, RPL_INFO, {},
                fmt::format("{}: a chat on a single-threaded, non-blocking reactor",
                            service.settings().version));
  service.reply(session, RPL_INFO, {},
                "People who type plain lines (nc, telnet) are in the same rooms");
  service.reply(session, RPL_INFO, {},
                fmt::format("Running since {}", timestamp(service.started())));
  service.reply(session, RPL_ENDOFINFO);
}

void command::admin(Service& service, Session& session, const Message& message) {
  if (!is_for_us(service, session, message.parameter(0))) return;
  const Settings& settings = service.settings();
  if (settings.admin.empty()) {
    return service.reply(session, ERR_NOADMININFO, {settings.server_name});
  }
  service.reply(session, RPL_ADMINME, {settings.server_name});
  constexpr std::array<const Numeric*, 3> lines{&RPL_ADMINLOC1, &RPL_ADMINLOC2, &RPL_ADMINEMAIL};
  for (std::size_t i = 0; i < std::min(lines.size(), settings.admin.size()); ++i) {
    service.reply(session, *lines[i], {}, settings.admin[i]);
  }
}

void command::help(Service& service, Session& session, const Message& message) {
  const std::string_view subject = message.parameter(0);
  if (subject.empty()) {
    service.reply(session, RPL_HELPSTART, {"*"}, "Commands of this server");
    service.reply(session, RPL_HELPTXT, {"*", ""});
    for (const Command& each : commands()) {
      service.reply(session, RPL_HELPTXT, {"*"}, fmt::format("{} {}", each.name, each.help));
    }
    return service.reply(session, RPL_ENDOFHELP, {"*"}, "HELP COMMAND tells its parameters");
  }
  const Command* found = find_command(subject);
  if (found == nullptr) return service.reply(session, ERR_HELPNOTFOUND, {fitting(subject, 64)});
  service.reply(session, RPL_HELPSTART, {found->name},
                fmt::format("{} {}", found->name, found->syntax));
  service.reply(session, RPL_HELPTXT, {found->name, ""});
  service.reply(session, RPL_ENDOFHELP, {found->name}, found->help);
}

void command::links(Service& service, Session& session, const Message&) {
  const Settings& settings = service.settings();
  service.reply(session, RPL_LINKS, {"*", settings.server_name}, "0 " + settings.description);
  service.reply(session, RPL_ENDOFLINKS, {"*"});
}

void command::stats(Service& service, Session& session, const Message& message) {
  if (!is_for_us(service, session, message.parameter(1))) return;
  const std::string_view query = fitting(message.parameter(0), 1);
  if (query == "u") {
    const auto up =
        std::chrono::duration_cast<std::chrono::seconds>(service.chat().now() - service.started());
    const std::chrono::hh_mm_ss clock{up % std::chrono::days{1}};
    service.reply(
        session, RPL_STATSUPTIME, {},
        fmt::format("Server Up {} days {}:{:02}:{:02}", up / std::chrono::days{1},
                    clock.hours().count(), clock.minutes().count(), clock.seconds().count()));
  } else if (query == "m") {
    for (std::size_t i = 0; i < commands().size(); ++i) {
      const std::uint64_t uses = service.uses_of(i);
      if (uses > 0) {
        service.reply(session, RPL_STATSCOMMANDS, {commands()[i].name, std::to_string(uses)});
      }
    }
  } else if (query == "o") {
    for (const OperatorEntry& entry : service.settings().operators) {
      service.reply(session, RPL_STATSOLINE, {"O", "*", "*", entry.name});
    }
  }
  service.reply(session, RPL_ENDOFSTATS, {query.empty() ? "*" : query});
}

}  // namespace switchboard::irc
