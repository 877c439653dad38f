//===- Writer.cpp - Writes a package file ---------------------------------===//
#include "Writer.h"
#include "einfall/format.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace einfall::package {
namespace {

using rt::ArchiveEntry;
using rt::Status;
using rt::StatusCode;

std::span<const std::byte> bytesOf(std::string_view text) {
  return {reinterpret_cast<const std::byte *>(text.data()), text.size()};
}

/// A new file beside the target that takes its name in the end or goes away.
class OutputFile {
public:
  explicit OutputFile(const std::string &path) : path_(path), temporary_(path + ".XXXXXX") {}
  ~OutputFile() {
    if (fd_ >= 0) {
      close(fd_);
      unlink(temporary_.c_str());
    }
  }

  Status open() {
    fd_ = mkostemp(temporary_.data(), O_CLOEXEC);
    return fd_ < 0 ? failure("create") : Status();
  }

  Status write(uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      ssize_t n = pwrite(fd_, bytes.data(), bytes.size(), off_t(offset));
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return failure("write");
      offset += uint64_t(n);
      bytes = bytes.subspan(size_t(n));
    }
    return {};
  }

  Status commit() {
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd_, 0666 & ~mask) != 0 || fsync(fd_) != 0)
      return failure("write");
    if (rename(temporary_.c_str(), path_.c_str()) != 0)
      return failure("replace");
    close(fd_);
    fd_ = -1;
    return syncFolder();
  }

private:
  Status failure(const char *what) {
    return {StatusCode::Io,
            "cannot " + std::string(what) + " '" + path_ + "': " + std::strerror(errno)};
  }

  /// Makes the new name last; some file systems cannot, which is no failure.
  Status syncFolder() {
    size_t slash = path_.rfind('/');
    std::string folder = slash == std::string::npos ? "."
                         : slash == 0               ? "/"
                                                    : path_.substr(0, slash);
    int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
      (void)fsync(fd);
      close(fd);
    }
    return {};
  }

  std::string path_, temporary_;
  int fd_ = -1;
};

/// Bytes one after the other, written as whole huge pages of the file. What a system keeps of the
/// file is pages as large as it was written by; of small ones a mapping has as many translations.
class HugePages {
public:
  HugePages(OutputFile &file, uint64_t offset) : file(file), begin(offset) {
    held.reserve(kSize + rt::kWeightChunk);
  }

  /// The next `bytes` of the file, to fill in.
  std::span<std::byte> next(uint64_t bytes) {
    held.resize(held.size() + bytes);
    return {held.data() + held.size() - bytes, size_t(bytes)};
  }

  /// Writes what ends a page, `all` of it in the end.
  Status write(bool all = false) {
    uint64_t whole = (begin + held.size()) / kSize * kSize;
    uint64_t count = all ? held.size() : whole > begin ? whole - begin : 0;
    if (count == 0)
      return {};
    EINF_TRY(file.write(begin, {held.data(), size_t(count)}));
    begin += count;
    held.erase(held.begin(), held.begin() + ptrdiff_t(count));
    return {};
  }

private:
  static constexpr uint64_t kSize = 2u << 20;
  OutputFile &file;
  uint64_t begin; ///< where `held` goes
  std::vector<std::byte> held;
};

/// Gives the weights their places; returns the size of weights/data.
uint64_t placeWeights(rt::Manifest &manifest) {
  uint64_t at = 0;
  for (rt::WeightInfo &weight : manifest.weights) {
    at = (at + rt::kEntryAlignment - 1) / rt::kEntryAlignment * rt::kEntryAlignment;
    weight.offset = at;
    weight.checksums.assign(weight.size / rt::kWeightChunk + (weight.size % rt::kWeightChunk != 0),
                            0);
    at += weight.size;
  }
  return at;
}

