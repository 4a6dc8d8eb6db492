// The program on its real pollers, with calls that strace(1) lets fail in the kernel's place.
// Skipped where strace is missing or may not trace.
#include <signal.h>

#include <fstream>
#include <future>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "server/echo_server.hpp"
#include "support/backends.hpp"
#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

// The calls that fail: with the first, so that nothing else of that name has to be known, of every
// kind that some system has; '?' forgives those that this one has not.
constexpr const char* wait =
    "?epoll_wait,?epoll_pwait,?epoll_pwait2,?poll,?ppoll,?select,?pselect6";
constexpr const char* receive = "recvfrom";
constexpr const char* send = "sendto,sendmsg";
constexpr const char* accept = "accept4";

struct Fault {
  const char* name;
  const char* calls;
  const char* error;
  const char* when;  // as strace has it: FIRST+STEP
};

// The tracer is a grandchild, so that the program keeps the number that signals are sent to.
std::vector<std::string> strace(const Fault& fault, const std::string& report) {
  std::string calls = fault.calls;
  return {"strace",
          "-D",
          "-qq",
          "-o",
          report,
          "-e",
          "signal=none",
          "-E",  // leaks cannot be looked for while somebody traces
          "ASAN_OPTIONS=detect_leaks=0",
          "-e",
          "trace=" + calls,
          "-e",
          "inject=" + calls + ":error=" + fault.error + ":when=" + fault.when};
}

const std::optional<std::string>& why_no_tracing() {
  static const std::optional<std::string> why = []() -> std::optional<std::string> {
    Process process{{"/bin/true"}, {.wrapper = strace({"", "accept4", "EINTR", "1"}, "/dev/null")}};
    const std::string said = process.read_all_errors();
    const int status = process.wait();
    if (status == 0) return std::nullopt;
    return "strace ends with " + std::to_string(status) + ": " + said;
  }();
  return why;
}

// `switchboard echo` on TCP and a Unix socket, with one fault.
class Traced {
 public:
  Traced(const std::string& backend, const Fault& fault)
      : server({"--backend", backend, "--high-water", "32KiB", "--log-level", "debug", "--listen",
                "tcp://127.0.0.1:0", "--listen", "unix://" + folder.file("echo")},
               2, {.wrapper = strace(fault, folder.file("report"))}) {}

  // Ends it in good order; gives how many calls were made to fail.
  std::size_t end() {
    server.process().signal(SIGTERM);
    (void)server.process().read_all_errors();  // the tracer's end too, and so of its report
    CHECK_EQ(server.process().wait(), 0);
    std::ifstream report{folder.file("report")};
    std::size_t injected = 0;
    for (std::string line; std::getline(report, line);) {
      if (line.find("(INJECTED)") != std::string::npos) ++injected;
    }
    return injected;
  }

  const TemporaryFolder folder;
  EchoServer server;
};

using BackendAndFault = std::pair<std::string, Fault>;

void skip_without_tracing() {
  if (const auto& why = why_no_tracing()) skip(*why);
}

