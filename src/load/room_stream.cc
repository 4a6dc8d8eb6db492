#include "load/room_stream.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace switchboard::load {

RoomStream::Position RoomStream::enter() noexcept {
  ++waiting_at_end_;
  return end();
}

RoomStream::Message RoomStream::at(Position position) const noexcept {
  const Entry& entry = entries_[position];
  return {.publisher = entry.publisher,
          .number = entry.number,
          .moment_ns = runs_[entry.run].moment_ns};
}

void RoomStream::append(std::string_view frame, const Message& message) {
  if (runs_.empty() || runs_[runs_.end() - 1].moment_ns != message.moment_ns) {
    runs_.push_back({.begin = end(), .moment_ns = message.moment_ns});
  }
  entries_.push_back({.begin = bytes_.end(),
                      .number = message.number,
                      .run = runs_.end() - 1,
                      .publisher = message.publisher,
                      .waiting = waiting_at_end_});
  bytes_.append(frame.data(), frame.size());
  waiting_at_end_ = 0;
}

RoomStream::Match RoomStream::match(Position position, std::string_view bytes) const noexcept {
  const std::uint64_t begin = offset_of(position);
  const std::size_t known = std::min<std::uint64_t>(bytes.size(), bytes_.end() - begin);
  if (known == 0) return {.messages = 0, .bytes = 0};
  if (std::memcmp(bytes_.from(begin), bytes.data(), known) != 0) {
    return match_one_by_one(position, bytes);
  }
  const Position reached = position_of(begin + known);
  return {.messages = reached - position,
          .bytes = static_cast<std::size_t>(offset_of(reached) - begin)};
}

RoomStream::Position RoomStream::position_of(std::uint64_t offset) const noexcept {
  if (offset == bytes_.end()) return end();
  const Entry* first = entries_.from(begin());
  const Entry* behind = std::upper_bound(
      first, entries_.from(end()), offset,
      [](std::uint64_t wanted, const Entry& entry) { return wanted < entry.begin; });
  return begin() + static_cast<std::uint64_t>(behind - first) - 1;
}

RoomStream::Match RoomStream::match_one_by_one(Position position,
                                               std::string_view bytes) const noexcept {
  Match match{.messages = 0, .bytes = 0};
  for (; position < end(); ++position, ++match.messages) {
    const std::uint64_t begin = offset_of(position);
    const std::size_t size = offset_of(position + 1) - begin;
    if (size > bytes.size() - match.bytes ||
        std::memcmp(bytes_.from(begin), bytes.data() + match.bytes, size) != 0) {
      break;
    }
    match.bytes += size;
  }
  return match;
}

void RoomStream::move(Position from, Position to) noexcept {
  assert(from <= to);
  --waiting_at(from);
  ++waiting_at(to);
}

}  // namespace switchboard::load
