#include "simulation/chat_frame.hpp"

#include <algorithm>
#include <new>
#include <set>
#include <utility>

#include "simulation/plain_typist.hpp"
#include "support/counted_memory.hpp"

namespace switchboard::simulation {

using chat::Chat;
using std::chrono::milliseconds;
using std::chrono::seconds;

ConnectionLimits draw_chat_limits(Random& random) {
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

chat::BucketSize draw_flood(Random& random) {
  if (!random.chance(0.3)) return {};
  const auto burst = static_cast<unsigned>(random.between(1, 10));
  return {.burst = burst, .interval = milliseconds{1} + random.duration(milliseconds{50})};
}

namespace {

constexpr const char* plain_path = "/run/chat";

// Far longer than it takes to type everything.
constexpr Nanoseconds longest_day = seconds{120};

chat::PlainSettings draw_plain_settings(Random& random) {
  chat::PlainSettings settings{.motd = random.chance(0.5) ? "motd\n" : ""};
  if (random.chance(0.3)) settings.line_bytes = random.between(40, 200);
  settings.registration_timeout =
      random.chance(0.3) ? milliseconds{50} + random.duration(seconds{2}) : Nanoseconds::zero();
  settings.flood = draw_flood(random);
  return settings;
}

chat::AddressLimit::Settings draw_addresses(Random& random) {
  if (random.chance(0.9)) return {};
  return {.most = random.between(1, 10), .counts_loopback = true};
}

}  // namespace

ChatFrame::ChatFrame(World& world, InsiderForm::Witness witness)
    : ServiceWorkload(world),
      limits_(draw_chat_limits(world.random())),
      settings_(draw_plain_settings(world.random())),
      truth_(world),
      chat_({}, [this] { return chat::WallTime{std::chrono::minutes{++number_}}; }),
      addresses_(draw_addresses(world.random())),
      has_rules_(witness != nullptr),
      turn_end_(world.reactor, chat_),
      insider_form_(std::move(witness)),
      insider_form_id_(chat_.add_form(insider_form_)),
      service_(
          world.reactor, chat_, addresses_, settings_, limits_,
          [this](const Connection& c) { opened(c); },
          [this](const Connection& c, const Closed& closed) { ended_one(c, closed); }) {}

void ChatFrame::listen_plainly() {
  listener_ = listen(std::string{"unix://"} + plain_path, service_.connections());
}

Typist::OnEnd ChatFrame::on_end() {
  return [this](Typist& typist, Typist::End how) { finished(typist, how); };
}

void ChatFrame::add_typist(std::unique_ptr<Typist> typist) {
  typists_.push_back(std::move(typist));
  add(*typists_.back());
}

void ChatFrame::add_plain_typists(std::size_t count, std::size_t lines) {
  for (std::size_t i = 0; i < count; ++i) {
    add_typist(std::make_unique<PlainTypist>(
        world_, truth_, plain_path, static_cast<std::uint32_t>(typists_.size()),
        Typist::Bounds{lines, settings_.line_bytes}, has_rules_, on_end()));
  }
}

void ChatFrame::begin() {
  Random& random = world_.random();
  const std::size_t insiders = random.chance(0.3) ? 0 : random.between(1, 5);
  acts_left_ = insiders == 0 ? 0 : random.between(1, world_.scale == Scale::full ? 100 : 10);
  for (std::size_t i = 0; i < insiders; ++i) {
    insiders_.push_back(
        std::make_unique<Insider>(world_, truth_, chat_, insider_form_id_, number_, has_rules_));
  }
  act_later();
  if (random.chance(0.2)) {
    world_.kernel.happen(world_.kernel.now() + random.duration(seconds{1}), [this] { stop(); });
  }
  look_later();
}

// --- What must hold

void ChatFrame::check() {
  for_each_table([this](ConnectionTable& table) {
    table.for_each([&](Connection& connection) {
      world_.expect(connection.queued_bytes() <= table.limits().output_limit_bytes,
                    "more is queued than the limit allows");
    });
  });
  has_waited_for_room_ = has_waited_for_room_ || is_full();
  if (turns_++ % 8 == 0 || chat_.people() < 10) walk();
  if (is_over() && !world_.fails_an_allocation) truth_.check_stays();
}

void ChatFrame::for_each_table(const std::function<void(ConnectionTable&)>& visit) {
  visit(service_.connections());
}

bool ChatFrame::is_full() {
  bool is_full = false;
  for_each_table([&](const ConnectionTable& table) { is_full = is_full || table.full(); });
  return is_full;
}

// The chat's own books: who is where, both ways.
void ChatFrame::walk() {
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
void ChatFrame::look_later() {
  world_.kernel.happen(world_.kernel.now() + milliseconds{200}, [this] {
    if (stopping_) return;
    if (acts_left_ == 0 && is_quiet()) {
      compare();
      return stop();
    }
    // Somebody may take no more than a byte at a time.
    const std::uint64_t moved = world_.kernel.moved_bytes();
    const bool has_moved = std::exchange(moved_bytes_, moved) != moved;
    if (has_moved || world_.kernel.now() < began_at_ + longest_day) return look_later();
    for (const auto& typist : typists_) world_.kernel.trace([&] { return typist->status(); });
    world_.expect(!loses_nothing() || world_.is_decided || has_waited_for_room_,
                  "what was typed is never read, or what was told is never sent");
    stop();
  });
}

// Whether all has been typed, said, sent and read. A line may also wait for the flood control.
bool ChatFrame::is_quiet() {
  for (const auto& typist : typists_) {
    if (typist->is_connected() && !(typist->is_done() && typist->has_read_all())) return false;
  }
  bool is_said_and_sent = true;
  for_each_table([&](ConnectionTable& table) {
    table.for_each([&](const Connection& each) {
      if (each.queued_bytes() > 0 || each.unconsumed_bytes() > 0) is_said_and_sent = false;
    });
  });
  return is_said_and_sent && !is_busy() && waits_to_connect_ == 0;
}

void ChatFrame::compare() {
  if (world_.fails_an_allocation) return;
  for (const auto& typist : typists_) {
    if (typist->is_connected()) typist->view().compare(chat_);
  }
  for (const auto& insider : insiders_) insider->compare();
}

// Nothing but the people themselves ends a connection.
bool ChatFrame::loses_nothing() const {
  return is_lossless() && world_.kernel.faults().aborted == 0;
}

void ChatFrame::finished(Typist& typist, Typist::End how) {
  if (how == Typist::End::early || how == Typist::End::broken) {
    // Whom the service has closed in cold blood sees just that, sooner or later.
    ++ended_without_a_word_;
    world_.expect(!loses_nothing() || ended_without_a_word_ <= closed_for_a_reason_,
                  "a connection was lost for no reason");
  }
  if (how == Typist::End::farewell) check_farewell(typist);
  world_.expect(how != Typist::End::gave_up || !loses_nothing() || is_full(),
                "the end of somebody who half-closed did not come");
  part(typist, how != Typist::End::refused);
}

bool ChatFrame::may_end(CloseReason reason) {
  if (reason == CloseReason::output_limit || reason == CloseReason::idle) ++closed_for_a_reason_;
  return reason == CloseReason::reset || reason == CloseReason::local ||
         reason == CloseReason::peer_closed || reason == CloseReason::output_limit;
}

void ChatFrame::ended_one(const Connection& connection, const Closed& closed) {
  ended(connection, closed, limits_);
}

// --- What happens

void ChatFrame::act_later() {
  if (insiders_.empty()) return;
  const Nanoseconds pause = world_.random().duration(milliseconds{20});
  world_.kernel.happen(world_.kernel.now() + pause, [this] {
    if (acts_left_ == 0 || stopping_) return;
    --acts_left_;
    world_.reactor.post([this] { act(); });
    act_later();
  });
}

void ChatFrame::act() {
  if (stopping_) return;
  try {
    insiders_[world_.random().below(insiders_.size())]->act();
    turn_end_.ask();
  } catch (const std::bad_alloc&) {  // as for a dialect that can do without
  }
}

void ChatFrame::shut_down(Nanoseconds timeout, const std::function<void()>& done) {
  listener_.reset();
  shut_down_services(timeout, done);
  const test::Unfailing unfailing;
  for (const auto& insider : insiders_) insider->end();
}

void ChatFrame::shut_down_services(Nanoseconds timeout, const std::function<void()>& done) {
  service_.shut_down(timeout, done);
}

}  // namespace switchboard::simulation
