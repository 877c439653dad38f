//===- Checksum.cpp - xxh3 and zip's CRC-32 -------------------------------===//
#include "einfall/format.h"

#include <bit>
#include <cstdio>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace einfall::rt {

static_assert(std::endian::native == std::endian::little,
              "packages are little-endian and mapped as they are");

Digest::Digest() : state_(XXH3_createState()) {
  XXH3_128bits_reset(static_cast<XXH3_state_t *>(state_));
}

Digest::~Digest() { XXH3_freeState(static_cast<XXH3_state_t *>(state_)); }

void Digest::update(const void *data, size_t size) {
  if (size != 0)
    XXH3_128bits_update(static_cast<XXH3_state_t *>(state_), data, size);
}

std::string Digest::hex() const {
  XXH128_hash_t hash = XXH3_128bits_digest(static_cast<const XXH3_state_t *>(state_));
  char text[kDigestDigits + 1];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text;
}

uint64_t checksum64(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

namespace {
/// Tables for eight bytes a step: table[k][b] is the CRC of b and k zeros.
struct CrcTables {
  uint32_t table[8][256];
  constexpr CrcTables() : table() {
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit)
        c = (c >> 1) ^ (c & 1 ? 0xEDB88320u : 0);
      table[0][i] = c;
    }
    for (uint32_t i = 0; i < 256; ++i)
      for (int k = 1; k < 8; ++k)
        table[k][i] = (table[k - 1][i] >> 8) ^ table[0][table[k - 1][i] & 255];
  }
};
constexpr CrcTables kCrc;
} // namespace

uint32_t crc32(uint32_t crc, std::span<const std::byte> bytes) {
  const auto *p = reinterpret_cast<const unsigned char *>(bytes.data());
  size_t n = bytes.size();
  uint32_t c = ~crc;
  for (; n >= 8; n -= 8, p += 8) {
    uint32_t a, b;
    std::memcpy(&a, p, 4);
    std::memcpy(&b, p + 4, 4);
    a ^= c;
    c = kCrc.table[7][a & 255] ^ kCrc.table[6][(a >> 8) & 255] ^ kCrc.table[5][(a >> 16) & 255] ^
        kCrc.table[4][a >> 24] ^ kCrc.table[3][b & 255] ^ kCrc.table[2][(b >> 8) & 255] ^
        kCrc.table[1][(b >> 16) & 255] ^ kCrc.table[0][b >> 24];
  }
  for (; n != 0; --n, ++p)
    c = (c >> 8) ^ kCrc.table[0][(c ^ *p) & 255];
  return ~c;
}

} // namespace einfall::rt
