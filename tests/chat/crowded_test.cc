// Broadcasts over the real net in which those who are told go: over their output limit, many at
// once, closed by the leave of another. The broadcasts by themselves are in broadcast_test.cc.
#include <algorithm>
#include <string>
#include <vector>

#include "chat/plain_chat.hpp"
#include "support/testing.hpp"

namespace switchboard::chat::test {
namespace {

constexpr ConnectionLimits tight{
    .high_water_bytes = 16 * KiB, .low_water_bytes = 4 * KiB, .output_limit_bytes = 32 * KiB};

class CrowdedChat : public PlainChat {
 protected:
  using PlainChat::PlainChat;

  // Somebody who has stopped to read, with little room in the kernel.
  Client& stall(const std::string& name) {
    Client& client = enter(name, 4 * KiB);
    client.reading = false;
    return client;
  }
  std::size_t count(const std::string& text, std::string_view what) {
    std::size_t times = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++times;
    return times;
  }
  // `speaker` says numbered lines for as long as it is to; gives how many. All have been said then.
  int talk(Client& speaker, const std::function<bool()>& is_to) {
    int line = 0;
    pump([&] {
      if (!is_to()) return true;
      if (speaker.all_sent()) {
        for (int i = 0; i < 20; ++i) type(speaker, numbered(line++));
      }
      return false;
    });
    speaker_heard = take(speaker);
    return line;
  }
  std::size_t most_queued() {
    std::size_t most = 0;
    service->connections().for_each(
        [&](Connection& each) { most = std::max(most, each.queued_bytes()); });
    return most;
  }
  static std::string numbered(int line) {
    return "line " + std::to_string(line) + " " + std::string(200, 'x') + "\n";
  }
  // All lines, and nobody's going told twice.
  void expect_all(Client& client, const std::string& speaker, int lines,
                  const std::vector<std::string>& gone) {
    const std::string heard = take(client);
    std::size_t at = 0;
    for (int line = 0; line < lines; ++line) {
      const std::string expected = "T <" + speaker + "> " + numbered(line);
      const std::size_t found = heard.find(expected, at);
      REQUIRE_MESSAGE(found != std::string::npos, line);
      // Between two lines of theirs there are only those who go.
      REQUIRE_MESSAGE((found == at || heard.compare(at, 5, "T <- ") == 0), heard.substr(at, 100));
      at = found + expected.size();
    }
    for (const std::string& name : gone) {
      CHECK_MESSAGE(count(heard, "T <- " + name + " has gone\n") == 1U, name);
    }
    CHECK_EQ(count(heard, "\n"), static_cast<std::size_t>(lines) + gone.size());
  }

  std::string speaker_heard;  // while it talked
};

CASES_FIXTURE(CrowdedChat,
              "crowded chat: a client that reads nothing is closed, and the others miss nothing") {
  serve({}, tight);
  Client& anna = enter("anna");
  stall("middle");
  Client& ben = enter("ben");
  take(anna);
  take(ben);
  const int lines = talk(ben, [&] { return ends.empty(); });
  CHECK_EQ(ends, std::vector{CloseReason::output_limit});
  expect_all(anna, "ben", lines, {"middle"});
  CHECK_EQ(count(speaker_heard, "middle has gone"), 1U);
  CHECK_EQ(chat.people(), 2U);
}

CASES_FIXTURE(CrowdedChat, "crowded chat: many are closed in one broadcast") {
  serve({}, tight);
  Client& anna = enter("anna");
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) stall(names.emplace_back("stalled" + std::to_string(i)));
  Client& ben = enter("ben");
  take(anna);
  take(ben);
  const int lines = talk(ben, [&] { return ends.size() < names.size(); });
  CHECK_EQ(std::ranges::count(ends, CloseReason::output_limit), std::ssize(names));
  expect_all(anna, "ben", lines, names);
}

// Goings are announced to each other by those who are about to go.
CASES_FIXTURE(CrowdedChat, "crowded chat: a leave closes others") {
  serve({}, tight);
  Client& anna = enter("anna");
  for (int i = 0; i < 10; ++i) stall("stalled" + std::to_string(i));
  Client& ben = enter("ben");
  // Now each of them is a few lines below its limit, or above it and gone.
  while (most_queued() + 300 < tight.output_limit_bytes && ends.empty()) {
    type(ben, numbered(0));
    pump([&] { return ben.all_sent(); });
    step();
  }
  // So their leaves, and those of whom these close, are what closes the rest.
  for (int i = 0; service->connections().size() > 2; ++i) {
    Client& visitor = enter("visitor" + std::to_string(i));
    type(visitor, "/quit " + std::string(900, 'q') + "\n");
    pump([&] { return visitor.ended; });
    visitor.socket.reset();
    REQUIRE_LT(i, 1000);
    step();
  }
  const std::string heard = take(anna);
  for (int i = 0; i < 10; ++i) {
    CHECK_MESSAGE(count(heard, "<- stalled" + std::to_string(i) + " has gone\n") == 1U, i);
  }
  CHECK_EQ(count(heard, "<- visitor0 has gone"), 1U);
  CHECK_EQ(chat.people(), 2U);
}

CASES_FIXTURE(CrowdedChat, "crowded chat: everybody goes at once") {
  serve({}, tight);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 30; ++i) {
      Client& client = i % 3 == 0 ? stall("n" + std::to_string(i)) : enter("n" + std::to_string(i));
      type(client, "some last words\n/join room" + std::to_string(i % 4) + "\nhalf a li");
    }
    for (const auto& client : clients) pump([&] { return client->all_sent(); });
    clients.clear();
    pump([&] { return service->connections().size() == 0; });
    CHECK_MESSAGE(chat.people() + chat.rooms() == 0U, round);
    CHECK_FALSE_MESSAGE(chat.wants_trim(), "what nobody is sent any more is given back");
  }
}

CASES_FIXTURE(CrowdedChat,
              "crowded chat: a client that reads again before the limit gets every line in order") {
  serve({}, {.output_limit_bytes = 1024 * KiB});
  Client& anna = stall("anna");
  Client& ben = enter("ben");
  const int lines = talk(ben, [&] { return most_queued() < 300 * KiB; });
  anna.reading = true;
  const std::string joined = take_up_to(anna, "has joined");
  CHECK_EQ(joined, "T -> ben has joined lobby\n");
  expect_all(anna, "ben", lines, {});
}

}  // namespace
}  // namespace switchboard::chat::test
