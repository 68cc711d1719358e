#include "metadata/persistent_map.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "base/sim_clock.h"

namespace barnabas::metadata {
namespace {

struct Item {
  std::string key;
  int value = 0;
};

struct GoodHash {
  using Key = std::string_view;
  static Key key(const Item& item) { return item.key; }
  static std::uint64_t hash(Key key) { return std::hash<std::string_view>{}(key); }
};
// Three hashes for everything: every collision there can be.
struct BadHash : GoodHash {
  static std::uint64_t hash(Key key) { return key.size() % 3 == 0 ? 0 : key.size() % 3 == 1 ? ~std::uint64_t{0} : std::uint64_t{1} << 58; }
};

template <class Traits>
class PersistentMapTest : public ::testing::Test {};
using Hashes = ::testing::Types<GoodHash, BadHash>;
TYPED_TEST_SUITE(PersistentMapTest, Hashes);

template <class Map>
std::map<std::string, int> contents(const Map& map) {
  std::map<std::string, int> all;
  map.for_each([&](const auto& item) { EXPECT_TRUE(all.emplace(item->key, item->value).second); });
  EXPECT_EQ(all.size(), map.size());
  return all;
}

TYPED_TEST(PersistentMapTest, BehavesLikeAMapAndOldCopiesStayAsTheyWere) {
  PersistentMap<Item, TypeParam> map;
  std::map<std::string, int> model;
  std::vector<std::pair<PersistentMap<Item, TypeParam>, std::map<std::string, int>>> kept;
  SimRandom chance(11);
  EditToken token = new_edit_token();
  for (int step = 0; step < 6000; ++step) {
    const std::string key = "key" + std::to_string(chance.below(step < 4000 ? 300 : 40));
    if (chance.chance(step < 3000 ? 0.7 : 0.3)) {
      map.put(token, std::make_shared<const Item>(key, step));
      model[key] = step;
    } else {
      ASSERT_EQ(map.erase(token, key), model.erase(key) == 1);
    }
    const auto* found = map.find(key);
    ASSERT_EQ(found != nullptr, model.contains(key));
    if (step % 200 == 0) {
      token = new_edit_token();
      kept.emplace_back(map, model);
    }
  }
  EXPECT_EQ(contents(map), model);
  for (const auto& [old_map, old_model] : kept) EXPECT_EQ(contents(old_map), old_model);
}

TYPED_TEST(PersistentMapTest, EmptiesCompletely) {
  PersistentMap<Item, TypeParam> map;
  const EditToken token = new_edit_token();
  for (int i = 0; i < 200; ++i) map.put(token, std::make_shared<const Item>("k" + std::to_string(i), i));
  // The key given may be the erased item's own.
  for (int i = 0; i < 200; ++i) {
    const auto* item = map.find("k" + std::to_string(i));
    ASSERT_NE(item, nullptr);
    ASSERT_TRUE(map.erase(token, item->key));
  }
  EXPECT_TRUE(map.empty());
  EXPECT_TRUE(contents(map).empty());
}

TEST(PersistentMap, AChangeSharesAllButAFewNodes) {
  PersistentMap<Item, GoodHash> map;
  EditToken token = new_edit_token();
  for (int i = 0; i < 100'000; ++i) map.put(token, std::make_shared<const Item>("topic-" + std::to_string(i), i));
  const auto before = map;
  map.put(new_edit_token(), std::make_shared<const Item>("topic-1", -1));
  EXPECT_EQ(before.find("topic-1")->value, 1);
  EXPECT_EQ(map.find("topic-1")->value, -1);
  int shared = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string key = "topic-" + std::to_string(i);
    // The very same slot, not only an equal pointer: the node itself is shared.
    shared += before.find_shared(key) == map.find_shared(key) ? 1 : 0;
  }
  EXPECT_GT(shared, 99'800);
}

}  // namespace
}  // namespace barnabas::metadata
