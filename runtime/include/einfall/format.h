//===- format.h - The package file, byte by byte --------------------------===//
//
// A package is a zip whose entries are stored (not deflated) and whose every
// byte outside the entries' data follows from the list of (name, size, crc):
//
//   for each entry, in canonical order:
//     local header; an extra field pads so that the data starts on a multiple
//     of 64 bytes (weights/data: of 4096, and with zip64 sizes)
//     data
//   central directory, zip64 end record and locator, end record with a comment
//   "einfall-package 1 xxh3-128 <32 hex digits>"
//
// Canonical order: manifest.bin, manifest.json, code/<target>.so in manifest
// order, tokenizer.json, generation_config.json, config.json, report.json (the
// last four if present), weights/data. The digest covers all bytes before it
// but the data of weights/data. The loader regenerates headers and directory
// and compares, so there is exactly one file for a content, and no header byte
// is left unchecked. Weights come last: all other offsets stay below 4 GiB.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_FORMAT_H
#define EINFALL_FORMAT_H

#include "einfall/status.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace einfall::rt {

inline constexpr uint32_t kFormatVersion = 3;
inline constexpr std::string_view kManifestMagic{"EINFPKG\0", 8};
inline constexpr uint64_t kEntryAlignment = 64;
inline constexpr uint64_t kWeightsAlignment = 4096;
inline constexpr uint64_t kWeightChunk = 1u << 20;

inline constexpr std::string_view kManifestBin = "manifest.bin";
inline constexpr std::string_view kManifestJson = "manifest.json";
inline constexpr std::string_view kWeightsData = "weights/data";
/// Files that may follow the code, in canonical order.
inline constexpr std::array<std::string_view, 4> kSideFiles = {
    "tokenizer.json", "generation_config.json", "config.json", "report.json"};

/// One file of the archive; `offset` is that of its data.
struct ArchiveEntry {
  std::string name;
  uint64_t size = 0;
  uint32_t crc = 0;
  uint64_t headerOffset = 0, offset = 0;
};

/// Fills in the offsets. Fails if what precedes weights/data passes 4 GiB.
Status placeEntries(std::vector<ArchiveEntry> &entries);

/// Bytes [headerOffset, offset) of a placed entry.
std::string localHeader(const ArchiveEntry &entry);

/// Everything behind the last entry's data, with `digestHex` (32 digits).
std::string archiveTail(const std::vector<ArchiveEntry> &entries, std::string_view digestHex);

/// Length of the digits at the very end of the file.
inline constexpr size_t kDigestDigits = 32;

/// Reads the directory of a whole package file and checks that the file is
/// exactly what placeEntries, localHeader and archiveTail give for it, and
/// that the digest holds. Data checksums of weights are not looked at.
Result<std::vector<ArchiveEntry>> parseArchive(std::span<const std::byte> file);

/// xxh3-128 of the file without the data of `weights` and without the digest
/// itself, as hex. `read(offset, size)` need not be in memory at once.
class Digest {
public:
  Digest();
  ~Digest();
  Digest(const Digest &) = delete;
  Digest &operator=(const Digest &) = delete;
  void update(const void *data, size_t size);
  std::string hex() const;

private:
  void *state_;
};

/// xxh3-64, for weight chunks.
uint64_t checksum64(std::span<const std::byte> bytes);

/// zip's CRC-32 of `bytes` appended to what gave `crc` (0 at the start).
uint32_t crc32(uint32_t crc, std::span<const std::byte> bytes);

} // namespace einfall::rt
#endif
