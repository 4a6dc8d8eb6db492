#include "load/departures.hpp"

#include <gtest/gtest.h>

#include <set>

namespace switchboard::load {
namespace {

// By the rooms themselves.
bool share(const CrowdShape& shape, std::size_t one, std::size_t other) {
  std::set<std::size_t> rooms;
  for (std::size_t i = 0; i < shape.rooms_each; ++i) rooms.insert(shape.room_of(one, i));
  for (std::size_t i = 0; i < shape.rooms_each; ++i) {
    if (rooms.contains(shape.room_of(other, i))) return true;
  }
  return false;
}

TEST(Departures, are_due_to_each_who_stays_and_shared_a_room_once) {
  for (const CrowdShape& shape :
       {CrowdShape{.people = 7, .rooms = 1, .leavers = 3},
        CrowdShape{.people = 12, .rooms = 4, .leavers = 5},
        CrowdShape{.people = 20, .rooms = 7, .rooms_each = 3, .leavers = 9},
        CrowdShape{.people = 9, .rooms = 3, .rooms_each = 3, .leavers = 8},
        CrowdShape{.people = 5, .rooms = 5, .rooms_each = 4, .leavers = 1},
        CrowdShape{.people = 6, .rooms = 2, .leavers = 0},
        CrowdShape{.people = 6, .rooms = 2, .leavers = 6}}) {
    Departures departures{shape};
    std::uint64_t due = 0;
    for (std::size_t person = shape.leavers; person < shape.people; ++person) {
      for (std::size_t leaver = 0; leaver < shape.leavers; ++leaver) {
        if (!share(shape, person, leaver)) {
          EXPECT_STREQ(departures.note(person, leaver), "told of somebody of another room");
          continue;
        }
        ++due;
        EXPECT_EQ(departures.note(person, leaver), nullptr);
        EXPECT_STREQ(departures.note(person, leaver), "told twice that somebody has gone");
      }
      EXPECT_STREQ(departures.note(person, person), "told that somebody has gone who has not");
      EXPECT_STREQ(departures.note(person, SIZE_MAX), "told that somebody has gone who has not");
    }
    EXPECT_EQ(departures.due(), due);
    EXPECT_EQ(departures.told(), due);
  }
}

}  // namespace
}  // namespace switchboard::load
