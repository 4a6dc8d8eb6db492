// What testing.hpp adds to doctest, seen from outside: a program of sample cases is run.
#include "support/testing.hpp"

#include <csignal>
#include <string>
#include <vector>

#include "support/backends.hpp"
#include "support/process.hpp"

namespace switchboard::test {
namespace {

struct Run {
  int status;
  std::string output;
  std::string errors;
};

Run run(const std::string& program, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), program);
  Process process{arguments};
  Run run{};
  run.output = process.read_all();
  run.errors = process.read_all_errors();
  run.status = process.wait();
  return run;
}

Run run_sample(const std::string& cases) {
  return run(SAMPLE, {"--test-case=" + cases});
}

TEST_CASE("table: each row is a case of its own, and fails alone") {
  const Run sample = run_sample("table: a row*");
  CHECK_EQ(sample.status, 1);
  CHECK(contains(sample.output, "\nnot ok 2 - table: a row is a case [2]\n"));
  CHECK(begins_with(sample.output, "ok 1 - table: a row is a case [1]\n"));
  CHECK(ends_with(sample.output,
                  "ok 3 - table: a row is a case [3]\n1..3\n# 3 cases, 3 assertions\n"));
}

TEST_CASE("table: a row is chosen by its name") {
  const Run sample = run_sample("*[3]");
  CHECK_EQ(sample.status, 0);
  CHECK_EQ(sample.output, "ok 1 - table: a row is a case [3]\n1..1\n# 1 cases, 1 assertions\n");
}

TEST_CASE("table: every backend has a row for every family") {
  const Run sample = run(SAMPLE, {"--list-test-cases", "--test-case=*place*"});
  for (const std::string& backend : backend_names()) {
    for (const std::string family : {"IPv4", "IPv6", "Unix"}) {
      CHECK(contains(sample.output, "the family [" + backend + ", " + family + "]"));
    }
  }
}

TEST_CASE("table: a fixture is made of each row") {
  const Run sample = run_sample("table: a fixture*");
  CHECK_EQ(sample.status, 0);
  CHECK(contains(sample.output, "ok 4 - table: a fixture is made of its row [two, 2]\n1..4\n"));
}

TEST_CASE("skipping: the report has the reason") {
  const Run sample = run_sample("skipping: the reason*,skipping: a fixture*");
  CHECK_EQ(sample.status, 0);
  CHECK(contains(sample.output, " - skipping: the reason is told # SKIP no such thing here\n"));
  CHECK(contains(sample.output, " a fixture may, too # SKIP the fixture cannot be had\n"));
  CHECK_FALSE(contains(sample.output, "not ok"));
}

TEST_CASE("skipping: a case that has failed by then stays failed") {
  const Run sample = run_sample("skipping: a failure*");
  CHECK_EQ(sample.status, 1);
  CHECK(begins_with(sample.output, "not ok 1 - skipping: a failure before it stays one\n"));
}

TEST_CASE("values: bytes, durations, errors, addresses and reasons are readable") {
  const Run sample = run_sample("values: each*");
  CHECK_EQ(sample.status, 1);
  for (const char* text :
       {R"(CHECK_EQ( "line\r\n", other\x01 ))", R"("some text" does not contain "other")",
        "CHECK_EQ( 1.5 s, 2 s )", "CHECK_EQ( Connection reset by peer (generic:104), no error )",
        "CHECK_EQ( idle, peer closed )", "CHECK_EQ( tcp://[::1]:7007, unix:///run/socket )",
        R"(CHECK_EQ( ["a b", ""], [] ))", "CHECK_EQ( nothing, 7 )", R"(3 bytes "a\x00\n")"}) {
    CHECK(contains(sample.output, text));
  }
}

TEST_CASE("values: an error that nobody caught is reported with its text") {
  const Run sample = run_sample("values: the report*");
  CHECK_EQ(sample.status, 1);
  CHECK(contains(sample.output, "connect: Connection refused"));
}

TEST_CASE("end: a case that asserts nothing fails") {
  const Run sample = run_sample("end: a case*");
  CHECK_EQ(sample.status, 1);
  CHECK(contains(sample.output, "#   the case asserts nothing\n"));
}

TEST_CASE("end: a program that dies names the case in which it died") {
  const Run sample = run_sample("end: a program that dies*");
  CHECK_EQ(sample.status, 128 + SIGABRT);
  CHECK(contains(sample.output, "# died in: end: a program that dies names its case\n"));
}

TEST_CASE("end: a program that leaves in the middle of a case prints no plan") {
  CHECK_FALSE(contains(run_sample("end: a program that leaves*").output, "1.."));
}

TEST_CASE("end: a filter that leaves no case fails") {
  const Run sample = run_sample("nothing of this name");
  CHECK_EQ(sample.status, 1);
  CHECK(contains(sample.output, "Bail out! no case has such a name"));
}

struct Mistake {
  std::string name;
  std::string program;
  std::string said;
};

const std::vector<Mistake> mistakes{
    {"two cases of one name", MISTAKE_1, "two cases are called 'mistake: two cases have one name'"},
    {"an empty table", MISTAKE_2, "the table of 'mistake: the table is empty' is empty"},
    {"no subject", MISTAKE_3, "unlike 'no subject'"},
    {"two rows of one name", MISTAKE_4, "'mistake: two rows have one name [1]'"},
};

CASES("mistake: a program that has one does not begin", mistakes, const Mistake& mistake) {
  const Run sample = run(mistake.program);
  CHECK_EQ(sample.status, 2);
  CHECK_EQ(sample.output, "");
  CHECK(contains(sample.errors, mistake.said));
}

}  // namespace
}  // namespace switchboard::test
