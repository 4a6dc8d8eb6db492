// The program on its real pollers, with calls that strace(1) lets fail in the kernel's place.
// Skipped where strace is missing or may not trace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
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

namespace switchboard::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

// What fails: with the first, so that nothing else of that name has to be known, of every kind that
// some system has; '?' forgives those that this one has not.
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
    EXPECT_EQ(server.process().wait(), 0);
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

class Injected : public testing::TestWithParam<std::tuple<std::string, Fault>> {
 protected:
  void SetUp() override {
    if (const auto& why = why_no_tracing()) GTEST_SKIP() << *why;
  }
  static const std::string& backend() { return std::get<0>(GetParam()); }
  static const Fault& fault() { return std::get<1>(GetParam()); }
};

std::string name_of_case(const testing::TestParamInfo<Injected::ParamType>& info) {
  return std::get<0>(info.param) + "_" + std::get<1>(info.param).name;
}

std::string pattern(std::uint32_t key, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes)
    byte = static_cast<char>((key = key * 1'664'525U + 1'013'904'223U) >> 24U);
  return bytes;
}

// --- What loses nothing.

class FaultThatLosesNothing : public Injected {};

TEST_P(FaultThatLosesNothing, ReturnsEveryByteToEveryClient) {
  Traced traced{backend(), fault()};
  std::vector<std::future<void>> flows;
  for (std::uint32_t i = 0; i < 4; ++i) {
    flows.push_back(std::async(std::launch::async, [&traced, i] {
      Client client{traced.server.endpoint(i % 2)};
      const std::string bytes = pattern(i, 200'000);
      EXPECT_EQ(client.exchange(bytes, true), bytes);
    }));
  }
  for (auto& flow : flows) flow.get();
  EXPECT_TRUE(Client{traced.server.endpoint()}.echoes("a fresh one"));
  EXPECT_GT(traced.end(), 0U);
}

constexpr Fault lossless[] = {
    {"wait_EINTR", wait, "EINTR", "1+2"},
    {"recv_EAGAIN", receive, "EAGAIN", "1+2"},
    {"recv_EINTR", receive, "EINTR", "1+2"},
    {"recv_ENOMEM", receive, "ENOMEM", "2+3"},
    {"recv_ENOBUFS", receive, "ENOBUFS", "2+3"},
    {"send_EAGAIN", send, "EAGAIN", "1+2"},
    {"send_EINTR", send, "EINTR", "1+2"},
    {"send_ENOBUFS", send, "ENOBUFS", "1+2"},
    {"send_ENOMEM", send, "ENOMEM", "2+3"},
    {"accept_EAGAIN", accept, "EAGAIN", "1+2"},
    {"accept_EINTR", accept, "EINTR", "1+2"},
    {"accept_ECONNABORTED", accept, "ECONNABORTED", "1+2"},
    {"accept_EPROTO", accept, "EPROTO", "1+2"},
    {"accept_ENETDOWN", accept, "ENETDOWN", "1+2"},
};
INSTANTIATE_TEST_SUITE_P(Backends, FaultThatLosesNothing,
                         testing::Combine(testing::ValuesIn(backend_names()),
                                          testing::ValuesIn(lossless)),
                         name_of_case);

// --- What has run out: the client it meets is turned away, and told so; the next is served.

class Exhaustion : public Injected {};

TEST_P(Exhaustion, TurnsOneClientAwayAndServesTheNext) {
  Traced traced{backend(), fault()};
  Client unlucky{traced.server.endpoint()};
  EXPECT_EQ(unlucky.receive_to_end(), "");
  EXPECT_THAT(traced.server.process().await_error_line("cannot accept"),
              AllOf(HasSubstr("turned_away=1"), HasSubstr("occurrences=1")));
  EXPECT_TRUE(Client{traced.server.endpoint(0)}.echoes("the next"));
  EXPECT_TRUE(Client{traced.server.endpoint(1)}.echoes("and another"));
  EXPECT_EQ(traced.end(), 1U);
}

constexpr Fault exhausting[] = {
    {"EMFILE", accept, "EMFILE", "1"},
    {"ENFILE", accept, "ENFILE", "1"},
    {"ENOBUFS", accept, "ENOBUFS", "1"},
    {"ENOMEM", accept, "ENOMEM", "1"},
};
INSTANTIATE_TEST_SUITE_P(Backends, Exhaustion,
                         testing::Combine(testing::ValuesIn(backend_names()),
                                          testing::ValuesIn(exhausting)),
                         name_of_case);

// --- What ends one connection: its reason is told, and nobody else notices.

class BrokenConnection : public Injected {};

std::string expected_reason(const Fault& fault) {
  const std::string error = fault.error;
  const bool timed_out = error == "ETIMEDOUT" || error == "EHOSTUNREACH";
  return timed_out ? "reason=\"timed out\"" : "reason=reset";
}

TEST_P(BrokenConnection, IsClosedWithItsReasonAndNobodyElseNotices) {
  Traced traced{backend(), fault()};
  Client other{traced.server.endpoint()};
  EXPECT_TRUE(other.echoes("the first call"));
  Client broken{traced.server.endpoint()};
  broken.send("the second call");
  // Where sending has failed, what the peer still sends is read to its end. Where receiving has,
  // the socket may be reset by now.
  if (fault().calls == send) broken.finish_sending();
  EXPECT_THAT(traced.server.process().await_error_line("connection closed"),
              HasSubstr(expected_reason(fault())));
  EXPECT_TRUE(other.echoes("still served"));
  EXPECT_TRUE(Client{traced.server.endpoint(1)}.echoes("a fresh one"));
  EXPECT_EQ(traced.end(), 1U);
}

constexpr Fault breaking[] = {
    {"recv_ECONNRESET", receive, "ECONNRESET", "2"},
    {"recv_ETIMEDOUT", receive, "ETIMEDOUT", "2"},
    {"recv_EHOSTUNREACH", receive, "EHOSTUNREACH", "2"},
    {"send_EPIPE", send, "EPIPE", "2"},
    {"send_ECONNRESET", send, "ECONNRESET", "2"},
    {"send_ETIMEDOUT", send, "ETIMEDOUT", "2"},
    {"send_EHOSTUNREACH", send, "EHOSTUNREACH", "2"},
};
INSTANTIATE_TEST_SUITE_P(Backends, BrokenConnection,
                         testing::Combine(testing::ValuesIn(backend_names()),
                                          testing::ValuesIn(breaking)),
                         name_of_case);

// --- What cannot be had at the start is said in one line.

class FailedStart : public Injected {};

TEST_P(FailedStart, IsSaidInOneLine) {
  Process process{program({"echo", "--backend", backend(), "--listen", "tcp://127.0.0.1:0"}),
                  {.wrapper = strace(fault(), "/dev/null")}};
  EXPECT_EQ(process.read_all(), "") << "ready";
  const std::string said = process.read_all_errors();
  EXPECT_EQ(process.wait(), 1);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_THAT(said, EndsWith("\n"));
}

constexpr Fault at_the_start[] = {
    {"epoll_create_EMFILE", "epoll_create1", "EMFILE", "1"},  // the default of Linux
    {"socket_ENOBUFS", "socket", "ENOBUFS", "1"},
    {"bind_EACCES", "bind", "EACCES", "1"},
    {"listen_EADDRINUSE", "listen", "EADDRINUSE", "1"},
    {"setsockopt_ENOMEM", "setsockopt", "ENOMEM", "1"},
    {"thread_EAGAIN", "clone3", "EAGAIN", "1"},
};
INSTANTIATE_TEST_SUITE_P(Backends, FailedStart,
                         testing::Combine(testing::Values(std::string{default_backend().name}),
                                          testing::ValuesIn(at_the_start)),
                         name_of_case);

}  // namespace
}  // namespace switchboard::test
