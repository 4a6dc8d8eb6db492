#include "irc/exchange.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace switchboard::test {

namespace {

using std::chrono::seconds;

constexpr seconds new_year_2026{1'767'225'600};
constexpr std::string_view end_mark = "<end>";

std::string unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\\x" && i + 4 <= text.size()) {
      unsigned value = 0;
      std::from_chars(text.data() + i + 2, text.data() + i + 4, value, 16);
      bytes += static_cast<char>(value);
      i += 3;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

// "word rest"
std::pair<std::string, std::string> split(const std::string& line) {
  const std::size_t blank = std::min(line.find(' '), line.size());
  return {line.substr(0, blank), line.substr(std::min(blank + 1, line.size()))};
}

void add_line(Script& script, const std::string& line, std::size_t number) {
  auto [word, rest] = split(line);
  if (word == "connect" || word == "raw" || word == "plain") {
    auto [client, capabilities] = split(rest);
    script.steps.push_back({.kind = word == "connect" ? Step::Kind::connect
                                    : word == "raw"   ? Step::Kind::raw
                                                      : Step::Kind::plain,
                            .client = client,
                            .capabilities = capabilities,
                            .line_number = number});
    return;
  }
  const char mark = word.empty() ? ' ' : word.back();
  word.pop_back();
  if (mark == '>') {
    const bool goes_on = std::getenv("SWITCHBOARD_SHOW") == nullptr && !script.steps.empty() &&
                         script.steps.back().kind == Step::Kind::send &&
                         script.steps.back().client == word && script.steps.back().expected.empty();
    if (!goes_on) script.steps.push_back({.client = word, .line_number = number});
    script.steps.back().lines.push_back(unescape(rest));
  } else if (mark == '<' && !script.steps.empty() && script.steps.back().kind == Step::Kind::send) {
    script.steps.back().expected[word].push_back(unescape(rest));
  } else {
    throw std::runtime_error("line " + std::to_string(number) + " is no part of an exchange");
  }
}

}  // namespace

std::vector<Script> read_scripts(const std::string& path) {
  std::ifstream file{path};
  if (!file) throw std::runtime_error("no file " + path);
  std::vector<Script> scripts;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("== ")) {
      scripts.push_back({.name = line.substr(3), .steps = {}});
    } else {
      add_line(scripts.back(), line, number);
    }
  }
  return scripts;
}

bool is_like(std::string_view pattern, std::string_view text) noexcept {
  const std::size_t hole = pattern.find("{}");
  if (hole == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, hole))) return false;
  const std::string_view rest = pattern.substr(hole + 2);
  for (std::size_t at = hole; at <= text.size(); ++at) {
    if (is_like(rest, text.substr(at))) return true;
  }
  return false;
}

irc::Settings ExchangeServer::default_settings() {
  irc::Settings settings;
  settings.server_name = "irc.test";
  settings.network = "Test";
  settings.description = "A test";
  settings.version = "switchboard-test";
  settings.config_file = "switchboard.toml";
  settings.motd = "first\nsecond\n";
  settings.admin = {"Here", "Right here", "admin@irc.test"};
  settings.operators = {{"root", "hash-of-secret"}, {"boss", "hash-of-secret"}};
  settings.accounts = {{"anna", "hash-of-secret"}, {"mona", "hash-of-secret"}};
  settings.hosts = {{"boss", "staff.test"}, {"mona", "mona.test"}};
  settings.hash_of_nobody = "hash-of-secret";
  settings.offers_sasl = true;
  return settings;
}

// Both dialects, no limits of speed, and passwords that are checked a turn later.
ExchangeServer::ExchangeServer(irc::Settings settings, const ConnectionLimits& limits,
                               const chat::ChatLimits& chat_limits,
                               const chat::AddressLimit::Settings& addresses)
    : chat_(chat_limits, [] { return chat::WallTime{new_year_2026}; }),
      addresses_(addresses),
      plain_(reactor_, chat_, addresses_, {}, {}),
      irc_(reactor_, chat_, addresses_, std::move(settings), limits,
           [this](const std::string& hash, const std::string& password,
                  const irc::Verdict& verdict) { check(hash, password, verdict); }) {
  irc_listener_ = std::make_unique<Listener>(reactor_, Endpoint::parse("tcp://127.0.0.1:0"),
                                             irc_.connections());
  plain_listener_ = std::make_unique<Listener>(reactor_, Endpoint::parse("tcp://127.0.0.1:0"),
                                               plain_.connections());
}

ExchangeServer::~ExchangeServer() {
  irc_listener_.reset();
  plain_listener_.reset();
}

void ExchangeServer::check(const std::string& hash, const std::string& password,
                           const irc::Verdict& verdict) {
  ++looked_at_;
  auto answer = [verdict, is_right = hash == "hash-of-" + password] { verdict(is_right); };
  if (holds_passwords_) {
    held_.emplace_back(std::move(answer));
  } else {
    reactor_.post(std::move(answer));
  }
}

void ExchangeServer::let_passwords_go() {
  holds_passwords_ = false;
  for (auto& answer : std::exchange(held_, {})) reactor_.post(std::move(answer));
}

void ExchangeServer::open(const std::string& name, const Endpoint& endpoint) {
  const sys::SocketAddress address = endpoint.resolve().front();
  Client& client = clients_[name];
  client = {};
  client.socket = must(sys::open_stream_socket(address.family()), "socket");
  const auto connecting = sys::connect(client.socket.get(), address);
  if (connecting && connecting.value() != EINPROGRESS) must(connecting, "connect");
  await(client.socket.get(), POLLOUT);
  must(sys::set_no_delay(client.socket.get()), "TCP_NODELAY");
}

