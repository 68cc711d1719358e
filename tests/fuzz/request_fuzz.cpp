// Every message of every version, hostile bytes for each. Two bytes choose the message, one the version, the rest is it.
// What decodes must encode, and what was encoded must decode to a message that encodes to the same bytes.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "protocol_table.h"

using namespace barnabas;
using namespace barnabas::protocol;

namespace {
const std::vector<test::Entry>& table() {
  static const std::vector<test::Entry> entries = test::all_messages();
  return entries;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const test::Entry& entry = table()[load_be<std::uint16_t>(bytes.data()) % table().size()];
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
