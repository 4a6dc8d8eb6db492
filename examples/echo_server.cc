// An echo server: build it with c++ -std=c++20 echo_server.cc $(pkg-config --cflags --libs
// switchboard)
#include <csignal>
#include <iostream>
#include <switchboard/switchboard.hpp>

using namespace switchboard;

struct Echo final : ConnectionHandler {
  std::size_t on_data(Connection& connection, const Slice& input) override {
    connection.write(input);
    return input.size();
  }
};

int main(int argc, char** argv) {
  Reactor reactor;
  Echo echo;
  ConnectionTable connections(reactor, echo);
  Listener listener(reactor, Endpoint::parse(argc > 1 ? argv[1] : "tcp://127.0.0.1:7007"),
                    connections);
  reactor.stop_on({SIGINT, SIGTERM});
  std::cout << "listening on " << listener.endpoint().to_string() << std::endl;
  reactor.run();
}
