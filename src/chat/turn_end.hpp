// Lets a chat give back, behind a turn's flush, the bytes that everybody has been sent.
#pragma once

#include "switchboard/reactor/reactor.hpp"

#include "chat/chat.hpp"

namespace switchboard::chat {

class TurnEnd final : private EventHandler {
 public:
  // Both must outlive it.
  TurnEnd(Reactor& reactor, Chat& chat) noexcept : reactor_(reactor), chat_(chat) {}
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;
  ~TurnEnd() {
    if (is_asked_) reactor_.forget(*this);
  }

  // To be called when something may have been said.
  void ask() {
    if (is_asked_ || !chat_.wants_trim()) return;
    reactor_.release_later(reactor_.register_handler(-1, *this));
    is_asked_ = true;
  }

 private:
  void on_ready(Readiness) override {}
  void on_release() override {
    is_asked_ = false;
    chat_.trim();
  }

  Reactor& reactor_;
  Chat& chat_;
  bool is_asked_ = false;
};

}  // namespace switchboard::chat
