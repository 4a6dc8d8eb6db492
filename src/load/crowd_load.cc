#include "load/crowd_load.hpp"

#include <algorithm>
#include <utility>

#include "load/echo_load.hpp"

namespace switchboard::load {

CrowdLoad::CrowdLoad(Reactor& reactor, const Settings& settings, Progress& progress)
    : reactor_(reactor),
      dialect_(*settings.dialect),
      progress_(progress),
      shape_{.people = settings.connections,
             .rooms = settings.rooms,
             .rooms_each = settings.rooms_each,
             .leavers = settings.leavers},
      departures_(shape_),
      table_(reactor, *this, limits_of_a_load(settings.message_bytes)),
      opener_(table_, settings.server, Opener::Stay::yes,
              [this](Connection* connection, std::error_code error, Instant) {
                if (connection != nullptr) return greet(*connection);
                ++failures_["connect: " + error.message()];
              }) {
  for (std::size_t i = 0; i < shape_.rooms; ++i) rooms_.push_back(room_name(i));
}

void CrowdLoad::open() {
  const auto moved = [this] { return std::pair{members_.size(), joined_}; };
  for (std::size_t begun = 0; joined_ < shape_.people && failures_.empty();) {
    while (begun < shape_.people && begun - joined_ < opening_at_once) {
      opener_.begin();
      ++begun;
    }
    if (!turn_until_moved(reactor_, moved)) failures_["never in the room"] += begun - joined_;
    progress_.tell([&] { return "people in their rooms: " + std::to_string(joined_); });
  }
}

Person CrowdLoad::person(std::size_t member, std::size_t which_room) const noexcept {
  return {.speaks = false, .number = member, .room = rooms_[shape_.room_of(member, which_room)]};
}

void CrowdLoad::greet(Connection& connection) {
  const std::size_t member = members_.size();
  const ConnectionId id = connection.id();
  members_.push_back({.id = id});
  if (id.slot >= member_of_slot_.size()) member_of_slot_.resize(id.slot + 1UL);
  member_of_slot_[id.slot] = member;
  line_.clear();
  dialect_.greet(line_, person(member, 0));
  connection.write(line_);
  if (!dialect_.waits_for_welcome) join(connection, member);
}

void CrowdLoad::join(Connection& connection, std::size_t member) {
  line_.clear();
  for (std::size_t i = 0; i < shape_.rooms_each; ++i) dialect_.join(line_, person(member, i));
  connection.write(line_);
}

template <typename Count>
void CrowdLoad::await(Count count, std::uint64_t wanted, const char* failure) {
  const auto moved = [&] { return std::pair{count(), failures_.size()}; };
  while (count() < wanted && failures_.empty()) {
    if (!turn_until_moved(reactor_, moved)) failures_[failure] += wanted - count();
  }
}

void CrowdLoad::hear_out() {
  answers_ = 0;
  std::uint64_t asked = 0;
  line_.clear();
  dialect_.ask(line_);
  for (const Member& member : members_) {
    Connection* connection = table_.find(member.id);
    if (connection == nullptr) continue;
    connection->write(line_);
    ++asked;
  }
  await([this] { return answers_; }, asked, "not answered");
}

void CrowdLoad::part() {
  for (std::size_t i = 0; i < shape_.leavers && i < members_.size(); ++i) {
    if (Connection* connection = table_.find(members_[i].id)) {
      connection->close(CloseReason::local);
    }
  }
  await([this] { return departures_.told(); }, departures_.due(),
        "not told that somebody has gone");
}

std::size_t CrowdLoad::on_data(Connection& connection, const Slice& input) {
  const std::size_t member = member_of_slot_[connection.id().slot];
  const auto bytes = input.bytes();
  std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  while (!text.empty() && !connection.is_closed()) {
    const Frame frame = dialect_.next(text);
    if (frame.kind == Frame::Kind::unfinished) break;
    take(connection, member, frame);
    text.remove_prefix(frame.bytes);
  }
  return bytes.size() - text.size();
}

void CrowdLoad::take(Connection& connection, std::size_t member, const Frame& frame) {
  switch (frame.kind) {
    case Frame::Kind::welcome:
      return join(connection, member);
    case Frame::Kind::joined:
      return note_joined(member, frame.text);
    case Frame::Kind::answer:
      ++answers_;
      return;
    case Frame::Kind::departure:
      return note_departure(connection, member, frame.text);
    case Frame::Kind::ping:
      line_.clear();
      dialect_.answer(line_, frame.text);
      connection.write(line_);
      return;
    case Frame::Kind::refusal:
      return fail(connection, describe_refusal(frame));
    default:
      return;
  }
}

// A dialect may put people into a room of its own at first.
void CrowdLoad::note_joined(std::size_t member, std::string_view room) {
  for (std::size_t i = 0; i < shape_.rooms_each; ++i) {
    if (rooms_[shape_.room_of(member, i)] != room) continue;
    if (++members_[member].rooms_joined == shape_.rooms_each) ++joined_;
    return;
  }
}

void CrowdLoad::note_departure(Connection& connection, std::size_t member, std::string_view name) {
  if (member < shape_.leavers) return fail(connection, "told that somebody has gone who has not");
  const char* fault = departures_.note(member, number_of(name).value_or(SIZE_MAX));
  if (fault != nullptr) fail(connection, fault);
}

void CrowdLoad::on_end(Connection& connection, std::span<const std::byte>) {
  fail(connection, "closed by the server");
}

void CrowdLoad::fail(Connection& connection, const std::string& what) {
  ++failures_[what];
  connection.close(CloseReason::local);
}

void CrowdLoad::on_closed(Connection&, const Closed& closed) {
  if (closed.reason != CloseReason::local) ++failures_[describe(closed)];
}

}  // namespace switchboard::load
