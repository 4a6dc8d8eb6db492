// The reactor's timers and posted tasks: none early, none forgotten, none after it was cancelled,
// in the order of their deadlines.
#include <new>
#include <optional>
#include <vector>

#include "simulation/workload.hpp"
#include "support/counted_memory.hpp"

namespace switchboard::simulation {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t most_acts(Scale scale) noexcept {
  return scale == Scale::full ? 300 : 20;
}

class TimersWorkload final : public Workload {
 public:
  explicit TimersWorkload(World& world)
      : world_(world), left_(world.random().between(1, most_acts(world.scale))) {
    act();
  }

  void check() override {
    const Instant now = world_.kernel.now();
    for (Timer& timer : timers_) {
      // A turn may end with a timer due that was not when the wait was over, never two.
      if (!timer.is_live || timer.deadline >= now)
        timer.turns_overdue = 0;
      else
        world_.expect(++timer.turns_overdue < 3, "a timer was forgotten");
    }
    // What is posted before or in a turn runs as soon as a wait is not interrupted; an input of the
    // fuzzer may interrupt hundreds in a row.
    if (posted_ == ran_)
      turns_with_tasks_ = 0;
    else
      world_.expect(++turns_with_tasks_ < (world_.is_decided ? 2000 : 200), "a task was forgotten");
  }

  bool is_over() const override { return left_ == 0 && posted_ == ran_ && live_ == 0; }

 private:
  struct Timer {
    TimerId id;
    Instant deadline;
    bool is_live = true;
    bool repeats = false;
    Nanoseconds interval{};
    int turns_overdue = 0;
  };

  // Now and then, until nothing is left to be done.
  void act() {
    if (left_ == 0) return cancel_repeating();
    --left_;
    try {
      act_once();
    } catch (const std::bad_alloc&) {  // as for a program that can do without
    }
    const test::Unfailing unfailing;
    world_.kernel.happen(world_.kernel.now() + world_.random().duration(milliseconds{5}), [this] {
      if (world_.random().chance(0.5)) return act();
      ++posted_;
      world_.reactor.post([this] {
        ++ran_;
        act();
      });
    });
  }

  void act_once() {
    switch (world_.random().below(4)) {
      case 0:
        return post();
      case 1:
        return cancel_one();
      default:
        return add(world_.random().chance(0.2));
    }
  }

  void add(bool repeats) {
    const std::size_t index = timers_.size();
    const Nanoseconds delay = world_.random().chance(0.1)
                                  ? Nanoseconds::zero()
                                  : world_.random().duration(milliseconds{30}) + Nanoseconds{1};
    Timer timer{.id = {},
                .deadline = world_.kernel.now() + delay,
                .is_live = false,
                .repeats = repeats && delay > Nanoseconds::zero(),
                .interval = delay};
    timers_.push_back(timer);
    const auto callback = [this, index] { fire(index); };
    timers_[index].id = timers_[index].repeats ? world_.reactor.call_every(delay, callback)
                                               : world_.reactor.call_after(delay, callback);
    timers_[index].is_live = true;
    ++live_;
  }

  void fire(std::size_t index) {
    Timer& timer = timers_[index];
    world_.expect(timer.is_live, "a timer fired that was cancelled, or had fired");
    world_.expect(sys::monotonic_now() >= timer.deadline, "a timer fired early");
    if (timer.repeats) {
      const Instant now = sys::monotonic_now();  // not before the deadline, as was just seen
      timer.deadline += timer.interval * ((now - timer.deadline) / timer.interval + 1);
    } else {
      timer.is_live = false;
      --live_;
    }
    if (world_.random().chance(0.2)) cancel_one();
    if (world_.random().chance(0.2)) add(false);
  }

  void cancel_one() {
    if (timers_.empty()) return;
    Timer& timer = timers_[world_.random().below(timers_.size())];
    world_.expect(world_.reactor.cancel(timer.id) == timer.is_live,
                  "cancelling told wrongly whether there was a timer");
    if (timer.is_live) --live_;
    timer.is_live = false;
  }

  void cancel_repeating() {
    for (Timer& timer : timers_) {
      if (!timer.is_live || !timer.repeats) continue;
      world_.expect(world_.reactor.cancel(timer.id), "a repeating timer had gone");
      timer.is_live = false;
      --live_;
    }
  }

  void post() {
    world_.reactor.post([this] { ++ran_; });
    ++posted_;
  }

  World& world_;
  std::size_t left_;
  std::vector<Timer> timers_;
  std::size_t live_ = 0;
  std::size_t posted_ = 0;
  std::size_t ran_ = 0;
  int turns_with_tasks_ = 0;
};

}  // namespace

std::unique_ptr<Workload> make_timers_workload(World& world) {
  return std::make_unique<TimersWorkload>(world);
}

}  // namespace switchboard::simulation
