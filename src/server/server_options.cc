#include "server/server_options.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "command_line/quantity.hpp"

namespace switchboard::server {

using namespace command_line;

namespace {

constexpr std::size_t no_limit = SIZE_MAX;

void set_idle_timeout(ServerOptions& options, std::string_view value) {
  const auto timeout = parse_duration(value, Off::allowed);
  if (timeout == Nanoseconds::zero()) {
    throw std::invalid_argument(
        fmt::format("'{}' leaves no time; write at least 1ms, or off", value));
  }
  options.limits.idle_timeout = timeout.value_or(Nanoseconds::zero());
}

void set_keepalive(ServerOptions& options, std::string_view value) {
  const auto limit = parse_duration(value, Off::allowed);
  if (limit && (*limit < sys::KeepAlive::shortest || *limit > sys::KeepAlive::longest)) {
    throw std::invalid_argument(fmt::format("'{}' is not from {} to {}; choose one that is, or off",
                                            value, format_duration(sys::KeepAlive::shortest),
                                            format_duration(sys::KeepAlive::longest)));
  }
  options.limits.keepalive =
      limit ? sys::KeepAlive::within(*limit) : sys::KeepAlive{.idle = Nanoseconds::zero()};
}

void set_high_water(ServerOptions& options, std::string_view value) {
  options.limits.high_water_bytes = *parse_size(value, Off::refused);
  if (options.limits.high_water_bytes == 0) {
    throw std::invalid_argument(fmt::format("'{}' leaves no room; write at least 1 byte", value));
  }
  options.limits.low_water_bytes = options.limits.high_water_bytes / 4;
}

// How long a client may take nothing that is sent behind its end of stream is the table's own
// limit: a short shutdown must not shorten it, a long one must not be cut short by it.
void set_drain_timeout(ServerOptions& options, std::string_view value) {
  options.drain_timeout = *parse_duration(value, Off::refused);
  options.limits.drain_timeout = std::max(options.limits.drain_timeout, options.drain_timeout);
}

}  // namespace

Option backend_row(const Backend*& backend) {
  return {.name = "--backend",
          .placeholder = "NAME",
          .initial = std::string{default_backend().name},
          .help = "how to wait; see switchboard backends",
          .apply = [&](std::string_view value) { backend = &find_backend(value); }};
}

void add_listening_endpoint(std::vector<Endpoint>& endpoints, std::string_view value) {
  Endpoint endpoint = Endpoint::parse(value);
  // Port 0 is another one each time.
  const bool picked = endpoint.kind() == Endpoint::Kind::tcp && endpoint.port() == 0;
  if (!picked && std::ranges::count(endpoints, endpoint) > 0) {
    throw std::invalid_argument(fmt::format("'{}' is given twice; give it once", value));
  }
  endpoints.push_back(std::move(endpoint));
}

std::vector<Option> server_rows(ServerOptions& options, const ServerDefaults& defaults) {
  return {
      backend_row(options.backend),
      {.name = "--max-connections",
       .placeholder = "N|off",
       .initial = "off",
       .help = "further clients wait in the backlog",
       .apply =
           [&](std::string_view value) {
             options.limits.max_connections = parse_count(value, Off::allowed).value_or(no_limit);
           }},
      {.name = "--idle-timeout",
       .placeholder = "TIME|off",
       .initial = defaults.idle_timeout,
       .help = "close connections on which nothing moves for so long",
       .apply = [&](std::string_view value) { set_idle_timeout(options, value); }},
      {.name = "--keepalive",
       .placeholder = "TIME|off",
       .initial = "90s",
       .help = "close an idle TCP client whose machine answers nothing for so long",
       .apply = [&](std::string_view value) { set_keepalive(options, value); }},
      {.name = "--high-water",
       .placeholder = "SIZE",
       .initial = "256KiB",
       .help = "stop reading from a client with so much unread",
       .apply = [&](std::string_view value) { set_high_water(options, value); }},
      {.name = "--output-limit",
       .placeholder = "SIZE|off",
       .initial = "1MiB",
       .help = "close a client with more than this unread",
       .apply =
           [&](std::string_view value) {
             options.limits.output_limit_bytes = parse_size(value, Off::allowed).value_or(no_limit);
           }},
      {.name = "--drain-timeout",
       .placeholder = "TIME",
       .initial = "5s",
       .help = "how long a shutdown waits for slow readers",
       .apply = [&](std::string_view value) { set_drain_timeout(options, value); }},
      {.name = "--log-level",
       .placeholder = "LEVEL",
       .initial = "info",
       .help = "debug, info, warn or error",
       .apply = [&](std::string_view value) { options.log_level = parse_log_level(value); }},
  };
}

void check(const ServerOptions& options) {
  const ConnectionLimits& limits = options.limits;
  if (limits.output_limit_bytes >= limits.high_water_bytes) return;
  throw UsageError(fmt::format(
      "--output-limit: {} is less than --high-water, {}; raise the one or lower the other",
      format_size(limits.output_limit_bytes), format_size(limits.high_water_bytes)));
}

}  // namespace switchboard::server
