// Input and output that may block, beside a loop that does not. Also run under ThreadSanitizer.
#include "server/standard_streams.hpp"

#include <fcntl.h>

#include <array>
#include <memory>
#include <string>

#include "switchboard/sys/process.hpp"

#include "support/sockets.hpp"
#include "support/testing.hpp"

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

class StandardStreams {
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
  void turn_until(const char* awaited, Condition condition) {
    for (int turns = 0; !condition() && turns < 30; ++turns) reactor.turn(1s);
    REQUIRE_MESSAGE(condition(), "waited for ", awaited, "; so far: ", pieces);
  }

  Reactor reactor;
  sys::Pipe pipe = blocking_pipe();
  std::vector<std::string> pieces;
  bool ended = false;
  std::error_code input_error;
};

TEST_CASE_FIXTURE(StandardStreams,
                  "standard streams: input is read a piece at a time, when asked for") {
  InputStream input{reactor, pipe.reader.get(), told()};
  write(pipe.writer.get(), "one");
  reactor.turn(10ms);
  CHECK(pieces.empty());
  input.ask();
  turn_until("a piece", [&] { return pieces.size() == 1; });
  write(pipe.writer.get(), "two");
  reactor.turn(10ms);
  CHECK_EQ(pieces, test::Texts{"one"});
  input.ask();
  turn_until("a second piece", [&] { return pieces.size() == 2; });
  pipe.writer.reset();
  input.ask();
  turn_until("the end of the input", [&] { return ended; });
  CHECK_FALSE(input_error);
}

TEST_CASE_FIXTURE(
    StandardStreams,
    "standard streams: input made non-blocking by others is waited for all the same") {
  ::fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK);
  InputStream input{reactor, pipe.reader.get(), told()};
  input.ask();
  reactor.turn(10ms);
  CHECK_FALSE(ended);
  write(pipe.writer.get(), "late");
  turn_until("a piece", [&] { return pieces.size() == 1; });
}

TEST_CASE_FIXTURE(StandardStreams, "standard streams: input that cannot be read says why") {
  InputStream input{reactor, pipe.writer.get(), told()};
  input.ask();
  turn_until("the end of the input", [&] { return ended; });
  CHECK_EQ(input_error, std::errc::bad_file_descriptor);
}

TEST_CASE_FIXTURE(StandardStreams,
                  "standard streams: they may be destroyed while their threads are blocked") {
  // As standard input does, it stays open to the end: nobody knows when that thread has read.
  auto input = std::make_unique<InputStream>(reactor, pipe.reader.release(), told());
  input->ask();
  input.reset();
  write(pipe.writer.get(), "for nobody");
  pipe.writer.reset();
  for (int i = 0; i < 3; ++i) reactor.turn(1ms);
  CHECK(pieces.empty());
  CHECK_FALSE(ended);
}

TEST_CASE_FIXTURE(StandardStreams,
                  "standard streams: output is written in order, however slow the reader") {
  int told_of = 0;
  OutputStream output{reactor,
                      pipe.writer.get(),
                      {.on_written = [&] { ++told_of; }, .on_error = [](std::error_code) {}}};
  const std::string much(1024 * 1024, 'x');
  output.write("first");
  output.write(much);
  CHECK_GE(output.queued_bytes(), much.size());
  std::string all;
  std::array<char, 65536> block;
  while (all.size() < much.size() + 5) {
    const auto taken = test::must(sys::read(pipe.reader.get(), block), "read");
    all.append(block.data(), taken);
  }
  CHECK_EQ(all, "first" + much);
  turn_until("all to be written", [&] { return output.queued_bytes() == 0; });
  CHECK_GE(told_of, 1);
}

TEST_CASE_FIXTURE(StandardStreams, "standard streams: output that nobody reads any more says so") {
  test::must(sys::ignore_signal(SIGPIPE), "SIGPIPE");
  std::error_code error;
  OutputStream output{reactor,
                      pipe.writer.get(),
                      {.on_written = [] {}, .on_error = [&](std::error_code e) { error = e; }}};
  pipe.reader.reset();
  output.write("into the void");
  turn_until("a broken pipe", [&] { return error == std::errc::broken_pipe; });
  CHECK_EQ(error, std::errc::broken_pipe);
}

}  // namespace
}  // namespace switchboard::server
