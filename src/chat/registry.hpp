// Who goes by which name. Holds pointers: what it lists is owned elsewhere, and keeps its name
// while it is listed.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "chat/text.hpp"

namespace switchboard::chat {

template <typename Named>
class Registry {
  static std::string_view name_of(std::string_view name) noexcept { return name; }
  static std::string_view name_of(const Named* named) noexcept { return named->name(); }

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const auto& named) const noexcept {
      return hash_folded(name_of(named), key);
    }
    HashKey key;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const auto& one, const auto& other) const noexcept {
      return same_name(name_of(one), name_of(other));
    }
  };
  using Entries = std::unordered_set<Named*, Hash, Equal>;

 public:
  using Node = typename Entries::node_type;

  explicit Registry(const HashKey& key) : entries_(0, Hash{key}) {}

  // False where the name is taken.
  bool add(Named& named) { return entries_.insert(&named).second; }
  void remove(Named& named) noexcept { entries_.erase(&named); }
  // To change the name of one that is listed: taken out, and put back in without an allocation.
  Node extract(Named& named) noexcept { return entries_.extract(&named); }
  void insert(Node node) { entries_.insert(std::move(node)); }

  Named* find(std::string_view name) const noexcept {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : *found;
  }
  std::size_t size() const noexcept { return entries_.size(); }
  // In no order.
  void for_each(const auto& visit) const {
    for (const Named* named : entries_) visit(*named);
  }

 private:
  Entries entries_;
};

}  // namespace switchboard::chat
