// The main() of every test program, and its reporter.
#define DOCTEST_CONFIG_IMPLEMENT
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS  // Death below does, and leaves the sanitizers' handlers
                                         // their say
#include "support/testing.hpp"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>
#include <regex>
#include <set>
#include <stdexcept>

namespace switchboard::test {
namespace {

// Thrown by skip(), for the reporter alone.
struct Skipped {
  std::string reason;
};

std::vector<detail::CaseTable>& tables() {
  static std::vector<detail::CaseTable> all;
  return all;
}

const doctest::detail::TestCase* current_case() {
  return doctest::getContextOptions()->currentTest;
}

// --- A program that dies names its case

constexpr std::array deadly_signals{SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTERM};
std::array<struct sigaction, deadly_signals.size()> actions_before;

void name_the_case(int signal) {
  const auto say = [](const char* text) {
    if (::write(STDOUT_FILENO, text, std::strlen(text)) < 0) return;  // nobody is left to tell
  };
  say("# died in: ");
  say(current_case() == nullptr ? "no case" : current_case()->m_name);
  say("\n");
  // A fault happens anew when this returns, and meets the action that stood before; so does
  // abort(3).
  for (std::size_t i = 0; i < deadly_signals.size(); ++i) {
    if (deadly_signals[i] == signal) ::sigaction(signal, &actions_before[i], nullptr);
  }
  if (signal == SIGTERM) ::raise(signal);
}

void watch_for_death() {
  struct sigaction action {};
  action.sa_handler = name_the_case;
  for (std::size_t i = 0; i < deadly_signals.size(); ++i) {
    ::sigaction(deadly_signals[i], &action, &actions_before[i]);
  }
}

// --- TAP

bool any_case_failed = false;

class TapReporter final : public doctest::IReporter {
 public:
  explicit TapReporter(const doctest::ContextOptions& options)
      : out_(*options.cout), doctests_{options, said_} {}

  void report_query(const doctest::QueryData& query) override {
    doctests_.report_query(query);
    out_ << said_.str();
  }
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& stats) override {
    out_ << "1.." << cases_ << "\n# " << cases_ << " cases, " << stats.numAsserts << " assertions"
         << std::endl;
    if (cases_ > 0) return;
    any_case_failed = true;
    out_ << "Bail out! no case has such a name; --list-test-cases lists them" << std::endl;
  }

  void test_case_start(const doctest::TestCaseData& started) override {
    name_ = started.m_name;
    reason_to_skip_.reset();
    doctests_.test_case_start(started);
  }
  void test_case_reenter(const doctest::TestCaseData& reentered) override {
    doctests_.test_case_reenter(reentered);
  }
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    doctests_.test_case_end(stats);
    const bool asserts_nothing = stats.numAssertsCurrentTest == 0 && !reason_to_skip_;
    if (asserts_nothing) said_ << "the case asserts nothing\n";
    const bool skipped = reason_to_skip_ && stats.numAssertsFailedCurrentTest == 0;
    if (skipped) said_.str({});
    const bool passed = skipped || (stats.testCaseSuccess && !asserts_nothing);
    any_case_failed = any_case_failed || !passed;
    out_ << (passed ? "ok " : "not ok ") << ++cases_ << " - " << name_;
    if (skipped) out_ << " # SKIP " << *reason_to_skip_;
    out_ << "\n";
    std::string line;
    for (std::istringstream said{std::exchange(said_, {}).str()}; std::getline(said, line);) {
      if (!line.empty()) out_ << "#   " << line << "\n";
    }
    out_ << std::flush;
  }

  void test_case_exception(const doctest::TestCaseException& thrown) override {
    try {
      throw;  // doctest calls from where it has caught it
    } catch (const Skipped& skipped) {
      reason_to_skip_ = skipped.reason;
    } catch (...) {
      doctests_.test_case_exception(thrown);
    }
  }
  void subcase_start(const doctest::SubcaseSignature& subcase) override {
    doctests_.subcase_start(subcase);
  }
  void subcase_end() override { doctests_.subcase_end(); }
  void log_assert(const doctest::AssertData& assertion) override {
    doctests_.log_assert(assertion);
  }
  void log_message(const doctest::MessageData& message) override { doctests_.log_message(message); }
  void test_case_skipped(const doctest::TestCaseData&) override {}  // by a filter

 private:
  std::ostream& out_;
  std::ostringstream said_;  // of the current case
  doctest::ConsoleReporter doctests_;
  unsigned cases_ = 0;
  std::string name_;
  std::optional<std::string> reason_to_skip_;
};
REGISTER_REPORTER("tap", 1, TapReporter);

// --- Registration

