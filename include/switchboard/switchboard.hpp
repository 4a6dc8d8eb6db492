// Everything that a program on this library needs.
#pragma once

#include "switchboard/backends.hpp"
#include "switchboard/echo/echo_service.hpp"
#include "switchboard/net/connection.hpp"
#include "switchboard/net/connection_table.hpp"
#include "switchboard/net/connector.hpp"
#include "switchboard/net/endpoint.hpp"
#include "switchboard/net/listener.hpp"
#include "switchboard/net/output_queue.hpp"
#include "switchboard/poller.hpp"
#include "switchboard/reactor/block.hpp"
#include "switchboard/reactor/reactor.hpp"
#include "switchboard/reactor/timer_queue.hpp"
