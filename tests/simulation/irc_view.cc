// IrcView: tags, capabilities, labels, and what the server says itself.
#include "simulation/irc_view.hpp"

#include <algorithm>

#include "irc/line.hpp"

namespace switchboard::simulation {

namespace {

namespace capability = irc::capability;

// The minutes since 1970 of "1970-01-02T03:04:00.000Z".
std::optional<std::uint64_t> minutes_of(std::string_view time) {
  if (time.size() != 24 || !time.ends_with(":00.000Z")) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year{static_cast<int>(number_of(time.substr(0, 4)))},
      std::chrono::month{static_cast<unsigned>(number_of(time.substr(5, 2)))},
      std::chrono::day{static_cast<unsigned>(number_of(time.substr(8, 2)))}};
  const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
  return static_cast<std::uint64_t>(days) * 1440 + number_of(time.substr(11, 2)) * 60 +
         number_of(time.substr(14, 2));
}

// From somebody about somebody; the rest are the server's own words.
bool is_of_a_form(const irc::Message& message) {
  return message.source.find('!') != std::string_view::npos && message.command != "KILL" &&
         message.command != "WALLOPS" &&
         (message.command != "MODE" || message.parameter(0).starts_with('#'));
}

bool is_numeric(std::string_view command) {
  return command.size() == 3 && command.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

void IrcView::take(std::string_view line) {
  expect(!has_farewell_, "a line came behind ERROR");
  irc::Message message;
  const bool is_message = irc::parse_message(line, message) == irc::ParseStatus::complete;
  expect(is_message, "a line that is no message");
  if (!is_message) return;
  std::string_view untagged = line;
  if (line.starts_with('@')) untagged.remove_prefix(line.find(' ') + 1);
  expect(untagged.size() + 2 <= irc::most_message_bytes, "a line is too long");
  who_ = message.source.substr(0, message.source.find('!'));
  const bool is_event = is_of_a_form(message);
  take_tags(message, is_event);
  if (is_event) {
    take_event(message);
    last_command_ = message.command;
    last_who_ = who_;
  } else if (is_numeric(message.command)) {
    take_numeric(message);
  } else {
    take_server_line(message);
  }
}

// --- Tags

void IrcView::take_tags(const irc::Message& message, bool is_event) {
  bool has_id = false;
  has_number_ = false;
  std::string_view tags = message.tags;
  while (const auto tag = irc::take_tag(tags)) {
    if (tag->name == "label") {
      take_answer(message, tag->value);
    } else if (tag->name == "batch") {
      expect(batches_.contains(std::string{tag->value}), "a batch that has not begun");
    } else if (tag->name == "time") {
      expect_capability(capability::server_time, "a time that was not asked for");
      take_time(tag->value, message);
    } else if (tag->name == "account") {
      expect_capability(capability::account_tag, "an account that was not asked for");
    } else {
      expect_capability(capability::message_tags, "a tag that was not asked for");
      has_id = has_id || tag->name == "msgid";
      expect(tag->name == "msgid" || tag->name == "bot" || tag->name.starts_with('+'),
             "a tag that nobody knows");
    }
  }
  expect(has_number_ == (is_event && has(capability::server_time)),
         "server-time where there is none, or none where it is");
  expect(has_id == (is_event && has(capability::message_tags)), "msgid, or none, against the wish");
}

// Numbers rise. Only what is one event in several lines has one number.
void IrcView::take_time(std::string_view time, const irc::Message& message) {
  const auto number = minutes_of(time);
  expect(number.has_value(), "a time that was never");
  if (!number) return;
  const bool is_second_line =
      (message.command == "AWAY" && last_command_ == "JOIN" && last_who_ == who_) ||
      message.parameter(1).starts_with("zzz") || (who_ == name_ && message.parameter(0) == name_);
  expect(*number > number_ || (*number == number_ && is_second_line),
         "a line came twice, or too late");
  number_ = *number;
  has_number_ = true;
}

void IrcView::take_answer(const irc::Message& message, std::string_view label) {
  expect_capability(capability::labeled_response, "a label that was not asked for");
  expect(labels_.erase(std::string{label}) == 1, "a label was answered twice, or never given");
  if (message.command != "BATCH") return;
  expect(message.parameter(0).starts_with('+') && message.parameter(1) == "labeled-response",
         "an answer begins with the end of a batch");
}

// --- The server's own words

void IrcView::take_server_line(const irc::Message& message) {
  const std::string_view command = message.command;
  if (command == "ERROR") {
    has_farewell_ = true;
  } else if (command == "PING") {
    ping_ = message.parameter(0);
  } else if (command == "CAP") {
    take_capabilities(message);
  } else if (command == "BATCH") {
    take_batch(message);
  } else if (command == "ACK") {
    expect(message.tags.find("label=") != std::string_view::npos, "ACK of no label");
  } else if (command == "FAIL") {
    expect_capability(capability::standard_replies, "FAIL, which was not asked for");
  } else if (command == "MODE") {
    expect(who_ == name_ && message.parameter(0) == name_, "the modes of another person");
  } else {
    expect(command == "NOTICE" || command == "PONG" || command == "AUTHENTICATE" ||
               command == "KILL" || command == "WALLOPS",
           "a command that no server sends");
  }
}

void IrcView::take_capabilities(const irc::Message& message) {
  const std::string_view how = message.parameter(1);
  const std::string_view names = message.parameter(2);
  if (how == "LS" && speaks_302_) capabilities_ |= capability::cap_notify;
  if (how == "NEW" || how == "DEL") {
    expect_capability(capability::cap_notify, "CAP NEW or DEL, which was not asked for");
  }
  if (how == "DEL") (void)irc::apply_request('-' + std::string{names}, ~0U, capabilities_);
  if (how == "LIST") {
    irc::Capabilities listed = 0;
    (void)irc::apply_request(names, ~0U, listed);
    // What the server does not offer any more it takes away without a word to who did not ask.
    expect(((listed ^ capabilities_) & ~capability::sasl) == 0,
           "other capabilities than were agreed on");
  }
  if (how != "ACK") return;
  expect(irc::apply_request(names, ~0U, capabilities_), "a capability that nobody knows");
  for (auto& [room, company] : rooms_) {
    company.stay.hears_own_words = company.stay.hears_own_words && has(capability::echo_message);
  }
}

void IrcView::take_batch(const irc::Message& message) {
  const std::string_view which = message.parameter(0);
  expect_capability(capability::batch, "a batch, which was not asked for");
  if (which.starts_with('+')) {
    expect(message.tags.find("label=") != std::string_view::npos, "a batch of no label");
    expect(batches_.emplace(which.substr(1)).second, "a batch began twice");
  } else {
    expect(batches_.erase(std::string{which.substr(1)}) == 1, "a batch ended that had not begun");
  }
}

void IrcView::take_numeric(const irc::Message& message) {
  const std::string_view code = message.command;
  if (code == "001") set_name(std::string{message.parameter(0)});
  expect(name_.empty() || message.parameter(0) == name_, "a numeric is for somebody else");
  if (code == "433" && name_.empty()) asked_again_ = true;
  if (code == "353") take_names(message);
  if (code == "324") take_modes_of_channel(message);
  if (code != "366") return;
  const auto room = rooms_.find(std::string{message.parameter(1).substr(1)});
  if (room != rooms_.end()) room->second.is_complete = true;
}

void IrcView::take_names(const irc::Message& message) {
  const std::string room{message.parameter(2).substr(1)};
  const auto found = rooms_.find(room);
  std::string_view names = message.parameter(3);
  while (!names.empty()) {
    std::string_view item = names.substr(0, names.find(' '));
    names.remove_prefix(std::min(item.size() + 1, names.size()));
    const std::size_t prefixes = item.find_first_not_of("@+");
    expect(prefixes <= (has(capability::multi_prefix) ? 2U : 1U), "more prefixes than asked for");
    Rank rank{.is_operator = item.starts_with('@'),
              .has_voice = item.substr(0, prefixes).find('+') != std::string_view::npos};
    if (rank.is_operator && !has(capability::multi_prefix)) rank.has_voice = std::nullopt;
    item.remove_prefix(prefixes);
    const std::size_t bang = item.find('!');
    expect((bang != std::string_view::npos) == has(capability::userhost_in_names),
           "user and host in names, or none, against the wish");
    const std::string who{item.substr(0, bang)};
    if (found == rooms_.end()) continue;
    channels_[room].ranks.insert_or_assign(who, rank);
    if (who == name_) continue;
    if (found->second.is_complete) {
      expect(found->second.others.contains(who), "somebody is named who is not there");
    } else {
      found->second.others.insert(who);
    }
  }
}

void IrcView::take_modes_of_channel(const irc::Message& message) {
  const auto found = channels_.find(std::string{message.parameter(1).substr(1)});
  if (found == channels_.end()) return;
  Channel& channel = found->second;
  channel.knows_modes = true;
  channel.flags.clear();
  channel.key.clear();
  channel.most_people = 0;
  const auto parameters = message.parameters().subspan(3);
  apply(channel, message.parameter(2), {parameters.begin(), parameters.end()});
}

// --- At the end

void IrcView::compare(const chat::Chat& chat) const {
  View::compare(chat);
  if (name_.empty()) return;
  world_.expect(labels_.empty(), "a labelled command was not answered");
  world_.expect(batches_.empty(), "a batch has not ended");
  for (const auto& [name, channel] : channels_) {
    const chat::Room* room = chat.find_room(name);
    if (room != nullptr) compare(channel, *room);
  }
}

void IrcView::compare(const Channel& channel, const chat::Room& room) const {
  for (std::size_t i = 0; i < room.people().size(); ++i) {
    const auto rank = channel.ranks.find(room.people()[i]->name());
    world_.expect(rank != channel.ranks.end(), "somebody's prefix was not told");
    if (rank == channel.ranks.end()) return;
    const bool is_operator = (room.standing_at(i) & chat::is_operator) != 0;
    const bool has_voice = (room.standing_at(i) & chat::has_voice) != 0;
    world_.expect(rank->second.is_operator == is_operator, "who is operator was not told");
    world_.expect(!rank->second.has_voice || *rank->second.has_voice == has_voice,
                  "who has voice was not told");
  }
  const chat::Rules& rules = room.rules();
  for (const auto& [mask, is_listed] : channel.masks) {
    const auto& list = mask.first == 'b'   ? rules.bans
                       : mask.first == 'e' ? rules.exemptions
                                           : rules.welcome;
    const bool is_there = std::ranges::count(list, mask.second, &chat::ListedMask::mask) > 0;
    world_.expect(is_there == is_listed, "a list is not what was told of it");
  }
  if (!channel.knows_modes) return;
  const std::map<char, bool> flags{{'C', rules.refuses_requests}, {'i', rules.by_invitation},
                                   {'m', rules.is_moderated},     {'n', rules.refuses_outsiders},
                                   {'s', rules.is_unlisted},      {'t', rules.topic_is_locked}};
  for (const auto& [letter, is_set] : flags) {
    world_.expect(channel.flags.contains(letter) == is_set, "a mode is not what was told of it");
  }
  world_.expect(channel.key == rules.key && channel.most_people == rules.most_people,
                "a key or a limit is not what was told of it");
}

std::string IrcView::some_room() const {
  if (rooms_.empty()) return {};
  const auto step = static_cast<std::ptrdiff_t>(world_.random().below(rooms_.size()));
  return std::next(rooms_.begin(), step)->first;
}

std::string IrcView::some_own_room() const {
  std::vector<std::string_view> own;
  for (const auto& [name, channel] : channels_) {
    const auto rank = channel.ranks.find(name_);
    if (rank != channel.ranks.end() && rank->second.is_operator) own.push_back(name);
  }
  return own.empty() ? std::string{} : std::string{own[world_.random().below(own.size())]};
}

std::string IrcView::some_other(const std::string& room) const {
  const auto found = rooms_.find(room);
  if (found == rooms_.end() || found->second.others.empty()) return {};
  const auto& others = found->second.others;
  return *std::next(others.begin(),
                    static_cast<std::ptrdiff_t>(world_.random().below(others.size())));
}

}  // namespace switchboard::simulation