void ExchangeServer::connect_raw(const std::string& name) {
  open(name, irc_listener_->endpoint());  // and says nothing: its first words are the test's
}

void ExchangeServer::connect(const std::string& name, std::string_view capabilities) {
  open(name, irc_listener_->endpoint());
  if (!capabilities.empty()) {
    send(name, "CAP REQ :" + std::string{capabilities} + "\r\n", false);
  }
  send(name, "NICK " + name + "\r\nUSER " + name + " 0 * :Real " + name + "\r\nCAP END\r\n", false);
  take();
}

void ExchangeServer::connect_plain(const std::string& name) {
  open(name, plain_listener_->endpoint());
  clients_[name].is_plain = true;
  send(name, name + "\n", false);
  take();
}

void ExchangeServer::send(const std::string& client, const std::string& bytes, bool byte_by_byte) {
  const int fd = clients_.at(client).socket.get();
  const std::size_t piece = byte_by_byte ? 1 : bytes.size();
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    (void)sys::send(fd, std::as_bytes(std::span{bytes}.subspan(at, piece)));
    if (byte_by_byte) reactor_.turn(sys::Nanoseconds::zero());
  }
}

void ExchangeServer::read(Client& client) {
  std::array<char, 65'536> block{};
  while (!client.has_ended) {
    const auto received =
        sys::receive(client.socket.get(), std::as_writable_bytes(std::span{block}));
    if (received.would_block()) break;
    if (!received || *received == 0) {
      client.has_ended = true;
      break;
    }
    client.unread.append(block.data(), *received);
  }
  std::size_t from = 0;
  for (std::size_t end = 0; (end = client.unread.find('\n', from)) != std::string::npos;
       from = end + 1) {
    std::string line = client.unread.substr(from, end - from);
    if (line.ends_with('\r')) line.pop_back();
    client.lines.push_back(std::move(line));
  }
  client.unread.erase(0, from);  // once: of megabytes, each time would take seconds
}

std::string ExchangeServer::waited_in_vain(const std::string& name,
                                           const std::string& wanted) const {
  constexpr std::size_t most_lines = 20;
  const Client& client = clients_.at(name);
  const std::size_t count = client.lines.size();
  std::string text = name + " waited in vain for " + wanted + "; " + std::to_string(count) +
                     " lines came" + (client.has_ended ? " and the end" : "") + ", the last:";
  for (std::size_t i = count - std::min(count, most_lines); i < count; ++i) {
    text += "\n  " + client.lines[i];
  }
  return text + "\n  " + client.unread + " (not ended); the server has " +
         std::to_string(irc_.sessions()) + " sessions of IRC";
}

// Whether the mark has come, or the end; it is not among the lines then.
bool ExchangeServer::await_mark(const std::string& name, const std::string& mark) {
  Client& client = clients_.at(name);
  const auto give_up = std::chrono::steady_clock::now() + seconds{20};
  for (;;) {
    read(client);
    const auto marked = std::ranges::find_if(client.lines, [&](const std::string& line) {
      return line.find(mark) != std::string::npos;
    });
    if (marked != client.lines.end()) {
      client.lines.erase(marked);
      return true;
    }
    if (client.has_ended) return false;
    if (std::chrono::steady_clock::now() > give_up) {
      throw std::runtime_error(waited_in_vain(name, "the answer to " + mark));
    }
    reactor_.turn(std::chrono::milliseconds{10});
  }
}

std::vector<std::string> ExchangeServer::take_until(const std::string& name,
                                                    const std::string& text) {
  Client& client = clients_.at(name);
  const auto give_up = std::chrono::steady_clock::now() + seconds{20};
  for (;;) {
    read(client);
    const auto found = std::ranges::find_if(client.lines, [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
    if (found != client.lines.end()) {
      std::vector<std::string> lines{client.lines.begin(), found + 1};
      client.lines.erase(client.lines.begin(), found + 1);
      return lines;
    }
    if (client.has_ended || std::chrono::steady_clock::now() > give_up) {
      throw std::runtime_error(waited_in_vain(name, '\'' + text + '\''));
    }
    reactor_.turn(std::chrono::milliseconds{10});
  }
}

std::vector<std::string> ExchangeServer::take_to_the_end(const std::string& name) {
  Client& client = clients_.at(name);
  const auto give_up = std::chrono::steady_clock::now() + seconds{20};
  while (!client.has_ended) {
    if (std::chrono::steady_clock::now() > give_up) {
      throw std::runtime_error(waited_in_vain(name, "the end"));
    }
    reactor_.turn(std::chrono::milliseconds{10});
    read(client);
  }
  if (!client.unread.empty()) client.lines.push_back(std::exchange(client.unread, {}));
  return std::exchange(client.lines, {});
}

std::map<std::string, std::vector<std::string>> ExchangeServer::take() {
  std::map<std::string, std::vector<std::string>> taken;
  // Twice: what the first round lets a client see, such as that another has gone, is behind its
  // mark.
  for (int round = 0; round < 2; ++round) {
    for (auto& [name, client] : clients_) {
      if (client.has_ended) continue;
      const std::string mark = "mark" + std::to_string(++marks_);
      send(name, client.is_plain ? "/msg " + mark + " x\n" : "PING :" + mark + "\r\n", false);
      const bool goes_on = await_mark(name, mark);
      for (std::string& line : client.lines) taken[name].push_back(std::move(line));
      client.lines.clear();
      if (!goes_on) taken[name].emplace_back(end_mark);
    }
  }
  return taken;
}

}  // namespace switchboard::test
