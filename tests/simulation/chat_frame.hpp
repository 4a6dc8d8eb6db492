// A day of a chat: people who type, people of another dialect within, the chat's own books, and an
// end when all is quiet. Whatever dialects are spoken in it, everybody is shown what happens in
// their room once and in the room's one order, or was closed with a reason; nobody hears of a leave
// twice, nor somebody who has not joined; and rooms, names and memberships agree after every turn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "chat/plain_service.hpp"
#include "chat/turn_end.hpp"
#include "simulation/insider.hpp"
#include "simulation/service_workload.hpp"
#include "simulation/typist.hpp"

namespace switchboard::simulation {

ConnectionLimits draw_chat_limits(Random& random);
chat::BucketSize draw_flood(Random& random);

class ChatFrame : public ServiceWorkload {
 public:
  void check() override;

 protected:
  // `witness`: see InsiderForm. Empty: nobody makes rules.
  ChatFrame(World& world, InsiderForm::Witness witness);

  // --- For the constructor of who is derived.

  void listen_plainly();
  void add_plain_typists(std::size_t count, std::size_t lines);
  void add_typist(std::unique_ptr<Typist> typist);
  Typist::OnEnd on_end();
  // People of the other dialect, and the end of the day.
  void begin();

  // --- For who speaks another dialect, too.

  // Each table of connections there is.
  virtual void for_each_table(const std::function<void(ConnectionTable&)>& visit);
  // Whether something is under way that no connection knows of.
  virtual bool is_busy() const { return false; }
  // Somebody was told why their connection ends, and has just seen the end.
  virtual void check_farewell(const Typist& /*typist*/) {}
  virtual void shut_down_services(Nanoseconds timeout, const std::function<void()>& done);
  void ended_one(const Connection& connection, const Closed& closed);

  const ConnectionLimits limits_;
  const chat::PlainSettings settings_;
  std::uint64_t number_ = 0;  // of the last message
  Truth truth_;
  chat::Chat chat_;
  chat::AddressLimit addresses_;

 private:
  void shut_down(Nanoseconds timeout, const std::function<void()>& done) final;
  bool may_end(CloseReason reason) final;

  void walk();
  void look_later();
  bool is_quiet();
  void compare();
  void finished(Typist& typist, Typist::End how);
  void act_later();
  void act();
  bool is_full();
  bool loses_nothing() const;

  const Instant began_at_ = world_.kernel.now();
  const bool has_rules_;
  chat::TurnEnd turn_end_;
  const InsiderForm insider_form_;
  const chat::FormId insider_form_id_;
  std::vector<std::unique_ptr<Typist>> typists_;
  std::size_t acts_left_ = 0;
  std::size_t closed_for_a_reason_ = 0;
  std::size_t ended_without_a_word_ = 0;
  std::uint64_t turns_ = 0;
  std::uint64_t moved_bytes_ = 0;     // when it was last looked whether all is quiet
  bool has_waited_for_room_ = false;  // others may wait in the backlog for ever
  chat::PlainService service_;
  std::vector<std::unique_ptr<Insider>> insiders_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace switchboard::simulation
