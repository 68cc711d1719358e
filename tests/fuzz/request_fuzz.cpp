// Every message of every version, hostile bytes for each. Two bytes choose the message, one the version, the rest is it.
// What decodes must encode, and what was encoded must decode to a message that encodes to the same bytes.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "protocol_table.h"

using namespace barnabas;
using namespace barnabas::protocol;

namespace {

std::uint16_t hash(std::string_view name) {
  std::uint32_t value = 2166136261U;
  for (const char c : name) value = (value ^ static_cast<std::uint8_t>(c)) * 16777619U;
  return static_cast<std::uint16_t>(value ^ (value >> 16));
}

// The message whose name's hash is nearest: an input keeps its meaning when messages are added.
const test::Entry& choose(std::uint16_t wanted) {
  static const std::vector<test::Entry> entries = test::all_messages();
  return *std::ranges::min_element(entries, {}, [wanted](const test::Entry& entry) { return hash(entry.name) ^ wanted; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const test::Entry& entry = choose(load_be<std::uint16_t>(bytes.data()));
  const int versions = entry.max_version - entry.min_version + 1;
  const auto version = static_cast<std::int16_t>(entry.min_version + data[2] % versions);

  const auto once = entry.echo(bytes.subspan(3), version);
  CHECK(entry.accept(bytes.subspan(3), version).has_value() == (once.has_value() || once.error().code == Errc::kInvalidArgument));
  if (!once) {
    CHECK(once.error().code == Errc::kCorrupt);  // never a message that decodes but cannot be encoded
    return 0;
  }
  const auto twice = entry.echo(*once, version);
  CHECK(twice.has_value());
  CHECK(as_text(*twice) == as_text(*once));
  return 0;
}
