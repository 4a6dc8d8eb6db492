#include "load/fanout_load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>
#include <iterator>
#include <utility>

namespace switchboard::load {

namespace {

constexpr std::string_view probe = "[load ?]";
constexpr Nanoseconds probe_interval = std::chrono::milliseconds{20};
constexpr std::size_t letters = 26;

// abc...zabc..., a little longer than any message.
std::string alphabet(std::size_t size) {
  std::string text(size + letters, ' ');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % letters);
  return text;
}

// Reads a number and the character behind it.
bool take_number(std::string_view& text, std::uint64_t& number, char behind) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data() + text.size() || *end != behind) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

}  // namespace

FanoutLoad::FanoutLoad(Reactor& reactor, const Settings& settings, Progress& progress)
    : reactor_(reactor),
      settings_(settings),
      dialect_(*settings.dialect),
      progress_(progress),
      padding_(alphabet(settings.message_bytes)),
      table_(reactor, *this, limits_of_a_load(settings.message_bytes)),
      opener_(table_, settings.server, Opener::Stay::yes,
              [this](Connection* connection, std::error_code error, Instant) {
                if (connection != nullptr) return greet(*connection);
                ++failures_["connect: " + error.message()];
              }) {}

// --- Joining

void FanoutLoad::open() {
  make_rooms();
  connect_everybody();
  if (failures_.empty()) await_members();
}

void FanoutLoad::make_rooms() {
  rooms_.resize(settings_.rooms);
  for (std::size_t i = 0; i < rooms_.size(); ++i) {
    rooms_[i].name = room_of_fanout(i, rooms_.size());
    const std::size_t first_speakers = settings_.publishers / rooms_.size();
    const std::size_t one_more = i < settings_.publishers % rooms_.size() ? 1 : 0;
    rooms_[i].streams.resize(has_one_order() ? 1 : first_speakers + one_more);
  }
}

void FanoutLoad::connect_everybody() {
  std::size_t at_once = dialect_.waits_for_welcome ? unwelcomed_at_once : opening_at_once;
  const auto moved = [this] { return std::pair{opener_.under_way(), unwelcomed_}; };
  for (std::size_t begun = 0; begun < people() || at_the_door() > 0;) {
    while (begun < people() && at_the_door() < at_once) {
      opener_.begin();
      ++begun;
    }
    const bool may_have_more = dialect_.waits_for_welcome && begun < people();
    if (!turn_until_moved(reactor_, moved, may_have_more ? slow_to_welcome : patience)) {
      if (!may_have_more) failures_["not welcomed"] += at_the_door();
      at_once *= 2;
    }
    if (!failures_.empty()) return;
    progress_.tell([&] { return "connections open: " + std::to_string(table_.size()); });
  }
}

Person FanoutLoad::person(const Holder& holder) const noexcept {
  const std::size_t room =
      holder.speaks ? publishers_[holder.index].room : members_[holder.index].room;
  return {.speaks = holder.speaks, .number = holder.index, .room = rooms_[room].name};
}

void FanoutLoad::greet(Connection& connection) {
  const ConnectionId id = connection.id();
  const bool speaks = publishers_.size() < settings_.publishers;
  const Holder holder{speaks, speaks ? publishers_.size() : members_.size()};
  const std::size_t index = holder.index % rooms_.size();
  Room& room = rooms_[index];
  if (speaks) {
    const std::size_t stream = has_one_order() ? 0 : room.publishers.size();
    room.publishers.push_back(holder.index);
    publishers_.push_back({.id = id, .room = index, .stream = stream, .moments = {}});
  } else {
    ++room.members;
    Member member{.id = id, .room = index, .positions = {}, .missing = std::nullopt};
    for (RoomStream& stream : room.streams) member.positions.push_back(stream.enter());
    members_.push_back(std::move(member));
  }
  if (id.slot >= holder_of_slot_.size()) holder_of_slot_.resize(id.slot + 1UL);
  holder_of_slot_[id.slot] = holder;
  line_.clear();
  dialect_.greet(line_, person(holder));
  connection.write(line_);
  if (!dialect_.waits_for_welcome) return join(connection, holder);
  ++unwelcomed_;
}

void FanoutLoad::join(Connection& connection, const Holder& holder) {
  line_.clear();
  dialect_.join(line_, person(holder));
  connection.write(line_);
  if (holder.speaks) publishers_[holder.index].is_joined = true;
}

