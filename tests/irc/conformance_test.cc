// The exchanges of tests/irc/exchanges, each three times: by lines, byte by byte, and in one
// segment.
//
// With SWITCHBOARD_SHOW set, prints what came instead of comparing it; SWITCHBOARD_EXCHANGES_DIR
// names another folder of scripts.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <tuple>
#include <vector>

#include "irc/exchange.hpp"

namespace switchboard::test {
namespace {

using Got = std::map<std::string, std::vector<std::string>>;

std::vector<Script> all_scripts() {
  std::vector<Script> scripts;
  std::vector<std::string> paths;
  const char* elsewhere = std::getenv("SWITCHBOARD_EXCHANGES_DIR");
  for (const auto& entry : std::filesystem::directory_iterator{
           elsewhere == nullptr ? SWITCHBOARD_EXCHANGES : elsewhere}) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  for (const std::string& path : paths) {
    for (Script& script : read_scripts(path)) scripts.push_back(std::move(script));
  }
  return scripts;
}

// What one client sends in a row becomes one step.
std::vector<Step> in_segments(const std::vector<Step>& steps) {
  std::vector<Step> merged;
  for (const Step& step : steps) {
    if (merged.empty() || step.kind != Step::Kind::send || merged.back().kind != Step::Kind::send ||
        merged.back().client != step.client) {
      merged.push_back(step);
      continue;
    }
    Step& last = merged.back();
    last.lines.insert(last.lines.end(), step.lines.begin(), step.lines.end());
    for (const auto& [client, lines] : step.expected) {
      last.expected[client].insert(last.expected[client].end(), lines.begin(), lines.end());
    }
  }
  return merged;
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + '\n';
  return text;
}

void compare(const Step& step, const Got& got) {
  Got both = got;
  for (const auto& [client, lines] : step.expected) both[client];
  for (const auto& [client, lines] : both) {
    const auto expected = step.expected.find(client);
    const std::vector<std::string> wanted =
        expected == step.expected.end() ? std::vector<std::string>{} : expected->second;
    bool same = wanted.size() == lines.size();
    for (std::size_t i = 0; same && i < lines.size(); ++i) same = is_like(wanted[i], lines[i]);
    EXPECT_TRUE(same) << "line " << step.line_number << ": " << client << " was to get\n"
                      << text_of(wanted) << "and got\n"
                      << text_of(lines);
  }
}

// As a script has it, which is then to be read with care before it is believed.
void show(const Step& step, const Got& got) {
  const auto escaped = [](const std::string& line) {
    std::string text;
    for (const char c : line) {
      constexpr const char* digits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte < 0x7F) {
        text += c;
      } else {
        text += {'\\', 'x', digits[byte / 16], digits[byte % 16]};
      }
    }
    return text;
  };
  for (const std::string& line : step.lines)
    std::cout << step.client << "> " << escaped(line) << '\n';
  for (const auto& [client, lines] : got) {
    for (const std::string& line : lines) std::cout << client << "< " << escaped(line) << '\n';
  }
}

void run_script(const Script& script, Pieces pieces, bool only_shows) {
  ExchangeServer server;
  const auto steps = pieces == Pieces::segment ? in_segments(script.steps) : script.steps;
  const auto show_client = [&](const Step& step, const char* how) {
    if (!only_shows) return;
    std::cout << how << ' ' << step.client << (step.capabilities.empty() ? "" : " ")
              << step.capabilities << '\n';
  };
  for (const Step& step : steps) {
    switch (step.kind) {
      case Step::Kind::connect:
        show_client(step, "connect");
        server.connect(step.client, step.capabilities);
        break;
      case Step::Kind::raw:
        show_client(step, "raw");
        server.connect_raw(step.client);
        break;
      case Step::Kind::plain:
        show_client(step, "plain");
        server.connect_plain(step.client);
        break;
      case Step::Kind::send:
        std::string all;
        for (const std::string& line : step.lines) {
          if (pieces == Pieces::lines) server.send(step.client, line + "\r\n", false);
          all += line + "\r\n";
        }
        if (pieces != Pieces::lines) server.send(step.client, all, pieces == Pieces::bytes);
        if (only_shows) {
          show(step, server.take());
        } else {
          compare(step, server.take());
        }
        break;
    }
  }
}

class Conformance : public testing::TestWithParam<std::tuple<Script, Pieces>> {};

TEST_P(Conformance, gives_each_client_what_the_documents_say) {
  const auto& [script, pieces] = GetParam();
  const bool only_shows = std::getenv("SWITCHBOARD_SHOW") != nullptr;
  if (only_shows) std::cout << "== " << script.name << '\n';
  run_script(script, pieces, only_shows);
}

std::string name_of(const testing::TestParamInfo<std::tuple<Script, Pieces>>& info) {
  const auto& [script, pieces] = info.param;
  std::string name;
  for (const char c : script.name) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name + (pieces == Pieces::lines   ? "_by_lines"
                 : pieces == Pieces::bytes ? "_by_bytes"
                                           : "_at_once");
}

INSTANTIATE_TEST_SUITE_P(Exchanges, Conformance,
                         testing::Combine(testing::ValuesIn(all_scripts()),
                                          testing::Values(Pieces::lines, Pieces::bytes,
                                                          Pieces::segment)),
                         name_of);

TEST(Exchanges, are_at_least_250) {
  std::size_t exchanges = 0;
  for (const Script& script : all_scripts()) {
    for (const Step& step : script.steps) exchanges += step.kind == Step::Kind::send ? 1 : 0;
  }
  EXPECT_GE(exchanges, 250U);
}

}  // namespace
}  // namespace switchboard::test
