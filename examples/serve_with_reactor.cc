// Serving, the third way: the reactor does all but say what the answer is. Answers in capitals.
//   c++ -std=c++20 serve_with_reactor.cc $(pkg-config --cflags --libs switchboard)
//   ./a.out 7007      then: nc 127.0.0.1 7007
#include <algorithm>
#include <cctype>
#include <csignal>
#include <iostream>
#include <string>
#include <switchboard/switchboard.hpp>

using namespace switchboard;

struct Capitals final : ConnectionHandler {
  std::size_t on_data(Connection& connection, const Slice& input) override {
    std::string text{reinterpret_cast<const char*>(input.bytes().data()), input.size()};
    for (char& c : text) c = static_cast<char>(std::toupper(c & 0xFF));
    connection.write(text);  // never blocks: what the kernel does not take leaves later
    return input.size();
  }
};

int main(int argc, char** argv) try {
  Reactor reactor;
  Capitals capitals;
  ConnectionTable clients{reactor, capitals};
  const auto where = Endpoint::parse("tcp://127.0.0.1:" + std::string{argc > 1 ? argv[1] : "0"});
  const Listener listener{reactor, where, clients};
  reactor.stop_on({SIGINT, SIGTERM});
  std::cout << "listening on 127.0.0.1 port " << listener.endpoint().port() << std::endl;
  reactor.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