void FanoutLoad::await_members() {
  bool in_vain = false;
  const TimerId deadline = reactor_.call_after(patience, [&] { in_vain = true; });
  const TimerId probing = reactor_.call_every(probe_interval, [&] { probe_rooms(); });
  const auto all_joined = [&] {
    return std::all_of(publishers_.begin(), publishers_.end(),
                       [](const Publisher& publisher) { return publisher.is_joined; });
  };
  while ((ready_ < members_.size() || !all_joined()) && !in_vain && failures_.empty()) {
    reactor_.turn();
    progress_.tell([&] { return "members in their rooms: " + std::to_string(ready_); });
  }
  reactor_.cancel(deadline);
  reactor_.cancel(probing);
  if (in_vain) failures_["never in the room"] += members_.size() - ready_;
}

void FanoutLoad::probe_rooms() {
  for (const Room& room : rooms_) {
    const Publisher& first = publishers_[room.publishers.front()];
    Connection* connection = table_.find(first.id);
    if (connection == nullptr || !first.is_joined) continue;
    line_.clear();
    dialect_.publish(line_, room.name, probe);
    connection->write(line_);
  }
}

// --- Publishing

void FanoutLoad::run_for(Nanoseconds duration) {
  if (is_open_loop()) {
    const double seconds = std::chrono::duration<double>(duration).count();
    return run_count(static_cast<std::uint64_t>(seconds * static_cast<double>(settings_.rate)));
  }
  bool over = false;
  const TimerId timer = reactor_.call_after(duration, [&] { over = true; });
  begin_sending(no_limit);
  while (!over && failures_.empty()) turn();
  reactor_.cancel(timer);
  budget_ = 0;
}

void FanoutLoad::run_count(std::uint64_t messages) {
  begin_sending(messages);
  const auto moved = [this] { return std::pair{delivered_, failures_.size()}; };
  while (budget_ > 0 && failures_.empty()) {
    if (is_open_loop()) {
      turn();
    } else if (!turn_until_moved(reactor_, moved)) {
      return;
    }
  }
}

void FanoutLoad::begin_sending(std::uint64_t budget) {
  budget_ = failures_.empty() ? budget : 0;
  if (is_open_loop()) return schedule_.begin(settings_.rate);
  for (std::size_t i = 0; i < publishers_.size(); ++i) fill_up(i);
}

void FanoutLoad::fill_up(std::size_t index) {
  const Publisher& publisher = publishers_[index];
  const std::uint64_t under_way = publisher.next_number - publisher.delivered_to;
  if (under_way >= settings_.depth || budget_ == 0) return;
  publish(index, std::min(settings_.depth - under_way, budget_), since_epoch(sys::monotonic_now()));
}

bool FanoutLoad::publish(std::size_t index, std::uint64_t messages, std::uint64_t moment_ns) {
  Publisher& publisher = publishers_[index];
  Connection* connection = table_.find(publisher.id);
  if (connection == nullptr) return false;  // on_closed() has told, or will
  const Room& room = rooms_[publisher.room];
  if (budget_ != no_limit) budget_ -= messages;
  published_ += messages;
  owed_ += messages * room.members;
  line_.clear();
  for (std::uint64_t i = 0; i < messages; ++i) {
    publisher.moments.push(moment_ns);
    compose(index, publisher.next_number++, moment_ns);
    dialect_.publish(line_, room.name, message_);
  }
  connection->write(line_);
  return true;
}

// Into message_.
void FanoutLoad::compose(std::size_t publisher, std::uint64_t number, std::uint64_t moment_ns) {
  message_.clear();
  fmt::format_to(std::back_inserter(message_), "{}{} {} {}] ", marker, publisher, number,
                 moment_ns);
  assert(message_.size() <= settings_.message_bytes);
  message_.append(padding_, number % letters, settings_.message_bytes - message_.size());
}

void FanoutLoad::turn() {
  if (is_open_loop()) {
    schedule_.turn(
        reactor_, [this] { return budget_ > 0 && failures_.empty(); },
        [this](std::uint64_t number, Instant due) {
          publish(number % publishers_.size(), 1, since_epoch(due));
        });
  } else {
    reactor_.turn();
  }
  progress_.tell([&] { return "deliveries: " + std::to_string(delivered_); });
}

// --- Receiving

