// The plain dialect over every poller: people who type in pieces, paste, use CR LF, are too fast,
// say what cannot be said, and go in the middle of a line.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "chat/plain_chat.hpp"

namespace switchboard::chat::test {
namespace {

TEST_P(PlainChat, greets_and_asks_for_a_name_until_it_is_good) {
  serve({.motd = "be kind\n"});
  enter("anna");
  Client& ben = connect();
  EXPECT_EQ(take_up_to(ben, "welcome"), "be kind\n-- welcome. Type a name and press Enter.\n");
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
    EXPECT_NE(answer.find(row.reason), std::string::npos) << answer;
  }
  type(ben, "b\xFF\n");
  take_up_to(ben, "not UTF-8");
  type(ben, std::string(2000, 'x') + "\nben\n");
  EXPECT_EQ(take_up_to(ben, "you are in"),
            "-- that line was too long and went nowhere; 1024 bytes are the most\n"
            "-- hello ben. /help lists the commands.\n"
            "-- you are in lobby with anna\n");
  EXPECT_EQ(chat.people(), 2U);
}

TEST_P(PlainChat, a_blank_behind_a_name_which_nobody_sees_made_it_a_bad_one) {
  serve();
  Client& anna = enter("anna");
  type(connect(), "  ben  \n");
  EXPECT_EQ(take_up_to(anna, "joined"), "T -> ben has joined lobby\n");
}

// Their users waited for the registration's time-out.
TEST_P(PlainChat, a_program_at_the_wrong_port_was_asked_for_another_name) {
  serve();
  for (const char* first : {"CAP LS 302\r\nNICK ben\r\nUSER ben 0 * :Ben\r\n", "NICK ben\r\n"}) {
    Client& ben = connect();
    type(ben, first);
    EXPECT_NE(take_up_to(ben, "irc+").find("an IRC client wants"), std::string::npos);
    pump([&] { return ben.ended; });
  }
  Client& browser = connect();
  type(browser, "GET / HTTP/1.1\r\nHost: chat.example.org\r\n\r\n");
  take_up_to(browser, "no web server");
  pump([&] { return browser.ended; });
}

// --- However it comes

TEST_P(PlainChat, a_command_may_come_byte_by_byte) {
  serve();
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  take(anna);
  ben.most_at_once = 1;
  type(ben, "/me waves\r\nhello\n");
  EXPECT_EQ(take_up_to(anna, "hello"), "T * ben waves\nT <ben> hello\n");
  EXPECT_EQ(take(ben), "");
}

TEST_P(PlainChat, fifty_lines_may_come_in_one_segment) {
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
  EXPECT_EQ(take_up_to(anna, "line 49"), expected);
}

// Fifty questions whose answers are more than the output limit by far: they are answered as fast as
// they are read.
TEST_P(PlainChat, long_answers_to_what_was_pasted_do_not_close) {
  serve({},
        {.high_water_bytes = 8 * KiB, .low_water_bytes = 2 * KiB, .output_limit_bytes = 16 * KiB});
  Client& anna = enter("anna");
  std::string questions;
  for (int i = 0; i < 50; ++i) questions += "/help\n";
  type(anna, questions + "/msg anna that was all\n");
  const std::string answers = take_up_to(anna, "that was all");
  EXPECT_GT(answers.size(), 16 * KiB);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = answers.find("/quit", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 50U);
}

enum class Going : std::uint8_t { reset, close, half_close };

TEST_P(PlainChat, half_a_line_of_somebody_who_is_gone_was_never_said) {
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
    EXPECT_EQ(take_up_to(anna, "gone"), "T <ben> whole\nT <- ben has gone\n");
    if (how == Going::half_close) {
      EXPECT_EQ(take_up_to(ben, "good-bye"), "-- good-bye\n");
      pump([&] { return ben.ended; });
      ben.socket.reset();
    }
    pump([&] { return service->connections().size() == 1; });
  }
  EXPECT_EQ(take(anna), "");
}

TEST_P(PlainChat, eight_who_speak_at_once_are_heard_by_all_in_one_order) {
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
  for (const Client* each : listeners) EXPECT_EQ(without_times(each->received), order);
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
    EXPECT_EQ(own, expected) << "in the order in which they were sent";
    EXPECT_EQ(without_times(speakers[i]->received), others);
  }
}

TEST_P(PlainChat, crlf_is_for_those_who_use_it) {
  serve();
  Client& anna = enter("anna");
  Client& ben = connect();
  type(ben, "ben\r\n");
  await(ben, "you are in lobby");
  ben.received.clear();
  take(anna);
  type(ben, "hi\r\n");
  EXPECT_EQ(take_up_to(anna, "hi"), "T <ben> hi\n");
  type(anna, "hello\n");
  EXPECT_EQ(take_up_to(ben, "hello"), "T <anna> hello\r\n");
  EXPECT_EQ(take(ben), "");
  type(ben, "/nick bob\n");  // though not always
  EXPECT_EQ(take_up_to(ben, "you are bob"), "-- you are bob now\r\n");
}

// --- What is not for others

