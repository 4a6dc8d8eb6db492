#include "load/departures.hpp"

#include <set>

#include "support/testing.hpp"

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

TEST_CASE("departures: each is due once to everybody who stays and shared a room") {
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
          CHECK_EQ(std::string_view{departures.note(person, leaver)},
                   "told of somebody of another room");
          continue;
        }
        ++due;
        CHECK_EQ(departures.note(person, leaver), nullptr);
        CHECK_EQ(std::string_view{departures.note(person, leaver)},
                 "told twice that somebody has gone");
      }
      CHECK_EQ(std::string_view{departures.note(person, person)},
               "told that somebody has gone who has not");
      CHECK_EQ(std::string_view{departures.note(person, SIZE_MAX)},
               "told that somebody has gone who has not");
    }
    CHECK_EQ(departures.due(), due);
    CHECK_EQ(departures.told(), due);
  }
}

}  // namespace
}  // namespace switchboard::load
