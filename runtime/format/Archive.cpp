//===- Archive.cpp - The canonical zip around a package -------------------===//
#include "Bytes.h"
#include "einfall/format.h"

#include <optional>

namespace einfall::rt {
namespace {

constexpr uint32_t kLocalMagic = 0x04034b50, kCentralMagic = 0x02014b50, kEnd64Magic = 0x06064b50,
                   kLocatorMagic = 0x07064b50, kEndMagic = 0x06054b50;
constexpr uint16_t kVersion = 45;       // zip64
constexpr uint16_t kDate = 0x21;        // 1980-01-01, so files are reproducible
constexpr uint16_t kPaddingId = 0xE1FA; // extra field that only takes room
constexpr uint16_t kZip64Id = 1;
constexpr uint32_t kIn64 = 0xFFFFFFFF; // "look into the zip64 record"
constexpr size_t kLocalSize = 30, kZip64Extra = 20, kPaddingHead = 4;
constexpr size_t kCentralSize = 46, kEnd64Size = 56, kLocatorSize = 20, kEndSize = 22;
constexpr std::string_view kCommentHead = "einfall-package 1 xxh3-128 ";
constexpr size_t kTrailerSize =
    kEnd64Size + kLocatorSize + kEndSize + kCommentHead.size() + kDigestDigits;

bool isWeights(const ArchiveEntry &entry) { return entry.name == kWeightsData; }

void entryCommon(ByteWriter &w, const ArchiveEntry &entry) {
  w.number(uint16_t(0)); // flags
  w.number(uint16_t(0)); // method: stored
  w.number(uint16_t(0)); // time
  w.number(kDate);
  w.number(entry.crc);
  uint32_t size = isWeights(entry) ? kIn64 : uint32_t(entry.size);
  w.number(size);
  w.number(size);
  w.number(uint16_t(entry.name.size()));
}

void zip64Sizes(ByteWriter &w, const ArchiveEntry &entry) {
  w.number(kZip64Id);
  w.number(uint16_t(16));
  w.number(entry.size);
  w.number(entry.size);
}

void centralHeader(ByteWriter &w, const ArchiveEntry &entry) {
  w.number(kCentralMagic);
  w.number(uint16_t(3 << 8 | kVersion)); // made on Unix
  w.number(kVersion);
  entryCommon(w, entry);
  w.number(uint16_t(isWeights(entry) ? kZip64Extra : 0));
  w.number(uint16_t(0));              // comment
  w.number(uint16_t(0));              // disk
  w.number(uint16_t(0));              // internal attributes
  w.number(uint32_t(0100644u << 16)); // a plain file
  w.number(uint32_t(entry.headerOffset));
  w.raw(entry.name);
  if (isWeights(entry))
    zip64Sizes(w, entry);
}

/// Reads one central header; only what determines the file is kept.
std::optional<ArchiveEntry> readCentral(ByteReader &r) {
  ArchiveEntry entry;
  uint32_t magic = r.number<uint32_t>();
  r.raw(12);
  entry.crc = r.number<uint32_t>();
  r.number<uint32_t>();
  entry.size = r.number<uint32_t>();
  uint16_t nameSize = r.number<uint16_t>(), extra = r.number<uint16_t>();
  r.raw(14);
  entry.name = r.raw(nameSize);
  if (r.failed() || magic != kCentralMagic)
    return std::nullopt;
  if (isWeights(entry)) {
    r.raw(4);
    entry.size = r.number<uint64_t>();
    r.number<uint64_t>();
    extra = extra == kZip64Extra ? 0 : 1;
  }
  if (r.failed() || extra != 0)
    return std::nullopt;
  return entry;
}

bool sameBytes(std::span<const std::byte> file, uint64_t at, std::string_view want) {
  return at <= file.size() && want.size() <= file.size() - at &&
         std::memcmp(file.data() + at, want.data(), want.size()) == 0;
}

/// Tells a file of ours that was cut or damaged from one that never was ours.
Status headStatus(std::span<const std::byte> file) {
  ArchiveEntry first{std::string(kManifestBin), 0, 0, 0, 0};
  size_t data = kEntryAlignment;
  bool ours = file.size() >= 4 && sameBytes(file, 0, {"PK\3\4", 4}) &&
              (file.size() < data + kManifestMagic.size() || sameBytes(file, data, kManifestMagic));
  if (file.empty())
    return badPackage("the file is empty");
  if (!ours)
    return badPackage("not an einfall package (wrong magic)");
  if (file.size() < data + 16)
    return badPackage("the package is truncated");
  uint32_t version;
  std::memcpy(&version, file.data() + data + 8, 4);
  if (version != kFormatVersion)
    return badPackage("the package has format version " + std::to_string(version) +
                      ", this runtime reads " + std::to_string(kFormatVersion));
  return {};
}

Status damaged(const std::string &what) {
  return badPackage("the package is truncated or damaged: " + what);
}

} // namespace

Status placeEntries(std::vector<ArchiveEntry> &entries) {
  uint64_t at = 0;
  for (ArchiveEntry &entry : entries) {
    if (at > kIn64 - 0x20000 || (!isWeights(entry) && entry.size >= kIn64))
      return badPackage("entries before weights/data exceed 4 GiB");
    bool weights = isWeights(entry);
    uint64_t align = weights ? kWeightsAlignment : kEntryAlignment;
    entry.headerOffset = at;
    uint64_t head =
        at + kLocalSize + entry.name.size() + kPaddingHead + (weights ? kZip64Extra : 0);
    entry.offset = (head + align - 1) / align * align;
    if (entry.size > (uint64_t(1) << 62))
      return badPackage("weights/data is too large");
    at = entry.offset + entry.size;
  }
  return {};
}

std::string localHeader(const ArchiveEntry &entry) {
  ByteWriter w;
  w.number(kLocalMagic);
  w.number(kVersion);
  entryCommon(w, entry);
  size_t fixed = kLocalSize + entry.name.size();
  size_t extra = entry.offset - entry.headerOffset - fixed;
  w.number(uint16_t(extra));
  w.raw(entry.name);
  if (isWeights(entry)) {
    zip64Sizes(w, entry);
    extra -= kZip64Extra;
  }
  w.number(kPaddingId);
  w.number(uint16_t(extra - kPaddingHead));
  w.zeros(extra - kPaddingHead);
  return w.take();
}

std::string archiveTail(const std::vector<ArchiveEntry> &entries, std::string_view digestHex) {
  ByteWriter w;
  for (const ArchiveEntry &entry : entries)
    centralHeader(w, entry);
  uint64_t count = entries.size(), size = w.size();
  uint64_t start = entries.back().offset + entries.back().size;
  w.number(kEnd64Magic);
  w.number(uint64_t(kEnd64Size - 12));
  w.number(uint16_t(3 << 8 | kVersion));
  w.number(kVersion);
  w.number(uint32_t(0));
  w.number(uint32_t(0));
  w.number(count);
  w.number(count);
  w.number(size);
  w.number(start);
  w.number(kLocatorMagic);
  w.number(uint32_t(0));
  w.number(start + size);
  w.number(uint32_t(1));
  w.number(kEndMagic);
  w.number(uint16_t(0));
  w.number(uint16_t(0));
  w.number(uint16_t(count));
  w.number(uint16_t(count));
  w.number(uint32_t(size));
  w.number(kIn64); // where the directory starts: the zip64 record says
  w.number(uint16_t(kCommentHead.size() + kDigestDigits));
  w.raw(kCommentHead);
  w.raw(digestHex);
  return w.take();
}

/// Reads the directory; what it says is compared byte by byte afterwards.
static Result<std::vector<ArchiveEntry>> readDirectory(std::span<const std::byte> file) {
  if (file.size() < kTrailerSize)
    return damaged("it is too short");
  ByteReader trailer(file.subspan(file.size() - kTrailerSize));
  uint32_t magic = trailer.number<uint32_t>();
  trailer.raw(28);
  uint64_t count = trailer.number<uint64_t>(), size = trailer.number<uint64_t>(),
           start = trailer.number<uint64_t>();
  uint64_t end = file.size() - kTrailerSize;
  if (magic != kEnd64Magic || start > end || size != end - start || count > size / kCentralSize ||
      count == 0 || count > 0xFFFE)
    return damaged("there is no directory at its end");
  ByteReader r(file.subspan(start, size));
  std::vector<ArchiveEntry> entries;
  for (uint64_t i = 0; i < count; ++i) {
    std::optional<ArchiveEntry> entry = readCentral(r);
    if (!entry)
      return damaged("bad directory entry " + std::to_string(i));
    if (isWeights(*entry) != (i + 1 == count))
      return damaged("weights/data is not the last entry");
    entries.push_back(std::move(*entry));
  }
  return entries;
}

Result<std::vector<ArchiveEntry>> parseArchive(std::span<const std::byte> file) {
  EINF_TRY(headStatus(file));
  Result<std::vector<ArchiveEntry>> entries = readDirectory(file);
  if (!entries)
    return entries;
  EINF_TRY(placeEntries(*entries));
  for (const ArchiveEntry &entry : *entries) {
    if (entry.offset > file.size() || entry.size > file.size() - entry.offset)
      return damaged("'" + entry.name + "' reaches past the end");
    if (!sameBytes(file, entry.headerOffset, localHeader(entry)))
      return damaged("the header of '" + entry.name + "' is not canonical");
  }
  const ArchiveEntry &weights = entries->back();
  uint64_t tail = weights.offset + weights.size;
  uint64_t digestAt = file.size() - kDigestDigits;
  if (digestAt < tail)
    return damaged("there is no directory at its end");
  Digest digest;
  digest.update(file.data(), weights.offset);
  digest.update(file.data() + tail, digestAt - tail);
  std::string want = archiveTail(*entries, digest.hex());
  if (want.size() != file.size() - tail)
    return damaged("the directory is not canonical");
  if (!sameBytes(file, tail, std::string_view(want).substr(0, want.size() - kDigestDigits)))
    return damaged("the directory is not canonical");
  if (!sameBytes(file, tail, want))
    return damaged("its digest does not match its content");
  return entries;
}

} // namespace einfall::rt
