// The chat in plain lines, under hundreds of people who type.
#include <memory>

#include "simulation/chat_frame.hpp"
#include "support/counted_memory.hpp"

namespace switchboard::simulation {

namespace {

class ChatWorkload final : public ChatFrame {
 public:
  explicit ChatWorkload(World& world) : ChatFrame(world, {}) {
    listen_plainly();
    const test::Unfailing unfailing;
    Random& random = world.random();
    std::size_t count = random.chance(0.03) ? 200 : random.between(1, 25);
    if (world.scale != Scale::full) count = random.between(1, world.scale == Scale::brief ? 3 : 2);
    reconnects_left_ = random.below(count);
    add_plain_typists(count, world.scale != Scale::full ? 6 : count > 50 ? 10 : 60);
    begin();
  }
};

}  // namespace

std::unique_ptr<Workload> make_chat_workload(World& world) {
  return std::make_unique<ChatWorkload>(world);
}

}  // namespace switchboard::simulation
