// Somebody who types what an IRC client sends, and some things that none would.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "simulation/irc_view.hpp"
#include "simulation/law.hpp"
#include "simulation/typist.hpp"

namespace switchboard::simulation {

class IrcTypist final : public Typist {
 public:
  IrcTypist(World& world, Truth& truth, Law& law, std::string address, std::uint32_t key,
            Bounds bounds, OnEnd on_end)
      : Typist(world, std::move(address), key, bounds, std::move(on_end)),
        truth_(truth),
        law_(law) {}

  const View& view() const override { return *view_; }

 private:
  void begin() override;
  std::string line() override;
  std::string last_line() const override { return "QUIT :enough"; }
  std::string half_line() const override { return "PRIVMSG #lobby :half a li"; }
  void take(std::string_view line, bool has_crlf) override;
  void end_view() override { view_->leave_all(); }

  void negotiate();
  std::string any_capabilities();
  std::string command();
  std::string words();
  std::string act_in_room();
  std::string join();
  std::string mode();
  std::string mode_with_mask();
  std::string question();
  std::string change_capabilities();
  std::string operate();
  std::string nonsense();
  // A channel that they are in, mostly, without '#'; and somebody there, mostly.
  std::string room();
  std::string own_room();  // mostly
  std::string other(const std::string& room);
  bool chance(double probability) const { return world_.random().chance(probability); }
  std::size_t below(std::size_t end) const { return world_.random().below(end); }

  Truth& truth_;
  Law& law_;
  std::unique_ptr<IrcView> view_;
  std::deque<std::string> to_come_;  // is typed before anything else
  double fondness_ = 0;              // of capabilities
  unsigned labels_ = 0;
  bool may_label_ = true;       // has not asked to be without
  bool bears_a_label_ = false;  // what command() has thought of
};

}  // namespace switchboard::simulation
