#include "chat/plain_service.hpp"
#include "server/commands.hpp"
#include "server/listeners.hpp"
#include "server/server.hpp"

namespace switchboard::server {

int run_chat(const ChatOptions& options) {
  Server server{options, "chat"};
  chat::Chat chat{options.chat_limits, sys::wall_now};
  chat::AddressLimit addresses{options.addresses};
  std::uint64_t served = 0;
  chat::PlainService plain{
      server.reactor(),
      chat,
      addresses,
      options.plain_settings,
      options.limits,
      server.on_opened(),
      [&served, closed = server.on_closed()](const Connection& connection, const Closed& how) {
        ++served;
        closed(connection, how);
      }};
  Listeners listeners{server.reactor(), server.connection_log()};
  listeners.add(plain.connections(), options.plain, "plain+");
  server.end_with({.count_connections = [&] { return plain.connections().size(); },
                   .begin =
                       [&](Nanoseconds drain_timeout, std::function<void()> done) {
                         listeners.close();
                         plain.shut_down(drain_timeout, std::move(done));
                       }});
  server.announce(listeners);
  return server.run([&]() -> std::vector<LogField> {
    return {{"connections_served", served},
            {"messages", chat.messages()},
            {"deliveries", chat.deliveries()}};
  });
}

}  // namespace switchboard::server
