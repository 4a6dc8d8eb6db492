#include "irc/modes.hpp"

#include <algorithm>
#include <array>

#include "irc/message.hpp"

namespace switchboard::irc {

namespace {

constexpr std::array<ChannelMode, 13> all_channel_modes{{
    {'C', ModeType::flag, "no CTCP but ACTION"},
    {'I', ModeType::list, "need no invitation"},
    {'b', ModeType::list, "may neither join nor speak"},
    {'e', ModeType::list, "exempt from bans"},
    {'i', ModeType::flag, "by invitation only"},
    {'k', ModeType::always, "a key is needed to join"},
    {'l', ModeType::when_set, "so many members at most"},
    {'m', ModeType::flag, "only voiced members and operators speak"},
    {'n', ModeType::flag, "no messages from outside"},
    {'o', ModeType::member_prefix, "operator"},
    {'s', ModeType::flag, "not listed"},
    {'t', ModeType::flag, "only operators set the topic"},
    {'v', ModeType::member_prefix, "voice"},
}};

void add_once(std::string& letters, char letter) {
  if (letters.find(letter) == std::string::npos) letters += letter;
}

// Half of a character beyond ASCII, said back by itself, would not be UTF-8.
constexpr char printable(char letter) noexcept {
  return static_cast<unsigned char>(letter) < 0x80 ? letter : '?';
}

// The type says whether a change takes one; whether there is one is another matter.
bool takes_parameter(ModeType type, bool adding) noexcept {
  switch (type) {
    case ModeType::list:
    case ModeType::always:
    case ModeType::member_prefix:
      return true;
    case ModeType::when_set:
      return adding;
    case ModeType::flag:
      return false;
  }
  return false;
}

class ChannelModeParser {
 public:
  explicit ChannelModeParser(std::span<const std::string_view> arguments) : arguments_(arguments) {}

  void take(char letter) {
    if (letter == '+' || letter == '-') {
      adding_ = letter == '+';
      return;
    }
    const ChannelMode* mode = find_channel_mode(letter);
    if (mode == nullptr) return add_once(request_.unknown, printable(letter));
    if (!takes_parameter(mode->type, adding_)) {
      request_.changes.push_back({.adding = adding_, .letter = letter});
      return;
    }
    take_with_parameter(*mode);
  }

  ModeRequest request() && { return std::move(request_); }

 private:
  void take_with_parameter(const ChannelMode& mode) {
    if (arguments_.empty()) {
      // A key may be taken off without being known.
      if (mode.type == ModeType::always && !adding_) {
        request_.changes.push_back({.adding = false, .letter = mode.letter, .argument = "*"});
      } else {
        add_once(mode.type == ModeType::list ? request_.lists : request_.lacking, mode.letter);
      }
      return;
    }
    const std::string_view argument = arguments_.front();
    arguments_ = arguments_.subspan(1);
    if (used_++ >= most_mode_parameters) return;
    if (!is_word(argument)) return add_once(request_.lacking, mode.letter);
    request_.changes.push_back(
        {.adding = adding_, .letter = mode.letter, .argument = std::string{argument}});
  }

  std::span<const std::string_view> arguments_;
  ModeRequest request_;
  std::size_t used_ = 0;
  bool adding_ = true;
};

}  // namespace

std::span<const ChannelMode> channel_modes() noexcept {
  return all_channel_modes;
}

const ChannelMode* find_channel_mode(char letter) noexcept {
  const auto* found = std::ranges::find(all_channel_modes, letter, &ChannelMode::letter);
  return found == all_channel_modes.end() ? nullptr : found;
}

std::string channel_mode_letters(ModeType type) {
  std::string letters;
  for (const ChannelMode& mode : all_channel_modes) {
    if (mode.type == type) letters += mode.letter;
  }
  return letters;
}

std::string chanmodes_token() {
  return channel_mode_letters(ModeType::list) + ',' + channel_mode_letters(ModeType::always) + ',' +
         channel_mode_letters(ModeType::when_set) + ',' + channel_mode_letters(ModeType::flag);
}

ModeRequest parse_channel_modes(std::span<const std::string_view> parameters) {
  if (parameters.empty()) return {};
  ChannelModeParser parser{parameters.subspan(1)};
  for (const char letter : parameters.front()) parser.take(letter);
  return std::move(parser).request();
}

ModeRequest parse_user_modes(std::string_view letters) {
  ModeRequest request;
  bool adding = true;
  for (const char letter : letters) {
    if (letter == '+' || letter == '-') {
      adding = letter == '+';
    } else if (user_mode_letters.find(letter) == std::string_view::npos) {
      add_once(request.unknown, letter);
    } else {
      request.changes.push_back({.adding = adding, .letter = letter});
    }
  }
  return request;
}

std::vector<std::string> format_modes(std::span<const ModeChange> changes, std::size_t most_bytes) {
  std::vector<std::string> messages;
  std::string letters;
  std::string arguments;
  char sign = '\0';
  const auto finish = [&] {
    if (!letters.empty()) messages.push_back(letters + arguments);
    letters.clear();
    arguments.clear();
    sign = '\0';
  };
  for (const ModeChange& change : changes) {
    constexpr std::size_t sign_letter_and_blank = 3;
    if (letters.size() + arguments.size() + sign_letter_and_blank + change.argument.size() >
        most_bytes) {
      finish();
    }
    const char wanted = change.adding ? '+' : '-';
    if (sign != wanted) letters += wanted;
    sign = wanted;
    letters += change.letter;
    if (!change.argument.empty()) arguments += ' ' + change.argument;
  }
  finish();
  return messages;
}

}  // namespace switchboard::irc
