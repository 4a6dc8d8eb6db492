// The crowd against a little room, in both dialects that it speaks and over every backend. Room and
// load share a reactor.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "switchboard/net/listener.hpp"

#include "load/crowd_load.hpp"
#include "load/room.hpp"
#include "support/backends.hpp"
#include "support/testing.hpp"

namespace switchboard::load {
namespace {

using test::Room;

class Crowd {
 protected:
  static auto rows() {
    return switchboard::test::pairs_of(switchboard::test::backend_names(),
                                       std::vector<std::string>{"plain", "irc"});
  }
  explicit Crowd(const std::pair<std::string, std::string>& row)
      : reactor(find_backend(row.first).make()), room(reactor, row.second) {
    settings.mode = Mode::crowd;
    settings.server = listener.endpoint();
    settings.dialect = &find_dialect(row.second);
    settings.connections = 56;
    settings.rooms = 7;
    settings.leavers = 14;
    room.farewell = [](Connection& hearer, const std::string& text) { hearer.write(text); };
  }

  Failures run() {
    Failures failures;
    {
      CrowdLoad load{reactor, settings, progress};
      load.open();
      load.hear_out();
      load.part();
      load.hear_out();
      told = load.told();
      failures = load.failures();
    }
    while (room.table.size() > 0) reactor.turn();  // lest the next crowd is told of this one
    return failures;
  }

  Reactor reactor;
  Room room;
  Listener listener{reactor, Endpoint::parse("tcp://127.0.0.1:0"), room.table};
  Settings settings;
  Progress progress{false};
  std::uint64_t told = 0;
};

CASES_FIXTURE(Crowd, "crowd: each who stays is told of each leaver who shared their room") {
  CHECK_EQ(run(), Failures{});
  CHECK_EQ(told, 7U * 2 * 6);
}

CASES_FIXTURE(Crowd, "crowd: it may lose nobody, and everybody") {
  for (const std::size_t leavers : {0U, 56U}) {
    settings.leavers = leavers;
    CHECK_EQ(run(), Failures{});
    CHECK_EQ(told, 0U);
  }
}

struct CrowdFault {
  std::function<void(Connection& hearer, const std::string& text)> farewell;
  const char* counted_as;
};

CASES_FIXTURE(Crowd, "crowd: a server's wrong farewells are counted by name") {
  int count = 0;
  const auto once = [&] { return ++count == 50; };
  const auto say = [](Connection& hearer, std::string text, const char* who) {
    const std::size_t name = text.find_first_of("0123456789", text.find('m'));
    text.replace(name, text.find_first_not_of("0123456789", name) - name, who);
    hearer.write(text);
  };
  const CrowdFault faults[] = {
      {[&](Connection& hearer, const std::string& text) {
         hearer.write(text);
         if (once()) hearer.write(text);
       },
       "told twice that somebody has gone"},
      {[&](Connection& hearer, const std::string& text) {
         hearer.write(text);
         if (once()) say(hearer, text, "14");
       },
       "told that somebody has gone who has not"},
      {[&](Connection& hearer, const std::string& text) {
         hearer.write(text);
         if (!once()) return;
         for (const char* who : {"0", "1"}) say(hearer, text, who);  // one of them is of another
       },
       "told of somebody of another room"},
      {[&](Connection& hearer, const std::string& text) {
         if (once()) return hearer.drain();
         hearer.write(text);
       },
       "closed by the server"},
  };
  for (const CrowdFault& fault : faults) {
    count = 0;
    room.farewell = fault.farewell;
    const Failures failures = run();
    CHECK_MESSAGE(failures.contains(fault.counted_as), fault.counted_as);
  }
}

}  // namespace
}  // namespace switchboard::load
