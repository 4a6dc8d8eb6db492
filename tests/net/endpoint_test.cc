// Endpoint: what is understood, how it is written again, and what is said about the rest.
#include "switchboard/net/endpoint.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace switchboard {
namespace {

TEST(Endpoint, reads_what_it_writes) {
  for (const char* text :
       {"tcp://127.0.0.1:7007", "tcp://[::1]:7007", "tcp://localhost:0", "tcp://*:65535",
        "unix:///run/x.sock", "tcp://[fe80::1%lo]:1", "unix:///with blank/and:colon"}) {
    EXPECT_EQ(Endpoint::parse(text).to_string(), text);
  }
}

struct Bad {
  std::string text;
  std::string mistake;  // both must stand in the message
  std::string mend;
};

class BadEndpoint : public testing::TestWithParam<Bad> {};

TEST_P(BadEndpoint, is_refused_with_the_mistake_and_the_mend) {
  try {
    (void)Endpoint::parse(GetParam().text);
    FAIL() << GetParam().text << " was taken";
  } catch (const std::invalid_argument& refusal) {
    const std::string what = refusal.what();
    EXPECT_NE(what.find(GetParam().mistake), std::string::npos) << what;
    EXPECT_NE(what.find(GetParam().mend), std::string::npos) << what;
    EXPECT_EQ(what.find('\n'), std::string::npos) << what;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadEndpoint,
    testing::Values(Bad{"", "''", "begins with tcp:// or unix://"},
                    Bad{"127.0.0.1:7007", "'127.0.0.1:7007'", "begins with tcp:// or unix://"},
                    Bad{"udp://127.0.0.1:7007", "udp", "begins with tcp:// or unix://"},
                    Bad{"tcp://127.0.0.1", "port is missing", "tcp://127.0.0.1:7007"},
                    Bad{"tcp://127.0.0.1:", "no port", "write 0"},
                    Bad{"tcp://127.0.0.1:http", "'http' is not a port", "0 to 65535"},
                    Bad{"tcp://127.0.0.1:-1", "'-1' is not a port", "0 to 65535"},
                    Bad{"tcp://127.0.0.1:7007/x", "'7007/x' is not a port", "0 to 65535"},
                    Bad{"tcp://127.0.0.1:65536", "65536 is too large", "65535"},
                    Bad{"tcp://127.0.0.1:99999999999999999999", "too large", "65535"},
                    Bad{"tcp://:7007", "no host", "write * for every address"},
                    Bad{"tcp://::1:7007", "brackets", "tcp://[::1]:7007"},
                    Bad{"tcp://[::1:7007", "never closed", "'['"},
                    Bad{"tcp://[::1]", "port must follow", "tcp://[::1]:7007"},
                    Bad{"tcp://[::g]:1", "'::g'", "not an IPv6 address"},
                    Bad{"tcp://[]:1", "''", "not an IPv6 address"},
                    Bad{"tcp://a b:1", "blanks", "host name"},
                    Bad{"unix://x.sock", "must be absolute", "three slashes"},
                    Bad{"unix:///" + std::string(200, 'x'), "201 bytes", "107"},
                    Bad{std::string("unix:///a\0b", 11), "NUL", "unix:///a"}));

TEST(Endpoint, a_name_stands_for_addresses) {
  EXPECT_FALSE(Endpoint::parse("tcp://localhost:7007").resolve().empty());
  EXPECT_EQ(Endpoint::parse("tcp://127.0.0.1:7007").resolve().size(), 1U);
  const auto address = Endpoint::parse("tcp://[::1]:7007").resolve().front();
  EXPECT_EQ(Endpoint::from(address).to_string(), "tcp://[::1]:7007");
}

TEST(Endpoint, a_name_that_nobody_has_is_told_with_the_endpoint) {
  try {
    (void)Endpoint::parse("tcp://no-such-host.invalid:1").resolve();
    FAIL();
  } catch (const std::runtime_error& failure) {
    EXPECT_NE(std::string(failure.what()).find("tcp://no-such-host.invalid:1"), std::string::npos);
  }
}

TEST(Endpoint, an_ipv4_address_mapped_into_ipv6_is_written_as_ipv4) {
  const auto mapped = Endpoint::parse("tcp://[::ffff:10.1.2.3]:80").resolve().front();
  EXPECT_EQ(Endpoint::from(mapped).to_string(), "tcp://10.1.2.3:80");
}

TEST(Endpoint, a_link_local_address_keeps_its_zone) {
  const auto address = Endpoint::parse("tcp://[fe80::1%1]:80").resolve().front();
  const Endpoint again = Endpoint::parse(Endpoint::from(address).to_string());
  EXPECT_EQ(again.to_string(), "tcp://[fe80::1%1]:80");
}

TEST(Endpoint, a_unix_path_goes_to_the_kernel_and_back) {
  const auto address = Endpoint::parse("unix:///run/x.sock").resolve().front();
  EXPECT_EQ(Endpoint::from(address).to_string(), "unix:///run/x.sock");
  sys::SocketAddress unnamed;
  unnamed.storage.ss_family = AF_UNIX;
  unnamed.length = sizeof(sa_family_t);
  EXPECT_EQ(Endpoint::from(unnamed).path(), "");
}

}  // namespace
}  // namespace switchboard
