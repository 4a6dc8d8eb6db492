// Messages that end with a mark: lines of numbers, each answered with their sum.
//   c++ -std=c++20 delimited.cc $(pkg-config --cflags --libs switchboard)
//   ./a.out serve tcp://127.0.0.1:7007 &
//   ./a.out ask tcp://127.0.0.1:7007 '1 2 3' '40 2'
#include <csignal>
#include <iostream>
#include <sstream>
#include <string>
#include <switchboard/switchboard.hpp>
#include <vector>

using namespace switchboard;

struct Adder final : ConnectionHandler {
  std::size_t on_data(Connection& connection, const Slice& input) override {
    const auto answer = [&](std::span<const std::byte> line) {
      std::istringstream numbers{{reinterpret_cast<const char*>(line.data()), line.size()}};
      long sum = 0;
      for (long number = 0; numbers >> number;) sum += number;
      connection.write(std::to_string(sum) + "\r\n");
    };
    DelimitedCodec codec{"\r\n", 1000};  // more without an end is refused, lest it fill the memory
    const DecodedFrames lines = decode_frames(codec, input.bytes(), answer);
    if (lines.status != FrameStatus::incomplete) connection.close(CloseReason::protocol_error);
    return lines.consumed_bytes;  // the beginning of a line comes again, with more behind it
  }
};

void serve(const Endpoint& where) {
  Reactor reactor;
  Adder adder;
  ConnectionTable clients{reactor, adder};
  const Listener listener{reactor, where, clients};
  reactor.stop_on({SIGINT, SIGTERM});
  std::cout << "listening on " << listener.endpoint().to_string() << std::endl;
  reactor.run();
}

void ask(const Endpoint& where, const std::vector<std::string>& lines) {
  BlockingClient server{where};
  for (const std::string& line : lines) server.send_all(line + "\r\n");
  server.finish_sending();
  while (const auto sum = server.receive_until("\r\n")) std::cout << *sum << '\n';
}

int main(int argc, char** argv) try {
  if (argc < 3) throw std::invalid_argument{"serve ENDPOINT, or ask ENDPOINT LINE..."};
  const Endpoint where = Endpoint::parse(argv[2]);
  std::string_view{argv[1]} == "serve" ? serve(where) : ask(where, {argv + 3, argv + argc});
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
