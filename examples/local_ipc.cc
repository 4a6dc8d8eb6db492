// What a message to another process of this machine and back costs: by pipe, Unix socket, TCP.
//   c++ -O2 -std=c++20 local_ipc.cc $(pkg-config --cflags --libs switchboard)
//   ./a.out 2000      so many times a round
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <switchboard/switchboard.hpp>

using namespace switchboard;

int check(int result, const char* call) {
  if (result < 0) std::perror(call), std::exit(1);
  return result;
}

// Microseconds for 64 bytes that are written to `out` and come back on `in`.
double cost(int in, int out, int their_in, int their_out, int times) {
  const pid_t echo = check(fork(), "fork");
  close(echo == 0 ? in : their_in), close(echo == 0 ? out : their_out);
  std::FILE* const from = fdopen(echo == 0 ? their_in : in, "r");
  std::FILE* const to = fdopen(echo == 0 ? their_out : out, "w");
  char text[64] =
      {};  // a stream goes on where a call did a part only; what is not flushed stays here
  const auto receive = [&] { return std::fread(text, sizeof text, 1, from) == 1; };
  const auto send = [&] { return std::fwrite(text, sizeof text, 1, to) == 1 && !std::fflush(to); };
  while (echo == 0 && receive() && send()) continue;
  if (echo == 0) _exit(0);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) check(send() && receive() ? 0 : -1, "exchange");
  const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
  std::fclose(from), std::fclose(to), check(waitpid(echo, nullptr, 0), "waitpid");
  return taken.count() / times;
}

int main(int argc, char** argv) {
  const int times = std::atoi(argc > 1 ? argv[1] : "2000");
  sys::SocketAddress where = Endpoint::parse("tcp://127.0.0.1:0").resolve().front();
  const int server = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
  check(bind(server, where.get(), where.length), "bind"), check(listen(server, 1), "listen");
  check(getsockname(server, where.get(), &where.length), "getsockname");
  double us[3] = {1e9, 1e9, 1e9};  // the best of ten rounds in turns: others use the machine too
  for (int round = 0, a[2], b[2]; round < 10; ++round) {
    check(pipe(a), "pipe"), check(pipe(b), "pipe");
    us[0] = std::min(us[0], cost(a[0], b[1], b[0], a[1], times));
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, a), "socketpair");
    us[1] = std::min(us[1], cost(a[0], dup(a[0]), a[1], dup(a[1]), times));
    a[0] = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
    check(connect(a[0], where.get(), where.length), "connect");
    a[1] = check(accept(server, nullptr, nullptr), "accept");
    for (const int fd : a) sys::set_no_delay(fd);
    us[2] = std::min(us[2], cost(a[0], dup(a[0]), a[1], dup(a[1]), times));
  }
  std::printf("pipe %.2f us, Unix socket %.2f us (%.2f times), TCP %.2f us (%.2f times)\n", us[0],
              us[1], us[1] / us[0], us[2], us[2] / us[0]);
}