std::size_t FanoutLoad::on_data(Connection& connection, const Slice& input) {
  const Holder holder = holder_of_slot_[connection.id().slot];
  if (holder.speaks && dialect_.publisher_may_be_deaf) return input.size();
  const auto bytes = input.bytes();
  const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  if (counting_) heard_at_ns_ = since_epoch(sys::monotonic_now());
  const std::string_view rest = holder.speaks ? hear_as_publisher(connection, holder, text)
                                              : hear_as_member(connection, holder, text);
  return text.size() - rest.size();
}

// Both give what they did not consume.
std::string_view FanoutLoad::hear_as_publisher(Connection& connection, const Holder& holder,
                                               std::string_view input) {
  while (!input.empty() && !connection.is_closed()) {
    const Frame frame = dialect_.next(input);
    if (frame.kind == Frame::Kind::unfinished) break;
    if (frame.kind != Frame::Kind::message) take_notice(connection, holder, frame);
    input.remove_prefix(frame.bytes);
  }
  return input;
}

std::string_view FanoutLoad::hear_as_member(Connection& connection, const Holder& holder,
                                            std::string_view input) {
  Member& member = members_[holder.index];
  Room& room = rooms_[member.room];
  while (!input.empty() && !connection.is_closed()) {
    if (!member.missing) {
      const auto match = stream_of(member).match(member.positions[member.stream], input);
      if (match.messages > 0) deliver(member, match.messages);
      input.remove_prefix(match.bytes);
      if (input.empty()) break;
    }
    const Frame frame = dialect_.next(input);
    if (frame.kind == Frame::Kind::unfinished) break;
    if (frame.kind == Frame::Kind::message) {
      if (!take_message(connection, member, input.substr(0, frame.bytes), frame.text)) continue;
    } else {
      take_notice(connection, holder, frame);
    }
    input.remove_prefix(frame.bytes);
  }
  fill_up_room(room);
  return input;
}

void FanoutLoad::take_notice(Connection& connection, const Holder& holder, const Frame& frame) {
  switch (frame.kind) {
    case Frame::Kind::ping:
      line_.clear();
      dialect_.answer(line_, frame.text);
      connection.write(line_);
      break;
    case Frame::Kind::welcome:
      --unwelcomed_;
      join(connection, holder);
      break;
    case Frame::Kind::refusal:
      fail(connection, describe_refusal(frame));
      break;
    default:
      break;
  }
}

bool FanoutLoad::parse(std::string_view text, Message& message) {
  message.size_bytes = text.size();
  if (!text.starts_with(marker)) return false;
  text.remove_prefix(marker.size());
  if (!take_number(text, message.publisher, ' ') || !take_number(text, message.number, ' ') ||
      !take_number(text, message.moment_ns, ']') || !text.starts_with(' ')) {
    return false;
  }
  message.padding = text.substr(1);
  return true;
}

bool FanoutLoad::is_whole(const Message& message) const noexcept {
  return message.size_bytes == settings_.message_bytes &&
         std::memcmp(message.padding.data(), padding_.data() + message.number % letters,
                     message.padding.size()) == 0;
}

bool FanoutLoad::take_message(Connection& connection, Member& member, std::string_view frame,
                              std::string_view text) {
  Message message;
  if (text == probe) {
    if (!member.is_ready) ++ready_;
    member.is_ready = true;
  } else if (!parse(text, message) || message.publisher >= publishers_.size()) {
    fail(connection, "a mangled line");
  } else if (publishers_[message.publisher].room != member.room) {
    fail(connection, "a message of another room");
  } else if (member.stream != publishers_[message.publisher].stream) {
    member.stream = publishers_[message.publisher].stream;
    return false;
  } else if (const char* fault =
                 member.missing ? fault_of(*member.missing, message) : fault_of(member, message)) {
    fail(connection, fault);
  } else if (!member.missing) {
    take_next(connection, member, frame, message);
  }
  return true;
}

// What is wrong with a message for a member that has got all before its position; null: nothing
// that can be told from its publisher's messages alone.
const char* FanoutLoad::fault_of(const Member& member, const Message& message) const noexcept {
  const Publisher& publisher = publishers_[message.publisher];
  const std::uint64_t expected = next_number_for(member, message.publisher);
  if (message.number < expected) return "a message came twice";
  if (message.number >= publisher.next_number) return "a message that nobody sent";
  if (message.number > expected) return "a message was lost";
  return is_whole(message) ? nullptr : "wrong byte";
}