/// Streams all weights to `offset`; fills in checksums and the entry's CRC.
Status writeWeights(PackageSpec &spec, OutputFile &file, ArchiveEntry &entry) {
  HugePages pages(file, entry.offset);
  uint64_t at = 0;
  for (size_t i = 0; i < spec.weights.size(); ++i) {
    rt::WeightInfo &weight = spec.manifest.weights[i];
    entry.crc = rt::crc32(entry.crc, pages.next(weight.offset - at)); // zeros
    for (size_t c = 0; c < weight.checksums.size(); ++c) {
      uint64_t begin = c * rt::kWeightChunk;
      std::span<std::byte> out = pages.next(std::min(rt::kWeightChunk, weight.size - begin));
      std::string error;
      if (!spec.weights[i](begin, out, error))
        return rt::invalidArgument("cannot read weight '" + weight.name + "'" +
                                   (error.empty() ? "" : ": " + error));
      weight.checksums[c] = rt::checksum64(out);
      entry.crc = rt::crc32(entry.crc, out);
      EINF_TRY(pages.write());
    }
    at = weight.offset + weight.size;
  }
  return pages.write(/*all=*/true);
}

struct Files {
  std::vector<ArchiveEntry> entries;
  std::vector<std::string> contents; ///< of all but weights/data

  void add(std::string_view name, std::string content) {
    entries.push_back({std::string(name), content.size(), 0, 0, 0});
    contents.push_back(std::move(content));
  }
};

std::string manifestBin(const rt::Manifest &manifest) {
  std::vector<std::byte> bytes = rt::encodeManifest(manifest);
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

Files listFiles(PackageSpec &spec, uint64_t weightBytes) {
  Files files;
  files.add(rt::kManifestBin, manifestBin(spec.manifest));
  files.add(rt::kManifestJson, rt::manifestToJson(spec.manifest));
  for (size_t i = 0; i < spec.code.size(); ++i)
    files.add("code/" + spec.manifest.targets[i].name + ".so", std::move(spec.code[i]));
  std::optional<std::string> *sides[] = {&spec.tokenizerJson, &spec.generationConfigJson,
                                         &spec.configJson, &spec.reportJson};
  for (size_t i = 0; i < rt::kSideFiles.size(); ++i)
    if (*sides[i])
      files.add(rt::kSideFiles[i], std::move(**sides[i]));
  files.entries.push_back({std::string(rt::kWeightsData), weightBytes, 0, 0, 0});
  return files;
}

/// Writes everything but the weights and the digest's own digits.
Status writeRest(Files &files, OutputFile &file) {
  rt::Digest digest;
  auto put = [&](uint64_t offset, std::string_view text) {
    digest.update(text.data(), text.size());
    return file.write(offset, bytesOf(text));
  };
  for (size_t i = 0; i < files.entries.size(); ++i) {
    const ArchiveEntry &entry = files.entries[i];
    EINF_TRY(put(entry.headerOffset, rt::localHeader(entry)));
    if (i < files.contents.size())
      EINF_TRY(put(entry.offset, files.contents[i]));
  }
  const ArchiveEntry &weights = files.entries.back();
  std::string tail = rt::archiveTail(files.entries, std::string(rt::kDigestDigits, '0'));
  tail.resize(tail.size() - rt::kDigestDigits);
  EINF_TRY(put(weights.offset + weights.size, tail));
  return file.write(weights.offset + weights.size + tail.size(), bytesOf(digest.hex()));
}

} // namespace

rt::Status writePackage(PackageSpec spec, const std::string &path) {
  if (spec.code.size() != spec.manifest.targets.size() ||
      spec.weights.size() != spec.manifest.weights.size())
    return rt::invalidArgument("a package needs one code per target and one "
                               "producer per weight");
  uint64_t weightBytes = placeWeights(spec.manifest);
  EINF_TRY(rt::validate(spec.manifest, weightBytes));
  Files files = listFiles(spec, weightBytes);
  EINF_TRY(rt::placeEntries(files.entries));
  OutputFile file(path);
  EINF_TRY(file.open());
  EINF_TRY(writeWeights(spec, file, files.entries.back()));
  files.contents[0] = manifestBin(spec.manifest); // now with checksums
  for (size_t i = 0; i < files.contents.size(); ++i)
    files.entries[i].crc = rt::crc32(0, bytesOf(files.contents[i]));
  EINF_TRY(writeRest(files, file));
  return file.commit();
}

} // namespace einfall::package