TEST_P(PlainChat, what_cannot_be_said_is_refused_whole_and_the_connection_goes_on) {
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
      EXPECT_NE(answer.find(row.answer), std::string::npos) << answer;
      EXPECT_EQ(std::count(answer.begin(), answer.end(), '\n'), 1) << answer;
      EXPECT_EQ(heard, "T <ben> next\n");
    } else {
      EXPECT_EQ(answer, "");
      EXPECT_EQ(heard, "T <ben> " + (row.heard != nullptr ? std::string{row.heard} : row.line) +
                           "\nT <ben> next\n");
    }
  }
}

// Where the limit of a line is larger than what a connection keeps by default.
TEST_P(PlainChat, a_long_line_within_its_limit_is_said) {
  serve({.line_bytes = 200 * KiB});
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  take(anna);
  type(ben, std::string(200 * KiB, 'x') + "\n" + std::string(200 * KiB + 1, 'y') + "\nnext\n");
  const std::string heard = take_up_to(anna, "next");
  EXPECT_EQ(heard.size(), std::string_view{"T <ben> \nT <ben> next\n"}.size() + 200 * KiB);
  EXPECT_EQ(take(ben), "-- that line was too long and went nowhere; 204800 bytes are the most\n");
}

TEST_P(PlainChat, a_limit_of_lines_could_not_be_raised_beyond_the_room_that_was_there_before) {
  serve();
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  service->reload({.line_bytes = 200 * KiB}, {});
  type(anna, std::string(200 * KiB, 'x') + '\n');
  await(ben, std::string(200 * KiB, 'x') + '\n');
  type(anna, std::string(200 * KiB + 1, 'y') + "\nhello\n");
  await(anna, "-- that line was too long");
  await(ben, "<anna> hello\n");
  EXPECT_TRUE(ends.empty());
}

TEST_P(PlainChat, empty_lines_say_nothing) {
  serve();
  Client& anna = enter("anna");
  Client& ben = enter("ben");
  take(anna);
  type(ben, "\n\r\n\x1B\nhi\n");
  EXPECT_EQ(take_up_to(anna, "hi"), "T <ben> hi\n");
}

// --- Limits

TEST_P(PlainChat, who_gives_no_name_in_time_is_shown_out) {
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
  EXPECT_EQ(take(anna), "") << "who had time enough";
}

TEST_P(PlainChat, who_is_too_fast_is_slowed_and_loses_nothing) {
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
  EXPECT_EQ(heard, "T -> ben has joined lobby\n" + expected + "T <- ben has gone\n");
  // At most the burst was there at the start, and the name was a line too.
  EXPECT_GE(sys::monotonic_now() - start, milliseconds{10} * (lines - 5));
}

TEST_P(PlainChat, an_address_has_as_many_connections_as_it_may) {
  serve({}, {}, {.most = 2, .counts_loopback = true});
  Client& anna = enter("anna");
  enter("ben");
  Client& third = connect();
  if (is_unix()) {  // which has no address
    EXPECT_NE(third.received.find("welcome"), std::string::npos);
    return;
  }
  await(third, "-- too many connections from your address; close one first\n");
  type(third, "cleo\n");  // which nobody reads
  pump([&] { return third.ended; });
  third.socket.reset();
  anna.socket.reset();
  pump([&] { return service->connections().size() == 1; });
  enter("cleo");
}

TEST_P(PlainChat, who_is_silent_for_too_long_goes_and_the_others_are_told) {
  serve({}, {.idle_timeout = milliseconds{300}});
  enter("anna");
  Client& ben = enter("ben");
  // Who hears something is not idle, nor who asks for something.
  for (int i = 0; ben.received.find("anna has gone") == std::string::npos; ++i) {
    if (ben.all_sent()) type(ben, "/msg ben still here\n");
    ASSERT_LT(i, 100'000) << ben.received;
    step();
  }
  EXPECT_EQ(ends, std::vector{CloseReason::idle});
}

// --- The end

TEST_P(PlainChat, everybody_is_told_that_the_server_goes_down) {
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
    EXPECT_TRUE(each->received.ends_with("-- the server is going down; good-bye\n"));
    if (each != &nameless) {
      EXPECT_EQ(each->received, "-- the server is going down; good-bye\n")
          << "and not that each of the others has gone";
    }
    each->socket.reset();
  }
  pump([&] { return is_done; });
  EXPECT_EQ(chat.people() + chat.rooms(), 0U);
}

// A service may go with people in it, who had more to say.
TEST_P(PlainChat, a_service_may_end_in_the_middle) {
  serve({.flood = {.burst = 1, .interval = seconds{10}}});
  Client& anna = enter("anna");
  type(anna, "one\ntwo\nthree\n");
  pump([&] { return anna.all_sent(); });
  connect();
  step();
  listener.reset();
  service.reset();
  EXPECT_EQ(chat.people() + chat.rooms(), 0U);
  step();
}

INSTANTIATE_TEST_SUITE_P(Everywhere, PlainChat,
                         testing::Combine(testing::ValuesIn(switchboard::test::backend_names()),
                                          testing::Values("IPv4", "Unix")),
                         switchboard::test::name_of_place);

}  // namespace
}  // namespace switchboard::chat::test
