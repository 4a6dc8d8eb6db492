#include "switchboard/echo/echo_service.hpp"
#include "switchboard/echo/framed_echo_service.hpp"

#include "server/commands.hpp"
#include "server/listeners.hpp"
#include "server/server.hpp"

namespace switchboard::server {

namespace {

template <typename Service>
int serve(const EchoOptions& options, Server& server, Service& service) {
  Listeners listeners{server.reactor(), server.connection_log()};
  listeners.add(service.connections(), options.listen);
  server.end_with({.count_connections = [&] { return service.connections().size(); },
                   .begin =
                       [&](Nanoseconds drain_timeout, std::function<void()> done) {
                         listeners.close();
                         service.connections().shut_down(drain_timeout, std::move(done));
                       }});
  server.announce(listeners);
  return server.run([&]() -> std::vector<LogField> {
    return {{"connections_served", service.counts().closed}, {"bytes", service.counts().bytes}};
  });
}

}  // namespace

int run_echo(const EchoOptions& options) {
  Server server{options, "echo"};
  if (const auto& framing = options.framing.framing) {
    FramedEchoService service{server.reactor(), framing->codec, options.limits, server.on_opened(),
                              server.on_closed()};
    return serve(options, server, service);
  }
  EchoService service{server.reactor(), options.limits, server.on_opened(), server.on_closed()};
  return serve(options, server, service);
}

}  // namespace switchboard::server
