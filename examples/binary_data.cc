// Binary data: two integers of 32 bits, answered with their product in 64. On the way every one has
// its most significant byte first, whatever the order of either machine.
//   c++ -std=c++20 binary_data.cc $(pkg-config --cflags --libs switchboard)
//   ./a.out serve tcp://127.0.0.1:7007 &
//   ./a.out ask tcp://127.0.0.1:7007 6 7
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <switchboard/switchboard.hpp>
#include <vector>

using namespace switchboard;

struct Multiplier final : ConnectionHandler {
  std::size_t on_data(Connection& connection, const Slice& input) override {
    const auto answer = [&](std::span<const std::byte> request) {
      const std::uint64_t one = read_integer<std::uint32_t>(request);
      const std::uint64_t other = read_integer<std::uint32_t>(request.last(4));
      std::array<std::byte, 8> product;
      write_integer(one * other, product);
      connection.write(product);
    };
    FixedCodec codec{8};
    return decode_frames(codec, input.bytes(), answer).consumed_bytes;  // the rest comes again
  }
};

void serve(const Endpoint& where) {
  Reactor reactor;
  Multiplier multiplier;
  ConnectionTable clients{reactor, multiplier};
  const Listener listener{reactor, where, clients};
  reactor.stop_on({SIGINT, SIGTERM});
  std::cout << "listening on " << listener.endpoint().to_string() << std::endl;
  reactor.run();
}

void ask(const Endpoint& where, const std::vector<std::string>& numbers) {
  std::array<std::byte, 8> bytes;
  write_integer(static_cast<std::uint32_t>(std::stoul(numbers.at(0))), bytes);
  write_integer(static_cast<std::uint32_t>(std::stoul(numbers.at(1))), std::span{bytes}.last(4));
  for (const std::byte byte : bytes) std::printf("%02x ", std::to_integer<unsigned>(byte));
  BlockingClient server{where};
  server.send_all(bytes);
  if (!server.receive_exactly(bytes)) throw std::runtime_error{"no answer"};
  std::printf("->");
  for (const std::byte byte : bytes) std::printf(" %02x", std::to_integer<unsigned>(byte));
  std::printf(" = %ju\n", std::uintmax_t{read_integer<std::uint64_t>(bytes)});
}

int main(int argc, char** argv) try {
  if (argc < 3) throw std::invalid_argument{"serve ENDPOINT, or ask ENDPOINT NUMBER NUMBER"};
  const Endpoint where = Endpoint::parse(argv[2]);
  std::string_view{argv[1]} == "serve" ? serve(where) : ask(where, {argv + 3, argv + argc});
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