void register_rows(const detail::CaseTable& table) {
  const std::vector<std::string> names = table.row_names();
  if (names.empty())
    throw std::logic_error(std::string{"the table of '"} + table.name + "' is empty");
  for (std::size_t row = 0; row < names.size(); ++row) {
    doctest::detail::TestCase registered{table.run_row, table.file, table.line, {}};
    registered.m_test_suite = "";
    registered.m_template_id = static_cast<int>(row);
    registered.m_full_name = (std::string{table.name} + " [" + names[row] + "]").c_str();
    registered.m_name = registered.m_full_name.c_str();
    doctest::detail::regTest(registered);
  }
}

void check_names() {
  std::set<std::string_view> names;
  for (const auto& registered : doctest::detail::getRegisteredTests()) {
    const std::string name = registered.m_name;
    if (!names.insert(registered.m_name).second)
      throw std::logic_error("two cases are called '" + name + "'");
    const std::size_t colon = name.find(": ");
    if (colon == 0 || colon == std::string::npos ||
        name.find_first_of("#\n") != std::string::npos) {
      throw std::logic_error("a case is named 'subject: what holds', without '#', unlike '" + name +
                             "'");
    }
  }
}

void register_tables() {
  for (const detail::CaseTable& table : tables()) register_rows(table);
  check_names();
}

}  // namespace

int detail::add_table(const CaseTable& table) {
  tables().push_back(table);
  return 0;
}

std::size_t detail::row_of_current_case() {
  return static_cast<std::size_t>(current_case()->m_template_id);
}

void skip(const std::string& reason) {
  throw Skipped{reason};
}

std::string escaped(std::string_view text) {
  constexpr std::size_t most_bytes = 2000;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, most_bytes)) {
    const auto code = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (code >= ' ' && code != 0x7f) {
          out += c;
        } else {
          out += {'\\', 'x', digits[code >> 4], digits[code & 15]};
        }
    }
  }
  if (text.size() > most_bytes)
    out += "... " + std::to_string(text.size() - most_bytes) + " bytes more";
  return out;
}

std::string quoted(std::string_view text) {
  return '"' + escaped(text) + '"';
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return "[" + out + "]";
}

std::string described_error(const std::error_code& error) {
  if (!error) return "no error";
  return error.message() + " (" + error.category().name() + ":" + std::to_string(error.value()) +
         ")";
}

std::string described_duration(std::chrono::nanoseconds duration) {
  const auto count = duration.count();
  const auto in = [&](std::int64_t unit, const char* name) {
    std::ostringstream out;
    out << static_cast<double>(count) / static_cast<double>(unit) << " " << name;
    return out.str();
  };
  const std::int64_t size = count < 0 ? -count : count;
  if (size >= 1'000'000'000) return in(1'000'000'000, "s");
  if (size >= 1'000'000) return in(1'000'000, "ms");
  if (size >= 1'000) return in(1'000, "us");
  return in(1, "ns");
}

namespace {

TextVerdict verdict(bool holds, std::string_view text, const char* if_it_does, const char* if_not,
                    std::string_view other) {
  return {holds, quoted(text) + (holds ? if_it_does : if_not) + quoted(other)};
}

}  // namespace

TextVerdict contains(std::string_view text, std::string_view part) {
  return verdict(text.find(part) != std::string_view::npos, text, " contains ",
                 " does not contain ", part);
}

TextVerdict begins_with(std::string_view text, std::string_view beginning) {
  return verdict(text.starts_with(beginning), text, " begins with ", " does not begin with ",
                 beginning);
}

TextVerdict ends_with(std::string_view text, std::string_view end) {
  return verdict(text.ends_with(end), text, " ends with ", " does not end with ", end);
}

TextVerdict matches(std::string_view text, const std::string& expression) {
  return verdict(std::regex_match(text.begin(), text.end(), std::regex{expression}), text,
                 " matches ", " does not match ", expression);
}

}  // namespace switchboard::test

int main(int argc, char** argv) {
  using namespace switchboard::test;
  try {
    register_tables();
  } catch (const std::exception& mistake) {
    std::cerr << argv[0] << ": " << mistake.what() << "\n";
    return 2;
  }
  doctest::Context context{argc, argv};
  bool chooses_reporter = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    chooses_reporter = chooses_reporter || argument.starts_with("-r=") ||
                       argument.find("-reporters=") != std::string_view::npos;
  }
  if (!chooses_reporter) context.addFilter("reporters", "tap");
  context.setOption("no-intro", true);
  context.setOption("no-colors", true);
  context.setOption("gnu-file-line", true);
  watch_for_death();
  const int status = context.run();
  return chooses_reporter ? status : (any_case_failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
