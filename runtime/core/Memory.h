//===- Memory.h - Zeroed page memory and read-only files ------------------===//
#ifndef EINFALL_CORE_MEMORY_H
#define EINFALL_CORE_MEMORY_H

#include "einfall/status.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace einfall::rt {

/// Zeroed memory from mmap, page aligned; large blocks begin at a huge page and
/// ask for such. Pages become resident where they are touched first: nothing
/// here touches them, so they lie near the thread whose blocks write them.
class PageMemory {
public:
  PageMemory() = default;
  PageMemory(PageMemory &&other) noexcept { swap(other); }
  PageMemory &operator=(PageMemory &&other) noexcept {
    swap(other);
    return *this;
  }
  ~PageMemory();

  /// `what` names the memory in the error.
  static Result<PageMemory> allocate(uint64_t bytes, const std::string &what);

  std::byte *data() const { return data_; }
  uint64_t size() const { return size_; }
  /// Makes every byte zero again.
  void clear();

private:
  void swap(PageMemory &other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }
  std::byte *data_ = nullptr;
  uint64_t size_ = 0;
};

/// A whole file, mapped read-only; where a file system has huge pages (tmpfs, large
/// folios), they are asked for. The file must not shrink while mapped.
class MappedFile {
public:
  MappedFile() = default;
  MappedFile(MappedFile &&other) noexcept { std::swap(bytes_, other.bytes_); }
  MappedFile &operator=(MappedFile &&other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  static Result<MappedFile> open(const std::string &path);
  std::span<const std::byte> bytes() const { return bytes_; }

private:
  std::span<const std::byte> bytes_;
};

} // namespace einfall::rt
#endif
