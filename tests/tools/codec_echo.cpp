// The codec under the eyes of Kafka's own (tests/protocol/test_differential.py).
//
//   codec_echo check FILE            every message decodes, encodes to the same bytes, and no cut of it decodes
//   codec_echo make SEED COUNT FILE  COUNT random messages of every version of every kind
//
// A file holds messages one after the other: int32 length, int16 name length, name, int16 version, bytes.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "protocol_table.h"

namespace barnabas::protocol::test {
namespace {

constexpr std::size_t kCutMaxBytes = 2000;  // cuts cost the square of the size

Bytes read_all(const char* path) {
  Bytes bytes;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return bytes;
  std::byte buffer[65536];
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, file)) bytes.insert(bytes.end(), buffer, buffer + got);
  std::fclose(file);
  return bytes;
}

std::string hex(ByteView bytes) {
  std::string text;
  for (const std::byte byte : bytes.first(std::min<std::size_t>(bytes.size(), 300)))
    text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

std::string problem(const Entry& entry, std::int16_t version, ByteView bytes) {
  const auto again = entry.echo(bytes, version);
  if (!again) return again.error().message;
  if (as_text(*again) != as_text(bytes)) return "became " + hex(*again);
  if (bytes.size() > kCutMaxBytes) return "";
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (entry.accept(bytes.first(size), version)) return fmt::format("a cut of {} bytes is taken", size);
  }
  return "";
}

int check(const char* path) {
  const Bytes file = read_all(path);
  std::map<std::string_view, Entry> entries;
  for (const Entry& entry : all_messages()) entries.emplace(entry.name, entry);
  int checked = 0;
  int wrong = 0;
  Decoder decoder{ByteView(file)};
  while (decoder.remaining() > 0) {
    Decoder message(decoder.take(decoder.fixed<std::uint32_t>()));
    const std::string_view name = as_text(message.take(message.fixed<std::uint16_t>()));
    const auto version = message.fixed<std::int16_t>();
    const ByteView bytes = message.take(message.remaining());
    const auto entry = entries.find(name);
    const std::string found = !message.ok()            ? "the file is cut off"
                              : entry == entries.end() ? "an unknown message"
                                                       : problem(entry->second, version, bytes);
    ++checked;
    if (found.empty()) continue;
    if (++wrong <= 20) fmt::print(stderr, "{} {}: {} from {}\n", name, version, found, hex(bytes));
  }
  fmt::print("checked={} wrong={}\n", checked, wrong);
  return checked == 0 || wrong > 0 ? 1 : 0;
}

int make(std::uint64_t seed, int count, const char* path) {
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) return 1;
  Filler filler(seed);
  int failed = 0;
  for (const Entry& entry : all_messages()) {
    for (std::int16_t version = entry.min_version; version <= entry.max_version; ++version) {
      for (int i = 0; i < count; ++i) {
        filler.set_longest(static_cast<std::size_t>(i) % 6);
        const auto bytes = entry.random(filler, version);
        if (!bytes) {
          fmt::print(stderr, "{} {}: {}\n", entry.name, version, bytes.error().message);
          ++failed;
          continue;
        }
        Encoder out;
        out.fixed(static_cast<std::int32_t>(2 + entry.name.size() + 2 + bytes->size()));
        out.string(false, entry.name, "name");
        out.fixed(version);
        const auto head = out.finish_bytes();
        std::fwrite(head->data(), 1, head->size(), file);
        std::fwrite(bytes->data(), 1, bytes->size(), file);
      }
    }
  }
  return std::fclose(file) != 0 || failed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace barnabas::protocol::test

int main(int argc, char** argv) {
  using namespace barnabas::protocol::test;
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "check" && argc == 3) return check(argv[2]);
  if (mode == "make" && argc == 5) return make(std::strtoull(argv[2], nullptr, 10), std::atoi(argv[3]), argv[4]);
  fmt::print(stderr, "usage: codec_echo check FILE | codec_echo make SEED COUNT FILE\n");
  return 2;
}
