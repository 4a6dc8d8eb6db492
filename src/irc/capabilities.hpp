// What a client may ask to be told more, or otherwise: IRCv3's capabilities. ircv3.net/specs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace switchboard::irc {

// Or'ed bits of the rows below.
using Capabilities = std::uint32_t;

namespace capability {
inline constexpr Capabilities account_notify = 1U << 0U;
inline constexpr Capabilities account_tag = 1U << 1U;
inline constexpr Capabilities away_notify = 1U << 2U;
inline constexpr Capabilities chghost = 1U << 3U;
inline constexpr Capabilities extended_join = 1U << 4U;
inline constexpr Capabilities invite_notify = 1U << 5U;
inline constexpr Capabilities message_tags = 1U << 6U;
inline constexpr Capabilities server_time = 1U << 7U;
inline constexpr Capabilities setname = 1U << 8U;
// The rest does not change how an event looks.
inline constexpr Capabilities batch = 1U << 9U;
inline constexpr Capabilities cap_notify = 1U << 10U;
inline constexpr Capabilities echo_message = 1U << 11U;
inline constexpr Capabilities extended_monitor = 1U << 12U;
inline constexpr Capabilities labeled_response = 1U << 13U;
inline constexpr Capabilities multi_prefix = 1U << 14U;
inline constexpr Capabilities sasl = 1U << 15U;
inline constexpr Capabilities standard_replies = 1U << 16U;
inline constexpr Capabilities userhost_in_names = 1U << 17U;

// Those that a Form depends on.
inline constexpr Capabilities of_form = 0x1FFU;
}  // namespace capability

struct CapabilityRow {
  std::string_view name;
  Capabilities bit;
  std::string_view value{};  // for those who speak version 302
};
std::span<const CapabilityRow> capability_rows() noexcept;
const CapabilityRow* find_capability(std::string_view name) noexcept;

// "multi-prefix sasl=PLAIN", with values where `with_values`.
std::string capability_names(Capabilities capabilities, bool with_values);

// What a client asks for: "multi-prefix -away-notify". False where one is not among `offered`, and
// then nothing is to change.
bool apply_request(std::string_view request, Capabilities offered, Capabilities& current);

}  // namespace switchboard::irc
