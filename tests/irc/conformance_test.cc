// The exchanges of tests/irc/exchanges, each three times: by lines, byte by byte, and in one
// segment.
//
// With SWITCHBOARD_SHOW set, prints what came instead of comparing it; SWITCHBOARD_EXCHANGES_DIR
// names another folder of scripts.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "irc/exchange.hpp"
#include "support/testing.hpp"

namespace switchboard::test {
namespace {

using Got = std::map<std::string, Texts>;

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

TextVerdict are_like(const Texts& patterns, const Texts& lines) {
  const auto text_of = [](const Texts& texts) {
    std::string text;
    for (const std::string& line : texts) text += "\n  " + escaped(line);
    return text;
  };
  return {std::ranges::equal(patterns, lines, is_like),
          "to get" + text_of(patterns) + "\nand got" + text_of(lines)};
}

void compare(const Step& step, const Got& got) {
  Got both = got;
  for (const auto& [client, lines] : step.expected) both[client];
  for (const auto& entry : both) {
    const auto& client = entry.first;
    const auto expected = step.expected.find(client);
    const Texts wanted = expected == step.expected.end() ? Texts{} : expected->second;
    INFO("line ", step.line_number, " of the script, client ", client);
    CHECK(are_like(wanted, entry.second));
  }
}

// As a script has it, which is then to be read with care before it is believed.
void show(const Step& step, const Got& got) {
  const auto as_written = [](const std::string& line) {
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
    std::cout << step.client << "> " << as_written(line) << '\n';
  for (const auto& [client, lines] : got) {
    for (const std::string& line : lines) std::cout << client << "< " << as_written(line) << '\n';
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

struct Way {
  std::string name;
  Pieces pieces;
};

const std::vector<Way> ways{
    {"by lines", Pieces::lines}, {"by bytes", Pieces::bytes}, {"at once", Pieces::segment}};

CASES("exchange: each client gets the answers that the documents give",
      pairs_of(all_scripts(), ways), const std::pair<Script, Way>& row) {
  const auto& [script, way] = row;
  const bool only_shows = std::getenv("SWITCHBOARD_SHOW") != nullptr;
  if (only_shows) std::cout << "== " << script.name << '\n';
  run_script(script, way.pieces, only_shows);
  if (only_shows) skip("shown, not compared");
}

TEST_CASE("exchange: there are at least 250") {
  std::size_t exchanges = 0;
  for (const Script& script : all_scripts()) {
    for (const Step& step : script.steps) exchanges += step.kind == Step::Kind::send ? 1 : 0;
  }
  CHECK_GE(exchanges, 250U);
}

}  // namespace
}  // namespace switchboard::test
