// The chat under hundreds of people who type: everybody is shown what happens in their room once
// and in the room's one order, or was closed with a reason; nobody hears of a leave twice, nor
// somebody who has not joined; and rooms, names and memberships agree after every turn.
#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <vector>

#include "switchboard/net/listener.hpp"

#include "chat/plain_service.hpp"
#include "chat/turn_end.hpp"
#include "simulation/chat_view.hpp"
#include "simulation/typist.hpp"
#include "simulation/workload.hpp"
#include "support/counted_memory.hpp"

namespace switchboard::simulation {

namespace {

using chat::Chat;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Far longer than it takes to type everything.
constexpr Nanoseconds longest_day = seconds{120};

ConnectionLimits draw_limits(Random& random) {
  ConnectionLimits limits;
  limits.high_water_bytes = random.chance(0.5) ? 200 + random.skewed(5000) : 64 * 1024;
  limits.low_water_bytes = random.below(limits.high_water_bytes);
  limits.output_limit_bytes =
      limits.high_water_bytes + (random.chance(0.3) ? random.skewed(10'000) : 1024 * 1024);
  if (random.chance(0.2)) limits.idle_timeout = milliseconds{100} + random.duration(seconds{2});
  if (random.chance(0.2)) limits.max_connections = random.between(1, 20);
  limits.drain_timeout = seconds{1} + random.duration(seconds{5});
  return limits;
}

chat::PlainSettings draw_settings(Random& random) {
  chat::PlainSettings settings{.motd = random.chance(0.5) ? "motd\n" : ""};
  if (random.chance(0.3)) settings.line_bytes = random.between(40, 200);
  settings.registration_timeout =
      random.chance(0.3) ? milliseconds{50} + random.duration(seconds{2}) : Nanoseconds::zero();
  if (random.chance(0.3)) {
    settings.flood = {.burst = static_cast<unsigned>(random.between(1, 10)),
                      .interval = milliseconds{1} + random.duration(milliseconds{50})};
  }
  return settings;
}

chat::AddressLimit::Settings draw_addresses(Random& random) {
  if (random.chance(0.9)) return {};
  return {.most = random.between(1, 10), .counts_loopback = true};
}

// The plain dialect's lines with the room behind them, for people who are in several.
class WithRooms final : public chat::Form {
 public:
  void encode(const chat::Event& event, std::string& out) const override {
    plain_.encode(event, out);
    out += "\t";
    if (event.room != nullptr) out += event.room->name();
    out += "\n";
  }

 private:
  chat::PlainForm plain_{""};
};

// Somebody who speaks another dialect, one in which people are in several rooms at once, and who is
// told everything as it happens.
class Insider final : public chat::Outlet {
 public:
  Insider(World& world, Truth& truth, Chat& chat, chat::FormId form, const std::uint64_t& number)
      : world_(world),
        chat_(chat),
        number_(number),
        view_(world, truth, true),
        person_(*this, form) {}
  ~Insider() { chat_.dismiss(person_); }

  void deliver(const Slice& bytes) override {
    const test::Unfailing unfailing;
    const auto view = bytes.bytes();
    std::string_view line{reinterpret_cast<const char*>(view.data()), view.size()};
    line.remove_suffix(1);
    world_.kernel.trace([&] { return view_.name() + " < " + std::string{line}; });
    view_.take(line);
    bytes_.push_back(bytes);  // and lets go of them when it likes
    if (world_.random().chance(0.1)) bytes_.clear();
  }

  void act() {
    const std::string room = "r" + std::to_string(world_.random().below(6));
    if (!person_.is_here()) return enter();
    chat::Room* found = chat_.find_room(room == "r5" ? "lobby" : room);
    switch (world_.random().below(12)) {
      case 0:
      case 1:
      case 2:
        return join(found == nullptr ? room : found->name());
      case 3:
        return found == nullptr || !person_.is_in(*found) ? void() : leave(*found);
      case 4:
        return rename();
      case 5:
        return quit();
      case 6:
        return found == nullptr ? void() : kick(*found);
      case 7:
        return person_.rooms().empty() ? void() : tell();
      default:
        if (found != nullptr) chat_.say(person_, *found, "heard in " + found->name());
    }
  }

  void compare() const { view_.compare(chat_); }
  // Has been told all that was ever said, and hears nothing any more.
  void end() { view_.leave_all(number_); }

 private:
  std::string any_name() { return "i" + std::to_string(world_.random().below(30)); }

  void enter() {
    if (chat_.enter(person_, any_name()) != chat::Refusal::none) return;
    const test::Unfailing unfailing;
    view_.set_name(person_.name());
  }
  void join(const std::string& name) {
    const chat::Room* before = chat_.find_room(name);
    if (before != nullptr && person_.is_in(*before)) return;
    if (chat_.join(person_, name) != chat::Refusal::none) return;
    const test::Unfailing unfailing;
    std::set<std::string> others;
    for (const chat::Person* each : chat_.find_room(name)->people()) {
      if (each != &person_) others.insert(each->name());
    }
    view_.enter(name, std::move(others), 0, number_ + 1);
  }
  void leave(chat::Room& room) {
    const std::string name = room.name();
    chat_.leave(person_, room, "");
    const test::Unfailing unfailing;
    view_.leave(name, number_ - 1);
  }
  void rename() {
    if (chat_.rename(person_, any_name()) != chat::Refusal::none) return;
    const test::Unfailing unfailing;
    view_.set_name(person_.name());
  }
  void quit() {
    chat_.quit(person_, "enough");
    const test::Unfailing unfailing;
    view_.leave_all(number_ - 1);
    view_.set_name("");
  }
  void kick(chat::Room& room) {
    chat::Person* whom = room.people()[world_.random().below(room.people().size())];
    if (whom == &person_) return;
    const std::string room_name = room.name();
    if (chat_.kick(person_, *whom, room, "") != chat::Refusal::none) return;
    const test::Unfailing unfailing;
    view_.go(room_name, whom->name());
  }
  void tell() {
    const auto people = person_.rooms().front()->people();
    chat_.tell(person_, *people[world_.random().below(people.size())], "psst");
  }

  World& world_;
  Chat& chat_;
  const std::uint64_t& number_;  // of the last message
  View view_;
  std::vector<Slice> bytes_;
  chat::Person person_;
};

class ChatWorkload final : public Workload {
 public:
  explicit ChatWorkload(World& world)
      : world_(world),
        truth_(world),
        limits_(draw_limits(world.random())),
        settings_(draw_settings(world.random())),
        chat_({}, [this] { return chat::WallTime{std::chrono::minutes{++number_}}; }),
        addresses_(draw_addresses(world.random())),
        turn_end_(world.reactor, chat_),
        with_rooms_id_(chat_.add_form(with_rooms_)),
        service_(
            world.reactor, chat_, addresses_, settings_, limits_,
            [this](const Connection& c) { opened(c); },
            [this](const Connection& c, const Closed& closed) { ended(c, closed); }) {
    listen();
    const test::Unfailing unfailing;
    Random& random = world.random();
    std::size_t count = random.chance(0.03) ? 200 : random.between(1, 25);
    if (world.scale != Scale::full) count = random.between(1, world.scale == Scale::brief ? 3 : 2);
    reconnects_left_ = random.below(count);
    const std::size_t lines = world.scale != Scale::full ? 6 : count > 50 ? 10 : 60;
    for (std::size_t i = 0; i < count; ++i) add_typist(static_cast<std::uint32_t>(i), lines);
    const std::size_t insiders = random.chance(0.3) ? 0 : random.between(1, 5);
    acts_left_ = insiders == 0 ? 0 : random.between(1, world.scale == Scale::full ? 100 : 10);
    for (std::size_t i = 0; i < insiders; ++i) {
      insiders_.push_back(
          std::make_unique<Insider>(world_, truth_, chat_, with_rooms_id_, number_));
    }
    act_later();
    if (random.chance(0.2)) {
      world.kernel.happen(world.kernel.now() + random.duration(seconds{1}), [this] { stop(); });
    }
    look_later();
  }

  void check() override {
    service_.connections().for_each([this](Connection& connection) {
      world_.expect(connection.queued_bytes() <= limits_.output_limit_bytes,
                    "more is queued than the limit allows");
    });
    has_waited_for_room_ = has_waited_for_room_ || service_.connections().full();
    if (turns_++ % 8 == 0 || chat_.people() < 10) walk();
    if (is_over() && !world_.fails_an_allocation) truth_.check_stays();
  }

  bool is_over() const override { return stopped_ && connected_ == 0; }

 private:
  void listen() {
    while (!listener_) {  // a fault may keep it from listening; an operator would try again
      try {
        listener_.emplace(world_.reactor, Endpoint::parse("unix:///run/chat"),
                          service_.connections(), [this](const AcceptProblem&) { lost_ = true; });
      } catch (const std::system_error&) {
        world_.kernel.set_faults({});
      }
    }
  }

  void add_typist(std::uint32_t key, std::size_t lines) {
    typists_.push_back(std::make_unique<Typist>(
        world_, truth_, "/run/chat", key, Typist::Bounds{lines, settings_.line_bytes},
        [this](Typist& typist, Typist::End how) { finished(typist, how); }));
    Typist* typist = typists_.back().get();
    ++connected_;
    world_.kernel.happen(world_.kernel.now() + world_.random().duration(milliseconds{50}),
                         [typist] { typist->connect(); });
  }

  // --- What must hold

  // The chat's own books: who is where, both ways.
  void walk() {
    std::size_t memberships = 0;
    std::size_t rooms = 0;
    std::set<const chat::Person*> people;
    chat_.for_each_room([&](const chat::Room& room) {
      ++rooms;
      world_.expect(!room.people().empty(), "a room has nobody in it");
      world_.expect(chat_.find_room(room.name()) == &room, "a room is not found by its name");
      std::set<const chat::Person*> here;
      for (const chat::Person* person : room.people()) {
        world_.expect(here.insert(person).second, "somebody is in a room twice");
        world_.expect(person->is_in(room), "somebody does not know that they are in a room");
        if (people.insert(person).second) {
          memberships += person->rooms().size();
          world_.expect(chat_.find_person(person->name()) == person,
                        "somebody is not found by their name");
        }
      }
      memberships -= here.size();
    });
    world_.expect(rooms == chat_.rooms(), "the chat has lost count of its rooms");
    world_.expect(memberships == 0, "somebody thinks that they are in a room");
    world_.expect(people.size() <= chat_.people(), "somebody is in a room and not in the chat");
  }

  // Until all is quiet.
  void look_later() {
    world_.kernel.happen(world_.kernel.now() + milliseconds{200}, [this] {
      if (stopping_) return;
      if (acts_left_ == 0 && is_quiet()) {
        compare();
        return stop();
      }
      if (world_.kernel.now() < began_at_ + longest_day) return look_later();
      for (const auto& typist : typists_) world_.kernel.trace([&] { return typist->status(); });
      world_.expect(!is_lossless() || world_.is_decided || has_waited_for_room_,
                    "what was typed is never read, or what was told is never sent");
      stop();
    });
  }

  // Whether all has been typed, said, sent and read. A line may also wait for the flood control.
  bool is_quiet() {
    for (const auto& typist : typists_) {
      if (typist->is_connected() && !(typist->is_done() && typist->has_read_all())) return false;
    }
    bool is_said_and_sent = true;
    service_.connections().for_each([&](const Connection& each) {
      if (each.queued_bytes() > 0 || each.unconsumed_bytes() > 0) is_said_and_sent = false;
    });
    return is_said_and_sent && !waits_to_connect_;
  }

  void compare() {
    if (world_.fails_an_allocation) return;
    for (const auto& typist : typists_) {
      if (typist->is_connected()) typist->view().compare(chat_);
    }
    for (const auto& insider : insiders_) insider->compare();
  }

  // Nothing but the people themselves ends a connection.
  bool is_lossless() const {
    const Faults& faults = world_.kernel.faults();
    return faults.reset == 0 && faults.no_memory == 0 && faults.no_descriptors == 0 &&
           faults.aborted == 0 && !world_.fails_once() && !lost_ && !stopping_;
  }

  void finished(Typist& typist, Typist::End how) {
    if (how == Typist::End::early || how == Typist::End::broken) {
      // Whom the service has closed in cold blood sees just that, sooner or later.
      ++ended_without_a_word_;
      world_.expect(!is_lossless() || ended_without_a_word_ <= closed_for_a_reason_,
                    "a connection was lost for no reason");
    }
    world_.expect(how != Typist::End::gave_up || !is_lossless() || service_.connections().full(),
                  "the end of somebody who half-closed did not come");
    if (reconnects_left_ > 0 && how != Typist::End::refused) {
      --reconnects_left_;
      ++waits_to_connect_;
      world_.kernel.happen(world_.kernel.now() + milliseconds{1}, [this, &typist] {
        --waits_to_connect_;
        typist.connect();
      });
      return;
    }
    if (--connected_ == 0) stop();
  }

  // --- What happens

  void act_later() {
    if (insiders_.empty()) return;
    const Nanoseconds pause = world_.random().duration(milliseconds{20});
    world_.kernel.happen(world_.kernel.now() + pause, [this] {
      if (acts_left_ == 0 || stopping_) return;
      --acts_left_;
      world_.reactor.post([this] { act(); });
      act_later();
    });
  }

  void act() {
    if (stopping_) return;
    try {
      insiders_[world_.random().below(insiders_.size())]->act();
      turn_end_.ask();
    } catch (const std::bad_alloc&) {  // as for a dialect that can do without
    }
  }

  // An operator's SIGTERM.
  void stop() {
    if (std::exchange(stopping_, true)) return;
    const test::Unfailing unfailing;
    world_.reactor.post([this] { shut_down(world_.random().duration(seconds{2})); });
  }

  void shut_down(Nanoseconds timeout) {
    listener_.reset();
    try {
      service_.shut_down(timeout, [this] { stopped_ = true; });
    } catch (const std::bad_alloc&) {
      return shut_down(timeout);
    }
    const test::Unfailing unfailing;
    for (const auto& insider : insiders_) insider->end();
    world_.kernel.happen(world_.kernel.now() + timeout + seconds{1},
                         [this] { world_.expect(stopped_, "the drain did not end"); });
  }

  void opened(const Connection& connection) {
    const test::Unfailing unfailing;
    world_.expect(open_.insert(connection.id().packed()).second, "an id was given out twice");
  }

  void ended(const Connection& connection, const Closed& closed) {
    const test::Unfailing unfailing;
    world_.expect(open_.erase(connection.id().packed()) == 1, "an end was told twice");
    const Faults& faults = world_.kernel.faults();
    switch (closed.reason) {
      case CloseReason::reset:
      case CloseReason::local:
      case CloseReason::peer_closed:
        return;
      case CloseReason::output_limit:
        ++closed_for_a_reason_;
        return;
      case CloseReason::idle:
        ++closed_for_a_reason_;
        return world_.expect(limits_.idle_timeout > Nanoseconds::zero(), "idle without a timeout");
      case CloseReason::shutdown:
        return world_.expect(stopping_, "a shutdown that nobody asked for");
      case CloseReason::refused:
        return world_.expect(faults.no_memory > 0 || world_.fails_once(), "refused for no reason");
      default:
        return world_.expect(false, "a reason that a chat cannot have");
    }
  }

  World& world_;
  const Instant began_at_ = world_.kernel.now();
  Truth truth_;
  const ConnectionLimits limits_;
  const chat::PlainSettings settings_;
  std::uint64_t number_ = 0;  // of the last message
  Chat chat_;
  chat::AddressLimit addresses_;
  chat::TurnEnd turn_end_;
  const WithRooms with_rooms_;
  const chat::FormId with_rooms_id_;
  std::set<std::uint64_t> open_;
  std::vector<std::unique_ptr<Typist>> typists_;
  std::size_t connected_ = 0;
  std::size_t reconnects_left_ = 0;
  std::size_t waits_to_connect_ = 0;
  std::size_t acts_left_ = 0;
  std::size_t closed_for_a_reason_ = 0;
  std::size_t ended_without_a_word_ = 0;
  std::uint64_t turns_ = 0;
  bool stopping_ = false;
  bool stopped_ = false;
  bool lost_ = false;
  bool has_waited_for_room_ = false;  // others may wait in the backlog for ever
  chat::PlainService service_;
  std::vector<std::unique_ptr<Insider>> insiders_;
  std::optional<Listener> listener_;
};

}  // namespace

std::unique_ptr<Workload> make_chat_workload(World& world) {
  return std::make_unique<ChatWorkload>(world);
}

}  // namespace switchboard::simulation