// What became of the missing one; null: that is not known yet.
const char* FanoutLoad::fault_of(const Missing& missing, const Message& message) noexcept {
  if (message.publisher != missing.publisher) return nullptr;
  if (message.number < missing.number) return "a message came twice";
  return message.number == missing.number ? "not in the room's order" : "a message was lost";
}

// Which of a publisher's messages is the next that a member must get.
std::uint64_t FanoutLoad::next_number_for(const Member& member,
                                          std::uint64_t publisher) const noexcept {
  const RoomStream& stream = rooms_[member.room].streams[member.stream];
  for (RoomStream::Position i = member.positions[member.stream]; i < stream.end(); ++i) {
    const RoomStream::Message message = stream.at(i);
    if (message.publisher == publisher) return message.number;
  }
  return publishers_[publisher].seen_to;
}

// A whole message, its publisher's next for this member.
void FanoutLoad::take_next(Connection& connection, Member& member, std::string_view frame,
                           const Message& message) {
  RoomStream& stream = stream_of(member);
  if (member.positions[member.stream] == stream.end()) {
    Publisher& publisher = publishers_[message.publisher];
    if (publisher.moments.pop() != message.moment_ns) return fail(connection, "wrong byte");
    ++publisher.seen_to;
    stream.append(frame, {.publisher = static_cast<std::uint32_t>(message.publisher),
                          .number = message.number,
                          .moment_ns = message.moment_ns});
  } else {
    const RoomStream::Message due = stream.at(member.positions[member.stream]);
    if (due.publisher != message.publisher) {
      member.missing = Missing{.publisher = due.publisher, .number = due.number};
      return;
    }
    // Else the same in other words: it has become another minute, say.
    if (due.moment_ns != message.moment_ns) return fail(connection, "wrong byte");
  }
  deliver(member, 1);
}

void FanoutLoad::deliver(Member& member, std::uint64_t messages) {
  RoomStream& stream = stream_of(member);
  RoomStream::Position& position = member.positions[member.stream];
  const RoomStream::Position reached = position + messages;
  if (counting_) {
    stream.for_each_moment(position, reached, [this](std::uint64_t moment_ns, std::uint64_t count) {
      if (moment_ns < counted_from_ns_) return;
      times_.add(heard_at_ns_ - moment_ns, count);
    });
  }
  stream.move(position, reached);
  position = reached;
  delivered_ += messages;
}

void FanoutLoad::fill_up_room(Room& room) {
  bool any_passed = false;
  for (RoomStream& stream : room.streams) {
    stream.forget_passed([&](std::uint32_t publisher) {
      ++publishers_[publisher].delivered_to;
      any_passed = true;
    });
  }
  if (!any_passed || is_open_loop()) return;
  for (const std::size_t publisher : room.publishers) fill_up(publisher);
}

void FanoutLoad::start_counting() {
  times_.clear();
  counting_ = true;
  counted_from_ns_ = is_open_loop() ? since_epoch(sys::monotonic_now()) : 0;
}

// --- Ending

void FanoutLoad::drain() {
  budget_ = 0;
  const auto is_done = [&] { return delivered_ == owed_; };
  const auto moved = [this] { return std::pair{delivered_, failures_.size()}; };
  while (!is_done() && failures_.empty() && turn_until_moved(reactor_, moved)) {
  }
  if (is_done() || !failures_.empty()) return;
  for (const Member& member : members_) {
    const Room& room = rooms_[member.room];
    bool has_seen_all = true;
    for (std::size_t i = 0; i < room.streams.size(); ++i) {
      has_seen_all &= member.positions[i] == room.streams[i].end();
    }
    for (const std::size_t index : room.publishers) {
      has_seen_all &= publishers_[index].seen_to == publishers_[index].next_number;
    }
    if (!has_seen_all) ++failures_["never delivered"];
  }
}

void FanoutLoad::on_end(Connection& connection, std::span<const std::byte>) {
  fail(connection, "closed by the server");
}

void FanoutLoad::fail(Connection& connection, const std::string& what) {
  ++failures_[what];
  connection.close(CloseReason::local);
}

void FanoutLoad::on_closed(Connection&, const Closed& closed) {
  if (closed.reason != CloseReason::local) ++failures_[describe(closed)];
}

}  // namespace switchboard::load
