// Service: passwords, which wait their turn.
//
// The loop hands on a few at a time and keeps the others, so that who has gone is not looked at,
// and nobody can fill the queue but with as many connections: each asks one question at a time.
#include <exception>
#include <optional>
#include <utility>

#include "irc/names.hpp"
#include "irc/service.hpp"

namespace switchboard::irc {

namespace {

Answer answer_of(const PasswordQuestion& question, std::optional<bool> is_right) noexcept {
  if (!is_right) return Answer::none;
  return *is_right && !question.is_nobodys ? Answer::right : Answer::wrong;
}

}  // namespace

void Service::check_password(Session& session, std::string hash, std::string password,
                             std::function<void(Session&, Answer)> then) {
  PasswordQuestion question{.hash = std::move(hash),
                            .password = std::move(password),
                            .is_nobodys = false,
                            .then = std::move(then)};
  if (question.hash.empty()) {
    question.hash = settings_.hash_of_nobody;
    question.is_nobodys = true;
  }
  if (!check_ || question.hash.empty()) return take_answer(session, question, Answer::wrong);
  if (questions_.size() >= most_questions) return take_answer(session, question, Answer::none);
  questions_.push_back(session.id);
  session.question = std::make_unique<PasswordQuestion>(std::move(question));
  session.awaits_verdict = true;
  session.is_pinged = false;  // asked anew afterwards: the answer may be behind this line
  ask_next();
}

// Who has no memory to be asked for goes; the others are asked.
void Service::ask_next() noexcept {
  while (under_way_ < most_under_way && !questions_.empty()) {
    const ConnectionId id = questions_.front();
    questions_.pop_front();
    try {
      ask(id);
    } catch (const std::exception&) {
      close(id);
    }
  }
}

void Service::ask(ConnectionId id) {
  Connection* connection = connections_.find(id);
  if (connection == nullptr) return;
  const std::shared_ptr<PasswordQuestion> question = std::move(session_of(*connection).question);
  if (question == nullptr) return;
  check_(question->hash, question->password,
         [this, alive = is_alive_, id, question](std::optional<bool> is_right) {
           if (!*alive) return;
           --under_way_;
           ask_next();
           Connection* asker = connections_.find(id);
           if (asker == nullptr) return;
           Session& session = session_of(*asker);
           session.awaits_verdict = false;
           if (session.is_leaving) return;
           closing_if_thrown(id, [&] {
             session.is_in_command = true;
             take_answer(session, *question, answer_of(*question, is_right));
             end_answer(session);
             session.is_in_command = false;
             if (!session.is_leaving) asker->resume_reading();
           });
         });
  ++under_way_;  // it is answered on a later turn
}

// Of whoever ends: they are not looked at, and take nobody's place among those who wait.
void Service::forget_question(Session& session) noexcept {
  if (session.question == nullptr) return;
  std::erase(questions_, session.id);
  session.question.reset();
}

void Service::take_answer(Session& session, PasswordQuestion& question, Answer answer) {
  if (answer == Answer::wrong) ++session.wrong_passwords;
  if (answer == Answer::right) session.wrong_passwords = 0;
  question.then(session, answer);
  if (session.wrong_passwords < most_wrong_passwords) return;
  end_answer(session);
  session.is_in_command = false;
  show_out(session, "Too many wrong passwords", "Too many wrong passwords");
}

void Service::give_host_of(Session& session, std::string_view name) {
  const auto found = settings_.hosts.find(folded(name));
  if (found == settings_.hosts.end() || found->second == session.person.host()) return;
  chat_.rehost(session.person, found->second, session.has(capability::chghost),
               watchers_of(session.person, capability::chghost));
  reply(session, RPL_VISIBLEHOST, {found->second});
}

}  // namespace switchboard::irc
