// NAMES, LIST: answers of any length, given as fast as they are taken.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "chat/mask.hpp"
#include "irc/commands.hpp"
#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

namespace {

using chat::Room;

// Walks down from the last member: where one leaves, the last takes their place, so that on the way
// down somebody may be named twice, which does no harm, but nobody is left out.
class NamesStream final : public Stream {
 public:
  NamesStream(const Room& room, bool is_member)
      : name_(room.name()), left_(room.people().size()), is_member_(is_member) {}

  bool step(Service& service, Session& session) override {
    const Room* room = service.chat().find_room(name_);
    const std::string channel = '#' + name_;
    std::string line;
    const std::size_t most = service.room_for_text(session, channel.size() + 3);
    if (room != nullptr) left_ = std::min(left_, room->people().size());
    while (room != nullptr && left_ > 0) {
      const std::string item = item_of(*room, left_ - 1, session);
      if (!line.empty() && line.size() + 1 + item.size() > most) break;
      --left_;
      if (!item.empty()) line.append(line.empty() ? "" : " ").append(item);
    }
    if (!line.empty()) {
      service.reply(session, RPL_NAMREPLY, {room->rules().is_unlisted ? "@" : "=", channel}, line);
      if (left_ > 0) return true;
    }
    service.reply(session, RPL_ENDOFNAMES, {channel});
    return false;
  }

 private:
  std::string item_of(const Room& room, std::size_t index, const Session& session) const {
    const chat::Person& person = *room.people()[index];
    const chat::Profile* profile = person.profile();
    if (!is_member_ && profile != nullptr && profile->is_invisible) return {};
    std::string item = prefixes(room.standing_at(index), session.has(capability::multi_prefix));
    return item +
           (session.has(capability::userhost_in_names) ? chat::full_name(person) : person.name());
  }

  const std::string name_;
  std::size_t left_;
  const bool is_member_;
};

// ELIST=CMNTU: http://www.irc.org/tech_docs/005.html, "ELIST".
struct Filter {
  std::size_t more_than = 0;  // U
  std::size_t fewer_than = SIZE_MAX;
  std::optional<std::string> mask{};                  // M
  std::optional<std::string> not_mask{};              // N
  std::optional<std::chrono::minutes> made_within{};  // C<, in minutes
  std::optional<std::chrono::minutes> made_before{};
  std::optional<std::chrono::minutes> titled_within{};  // T<
  std::optional<std::chrono::minutes> titled_before{};

  bool admits(const Room& room, chat::WallTime now) const {
    const std::size_t people = room.people().size();
    const std::string channel = channel_name(room);
    const auto made = now - room.made_at();
    const auto titled = now - room.topic_at();
    return (more_than == 0 || people > more_than) && people < fewer_than &&
           (!mask || chat::matches_mask(*mask, channel)) &&
           (!not_mask || !chat::matches_mask(*not_mask, channel)) &&
           (!made_within || made < *made_within) && (!made_before || made > *made_before) &&
           (!titled_within || (!room.topic().empty() && titled < *titled_within)) &&
           (!titled_before || (!room.topic().empty() && titled > *titled_before));
  }
};

std::optional<std::size_t> number_of(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::min<std::size_t>(number, 1'000'000'000);
}

// False where it is no condition but a channel's name.
bool add_condition(Filter& filter, std::string_view item) {
  const bool is_age = item.size() > 1 && (fold(item[0]) == 'c' || fold(item[0]) == 't') &&
                      (item[1] == '<' || item[1] == '>');
  if (item.front() == '<' || item.front() == '>') {
    const auto number = number_of(item.substr(1));
    if (number) (item.front() == '<' ? filter.fewer_than : filter.more_than) = *number;
    return true;
  }
  if (is_age) {
    const auto number = number_of(item.substr(2));
    const bool within = item[1] == '<';
    auto& limit = fold(item[0]) == 'c' ? (within ? filter.made_within : filter.made_before)
                                       : (within ? filter.titled_within : filter.titled_before);
    if (number) limit = std::chrono::minutes{*number};
    return true;
  }
  if (item.front() == '!') {
    filter.not_mask = item.substr(1);
    return true;
  }
  if (item.find_first_of("*?") == std::string_view::npos) return false;
  filter.mask = item;
  return true;
}

class ListStream final : public Stream {
 public:
  explicit ListStream(Filter filter) : filter_(std::move(filter)) {}

  bool step(Service& service, Session& session) override {
    constexpr int most_looked_at = 64;  // in one step: not every room is shown
    for (int i = 0; i < most_looked_at; ++i) {
      const Room* room = service.chat().room_after(serial_);
      if (room == nullptr) {
        service.reply(session, RPL_LISTEND);
        return false;
      }
      serial_ = room->serial();
      show(service, session, *room, filter_);
    }
    return true;
  }

  static void show(Service& service, Session& session, const Room& room, const Filter& filter) {
    if (!is_visible(room, session.person) || !filter.admits(room, service.chat().now())) return;
    service.reply(session, RPL_LIST,
                  {channel_name(room), std::to_string(room.people().size()), room.topic()});
  }

 private:
  const Filter filter_;
  std::uint64_t serial_ = 0;
};

}  // namespace

void start_names(Service& service, Session& session, const Room& room) {
  service.start(session, std::make_unique<NamesStream>(room, session.person.is_in(room)));
}

void command::names(Service& service, Session& session, const Message& message) {
  if (message.parameter_count == 0) return service.reply(session, RPL_ENDOFNAMES, {"*"});
  for_each_item(message.parameter(0), [&](std::string_view channel) {
    const Room* room = find_channel(service, channel);
    if (room == nullptr || !is_visible(*room, session.person)) {
      return service.reply(session, RPL_ENDOFNAMES, {fitting(channel, 64)});
    }
    start_names(service, session, *room);
  });
}

void command::list(Service& service, Session& session, const Message& message) {
  Filter filter;
  std::vector<std::string_view> named;
  for (const std::string_view parameter : message.parameters()) {
    for_each_item(parameter, [&](std::string_view item) {
      if (!add_condition(filter, item)) named.push_back(item);
    });
  }
  service.reply(session, RPL_LISTSTART, {"Channel"});
  if (named.empty()) return service.start(session, std::make_unique<ListStream>(filter));
  for (const std::string_view channel : named) {
    if (const Room* room = find_channel(service, channel)) {
      ListStream::show(service, session, *room, filter);
    }
  }
  service.reply(session, RPL_LISTEND);
}

}  // namespace switchboard::irc
