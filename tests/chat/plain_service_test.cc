// The plain dialect over every poller: people who type in pieces, paste, use CR LF, are too fast,
// say what cannot be said, and go in the middle of a line.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "chat/plain_chat.hpp"
#include "support/testing.hpp"

namespace switchboard::chat::test {
namespace {

CASES_FIXTURE(PlainChat, "plain chat: it greets, and asks for a name until it is good") {
  serve({.motd = "be kind\n"});
  enter("anna");
  Client& ben = connect();
  CHECK_EQ(take_up_to(ben, "welcome"), "be kind\n-- welcome. Type a name and press Enter.\n");
  struct Row {
    std::string line;
    const char* reason;
  };
  for (const Row& row : std::vector<Row>{{"", "it is empty"},
                                         {"ANNA", "somebody has it already"},
                                         {std::string(31, 'x'), "it is too long; 30 bytes"},
                                         {"a\x1B[2J", "one that nobody sees"},
                                         {"an\xE2\x80\x8Bna", "one that nobody sees"},
                                         {"a b", "a blank"},
                                         {"  ", "it is empty"}}) {
    type(ben, row.line + "\n");
    const std::string answer = take_up_to(ben, "please type another name");
    CHECK_MESSAGE(answer.find(row.reason) != std::string::npos, answer);
  }
  type(ben, "b\xFF\n");
  take_up_to(ben, "not UTF-8");
  type(ben, std::string(2000, 'x') + "\nben\n");
  CHECK_EQ(take_up_to(ben, "you are in"),
           "-- that line was too long and went nowhere; 1024 bytes are the most\n"
           "-- hello ben. /help lists the commands.\n"
           "-- you are in lobby with anna\n");
  CHECK_EQ(chat.people(), 2U);
}

CASES_FIXTURE(PlainChat, "plain chat: a blank behind a name which nobody sees made it a bad one") {
  serve();
  Client& anna = enter("anna");
  type(connect(), "  ben  \n");
  CHECK_EQ(take_up_to(anna, "joined"), "T -> ben has joined lobby\n");
}

// Their users waited for the registration's time-out.
CASES_FIXTURE(PlainChat, "plain chat: a program at the wrong port was asked for another name") {
  serve();
  for (const char* first : {"CAP LS 302\r\nNICK ben\r\nUSER ben 0 * :Ben\r\n", "NICK ben\r\n"}) {
    Client& ben = connect();
    type(ben, first);
    CHECK_NE(take_up_to(ben, "irc+").find("an IRC client wants"), std::string::npos);
    pump([&] { return ben.ended; });
  }
  Client& browser = connect();
  type(browser, "GET / HTTP/1.1\r\nHost: chat.example.org\r\n\r\n");
  take_up_to(browser, "no web server");
  pump([&] { return browser.ended; });
}

// --- However it comes

CASES_FIXTURE(PlainChat, "plain chat: a command may come byte by byte") {
  serve();
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  take(anna);
  ben.most_at_once = 1;
  type(ben, "/me waves\r\nhello\n");
  CHECK_EQ(take_up_to(anna, "hello"), "T * ben waves\nT <ben> hello\n");
  CHECK_EQ(take(ben), "");
}

CASES_FIXTURE(PlainChat, "plain chat: fifty lines may come in one segment") {
  serve();
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  take(anna);
  std::string pasted;
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    pasted += "line " + std::to_string(i) + "\n";
    expected += "T <ben> line " + std::to_string(i) + "\n";
  }
  type(ben, pasted);
  CHECK_EQ(take_up_to(anna, "line 49"), expected);
}

// Fifty questions whose answers are more than the output limit by far: they are answered as fast as
// they are read.
CASES_FIXTURE(PlainChat, "plain chat: long answers to what was pasted do not close") {
  serve({},
        {.high_water_bytes = 8 * KiB, .low_water_bytes = 2 * KiB, .output_limit_bytes = 16 * KiB});
  Client& anna = enter("anna");
  std::string questions;
  for (int i = 0; i < 50; ++i) questions += "/help\n";
  type(anna, questions + "/msg anna that was all\n");
  const std::string answers = take_up_to(anna, "that was all");
  CHECK_GT(answers.size(), 16 * KiB);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = answers.find("/quit", at)) != std::string::npos; ++at) ++count;
  CHECK_EQ(count, 50U);
}

