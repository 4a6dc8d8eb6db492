// Messages behind their length, in five digits: 00005hello. Each is answered in reverse.
//   c++ -std=c++20 length_prefixed.cc $(pkg-config --cflags --libs switchboard)
//   ./a.out serve tcp://127.0.0.1:7007 &
//   ./a.out ask tcp://127.0.0.1:7007 hello world
#include <csignal>
#include <iostream>
#include <string>
#include <switchboard/switchboard.hpp>
#include <vector>

using namespace switchboard;

const LengthPrefixedCodec codec{LengthPrefix::digits(5), 50'000};  // more is refused unseen

struct Reverser final : ConnectionHandler {
  std::size_t on_data(Connection& connection, const Slice& input) override {
    const auto answer = [&](std::span<const std::byte> message) {
      std::vector<std::byte> frame;
      codec.encode(std::vector<std::byte>{message.rbegin(), message.rend()}, frame);
      connection.write(frame);
    };
    const DecodedFrames messages = decode_frames(codec, input.bytes(), answer);
    if (messages.status != FrameStatus::incomplete) connection.close(CloseReason::protocol_error);
    return messages.consumed_bytes;
  }
};

void serve(const Endpoint& where) {
  Reactor reactor;
  Reverser reverser;
  ConnectionTable clients{reactor, reverser};
  const Listener listener{reactor, where, clients};
  reactor.stop_on({SIGINT, SIGTERM});
  std::cout << "listening on " << listener.endpoint().to_string() << std::endl;
  reactor.run();
}

void ask(const Endpoint& where, const std::vector<std::string>& words) {
  std::vector<std::byte> frames;
  for (const std::string& word : words) {
    const FrameStatus status = codec.encode(std::as_bytes(std::span{word}), frames);
    if (status != FrameStatus::complete) throw std::length_error{"a word is too long"};
  }
  BlockingClient server{where};
  server.send_all(frames);
  server.finish_sending();
  while (const auto length = server.receive_exactly(5)) {  // it may come in pieces as well
    std::cout << server.receive_exactly(std::stoul(*length)).value() << '\n';
  }
}

int main(int argc, char** argv) try {
  if (argc < 3) throw std::invalid_argument{"serve ENDPOINT, or ask ENDPOINT WORD..."};
  const Endpoint where = Endpoint::parse(argv[2]);
  std::string_view{argv[1]} == "serve" ? serve(where) : ask(where, {argv + 3, argv + argc});
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
