// Somebody who types plain lines, into nc or telnet.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "simulation/plain_view.hpp"
#include "simulation/typist.hpp"

namespace switchboard::simulation {

class PlainTypist final : public Typist {
 public:
  // `has_rules`: whether others make rules for the rooms, with keys, and outsiders may be heard.
  PlainTypist(World& world, Truth& truth, std::string address, std::uint32_t key, Bounds bounds,
              bool has_rules, OnEnd on_end)
      : Typist(world, std::move(address), key, bounds, std::move(on_end)),
        truth_(truth),
        has_rules_(has_rules) {}

  const View& view() const override { return *view_; }

 private:
  void begin() override;
  std::string line() override;
  std::string last_line() const override { return "/quit enough"; }
  std::string half_line() const override { return "half a li"; }
  void take(std::string_view line, bool has_crlf) override;
  void end_view() override { view_->leave_all(); }

  std::string command();

  Truth& truth_;
  const bool has_rules_;
  std::unique_ptr<PlainView> view_;
};

}  // namespace switchboard::simulation
