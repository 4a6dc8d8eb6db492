// `switchboard chat`, run as a server.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/echo_server.hpp"

namespace switchboard::test {

// Ready, and gone with the test. `listen` is what --listen takes, each with its dialect.
class ChatServer {
 public:
  explicit ChatServer(std::vector<std::string> arguments = {},
                      const std::vector<std::string>& listen = {"plain+tcp://127.0.0.1:0"})
      : process_(with_listeners(std::move(arguments), listen)) {
    constexpr std::string_view beginning = "listening on ";
    for (std::size_t i = 0; i < listen.size(); ++i) {
      const auto line = process_.read_line();
      if (!line) throw std::runtime_error("it did not get ready: " + process_.read_all_errors());
      ready_lines_.push_back(*line);
      const std::size_t address = line->find('+') + 1;
      endpoints_.push_back(ready_endpoint(std::string{beginning} + line->substr(address)));
    }
  }
  Process& process() noexcept { return process_; }
  const Endpoint& endpoint(std::size_t index = 0) const { return endpoints_.at(index); }
  const std::string& ready_line(std::size_t index = 0) const { return ready_lines_.at(index); }

 private:
  static std::vector<std::string> with_listeners(std::vector<std::string> arguments,
                                                 const std::vector<std::string>& listen) {
    for (const std::string& endpoint : listen) {
      arguments.insert(arguments.end(), {"--listen", endpoint});
    }
    arguments.insert(arguments.begin(), "chat");
    return program(std::move(arguments));
  }

  Process process_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::string> ready_lines_;
};

}  // namespace switchboard::test
