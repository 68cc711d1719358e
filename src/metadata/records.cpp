#include "metadata/records.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace barnabas::metadata {
namespace {

template <std::size_t Kind>
Result<Record> decode_kind(protocol::Decoder& decoder, std::int16_t version) {
  using Message = std::variant_alternative_t<Kind, Record>;
  if (version < Message::kMinVersion || version > Message::kMaxVersion) {
    return fail(Errc::kUnsupported, fmt::format("metadata record of kind {} and version {}; this program reads versions {} to {}", Kind,
                                                version, Message::kMinVersion, Message::kMaxVersion));
  }
  Message message;
  message.decode(decoder, version);
  TRY(decoder.finish());
  return Record(std::move(message));
}

using DecodeKind = Result<Record> (*)(protocol::Decoder&, std::int16_t);

template <std::size_t... Kinds>
constexpr auto decoders(std::index_sequence<Kinds...>) {
  return std::array<DecodeKind, sizeof...(Kinds)>{&decode_kind<Kinds>...};
}
constexpr auto kDecoders = decoders(std::make_index_sequence<std::variant_size_v<Record>>());

}  // namespace

Result<Bytes> encode_record(const Record& record) {
  protocol::Encoder encoder(64);
  encoder.fixed(static_cast<std::int16_t>(record.index()));
  std::visit(
      [&](const auto& message) {
        encoder.fixed(message.kMaxVersion);
        message.encode(encoder, message.kMaxVersion);
      },
      record);
  return encoder.finish_bytes();
}

Result<Record> decode_record(ByteView bytes) {
  protocol::Decoder decoder(bytes);
  const auto kind = decoder.fixed<std::int16_t>();
  const auto version = decoder.fixed<std::int16_t>();
  TRY(decoder.finish_prefix());
  if (kind < 0 || static_cast<std::size_t>(kind) >= kDecoders.size()) {
    return fail(Errc::kUnsupported, fmt::format("metadata record of kind {}, written by a newer version", kind));
  }
  return kDecoders[static_cast<std::size_t>(kind)](decoder, version);
}

}  // namespace barnabas::metadata