std::string pattern(std::uint32_t key, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes)
    byte = static_cast<char>((key = key * 1'664'525U + 1'013'904'223U) >> 24U);
  return bytes;
}

// --- Faults that lose nothing.

const std::vector<Fault> lossless{
    {"wait EINTR", wait, "EINTR", "1+2"},
    {"recv EAGAIN", receive, "EAGAIN", "1+2"},
    {"recv EINTR", receive, "EINTR", "1+2"},
    {"recv ENOMEM", receive, "ENOMEM", "2+3"},
    {"recv ENOBUFS", receive, "ENOBUFS", "2+3"},
    {"send EAGAIN", send, "EAGAIN", "1+2"},
    {"send EINTR", send, "EINTR", "1+2"},
    {"send ENOBUFS", send, "ENOBUFS", "1+2"},
    {"send ENOMEM", send, "ENOMEM", "2+3"},
    {"accept EAGAIN", accept, "EAGAIN", "1+2"},
    {"accept EINTR", accept, "EINTR", "1+2"},
    {"accept ECONNABORTED", accept, "ECONNABORTED", "1+2"},
    {"accept EPROTO", accept, "EPROTO", "1+2"},
    {"accept ENETDOWN", accept, "ENETDOWN", "1+2"},
};

CASES("injected fault: a passing fault loses no byte of any client",
      pairs_of(backend_names(), lossless), const BackendAndFault& row) {
  skip_without_tracing();
  const auto& [backend, fault] = row;
  Traced traced{backend, fault};
  std::vector<std::future<void>> flows;
  for (std::uint32_t i = 0; i < 4; ++i) {
    flows.push_back(std::async(std::launch::async, [&traced, i] {
      Client client{traced.server.endpoint(i % 2)};
      const std::string bytes = pattern(i, 200'000);
      CHECK_EQ(client.exchange(bytes, true), bytes);
    }));
  }
  for (auto& flow : flows) flow.get();
  CHECK(Client{traced.server.endpoint()}.echoes("a fresh one"));
  CHECK_GT(traced.end(), 0U);
}

// --- Something has run out: the client it meets is turned away, and told so; the next is served.

const std::vector<Fault> exhausting{
    {"EMFILE", accept, "EMFILE", "1"},
    {"ENFILE", accept, "ENFILE", "1"},
    {"ENOBUFS", accept, "ENOBUFS", "1"},
    {"ENOMEM", accept, "ENOMEM", "1"},
};

CASES("injected fault: exhaustion turns one client away and serves the next",
      pairs_of(backend_names(), exhausting), const BackendAndFault& row) {
  skip_without_tracing();
  const auto& [backend, fault] = row;
  Traced traced{backend, fault};
  Client unlucky{traced.server.endpoint()};
  CHECK_EQ(unlucky.receive_to_end(), "");
  const std::string warning = traced.server.process().await_error_line("cannot accept");
  CHECK(contains(warning, "turned_away=1"));
  CHECK(contains(warning, "occurrences=1"));
  CHECK(Client{traced.server.endpoint(0)}.echoes("the next"));
  CHECK(Client{traced.server.endpoint(1)}.echoes("and another"));
  CHECK_EQ(traced.end(), 1U);
}

// --- One connection ends: its reason is told, and nobody else notices.

std::string expected_reason(const Fault& fault) {
  const std::string error = fault.error;
  const bool timed_out = error == "ETIMEDOUT" || error == "EHOSTUNREACH";
  return timed_out ? "reason=\"timed out\"" : "reason=reset";
}

const std::vector<Fault> breaking{
    {"recv ECONNRESET", receive, "ECONNRESET", "2"},
    {"recv ETIMEDOUT", receive, "ETIMEDOUT", "2"},
    {"recv EHOSTUNREACH", receive, "EHOSTUNREACH", "2"},
    {"send EPIPE", send, "EPIPE", "2"},
    {"send ECONNRESET", send, "ECONNRESET", "2"},
    {"send ETIMEDOUT", send, "ETIMEDOUT", "2"},
    {"send EHOSTUNREACH", send, "EHOSTUNREACH", "2"},
};

CASES("injected fault: a broken connection is closed with its reason, and nobody else notices",
      pairs_of(backend_names(), breaking), const BackendAndFault& row) {
  skip_without_tracing();
  const auto& [backend, fault] = row;
  Traced traced{backend, fault};
  Client other{traced.server.endpoint()};
  CHECK(other.echoes("the first call"));
  Client broken{traced.server.endpoint()};
  broken.send("the second call");
  // Where sending has failed, what the peer still sends is read to its end. Where receiving has,
  // the socket may be reset by now.
  if (fault.calls == send) broken.finish_sending();
  CHECK(contains(traced.server.process().await_error_line("connection closed"),
                 expected_reason(fault)));
  CHECK(other.echoes("still served"));
  CHECK(Client{traced.server.endpoint(1)}.echoes("a fresh one"));
  CHECK_EQ(traced.end(), 1U);
}

// --- A start that fails says why in one line.

const std::vector<Fault> at_the_start{
    {"epoll_create EMFILE", "epoll_create1", "EMFILE", "1"},  // the default of Linux
    {"socket ENOBUFS", "socket", "ENOBUFS", "1"},
    {"bind EACCES", "bind", "EACCES", "1"},
    {"listen EADDRINUSE", "listen", "EADDRINUSE", "1"},
    {"setsockopt ENOMEM", "setsockopt", "ENOMEM", "1"},
    {"thread EAGAIN", "clone3", "EAGAIN", "1"},
};

CASES("injected fault: a failed start is said in one line",
      pairs_of(std::vector{std::string{default_backend().name}}, at_the_start),
      const BackendAndFault& row) {
  skip_without_tracing();
  const auto& [backend, fault] = row;
  Process process{program({"echo", "--backend", backend, "--listen", "tcp://127.0.0.1:0"}),
                  {.wrapper = strace(fault, "/dev/null")}};
  CHECK_MESSAGE(process.read_all() == "", "ready");
  const std::string said = process.read_all_errors();
  CHECK_EQ(process.wait(), 1);
  CHECK_MESSAGE(std::count(said.begin(), said.end(), '\n') == 1, said);
  CHECK(ends_with(said, "\n"));
}

}  // namespace
}  // namespace switchboard::test
