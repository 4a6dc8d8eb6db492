// Somebody who speaks another dialect, one in which people are in several rooms at once, and who is
// told everything as it happens: nothing stands between them and the chat.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "chat/chat.hpp"
#include "chat/plain_form.hpp"
#include "simulation/plain_view.hpp"
#include "simulation/workload.hpp"

namespace switchboard::simulation {

// The plain dialect's lines with the room behind them, for people who are in several.
class InsiderForm final : public chat::Form {
 public:
  // `witness`, if any, is asked about each event in a room in which there is an insider, as it
  // happens.
  using Witness = std::function<void(const chat::Event&)>;
  explicit InsiderForm(Witness witness) : witness_(std::move(witness)) {}

  void encode(const chat::Event& event, std::string& out) const override;

 private:
  const Witness witness_;
  chat::PlainForm plain_{""};
};

class Insider final : public chat::Outlet {
 public:
  // `number` is that of the last message. Where there are rules, outsiders may be heard, and
  // insiders who make a room let others make its rules.
  Insider(World& world, Truth& truth, chat::Chat& chat, chat::FormId form,
          const std::uint64_t& number, bool has_rules);
  ~Insider() { chat_.dismiss(person_); }

  void deliver(const Slice& bytes) override;
  void miss_line() noexcept override { has_missed_a_line_ = true; }
  // Does something, whatever it be.
  void act();
  void compare() const { view_.compare(chat_); }
  // Has been told all that was ever said, and hears nothing any more.
  void end() { view_.leave_all(number_); }

 private:
  std::string any_name() { return "i" + std::to_string(world_.random().below(30)); }

  void enter();
  void join(const std::string& name);
  void leave(chat::Room& room);
  void rename();
  void quit();
  void kick(chat::Room& room);
  void tell();
  void promote(chat::Room& room);

  World& world_;
  chat::Chat& chat_;
  const std::uint64_t& number_;
  const bool has_rules_;
  PlainView view_;
  std::vector<Slice> bytes_;
  bool has_missed_a_line_ = false;  // and knows nothing for certain any more
  chat::Person person_;
};

}  // namespace switchboard::simulation
