// How events look to IRC clients, by the capabilities that they have asked for.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "chat/chat.hpp"
#include "irc/capabilities.hpp"

namespace switchboard::irc {

class IrcForm final : public chat::Form {
 public:
  // `boot` tells this run of the server from others, in the ids of messages; `server_name` must
  // outlive it.
  IrcForm(Capabilities capabilities, std::uint64_t boot, std::string_view server_name) noexcept
      : capabilities_(capabilities), boot_(boot), server_name_(server_name) {}

  // One message, or none; several where a text of another dialect is too long for one, or somebody
  // who is away joins.
  void encode(const chat::Event& event, std::string& out) const override;

 private:
  bool has(Capabilities capability) const noexcept { return (capabilities_ & capability) != 0; }
  void append_tags(const chat::Event& event, std::string& out) const;
  void append_start(const chat::Event& event, std::string& out) const;
  void append_words(const chat::Event& event, std::string& out) const;
  void append_joined(const chat::Event& event, std::string& out) const;
  void append_rehosted(const chat::Event& event, std::string& out) const;
  void append_returned(const chat::Event& event, std::string& out) const;
  void append_time(chat::WallTime time, std::string& out) const;

  const Capabilities capabilities_;
  const std::uint64_t boot_;
  const std::string_view server_name_;
  mutable std::int64_t second_ = INT64_MIN;  // that date_ shows
  mutable std::string date_;
};

// The forms that are in use, made as they are asked for: one for each set of capabilities that
// makes a difference. Where the chat takes no more of them, whoever comes then sees what a client
// without capabilities would.
class IrcForms {
 public:
  // The chat must outlive it, and have room for one more form.
  IrcForms(chat::Chat& chat, std::uint64_t boot, std::string server_name);
  chat::FormId form_for(Capabilities capabilities);

 private:
  struct Entry {
    std::unique_ptr<IrcForm> form;
    chat::FormId id = 0;
  };

  chat::Chat& chat_;
  const std::uint64_t boot_;
  const std::string server_name_;
  std::array<Entry, capability::of_form + 1> entries_;  // by the capabilities
};

// "#name"
std::string channel_name(const chat::Room& room);
// YYYY-MM-DDThh:mm:ss.sssZ (ircv3.net/specs/extensions/server-time).
std::string timestamp(chat::WallTime time);
// Cuts the end off that goes beyond `most_bytes`, between two characters.
std::string_view fitting(std::string_view text, std::size_t most_bytes) noexcept;

}  // namespace switchboard::irc
