// How many connections may come from one address.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "switchboard/net/endpoint.hpp"

namespace switchboard::chat {

// Counts connections by the address they come from; of IPv6, by its /64, which is what one customer
// is given (RFC 6177). Unix sockets have no address, and are not counted; nor is loopback, unless
// asked for.
class AddressLimit {
  using Counts = std::unordered_map<std::string, std::size_t>;

 public:
  struct Settings {
    std::size_t most = SIZE_MAX;
    bool counts_loopback = false;
  };

  explicit AddressLimit(Settings settings) : settings_(settings) {}
  // For those who come from now on.
  void set(Settings settings) noexcept { settings_ = settings; }

  // One connection's place; given back with it. Must not outlive the limit.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : limit_(std::exchange(other.limit_, nullptr)), entry_(other.entry_) {}
    Place& operator=(Place other) noexcept {
      std::swap(limit_, other.limit_);
      std::swap(entry_, other.entry_);
      return *this;
    }
    ~Place() {
      if (limit_ != nullptr) limit_->give_back(*entry_);
    }

   private:
    friend class AddressLimit;
    Place(AddressLimit& limit, Counts::value_type& entry) noexcept
        : limit_(&limit), entry_(&entry) {}

    AddressLimit* limit_ = nullptr;
    Counts::value_type* entry_ = nullptr;
  };

  // None where the address has as many as it may.
  std::optional<Place> admit(const Endpoint& peer);

 private:
  void give_back(Counts::value_type& entry) noexcept;

  Settings settings_;
  Counts counts_;
};

}  // namespace switchboard::chat
