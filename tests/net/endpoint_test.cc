// Endpoint: what is understood, how it is written again, and what is said about the rest.
#include "switchboard/net/endpoint.hpp"

#include <stdexcept>
#include <string>

#include "support/testing.hpp"

namespace switchboard::test {
namespace {

TEST_CASE("endpoint: its text is read back as written") {
  for (const char* text :
       {"tcp://127.0.0.1:7007", "tcp://[::1]:7007", "tcp://localhost:0", "tcp://*:65535",
        "unix:///run/x.sock", "tcp://[fe80::1%lo]:1", "unix:///with blank/and:colon"}) {
    CHECK_EQ(Endpoint::parse(text).to_string(), text);
  }
}

struct Malformed {
  std::string text;
  std::string mistake;  // both must stand in the message
  std::string mend;

  std::string name() const { return text.empty() ? "nothing" : escaped(text.substr(0, 32)); }
};

const std::vector<Malformed> malformed{
    {"", "''", "begins with tcp:// or unix://"},
    {"127.0.0.1:7007", "'127.0.0.1:7007'", "begins with tcp:// or unix://"},
    {"udp://127.0.0.1:7007", "udp", "begins with tcp:// or unix://"},
    {"tcp://127.0.0.1", "port is missing", "tcp://127.0.0.1:7007"},
    {"tcp://127.0.0.1:", "no port", "write 0"},
    {"tcp://127.0.0.1:http", "'http' is not a port", "0 to 65535"},
    {"tcp://127.0.0.1:-1", "'-1' is not a port", "0 to 65535"},
    {"tcp://127.0.0.1:7007/x", "'7007/x' is not a port", "0 to 65535"},
    {"tcp://127.0.0.1:65536", "65536 is too large", "65535"},
    {"tcp://127.0.0.1:99999999999999999999", "too large", "65535"},
    {"tcp://:7007", "no host", "write * for every address"},
    {"tcp://::1:7007", "brackets", "tcp://[::1]:7007"},
    {"tcp://[::1:7007", "never closed", "'['"},
    {"tcp://[::1]", "port must follow", "tcp://[::1]:7007"},
    {"tcp://[::g]:1", "'::g'", "not an IPv6 address"},
    {"tcp://[]:1", "''", "not an IPv6 address"},
    {"tcp://a b:1", "blanks", "host name"},
    {"unix://x.sock", "must be absolute", "three slashes"},
    {"unix:///" + std::string(200, 'x'), "201 bytes", "107"},
    {std::string("unix:///a\0b", 11), "NUL", "unix:///a"}};

CASES("endpoint: a malformed address is refused with the mistake and the mend", malformed,
      const Malformed& row) {
  try {
    (void)Endpoint::parse(row.text);
    FAIL(row.text, " was taken");
  } catch (const std::invalid_argument& refusal) {
    const std::string_view said = refusal.what();
    CHECK(contains(said, row.mistake));
    CHECK(contains(said, row.mend));
    CHECK_FALSE(contains(said, "\n"));
  }
}

TEST_CASE("endpoint: a name stands for addresses") {
  CHECK_FALSE(Endpoint::parse("tcp://localhost:7007").resolve().empty());
  CHECK_EQ(Endpoint::parse("tcp://127.0.0.1:7007").resolve().size(), 1U);
  const auto address = Endpoint::parse("tcp://[::1]:7007").resolve().front();
  CHECK_EQ(Endpoint::from(address).to_string(), "tcp://[::1]:7007");
}

TEST_CASE("endpoint: an unknown name is refused, and the message has the endpoint") {
  try {
    (void)Endpoint::parse("tcp://no-such-host.invalid:1").resolve();
    FAIL("the name has an address");
  } catch (const std::runtime_error& failure) {
    CHECK_NE(std::string(failure.what()).find("tcp://no-such-host.invalid:1"), std::string::npos);
  }
}

TEST_CASE("endpoint: an IPv4 address mapped into IPv6 is written as IPv4") {
  const auto mapped = Endpoint::parse("tcp://[::ffff:10.1.2.3]:80").resolve().front();
  CHECK_EQ(Endpoint::from(mapped).to_string(), "tcp://10.1.2.3:80");
}

TEST_CASE("endpoint: a link local address keeps its zone") {
  const auto address = Endpoint::parse("tcp://[fe80::1%1]:80").resolve().front();
  const Endpoint again = Endpoint::parse(Endpoint::from(address).to_string());
  CHECK_EQ(again.to_string(), "tcp://[fe80::1%1]:80");
}

TEST_CASE("endpoint: a Unix path goes to the kernel and back") {
  const auto address = Endpoint::parse("unix:///run/x.sock").resolve().front();
  CHECK_EQ(Endpoint::from(address).to_string(), "unix:///run/x.sock");
  sys::SocketAddress unnamed;
  unnamed.storage.ss_family = AF_UNIX;
  unnamed.length = sizeof(sa_family_t);
  CHECK_EQ(Endpoint::from(unnamed).path(), "");
}

}  // namespace
}  // namespace switchboard::test
