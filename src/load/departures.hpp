// Who is in which rooms of a crowd, who leaves it, and who must be told of whom: each of those who
// stay of each who shared a room with them, once, however many they shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace switchboard::load {

// Person i is in the rooms i, i + 1, ... i + rooms_each - 1, beginning anew at room 0 behind the
// last.
struct CrowdShape {
  std::size_t people;
  std::size_t rooms;           // at most as many as people
  std::size_t rooms_each = 1;  // at most as many as rooms
  std::size_t leavers = 0;     // the first ones: as many of each room, or nearly so
  std::size_t room_of(std::size_t person, std::size_t which) const noexcept {
    return (person + which) % rooms;
  }
  bool share_a_room(std::size_t one, std::size_t other) const noexcept;
};

class Departures {
 public:
  explicit Departures(const CrowdShape& shape);

  // `person`, who stays, is told that `leaver` has gone. What is wrong with that; null: nothing.
  const char* note(std::size_t person, std::size_t leaver);
  // How often somebody has been told of somebody, and how often that has to be in all.
  std::uint64_t told() const noexcept { return told_; }
  std::uint64_t due() const noexcept { return due_; }

 private:
  const CrowdShape shape_;
  std::vector<bool> is_told_;  // by person who stays, and leaver
  std::uint64_t told_ = 0;
  std::uint64_t due_ = 0;
};

}  // namespace switchboard::load
