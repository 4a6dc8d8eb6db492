#include "load/departures.hpp"

namespace switchboard::load {

bool CrowdShape::share_a_room(std::size_t one, std::size_t other) const noexcept {
  const std::size_t ahead = (one % rooms + rooms - other % rooms) % rooms;
  return ahead < rooms_each || rooms - ahead < rooms_each;
}

Departures::Departures(const CrowdShape& shape)
    : shape_(shape), is_told_((shape.people - shape.leavers) * shape.leavers) {
  for (std::size_t person = shape_.leavers; person < shape_.people; ++person) {
    for (std::size_t leaver = 0; leaver < shape_.leavers; ++leaver) {
      if (shape_.share_a_room(person, leaver)) ++due_;
    }
  }
}

const char* Departures::note(std::size_t person, std::size_t leaver) {
  if (leaver >= shape_.leavers) return "told that somebody has gone who has not";
  if (!shape_.share_a_room(person, leaver)) return "told of somebody of another room";
  const std::size_t place = (person - shape_.leavers) * shape_.leavers + leaver;
  if (is_told_[place]) return "told twice that somebody has gone";
  is_told_[place] = true;
  ++told_;
  return nullptr;
}

}  // namespace switchboard::load