enum class Going : std::uint8_t { reset, close, half_close };

CASES_FIXTURE(PlainChat, "plain chat: half a line of somebody who is gone was never said") {
  serve();
  Client& anna = enter("anna");
  for (const Going how : {Going::reset, Going::close, Going::half_close}) {
    Client& ben = enter("ben");
    take(anna);
    type(ben, "whole\nhalf");
    pump([&] { return ben.all_sent(); });
    // A reset may overtake what was sent: it is to come when that has been read.
    await(anna, "whole");
    if (how == Going::reset && !is_unix()) {
      switchboard::test::reset_connection(std::move(ben.socket));
    } else if (how == Going::half_close) {
      must(sys::shut_down_sending(ben.socket.get()), "shutdown");
    } else {
      ben.socket.reset();
    }
    CHECK_EQ(take_up_to(anna, "gone"), "T <ben> whole\nT <- ben has gone\n");
    if (how == Going::half_close) {
      CHECK_EQ(take_up_to(ben, "good-bye"), "-- good-bye\n");
      pump([&] { return ben.ended; });
      ben.socket.reset();
    }
    pump([&] { return service->connections().size() == 1; });
  }
  CHECK_EQ(take(anna), "");
}

CASES_FIXTURE(PlainChat, "plain chat: eight who speak at once are heard by all in one order") {
  constexpr int lines = 200;
  serve();
  std::vector<Client*> speakers;
  std::vector<Client*> listeners;
  for (int i = 0; i < 3; ++i) listeners.push_back(&enter("listener" + std::to_string(i)));
  for (int i = 0; i < 8; ++i) speakers.push_back(&enter("speaker" + std::to_string(i)));
  for (const auto& client : clients) take(*client);
  std::mt19937 random{8};
  for (std::size_t i = 0; i < speakers.size(); ++i) {
    speakers[i]->most_at_once = 1 + random() % 300;
    for (int line = 0; line < lines; ++line) type(*speakers[i], std::to_string(line) + "\n");
  }
  for (const Client* each : listeners) await_lines(*each, 8 * lines);
  for (const Client* each : speakers) await_lines(*each, 7 * lines);
  const std::string order = without_times(listeners.front()->received);
  for (const Client* each : listeners) CHECK_EQ(without_times(each->received), order);
  for (std::size_t i = 0; i < speakers.size(); ++i) {
    const std::string mark = "T <speaker" + std::to_string(i) + "> ";
    std::string own;
    std::string others;
    for (std::size_t from = 0; from < order.size();) {
      const std::size_t end = order.find('\n', from) + 1;
      (order.compare(from, mark.size(), mark) == 0 ? own : others) +=
          order.substr(from, end - from);
      from = end;
    }
    std::string expected;
    for (int line = 0; line < lines; ++line) expected += mark + std::to_string(line) + "\n";
    CHECK_MESSAGE(own == expected, "in the order in which they were sent");
    CHECK_EQ(without_times(speakers[i]->received), others);
  }
}

CASES_FIXTURE(PlainChat, "plain chat: CR LF is for those who use it") {
  serve();
  Client& anna = enter("anna");
  Client& ben = connect();
  type(ben, "ben\r\n");
  await(ben, "you are in lobby");
  ben.received.clear();
  take(anna);
  type(ben, "hi\r\n");
  CHECK_EQ(take_up_to(anna, "hi"), "T <ben> hi\n");
  type(anna, "hello\n");
  CHECK_EQ(take_up_to(ben, "hello"), "T <anna> hello\r\n");
  CHECK_EQ(take(ben), "");
  type(ben, "/nick bob\n");  // though not always
  CHECK_EQ(take_up_to(ben, "you are bob"), "-- you are bob now\r\n");
}

