// What somebody makes of the plain dialect's lines.
#pragma once

#include "simulation/view.hpp"

namespace switchboard::simulation {

class PlainView final : public View {
 public:
  // Where somebody is in several rooms, each line ends with a tab and the room that it is from.
  using View::View;

  void take(std::string_view line) override;

 private:
  void take_answer(std::string_view text);
  void take_event(std::string_view text);
  void take_announcement(std::string_view text);
  void take_arrow(std::string_view text);
};

}  // namespace switchboard::simulation
