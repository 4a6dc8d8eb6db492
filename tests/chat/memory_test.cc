// What a broadcast costs, and that it is given back.
#include <memory>
#include <string>
#include <vector>

#include "switchboard/net/output_queue.hpp"

#include "chat/people.hpp"
#include "support/counted_memory.hpp"
#include "support/testing.hpp"

namespace switchboard::chat::test {
namespace {

using switchboard::test::memory_in_use;

// As a connection keeps what it is told.
struct Queueing final : Outlet {
  void deliver(const Slice& bytes) override { queue.append(bytes); }
  OutputQueue queue;
  Person person{*this, 0};
};

class BroadcastMemory {
 protected:
  static constexpr std::size_t members = 1000;

  BroadcastMemory() {
    chat.add_form(form);
    for (std::size_t i = 0; i < members; ++i) {
      people.push_back(std::make_unique<Queueing>());
      chat.enter(people.back()->person, "p" + std::to_string(i));
      chat.join(people.back()->person, "room");
    }
    say(std::string(20'000, 'x'));  // so that all that is made once has been made
    settle();
    say("and a quiet room's block is small");
    settle();
  }
  ~BroadcastMemory() {
    for (auto& each : people) chat.dismiss(each->person);
  }

  void say(const std::string& text) { chat.say(people[0]->person, *chat.find_room("room"), text); }
  // Everybody has sent all.
  void settle() {
    for (auto& each : people) each->queue.clear();
    chat.trim();
  }

  ShortForm form;
  Chat chat{{}, [] { return WallTime{}; }};
  std::vector<std::unique_ptr<Queueing>> people;
};

TEST_CASE_FIXTURE(
    BroadcastMemory,
    "broadcast memory: a broadcast costs the message once, and sixteen bytes a member") {
  const std::string text(10'000, 'x');
  const auto before = memory_in_use();
  say(text);
  // The slices stand in the queues, which have room for one: what comes on top is the message.
  CHECK_LE(memory_in_use().bytes - before.bytes, text.size() + 1024);
  static_assert(sizeof(Slice) == 16);
  settle();
  CHECK_EQ(memory_in_use().blocks, before.blocks);
  CHECK_EQ(memory_in_use().bytes, before.bytes);
}

TEST_CASE_FIXTURE(BroadcastMemory, "broadcast memory: a thousand messages cost their bytes") {
  const std::string text(100, 'x');
  const auto before = memory_in_use();
  for (int i = 0; i < 1000; ++i) say(text);
  const std::size_t bytes = people[1]->queue.size_bytes();
  CHECK_GT(bytes, 100'000U);
  // Blocks are used up to the last message that fits; a queue has a slice for each, 16 bytes.
  const std::size_t slices = people[1]->queue.slices();
  CHECK_LE(slices, 12U);
  CHECK_LE(memory_in_use().bytes - before.bytes, 2 * bytes + members * (16 * 2 * slices + 64));
  settle();
  CHECK_EQ(memory_in_use().blocks, before.blocks);
}

TEST_CASE_FIXTURE(BroadcastMemory,
                  "broadcast memory: a message is freed when the last member has sent it") {
  const auto before = memory_in_use();
  say(std::string(10'000, 'x'));
  for (std::size_t i = 0; i + 1 < members; ++i) {
    people[i]->queue.clear();
    chat.trim();
  }
  CHECK_MESSAGE(memory_in_use().bytes > before.bytes + 10'000, "one has yet to send it");
  people.back()->queue.clear();
  CHECK(chat.wants_trim());
  chat.trim();
  CHECK_FALSE(chat.wants_trim());
  CHECK_EQ(memory_in_use().bytes, before.bytes);
}

// Who reads nothing keeps what is queued for it, and nothing of what it never was to get.
TEST_CASE_FIXTURE(BroadcastMemory,
                  "broadcast memory: a stalled member keeps alive what is queued for it") {
  const auto before = memory_in_use();
  const auto settle_others = [&] {
    for (std::size_t i = 1; i < members; ++i) people[i]->queue.clear();
    chat.trim();
  };
  const std::size_t stalled = 0;  // who speaks, and is told by another
  for (int i = 0; i < 3000; ++i) {
    chat.say(people[1]->person, *chat.find_room("room"), std::string(90, 'x'));
    settle_others();
  }
  const std::size_t queued = people[stalled]->queue.size_bytes();
  CHECK_GT(queued, 270'000U);
  CHECK_LE(memory_in_use().bytes - before.bytes, queued + queued / 10 + 70 * 1024);
  people[stalled]->queue.clear();
  chat.trim();
  CHECK_EQ(memory_in_use().blocks, before.blocks);
}

// What a member says is not queued for it, but lies in the same blocks as what is.
TEST_CASE_FIXTURE(BroadcastMemory,
                  "broadcast memory: a stalled member keeps nothing of what it says alive") {
  Queueing& stalled = *people[0];
  Room& room = *chat.find_room("room");
  const std::string much(1000, 'x');
  const auto before = memory_in_use();
  for (int i = 0; i < 100; ++i) {
    chat.say(people[1]->person, room, "a word");
    for (int line = 0; line < 70; ++line) chat.say(stalled.person, room, much);
    for (std::size_t other = 1; other < members; ++other) people[other]->queue.clear();
    stalled.queue.own_lent_bytes();  // as a connection does that the kernel takes nothing of
    chat.trim();
  }
  CHECK_LE(stalled.queue.size_bytes(), 100U * 40U);
  CHECK_LE(memory_in_use().bytes - before.bytes, std::size_t{3 * 64 * 1024});
  stalled.queue.clear();
  chat.trim();
  CHECK_EQ(memory_in_use().blocks, before.blocks);
}

// A room that empties while its last words are queued takes them not with it.
TEST_CASE_FIXTURE(BroadcastMemory, "broadcast memory: last words outlive their room") {
  say("last words");
  for (auto& each : people) chat.dismiss(each->person);
  CHECK_EQ(chat.rooms(), 0U);
  CHECK_FALSE(chat.wants_trim());
  const auto said = people.back()->queue.front();
  CHECK_EQ((std::string{reinterpret_cast<const char*>(said.data()), said.size()}),
           ".p0 says in room: last words\n");
}

// Every turn looked at every room in which somebody had stalled: with ten thousand of them, half a
// millisecond for each word.
TEST_CASE("chat memory: rooms in use are looked at a few in each turn") {
  ShortForm form;
  constexpr std::size_t rooms = 2 * Chat::most_held_trimmed;
  Chat chat{{.rooms_of_a_person = rooms + 1}, [] { return WallTime{}; }};
  chat.add_form(form);
  Queueing stalled;
  Queueing talker;
  chat.enter(talker.person, "talker");
  chat.enter(stalled.person, "stalled");
  for (std::size_t i = 0; i < rooms; ++i) {
    const std::string name = "room" + std::to_string(i);
    chat.join(talker.person, name);
    chat.join(stalled.person, name);
    chat.say(talker.person, *chat.find_room(name), "hello");
  }
  chat.join(talker.person, "own");
  const auto said = [&] {
    talker.person.hear_own(false, true);
    chat.say(talker.person, *chat.find_room("own"), "a word");
    talker.queue.clear();
  };
  said();
  chat.trim();
  const auto held = memory_in_use().blocks;
  said();
  CHECK_GT(memory_in_use().blocks, held);
  chat.trim();
  CHECK_MESSAGE(memory_in_use().blocks == held, "who is not held is given back in its own turn");

  stalled.queue.clear();
  chat.trim();
  CHECK(chat.wants_trim());
  chat.trim();
  chat.trim();
  CHECK_FALSE(chat.wants_trim());
  chat.quit(talker.person, "");
  chat.quit(stalled.person, "");
}

TEST_CASE("chat memory: it comes and goes with people and rooms") {
  ShortForm form;
  Chat chat{{}, [] { return WallTime{}; }};
  chat.add_form(form);
  const auto round = [&] {
    std::vector<std::unique_ptr<Guest>> guests;
    for (int i = 0; i < 200; ++i) {
      guests.push_back(std::make_unique<Guest>());
      chat.enter(guests.back()->person, "a_person_of_some_length" + std::to_string(i));
      for (int room = 0; room < 5; ++room) {
        chat.join(guests.back()->person, "room" + std::to_string((i * 3 + room * 7) % 40));
      }
    }
    for (auto& guest : guests) {
      chat.say(guest->person, *guest->person.rooms().front(), "hello");
      chat.quit(guest->person, "bye");
    }
    chat.trim();
  };
  round();  // tables grow once
  const auto before = memory_in_use();
  for (int i = 0; i < 3; ++i) round();
  CHECK_EQ(memory_in_use().blocks, before.blocks);
}

// The others were told of somebody for whom there was no place in the room any more.
TEST_CASE("chat memory: a join that was told of was not done") {
  const ShortForm first;
  const ShortForm second{"2 "};
  for (std::uint64_t number = 1, made = number; number <= made; ++number) {
    Chat chat{{}, [] { return WallTime{}; }};
    chat.add_form(first);
    chat.add_form(second);
    Guest anna{0};
    Guest bert{1};
    Guest carl{0};
    chat.enter(anna.person, "anna");
    chat.enter(bert.person, "bert");
    chat.enter(carl.person, "carl");
    chat.join(anna.person, "room");
    chat.join(bert.person, "room");
    anna.take();
    switchboard::test::fail_allocation(number);
    try {
      chat.join(carl.person, "room");
    } catch (const std::bad_alloc&) {
    }
    made = switchboard::test::allocations();
    switchboard::test::fail_allocation(0);
    const bool has_joined = !carl.person.rooms().empty();
    CHECK_EQ(chat.find_room("room")->people().size(), has_joined ? 3U : 2U);
    CHECK_MESSAGE((anna.is_closed || anna.heard.empty() != has_joined), "allocation ", number);
    CHECK_MESSAGE((bert.is_closed || bert.heard.empty() != has_joined), "allocation ", number);
    for (Guest* guest : {&anna, &bert, &carl}) chat.dismiss(guest->person);
  }
}

}  // namespace
}  // namespace switchboard::chat::test
