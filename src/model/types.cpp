#include "model/types.h"

#include <algorithm>

namespace barnabas {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kUuidTextLength = 22;

}  // namespace

Uuid Uuid::random(Random& random) {
  Uuid id;
  do {
    random.fill(id.bytes);
    id.bytes[6] = (id.bytes[6] & std::byte{0x0f}) | std::byte{0x40};
    id.bytes[8] = (id.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
    // A leading dash would read as an option on a command line; Kafka avoids it too.
  } while (id.text().front() == '-');
  return id;
}

std::string Uuid::text() const {
  std::string out;
  out.reserve(kUuidTextLength);
  std::uint32_t window = 0;
  int bits = 0;
  for (const std::byte b : bytes) {
    window = (window << 8) | static_cast<std::uint32_t>(b);
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out += kAlphabet[(window >> bits) & 63];
    }
  }
  out += kAlphabet[(window << (6 - bits)) & 63];
  return out;
}

std::optional<Uuid> Uuid::parse(std::string_view base64url) {
  if (base64url.size() != kUuidTextLength) return std::nullopt;
  Uuid id;
  std::uint32_t window = 0;
  int bits = 0;
  std::size_t at = 0;
  for (const char c : base64url) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    window = (window << 6) | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8 && at < id.bytes.size()) {
      bits -= 8;
      id.bytes[at++] = static_cast<std::byte>(window >> bits);
    }
  }
  // 22 characters hold 132 bits; the last four must be zero or two texts would mean one id.
  if ((window & 15) != 0) return std::nullopt;
  return id;
}

std::string topic_name_problem(std::string_view name) {
  constexpr std::size_t kMaxLength = 249;
  if (name.empty()) return "the empty string is not allowed";
  if (name == "." || name == "..") return "'.' or '..' is not allowed";
  if (name.size() > kMaxLength) return "the length of " + std::to_string(name.size()) + " is longer than " + std::to_string(kMaxLength);
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  if (!std::ranges::all_of(name, allowed)) return "it has a character other than ASCII letters and digits, '.', '_' and '-'";
  return {};
}

bool is_internal_topic(std::string_view name) {
  return name == kConsumerOffsetsTopic || name == kTransactionStateTopic || name == kShareGroupStateTopic;
}

}  // namespace barnabas
