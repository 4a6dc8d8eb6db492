// Servers that nobody here wrote, each ready once it is constructed and gone when it is destroyed.
// Their clients had better go first.
#pragma once

#include <unistd.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "switchboard/net/endpoint.hpp"

#include "support/process.hpp"
#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::test {

// Where the system has it; none where it does not.
inline std::optional<std::string> find_program(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/"}) {
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return std::nullopt;
}

inline void skip_without(const std::string& program) {
  if (!find_program(program)) skip(program + " is not installed");
}

// An echo by socat over TCP, for one client: `PIPE` gives back what it takes.
class SocatEcho {
 public:
  const Endpoint& endpoint() const noexcept { return endpoint_; }

 private:
  Process process_{
      {find_program("socat").value(), "-d", "-d", "TCP-LISTEN:0,bind=127.0.0.1", "PIPE"}};
  // "... N listening on AF=2 127.0.0.1:49317"
  Endpoint endpoint_ = [this] {
    const std::string line = process_.await_error_line("listening on");
    return Endpoint::parse("tcp://" + line.substr(line.rfind(' ') + 1));
  }();
};

// ncat on a Unix socket (it picks no port): an echo for one client after another, by cat(1).
class NcatEcho {
 public:
  const Endpoint& endpoint() const noexcept { return endpoint_; }

 private:
  TemporaryFolder folder_;
  Endpoint endpoint_ = Endpoint::parse("unix://" + folder_.file("ncat.sock"));
  Process process_{{find_program("ncat").value(), "-v", "-l", "-U", endpoint_.path(), "--keep-open",
                    "--exec", "/bin/cat"}};
  std::string ready_ = process_.await_error_line("Listening on");
};

// redis-server on a Unix socket, keeping nothing.
class RedisServer {
 public:
  RedisServer() {
    while (const auto line = process_.read_line()) {
      if (line->find("ready to accept connections") != std::string::npos) return;
    }
    throw std::runtime_error("redis-server did not get ready");
  }
  const Endpoint& endpoint() const noexcept { return endpoint_; }

 private:
  TemporaryFolder folder_;
  Endpoint endpoint_ = Endpoint::parse("unix://" + folder_.file("redis.sock"));
  Process process_{{find_program("redis-server").value(), "--port", "0", "--unixsocket",
                    endpoint_.path(), "--save", "", "--dir", folder_.path().string()}};
};

}  // namespace switchboard::test
