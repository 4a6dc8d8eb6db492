// Input and output that may block, beside a loop that does not. Also run under ThreadSanitizer.
#include "server/standard_streams.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "switchboard/sys/process.hpp"

#include "support/sockets.hpp"

namespace switchboard::server {
namespace {

using namespace std::chrono_literals;

// As a shell makes them: blocking.
sys::Pipe blocking_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) test::must(sys::make_error(errno), "pipe");
  return {sys::Descriptor{ends[0]}, sys::Descriptor{ends[1]}};
}

void write(int fd, std::string_view text) {
  test::must(sys::write(fd, text), "write");
}

class StandardStreams : public testing::Test {
 protected:
  InputStream::Callbacks told() {
    return {.on_input = [this](std::string_view piece) { pieces.emplace_back(piece); },
            .on_end =
                [this](std::error_code error) {
                  ended = true;
                  input_error = error;
                }};
  }
  template <typename Condition>
  void turn_until(Condition condition) {
    for (int turns = 0; !condition() && turns < 30; ++turns) reactor.turn(1s);
    ASSERT_TRUE(condition());
  }

  Reactor reactor;
  sys::Pipe pipe = blocking_pipe();
  std::vector<std::string> pieces;
  bool ended = false;
  std::error_code input_error;
};

TEST_F(StandardStreams, InputIsReadAPieceAtATimeWhenAskedFor) {
  InputStream input{reactor, pipe.reader.get(), told()};
  write(pipe.writer.get(), "one");
  reactor.turn(10ms);
  EXPECT_TRUE(pieces.empty());
  input.ask();
  turn_until([&] { return pieces.size() == 1; });
  write(pipe.writer.get(), "two");
  reactor.turn(10ms);
  EXPECT_EQ(pieces, std::vector<std::string>{"one"});
  input.ask();
  turn_until([&] { return pieces.size() == 2; });
  pipe.writer.reset();
  input.ask();
  turn_until([&] { return ended; });
  EXPECT_FALSE(input_error);
}

TEST_F(StandardStreams, InputThatOthersMadeNonBlockingIsWaitedForAllTheSame) {
  ::fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK);
  InputStream input{reactor, pipe.reader.get(), told()};
  input.ask();
  reactor.turn(10ms);
  EXPECT_FALSE(ended);
  write(pipe.writer.get(), "late");
  turn_until([&] { return pieces.size() == 1; });
}

TEST_F(StandardStreams, InputThatCannotBeReadSaysWhy) {
  InputStream input{reactor, pipe.writer.get(), told()};
  input.ask();
  turn_until([&] { return ended; });
  EXPECT_EQ(input_error, std::errc::bad_file_descriptor);
}

TEST_F(StandardStreams, MayBeDestroyedWhileTheirThreadsAreBlocked) {
  // As standard input does, it stays open to the end: nobody knows when that thread has read.
  auto input = std::make_unique<InputStream>(reactor, pipe.reader.release(), told());
  input->ask();
  input.reset();
  write(pipe.writer.get(), "for nobody");
  pipe.writer.reset();
  for (int i = 0; i < 3; ++i) reactor.turn(1ms);
  EXPECT_TRUE(pieces.empty());
  EXPECT_FALSE(ended);
}

TEST_F(StandardStreams, OutputIsWrittenInOrderHoweverSlowTheReader) {
  int told_of = 0;
  OutputStream output{reactor,
                      pipe.writer.get(),
                      {.on_written = [&] { ++told_of; }, .on_error = [](std::error_code) {}}};
  const std::string much(1024 * 1024, 'x');
  output.write("first");
  output.write(much);
  EXPECT_GE(output.queued_bytes(), much.size());
  std::string all;
  std::array<char, 65536> block;
  while (all.size() < much.size() + 5) {
    const auto taken = test::must(sys::read(pipe.reader.get(), block), "read");
    all.append(block.data(), taken);
  }
  EXPECT_EQ(all, "first" + much);
  turn_until([&] { return output.queued_bytes() == 0; });
  EXPECT_GE(told_of, 1);
}

TEST_F(StandardStreams, OutputThatNobodyReadsAnyMoreSaysSo) {
  test::must(sys::ignore_signal(SIGPIPE), "SIGPIPE");
  std::error_code error;
  OutputStream output{reactor,
                      pipe.writer.get(),
                      {.on_written = [] {}, .on_error = [&](std::error_code e) { error = e; }}};
  pipe.reader.reset();
  output.write("into the void");
  turn_until([&] { return error == std::errc::broken_pipe; });
}

}  // namespace
}  // namespace switchboard::server
