#include "simulation/irc_typist.hpp"

#include <array>
#include <utility>

#include "irc/line.hpp"

namespace switchboard::simulation {

namespace {

namespace capability = irc::capability;

// Few, so that people meet.
constexpr std::size_t rooms = 3;

constexpr irc::Capabilities labels = capability::labeled_response | capability::batch;

}  // namespace

void IrcTypist::begin() {
  view_ = std::make_unique<IrcView>(world_, truth_);
  to_come_.clear();
  may_label_ = true;
  const bool negotiates = chance(0.85);
  if (negotiates) negotiate();
  to_come_.push_back("NICK " + name());
  to_come_.push_back("USER " + user_of_client(key_) + " 0 * :somebody");
  if (negotiates && chance(0.98)) to_come_.push_back("CAP END");
  if (script_.lines > 0) to_come_.push_back("JOIN #r" + std::to_string(below(rooms)));
  script_.lines += to_come_.size();
}

void IrcTypist::negotiate() {
  fondness_ = 0.2 + 0.8 * static_cast<double>(below(100)) / 100;
  if (chance(0.5)) {
    view_->ask_for_302();
    to_come_.push_back("CAP LS 302");
  }
  for (std::size_t requests = world_.random().between(1, 2); requests > 0; --requests) {
    to_come_.push_back("CAP REQ :" + any_capabilities());
  }
  if (chance(0.8)) to_come_.push_back("CAP REQ server-time");
  if (!chance(0.2)) return;
  to_come_.push_back("CAP REQ sasl");
  to_come_.push_back("AUTHENTICATE PLAIN");
  // anna's name and password; or another.
  to_come_.push_back(chance(0.8) ? "AUTHENTICATE AGFubmEAeA==" : "AUTHENTICATE AGFubmEAeQ==");
}

std::string IrcTypist::any_capabilities() {
  std::string names;
  for (const irc::CapabilityRow& row : irc::capability_rows()) {
    if (row.bit == capability::sasl || !chance(fondness_)) continue;
    if (!names.empty()) names += ' ';
    names += row.name;
  }
  return names.empty() ? "batch" : names;
}

std::string IrcTypist::line() {
  if (!to_come_.empty()) {
    std::string first = std::move(to_come_.front());
    to_come_.pop_front();
    return first;
  }
  if (view_->wants_name()) {
    view_->has_given_name();
    return "NICK " + name();
  }
  bears_a_label_ = may_label_ && view_->has(labels) && chance(0.4);
  std::string text = command();
  // What is too long is refused unread.
  if (!bears_a_label_ || text.size() + 2 > irc::most_message_bytes) return text;
  std::string label = "l" + std::to_string(key_) + "." + std::to_string(++labels_);
  text.insert(0, "@label=" + label + " ");
  view_->await_answer(std::move(label));
  return text;
}

void IrcTypist::take(std::string_view line, bool has_crlf) {
  world_.expect(has_crlf, "a line of IRC ends with LF alone");
  view_->take(line);
  const std::string ping = view_->take_ping();
  if (!ping.empty() && key_ % 4 != 0) type("PONG " + ping);
}

std::string IrcTypist::room() {
  std::string known = view_->some_room();
  if (!known.empty() && chance(0.8)) return known;
  const std::size_t number = below(rooms + 1);
  if (number == rooms) return "lobby";
  return (chance(0.1) ? "R" : "r") + std::to_string(number);
}

std::string IrcTypist::own_room() {
  std::string own = view_->some_own_room();
  return own.empty() || chance(0.1) ? room() : own;
}

std::string IrcTypist::other(const std::string& room) {
  std::string known = view_->some_other(room);
  return known.empty() || chance(0.2) ? name() : known;
}

// --- What is typed

std::string IrcTypist::command() {
  const std::size_t kind = below(40);
  if (kind < 13) return words();
  if (kind < 19) return act_in_room();
  if (kind < 28) return mode();
  if (kind < 35) return question();
  switch (kind) {
    case 35:
      return "NICK " + (chance(0.1) ? "N" + name().substr(1) : name());
    case 36:
      return chance(0.5) ? "AWAY" : "AWAY :gone";
    case 37:
      return change_capabilities();
    case 38:
      return operate();
    default:
      return nonsense();
  }
}

std::string IrcTypist::words() {
  const std::string where = room();
  switch (below(14)) {
    case 0:
      return "NOTICE #" + where + " :" + text() + "noted";
    case 1:
      return "PRIVMSG #" + where +
             " :\x01"
             "ACTION " +
             text() + "waves\x01";
    case 2:
      return "PRIVMSG #" + where + " :\x01VERSION\x01";
    case 3:
      return (chance(0.5) ? "PRIVMSG @#" : "PRIVMSG +#") + where + " :" + text() +
             std::string{mark_of_status} + "psst";
    case 4:
      return "PRIVMSG " + other(where) + " :psst";
    case 5:
      return "PRIVMSG #" + where + ",#not-" + where + ",nobody :" + text() + "to many";
    case 6:
      return "TAGMSG #" + where;
    case 7:
      return "PRIVMSG #" + where + " :" + text() + std::string(300 + below(250), 'z');
    case 8:
      return "PRIVMSG #" + where + " :" + text() + "\x02gr\xC3\xBC\xC3\x9F dich\x02";
    default:
      return "PRIVMSG #" + where + " :" + text() + std::string(world_.random().skewed(60), 'y');
  }
}

std::string IrcTypist::act_in_room() {
  const std::string where = room();
  switch (below(9)) {
    case 0:
      return "PART #" + where + (chance(0.5) ? " :" + text() + "bye" : "");
    case 1: {
      const std::string own = own_room();
      return "KICK #" + own + " " + other(own) + (chance(0.5) ? " :" + text() + "out" : "");
    }
    case 2:
      return "TOPIC #" + where + " :" + text() + "topic";
    case 3:
      return "INVITE " + name() + " #" + where;
    case 4:
      return chance(0.1) ? "JOIN 0" : join();
    default:
      return join();
  }
}

std::string IrcTypist::join() {
  const auto where = [&] { return (chance(0.1) ? "R" : "r") + std::to_string(below(rooms)); };
  if (chance(0.1)) return "JOIN #" + where() + ",#" + where() + ",#lobby";
  const std::string room = chance(0.2) ? "lobby" : where();
  if (chance(0.6)) return "JOIN #" + room;
  const std::string key = "k" + std::to_string(below(4));
  law_.note_key(key_, room, key);
  return "JOIN #" + room + " " + key;
}

std::string IrcTypist::mode() {
  const std::string where = own_room();
  const std::string start = "MODE #" + where;
  switch (below(15)) {
    case 0:
    case 1:
      return start;
    case 2:
    case 3: {
      constexpr std::array<const char*, 12> flags{" +m", " +m",  " -m", " -n", " +n", " +i",
                                                  " -i", " -is", " +s", " +t", " -t", " +C-s"};
      return start + flags[below(flags.size())];
    }
    case 4:
      return start + (chance(0.5) ? " +k k" + std::to_string(below(4)) : " -k *");
    case 5:
      return start + (chance(0.6) ? " +l " + std::to_string(1 + below(6)) : " -l");
    case 6:
      return start + " +o " + other(where);
    case 7:
      return start + (chance(0.3) ? " -o " : " +v ") + other(where);
    case 8:
      return start + " +mv-v " + other(where) + " " + other(where);
    case 9:
      return "MODE " + view_->name() + (chance(0.5) ? " +iB" : " -i+w");
    default:
      return mode_with_mask();
  }
}

std::string IrcTypist::mode_with_mask() {
  constexpr std::array<const char*, 7> kinds{" +b ", " +b ", " -b ", " -b ",
                                             " +e ", " +I ", " -I "};
  const std::string where = own_room();
  const std::string kind = kinds[below(kinds.size())];
  const std::string start = "MODE #" + where + kind;
  switch (below(10)) {
    case 0:
      return start + "n" + std::to_string(below(10));
    case 1:
      return start + "*!~" + user_of_client(static_cast<std::uint32_t>(below(20))) + "@*";
    case 2:
      return start + "m:" + other(where);
    case 3:
      return start + "N?!*@*";
    case 4:
      return start.substr(0, start.size() - 1);  // the list
    case 5:
    case 6:
    case 7:
      return "MODE #" + where + (chance(0.6) ? " +b m:" : " +b ") + other(where);
    default: {
      const std::string whom = other(where);
      to_come_.push_back("KICK #" + where + " " + whom);
      return "MODE #" + where + " +b " + whom;
    }
  }
}

std::string IrcTypist::question() {
  constexpr std::array<const char*, 14> questions{
      "LIST",   "LIST >1", "MOTD",   "HELP",     "LUSERS",         "VERSION",   "ISON n1 n2 n3",
      "INVITE", "STATS u", "PING x", "CAP LIST", "USERHOST n1 n2", "MONITOR S", "INFO"};
  const std::string where = room();
  switch (below(8)) {
    case 0:
      return "NAMES #" + where;
    case 1:
      return "WHO #" + where + (chance(0.5) ? " %tcnuhf,7" : "");
    case 2:
      return "WHOIS " + other(where);
    case 3:
      return "MONITOR " + std::string{chance(0.7) ? "+ " : "- "} + name() + "," + name();
    case 4:
      return "WHOWAS " + name();
    default:
      return questions[below(questions.size())];
  }
}

std::string IrcTypist::change_capabilities() {
  if (chance(0.5)) return "CAP REQ :" + any_capabilities();
  const auto rows = irc::capability_rows();
  const irc::CapabilityRow& row = rows[below(rows.size())];
  if (row.bit == capability::cap_notify || row.bit == capability::sasl) return "CAP LIST";
  if ((row.bit & labels) != 0) {
    may_label_ = false;
    bears_a_label_ = false;
  }
  return "CAP REQ :-" + std::string{row.name};
}

std::string IrcTypist::operate() {
  switch (below(5)) {
    case 0:
      return "OPER root x";
    case 1:
      return "OPER root y";
    case 2:
      return "KILL " + name() + " :enough";
    case 3:
      return "WALLOPS :hear, hear";
    default:
      return "SETNAME :" + text() + "or so";
  }
}

std::string IrcTypist::nonsense() {
  switch (below(6)) {
    case 0:
      bears_a_label_ = false;
      return "";
    case 1:
      bears_a_label_ = false;
      return "PRIVMSG #lobby :not UTF-8 \xFF\xFE";
    case 2:
      bears_a_label_ = false;
      return "PRIVMSG #lobby :" + std::string(600, 'x');
    case 3:
      return "FROBNICATE";
    case 4:
      return "JOIN";
    default:
      return "KICK #nowhere nobody";
  }
}

}  // namespace switchboard::simulation
