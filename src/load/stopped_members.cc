#include "load/stopped_members.hpp"

#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <list>
#include <stdexcept>
#include <string>
#include <system_error>

#include "switchboard/net/blocking_client.hpp"
#include "switchboard/sys/process.hpp"

#include "command_line/output.hpp"
#include "load/dialect.hpp"
#include "load/pace.hpp"

namespace switchboard::load {

namespace {

// Until the server has said that they are in their room.
void enter(BlockingClient& client, const Dialect& dialect, const Person& person) {
  std::string said;
  dialect.greet(said, person);
  if (!dialect.waits_for_welcome) dialect.join(said, person);
  client.send_all(said, patience);
  for (std::string heard;;) {
    auto more = client.receive_some(patience);
    if (!more) throw std::runtime_error("closed by the server");
    heard += *more;
    while (!heard.empty()) {
      const Frame frame = dialect.next(heard);
      if (frame.kind == Frame::Kind::unfinished) break;
      if (frame.kind == Frame::Kind::refusal) throw std::runtime_error(std::string{frame.text});
      if (frame.kind == Frame::Kind::joined && frame.text == person.room) return;
      said.clear();
      if (frame.kind == Frame::Kind::welcome) dialect.join(said, person);
      if (frame.kind == Frame::Kind::ping) dialect.answer(said, frame.text);
      heard.erase(0, frame.bytes);
      if (!said.empty()) client.send_all(said, patience);
    }
  }
}

void enter_and_stop(const Settings& settings) {
  std::list<BlockingClient> clients;
  for (std::size_t i = 0; i < settings.stopped; ++i) {
    const std::size_t number = settings.connections + i;
    const std::string room = room_of_fanout(number % settings.rooms, settings.rooms);
    enter(clients.emplace_back(settings.server, patience), *settings.dialect,
          {.speaks = false, .number = number, .room = room});
  }
  ::raise(SIGSTOP);
  // Whoever lets it go on: it still reads nothing.
  while (true) ::pause();
}

[[noreturn]] void be_stopped_members(const Settings& settings) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a stopped process would outlive us
  try {
    enter_and_stop(settings);
  } catch (const std::exception& failure) {
    (void)command_line::write_all(
        sys::standard_error,
        fmt::format("switchboard-load: a member that was to be stopped: {}\n", failure.what()));
  }
  ::_exit(1);
}

}  // namespace

StoppedMembers::StoppedMembers(const Settings& settings) : process_(::fork()) {
  if (process_ < 0) throw std::system_error(sys::make_error(errno), "cannot fork");
  if (process_ == 0) be_stopped_members(settings);
  int status = 0;
  while (::waitpid(process_, &status, WUNTRACED) < 0 && errno == EINTR) {
  }
  if (WIFSTOPPED(status)) return;
  throw std::runtime_error("the members that were to be stopped did not get into their rooms");
}

StoppedMembers::~StoppedMembers() {
  ::kill(process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace switchboard::load
