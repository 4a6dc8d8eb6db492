// An exchange that needs no framing: the end of what is sent is the end of the request. The client
// finishes sending, and still receives the answer: how many lines, words and bytes that were.
//   c++ -std=c++20 half_close.cc $(pkg-config --cflags --libs switchboard)
//   ./a.out serve tcp://127.0.0.1:7007 &
//   ./a.out ask tcp://127.0.0.1:7007 <half_close.cc
#include <algorithm>
#include <csignal>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <switchboard/switchboard.hpp>

using namespace switchboard;

struct Counter final : ConnectionHandler {
  // Not all of it yet. The connection keeps it, up to its table's input_limit_bytes.
  std::size_t on_data(Connection&, const Slice&) override { return 0; }

  void on_end(Connection& connection, std::span<const std::byte> request) override {
    const std::string text{reinterpret_cast<const char*>(request.data()), request.size()};
    std::istringstream stream{text};
    const auto words = std::distance(std::istream_iterator<std::string>{stream}, {});
    const auto lines = std::count(text.begin(), text.end(), '\n');
    connection.write(std::to_string(lines) + " lines, " + std::to_string(words) + " words, " +
                     std::to_string(text.size()) + " bytes\n");
    connection.drain();  // sends it, then ends this side as well
  }
};

void serve(const Endpoint& where) {
  Reactor reactor;
  Counter counter;
  ConnectionTable clients{reactor, counter};
  const Listener listener{reactor, where, clients};
  reactor.stop_on({SIGINT, SIGTERM});
  std::cout << "listening on " << listener.endpoint().to_string() << std::endl;
  reactor.run();
}

void ask(const Endpoint& where) {
  BlockingClient server{where};
  server.send_all(std::string{std::istreambuf_iterator<char>{std::cin}, {}});
  server.finish_sending();  // shutdown(SHUT_WR); to close would give up the answer too
  std::cout << server.receive_to_end(std::chrono::seconds{10});
}

int main(int argc, char** argv) try {
  if (argc < 3) throw std::invalid_argument{"serve ENDPOINT, or ask ENDPOINT <TEXT"};
  const Endpoint where = Endpoint::parse(argv[2]);
  std::string_view{argv[1]} == "serve" ? serve(where) : ask(where);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