// --- What is not for others

CASES_FIXTURE(
    PlainChat,
    "plain chat: a line that cannot be said is refused whole, and the connection goes on") {
  struct Row {
    std::string line;
    const char* answer;  // null: it is said
    const char* heard;
  };
  serve();
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  take(anna);
  for (const Row& row :
       std::vector<Row>{{std::string(1024, 'x'), nullptr, nullptr},
                        {std::string(1025, 'x'), "too long and went nowhere; 1024 bytes", nullptr},
                        {std::string(200'000, 'x'), "too long and went nowhere", nullptr},
                        {"/msg anna " + std::string(2000, 'x'), "too long", nullptr},
                        {"caf\xE9", "not UTF-8", nullptr},
                        {"\xFF\xFB\x1F telnet", "not UTF-8", nullptr},
                        {"a\x1B[31mred", nullptr, "a[31mred"},
                        {"a\xC2\x9B"
                         "31mred",
                         nullptr, "a31mred"},
                        {"be\all", nullptr, "bell"},
                        {"a\tb", nullptr, "a b"},
                        {"//join is a command", nullptr, "/join is a command"},
                        {"gr\xC3\xBC\xC3\x9F dich \xF0\x9F\x98\x80", nullptr, nullptr}}) {
    type(ben, row.line + "\n");
    const std::string answer = take(ben);
    type(ben, "next\n");
    const std::string heard = take_up_to(anna, "next");
    if (row.answer != nullptr) {
      CHECK_MESSAGE(answer.find(row.answer) != std::string::npos, answer);
      CHECK_MESSAGE(std::count(answer.begin(), answer.end(), '\n') == 1, answer);
      CHECK_EQ(heard, "T <ben> next\n");
    } else {
      CHECK_EQ(answer, "");
      CHECK_EQ(heard, "T <ben> " + (row.heard != nullptr ? std::string{row.heard} : row.line) +
                          "\nT <ben> next\n");
    }
  }
}

// Where the limit of a line is larger than what a connection keeps by default.
CASES_FIXTURE(PlainChat, "plain chat: a long line within its limit is said") {
  serve({.line_bytes = 200 * KiB});
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  take(anna);
  type(ben, std::string(200 * KiB, 'x') + "\n" + std::string(200 * KiB + 1, 'y') + "\nnext\n");
  const std::string heard = take_up_to(anna, "next");
  CHECK_EQ(heard.size(), std::string_view{"T <ben> \nT <ben> next\n"}.size() + 200 * KiB);
  CHECK_EQ(take(ben), "-- that line was too long and went nowhere; 204800 bytes are the most\n");
}

CASES_FIXTURE(
    PlainChat,
    "plain chat: a limit of lines could not be raised beyond the room that was there before") {
  serve();
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  service->reload({.line_bytes = 200 * KiB}, {});
  type(anna, std::string(200 * KiB, 'x') + '\n');
  await(ben, std::string(200 * KiB, 'x') + '\n');
  type(anna, std::string(200 * KiB + 1, 'y') + "\nhello\n");
  await(anna, "-- that line was too long");
  await(ben, "<anna> hello\n");
  CHECK(ends.empty());
}

CASES_FIXTURE(PlainChat, "plain chat: empty lines say nothing") {
  serve();
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  take(anna);
  type(ben, "\n\r\n\x1B\nhi\n");
  CHECK_EQ(take_up_to(anna, "hi"), "T <ben> hi\n");
}

// --- Limits

CASES_FIXTURE(PlainChat, "plain chat: a client that gives no name in time is shown out") {
  serve({.registration_timeout = milliseconds{150}});
  Client& anna = enter("anna");
  Client& nobody = connect();
  Client& typing = connect();
  type(typing, "an");
  for (Client* late : {&nobody, &typing}) {
    await(*late, "-- no name came; good-bye\n");
    pump([&] { return late->ended; });
    late->socket.reset();
  }
  pump([&] { return service->connections().size() == 1; });
  CHECK_MESSAGE(take(anna) == "", "who had time enough");
}

CASES_FIXTURE(PlainChat, "plain chat: a client that is too fast is slowed, and loses nothing") {
  constexpr int lines = 30;
  serve({.flood = {.burst = 5, .interval = milliseconds{10}}});
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  const Instant start = sys::monotonic_now();
  std::string pasted;
  std::string expected;
  for (int i = 0; i < lines; ++i) {
    pasted += std::to_string(i) + "\n";
    expected += "T <ben> " + std::to_string(i) + "\n";
  }
  type(ben, pasted + "half of one");
  ben.shut_down_when_sent = true;  // what it has said is heard all the same
  const std::string heard = take_up_to(anna, "gone");
  CHECK_EQ(heard, "T -> ben has joined lobby\n" + expected + "T <- ben has gone\n");
  // At most the burst was there at the start, and the name was a line too.
  CHECK_GE(sys::monotonic_now() - start, milliseconds{10} * (lines - 5));
}

CASES_FIXTURE(PlainChat, "plain chat: an address has as many connections as it may") {
  serve({}, {}, {.most = 2, .counts_loopback = true});
  Client& anna = enter("anna");
  enter("ben");
  Client& third = connect();
  if (is_unix()) {  // which has no address
    CHECK_NE(third.received.find("welcome"), std::string::npos);
    return;
  }
  await(third, "-- too many connections from your address; close one first\n");
  type(third, "cleo\n");  // which nobody reads
  pump([&] { return third.ended; });
  third.socket.reset();
  anna.socket.reset();
  pump([&] { return service->connections().size() == 1; });
  enter("cleo");
  CHECK_NE(chat.find_person("cleo"), nullptr);
}

CASES_FIXTURE(PlainChat,
              "plain chat: a client that is silent for too long goes, and the others are told") {
  serve({}, {.idle_timeout = milliseconds{300}});
  enter("anna");
  Client& ben = enter("ben");
  // Who hears something is not idle, nor who asks for something.
  for (int i = 0; ben.received.find("anna has gone") == std::string::npos; ++i) {
    if (ben.all_sent()) type(ben, "/msg ben still here\n");
    REQUIRE_MESSAGE(i < 100'000, ben.received);
    step();
  }
  CHECK_EQ(ends, std::vector{CloseReason::idle});
}

// --- The end

CASES_FIXTURE(PlainChat, "plain chat: everybody is told that the server goes down") {
  serve();
  std::vector<Client*> all;
  for (const char* name : {"anna", "ben", "cleo"}) all.push_back(&enter(name));
  Client& nameless = connect();
  for (Client* each : all) take(*each);
  bool is_done = false;
  listener.reset();
  service->shut_down(seconds{10}, [&] { is_done = true; });
  for (Client* each : {all[0], all[1], all[2], &nameless}) {
    pump([&] { return each->ended; });
    CHECK(each->received.ends_with("-- the server is going down; good-bye\n"));
    if (each != &nameless) {
      CHECK_MESSAGE(each->received == "-- the server is going down; good-bye\n",
                    "and not that each of the others has gone");
    }
    each->socket.reset();
  }
  pump([&] { return is_done; });
  CHECK_EQ(chat.people() + chat.rooms(), 0U);
}

// A service may go with people in it, who had more to say.
CASES_FIXTURE(PlainChat, "plain chat: a service may end in the middle") {
  serve({.flood = {.burst = 1, .interval = seconds{10}}});
  Client& anna = enter("anna");
  type(anna, "one\ntwo\nthree\n");
  pump([&] { return anna.all_sent(); });
  connect();
  step();
  listener.reset();
  service.reset();
  CHECK_EQ(chat.people() + chat.rooms(), 0U);
  step();
}

}  // namespace
}  // namespace switchboard::chat::test
