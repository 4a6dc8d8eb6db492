// People and forms for tests of the chat's core: what somebody hears is text to compare.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chat/chat.hpp"
#include "support/testing.hpp"

namespace switchboard::chat::test {

// Says what there is to say in as few words as will tell one event from another.
class ShortForm final : public Form {
 public:
  // `mark` stands in front of each line; where there is none, this form has no words for anything.
  explicit ShortForm(std::string_view mark = ".") : mark_(mark) {}

  void encode(const Event& event, std::string& out) const override {
    ++encoded_;
    if (mark_.empty()) return;
    out += mark_ + words(event);
    if (event.room != nullptr) out += " in " + event.room->name();
    if (!event.text.empty()) out += ": " + std::string{event.text};
    out += "\n";
  }
  std::size_t encoded() const noexcept { return encoded_; }

 private:
  static std::string words(const Event& event) {
    const std::string& who = event.who.name();
    switch (event.kind) {
      case Event::Kind::said:
        return who + " says";
      case Event::Kind::acted:
        return who + " acts";
      case Event::Kind::told:
        return who + " tells " + event.to->name();
      case Event::Kind::joined:
        return who + " joins";
      case Event::Kind::left:
        return who + " leaves";
      case Event::Kind::quit:
        return who + " quits";
      case Event::Kind::renamed:
        return who + " was";
      case Event::Kind::retitled:
        return who + " titles";
      default:
        return who + " does something else";
    }
  }

  const std::string mark_;
  mutable std::size_t encoded_ = 0;
};

// Hears everything, until it has had `most_bytes` since it last caught up; then is closed, and
// has yet to quit.
class Guest final : public Outlet {
 public:
  explicit Guest(FormId form = 0) : person(*this, form) {}

  void deliver(const Slice& bytes) override {
    if (is_closed) return;
    const auto view = bytes.bytes();
    if (unsent_bytes += view.size(); unsent_bytes > most_bytes) {
      is_closed = true;
      kept.clear();
      return;
    }
    heard.append(reinterpret_cast<const char*>(view.data()), view.size());
    if (keeps) kept.push_back(bytes);
  }
  void miss_line() noexcept override { is_closed = true; }
  // What was heard since the last call.
  std::string take() { return std::exchange(heard, {}); }
  void catch_up() noexcept { unsent_bytes = 0; }

  Person person;
  std::string heard;
  std::vector<Slice> kept;
  std::size_t most_bytes = SIZE_MAX;
  std::size_t unsent_bytes = 0;
  bool keeps = false;
  bool is_closed = false;
};

// A chat, and guests by name.
class CoreTest {
 protected:
  explicit CoreTest(ChatLimits limits = {}) : chat(limits, [] { return WallTime{}; }) {
    chat.add_form(form);
  }
  ~CoreTest() {
    for (auto& [name, guest] : guests) chat.dismiss(guest.person);
  }

  Guest& enter(const std::string& name, const std::vector<std::string>& rooms = {},
               FormId form_id = 0) {
    Guest& guest = guests.try_emplace(name, form_id).first->second;
    CHECK_EQ(chat.enter(guest.person, name), Refusal::none);
    for (const std::string& room : rooms) {
      CHECK_EQ(chat.join(guest.person, room), Refusal::none);
    }
    return guest;
  }
  Guest& guest(const std::string& name) { return guests.at(name); }
  Room& room(std::string_view name) { return *chat.find_room(name); }
  // What everybody has heard since the last call, by name; who heard nothing is left out.
  std::map<std::string, std::string> take_all() {
    std::map<std::string, std::string> all;
    for (auto& [name, guest] : guests) {
      if (std::string heard = guest.take(); !heard.empty()) all[name] = std::move(heard);
    }
    return all;
  }

  ShortForm form;
  Chat chat;
  std::map<std::string, Guest> guests;
};

using Heard = std::map<std::string, std::string>;

}  // namespace switchboard::chat::test
