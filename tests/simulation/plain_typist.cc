#include "simulation/plain_typist.hpp"

namespace switchboard::simulation {

void PlainTypist::begin() {
  view_ = std::make_unique<PlainView>(world_, truth_, false);
  if (has_rules_) view_->admit_outsiders();
}

std::string PlainTypist::line() {
  Random& random = world_.random();
  if (view_->wants_name() && random.chance(0.8)) {
    view_->has_given_name();
    return name();
  }
  const std::size_t kind = random.below(20);
  if (kind >= 10) return command();
  std::string text = this->text();
  switch (kind) {
    case 0:
      if (script_.largest_piece < 8) return text;
      return text +
             std::string(bounds_.line_bytes + random.skewed(20 * script_.largest_piece), 'x');
    case 1:
      return text + "not UTF-8 \xFF\xFE";
    case 2:
      return text + "\x1B[2J \xC2\x9B \t\a";
    case 3:
      return random.chance(0.5) ? "" : "//" + text;
    case 4:
      return text + "gr\xC3\xBC\xC3\x9F dich";
    default:
      return text + std::string(random.skewed(60), 'y');
  }
}

std::string PlainTypist::command() {
  Random& random = world_.random();
  switch (random.below(16)) {
    case 0:
    case 1:
    case 2:
      return "/join r" + std::to_string(random.below(5));
    case 3:
      return "/join lobby";
    case 4:
    case 5:
      return "/nick " + name();
    case 6:
      return "/me " + text() + "waves";
    case 7:
      return "/msg " + name() + " psst";
    case 8:
      return "/topic t" + std::to_string(random.below(10));
    case 9:
      return "/leave later";
    case 10:
      return "/who";
    case 11:
      return "/rooms";
    case 12:
      return "/help";
    case 13:
      return "/frobnicate";
    default:
      return text() + "hello everybody";
  }
}

void PlainTypist::take(std::string_view line, bool has_crlf) {
  world_.expect(!has_crlf || script_.uses_crlf, "CR LF came to somebody who does not use it");
  // Nobody has a name before the service has seen their line's end.
  world_.expect(has_crlf || !script_.uses_crlf || view_->name().empty(),
                "LF came to somebody who uses CR LF");
  view_->take(line);
}

}  // namespace switchboard::simulation
