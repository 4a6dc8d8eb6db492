// Messages of one length: eight bytes, filled up with dots. Each is answered in reverse.
//   c++ -std=c++20 fixed_length.cc $(pkg-config --cflags --libs switchboard)
//   ./a.out serve tcp://127.0.0.1:7007 &
//   ./a.out ask tcp://127.0.0.1:7007 hello world
#include <csignal>
#include <iostream>
#include <string>
#include <switchboard/switchboard.hpp>
#include <vector>

using namespace switchboard;

constexpr std::size_t message_bytes = 8;

struct Reverser final : ConnectionHandler {
  std::size_t on_data(Connection& connection, const Slice& input) override {
    const auto answer = [&](std::span<const std::byte> message) {
      connection.write(std::vector<std::byte>{message.rbegin(), message.rend()});
    };
    FixedCodec codec{message_bytes};
    return decode_frames(codec, input.bytes(), answer).consumed_bytes;  // the rest comes again
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

void ask(const Endpoint& where, std::vector<std::string> words) {
  BlockingClient server{where};
  for (std::string& word : words) {
    word.resize(message_bytes, '.');
    server.send_all(word);  // all of it, however little the kernel takes at once
  }
  server.finish_sending();
  while (const auto answer = server.receive_exactly(message_bytes)) std::cout << *answer << '\n';
}

int main(int argc, char** argv) try {
  if (argc < 3) throw std::invalid_argument{"serve ENDPOINT, or ask ENDPOINT WORD..."};
  const Endpoint where = Endpoint::parse(argv[2]);
  std::string_view{argv[1]} == "serve" ? serve(where) : ask(where, {argv + 3, argv + argc});
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
