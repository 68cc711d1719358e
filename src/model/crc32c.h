#pragma once
// CRC-32C (Castagnoli), the checksum of record batches and of our own files. In hardware: ISA-L folds three streams
// at once for long inputs, the SSE4.2 instruction alone does the short ones, where ISA-L's set-up would dominate.
//
//   crc32c("123456789") = 0xE3069283
//   crc32c_extend(crc32c(a), b) = crc32c(a b)
#include <cstdint>

#include "base/bytes.h"

namespace barnabas {

// Continues a checksum; 0 begins one.
std::uint32_t crc32c_extend(std::uint32_t crc, ByteView bytes);

inline std::uint32_t crc32c(ByteView bytes) { return crc32c_extend(0, bytes); }

}  // namespace barnabas
