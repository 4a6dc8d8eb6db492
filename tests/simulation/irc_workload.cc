// People of both dialects in the same rooms, over the simulated kernel: IRC clients with all sorts
// of capabilities, who make rules for the rooms. What may not be heard is not heard, who may not
// join does not, and everybody is told in their own way, and once.
#include <memory>
#include <string>
#include <utility>

#include "irc/service.hpp"
#include "simulation/chat_frame.hpp"
#include "simulation/irc_typist.hpp"
#include "support/counted_memory.hpp"

namespace switchboard::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* irc_path = "/run/irc";

irc::Settings draw_irc_settings(Random& random) {
  irc::Settings settings;
  // A long one leaves little room for names, so that lists of them take several lines.
  settings.server_name = "s." + std::string(random.chance(0.25) ? 250 : 1, 'x');
  for (std::size_t lines = random.chance(0.5) ? 0 : random.skewed(30); lines > 0; --lines) {
    settings.motd += "a line of the day\n";
  }
  settings.operators = {{"root", "x"}};
  settings.accounts = {{"anna", "x"}};
  settings.offers_sasl = random.chance(0.5);
  settings.registration_timeout =
      random.chance(0.3) ? milliseconds{200} + random.duration(seconds{2}) : Nanoseconds::zero();
  settings.ping_interval =
      random.chance(0.3) ? milliseconds{200} + random.duration(seconds{1}) : Nanoseconds::zero();
  settings.flood = draw_flood(random);
  return settings;
}

// A welcome alone is more than what is little to others.
ConnectionLimits with_room_for_welcomes(ConnectionLimits limits, Random& random) {
  if (random.chance(0.8)) limits.output_limit_bytes += 16 * 1024;
  return limits;
}

class IrcWorkload final : public ChatFrame {
 public:
  explicit IrcWorkload(World& world)
      : ChatFrame(world, [this](const chat::Event& event) { law_.judge(event); }),
        law_(world),
        irc_settings_(draw_irc_settings(world.random())),
        service_(
            world.reactor, chat_, addresses_, irc_settings_,
            with_room_for_welcomes(limits_, world.random()),
            [this](auto&&... question) { check_password(question...); },
            [this](const Connection& c) { opened(c); },
            [this](const Connection& c, const Closed& closed) { ended_one(c, closed); }) {
    listen_plainly();
    listener_ = listen(std::string{"unix://"} + irc_path, service_.connections());
    const test::Unfailing unfailing;
    Random& random = world.random();
    std::size_t count = random.chance(0.02) ? 100 : random.between(1, 20);
    if (world.scale != Scale::full) count = random.between(1, 2);
    reconnects_left_ = random.below(count);
    const std::size_t lines = world.scale != Scale::full ? 4 : count > 50 ? 20 : 150;
    for (std::uint32_t i = 0; i < count; ++i) {
      // Plain typists are numbered on, so that no two say the same.
      add_typist(std::make_unique<IrcTypist>(world_, truth_, law_, irc_path, i,
                                             Typist::Bounds{lines, 512}, on_end()));
    }
    add_plain_typists(random.below(world.scale == Scale::full ? 8 : 2), lines);
    begin();
    if (irc_settings_.ping_interval > Nanoseconds::zero()) end_pings_later();
    for (std::size_t i = random.chance(0.3) ? random.between(1, 3) : 0; i > 0; --i) reload_later();
  }

 private:
  void for_each_table(const std::function<void(ConnectionTable&)>& visit) override {
    ChatFrame::for_each_table(visit);
    visit(service_.connections());
  }

  bool is_busy() const override { return verdicts_ > 0; }

  // Whoever has been told ERROR is gone, and the name is free, though the connection may not be.
  // Who has come back may have an earlier connection of which nobody knows that it is dead.
  void check_farewell(const Typist& typist) override {
    if (typist.has_come_back() || typist.view().name().empty()) return;
    const chat::Person* holder = chat_.find_person(typist.view().name());
    world_.expect(holder == nullptr || client_of(*holder) != long{typist.key()},
                  "somebody was shown out, and their name is not free");
  }

  void shut_down_services(Nanoseconds timeout, const std::function<void()>& done) override {
    listener_.reset();
    const auto end = [this, done](bool IrcWorkload::*which) {
      this->*which = true;
      if (plain_has_ended_ && irc_has_ended_) done();
    };
    ChatFrame::shut_down_services(timeout, [end] { end(&IrcWorkload::plain_has_ended_); });
    service_.shut_down(timeout, [end] { end(&IrcWorkload::irc_has_ended_); });
  }

  // As if on another thread: the answer comes later.
  void check_password(const std::string& hash, const std::string& password,
                      const irc::Verdict& verdict) {
    ++verdicts_;
    world_.reactor.post([this, verdict, is_right = hash == password] {
      --verdicts_;
      verdict(is_right);
    });
  }

  // Somebody changes the configuration, and has it read again.
  template <typename Change>
  void reload_after(Nanoseconds time, Change change) {
    world_.kernel.happen(world_.kernel.now() + time, [this, change] {
      world_.reactor.post([this, change] {
        if (stopping_) return;
        change(irc_settings_);
        service_.reload(irc_settings_);
      });
    });
  }
  void reload_later() {
    reload_after(world_.random().duration(seconds{1}), [](irc::Settings& settings) {
      settings.offers_sasl = !settings.offers_sasl;
      settings.motd = settings.motd.empty() ? "another day\n" : "";
    });
  }
  // For as long as many are pinged it is never quiet.
  void end_pings_later() {
    reload_after(seconds{3},
                 [](irc::Settings& settings) { settings.ping_interval = Nanoseconds::zero(); });
  }

  Law law_;
  irc::Settings irc_settings_;
  std::size_t verdicts_ = 0;  // on passwords, that are to come
  bool plain_has_ended_ = false;
  bool irc_has_ended_ = false;
  irc::Service service_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace

std::unique_ptr<Workload> make_irc_workload(World& world) {
  return std::make_unique<IrcWorkload>(world);
}

}  // namespace switchboard::simulation
