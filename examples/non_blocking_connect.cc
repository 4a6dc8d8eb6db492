// Connecting without blocking: all at once, in one thread, by name or address, over whichever of a
// name's addresses answers first. Each tells what came of it.
//   c++ -std=c++20 non_blocking_connect.cc $(pkg-config --cflags --libs switchboard)
//   ./a.out tcp://localhost:7007 tcp://127.0.0.1:1 unix:///run/nobody.sock
#include <iostream>
#include <list>
#include <switchboard/switchboard.hpp>

using namespace switchboard;

// What is done with a connection, once there is one: here nothing.
struct Nothing final : ConnectionHandler {
  std::size_t on_data(Connection&, const Slice& input) override { return input.size(); }
};

int main(int argc, char** argv) try {
  Reactor reactor;
  Nothing nothing;
  ConnectionTable connections{reactor, nothing};
  Resolver resolver{reactor};
  std::list<Dialer> attempts;
  const DialOptions options{.timeout = std::chrono::seconds{1}};
  int pending = argc - 1;
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    const auto done = [&, text](Connection* connection, std::error_code error) {
      std::cout << text << ": " << (error ? error.message() : "connected") << std::endl;
      if (connection != nullptr) connection->close();
      if (--pending == 0) reactor.stop();
    };
    attempts.emplace_back(connections, resolver, Endpoint::parse(text), done, options);
  }
  if (pending > 0) reactor.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
