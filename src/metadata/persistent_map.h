#pragma once
// An immutable hash trie of shared values, each holding its own key. A copy costs one pointer; a changed copy shares
// everything but the few nodes on the way to the change (32 ways, 5 bits of hash a level), so that one topic more among
// a hundred thousand costs a microsecond, and a reader that holds an old map keeps it whole.
//
//   EditToken token = new_edit_token();
//   map.put(token, value);      replaces the value of the same key
//   map.erase(token, key);      changes made with one token copy each node once, however many they are
//   token.reset();              from now on nobody can change those nodes: copies of the map are safe to share
//
// Threads: a map may be read from any once its token is gone; until then it belongs to one.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"

namespace barnabas::metadata {

using EditToken = std::shared_ptr<const void>;
inline EditToken new_edit_token() { return std::make_shared<char>(); }

// Traits: `using Key`, `static Key key(const T&)`, `static std::uint64_t hash(Key)`; Key is a cheap view, compared with ==.
template <class T, class Traits>
class PersistentMap {
 public:
  using Key = typename Traits::Key;
  using Value = std::shared_ptr<const T>;

  const T* find(Key key) const {
    const Value* value = find_shared(key);
    return value == nullptr ? nullptr : value->get();
  }

  // The pointer is good for as long as this map, or a copy of it, lives.
  const Value* find_shared(Key key) const {
    const std::uint64_t hash = Traits::hash(key);
    const Node* node = root_.get();
    for (unsigned shift = 0; node != nullptr; shift += kBits) {
      if (shift >= kHashBits) return find_linear(*node, key);
      const std::uint32_t bit = bit_of(hash, shift);
      if ((node->value_bits & bit) != 0) {
        const Value& value = node->values[rank(node->value_bits, bit)];
        return Traits::key(*value) == key ? &value : nullptr;
      }
      if ((node->child_bits & bit) == 0) return nullptr;
      node = node->children[rank(node->child_bits, bit)].get();
    }
    return nullptr;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // In the order of the hash, which is no order.
  template <class F>
  void for_each(F&& f) const {
    if (root_ != nullptr) visit(*root_, f);
  }

  void put(const EditToken& token, Value value) {
    const std::uint64_t hash = Traits::hash(Traits::key(*value));
    put_in(token, root_, std::move(value), hash, 0);
  }

  bool erase(const EditToken& token, Key key) {
    const Value* found = find_shared(key);
    if (found == nullptr) return false;
    const Value kept = *found;  // `key` may be a view into it
    erase_in(token, root_, key, Traits::hash(key), 0);
    --size_;
    return true;
  }

 private:
  static constexpr unsigned kBits = 5, kHashBits = 60;

  struct Node {
    EditToken owner;  // whoever holds the same may still change this node
    std::uint32_t value_bits = 0, child_bits = 0;
    std::vector<Value> values;  // below the last level: any number of equal hashes, and no bits
    std::vector<std::shared_ptr<Node>> children;
  };

  static std::uint32_t bit_of(std::uint64_t hash, unsigned shift) { return 1u << ((hash >> shift) & 31u); }
  static std::size_t rank(std::uint32_t bits, std::uint32_t bit) { return static_cast<std::size_t>(std::popcount(bits & (bit - 1))); }

  static const Value* find_linear(const Node& node, Key key) {
    for (const Value& value : node.values)
      if (Traits::key(*value) == key) return &value;
    return nullptr;
  }

  template <class F>
  static void visit(const Node& node, F& f) {
    for (const Value& value : node.values) f(value);
    for (const auto& child : node.children) visit(*child, f);
  }

  // The node itself if it was made with this token, else a copy it may change.
  static Node& own(const EditToken& token, std::shared_ptr<Node>& node) {
    CHECK(token != nullptr);
    if (node == nullptr) {
      node = std::make_shared<Node>();
    } else if (node->owner != token) {
      node = std::make_shared<Node>(*node);
    }
    node->owner = token;
    return *node;
  }

  void put_in(const EditToken& token, std::shared_ptr<Node>& slot, Value value, std::uint64_t hash, unsigned shift) {
    Node& node = own(token, slot);
    if (shift >= kHashBits) return put_linear(node, std::move(value));
    const std::uint32_t bit = bit_of(hash, shift);
    if ((node.child_bits & bit) != 0)
      return put_in(token, node.children[rank(node.child_bits, bit)], std::move(value), hash, shift + kBits);

    const auto at = static_cast<std::ptrdiff_t>(rank(node.value_bits, bit));
    if ((node.value_bits & bit) == 0) {
      node.values.insert(node.values.begin() + at, std::move(value));
      node.value_bits |= bit;
      ++size_;
      return;
    }
    Value& present = node.values[static_cast<std::size_t>(at)];
    if (Traits::key(*present) == Traits::key(*value)) {
      present = std::move(value);
      return;
    }
    // Two keys in one place: both go a level down.
    std::shared_ptr<Node> child;
    const std::uint64_t present_hash = Traits::hash(Traits::key(*present));
    put_in(token, child, std::move(present), present_hash, shift + kBits);
    --size_;  // it was counted already
    node.values.erase(node.values.begin() + at);
    node.value_bits &= ~bit;
    put_in(token, child, std::move(value), hash, shift + kBits);
    node.children.insert(node.children.begin() + static_cast<std::ptrdiff_t>(rank(node.child_bits, bit)), std::move(child));
    node.child_bits |= bit;
  }

  void put_linear(Node& node, Value value) {
    for (Value& present : node.values) {
      if (Traits::key(*present) != Traits::key(*value)) continue;
      present = std::move(value);
      return;
    }
    node.values.push_back(std::move(value));
    ++size_;
  }

  void erase_in(const EditToken& token, std::shared_ptr<Node>& slot, Key key, std::uint64_t hash, unsigned shift) {
    Node& node = own(token, slot);
    if (shift >= kHashBits) {
      std::erase_if(node.values, [&](const Value& value) { return Traits::key(*value) == key; });
      return;
    }
    const std::uint32_t bit = bit_of(hash, shift);
    if ((node.value_bits & bit) != 0) {
      node.values.erase(node.values.begin() + static_cast<std::ptrdiff_t>(rank(node.value_bits, bit)));
      node.value_bits &= ~bit;
      return;
    }
    const auto at = static_cast<std::ptrdiff_t>(rank(node.child_bits, bit));
    std::shared_ptr<Node>& child = node.children[static_cast<std::size_t>(at)];
    erase_in(token, child, key, hash, shift + kBits);
    if (!child->children.empty() || child->values.size() > 1) return;
    // A child of one value (or none) is pulled up, so that deleting leaves no chains behind.
    if (!child->values.empty()) {
      node.values.insert(node.values.begin() + static_cast<std::ptrdiff_t>(rank(node.value_bits, bit)), std::move(child->values.front()));
      node.value_bits |= bit;
    }
    node.children.erase(node.children.begin() + at);
    node.child_bits &= ~bit;
  }

  std::shared_ptr<Node> root_;
  std::size_t size_ = 0;
};

}  // namespace barnabas::metadata
