//===- Memory.cpp - Zeroed page memory and read-only files ----------------===//
#include "Memory.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace einfall::rt {

constexpr uint64_t kHugePage = 2u << 20;

PageMemory::~PageMemory() {
  if (data_)
    munmap(data_, size_);
}

Result<PageMemory> PageMemory::allocate(uint64_t bytes, const std::string &what) {
  PageMemory memory;
  if (bytes == 0)
    return memory;
  void *data = bytes > (uint64_t(1) << 46) ? MAP_FAILED
                                           : mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return Status(StatusCode::OutOfMemory,
                  "cannot allocate " + std::to_string(bytes) + " bytes for " + what);
#ifdef MADV_HUGEPAGE
  if (bytes >= kHugePage)
    madvise(data, bytes, MADV_HUGEPAGE);
#endif
  memory.data_ = static_cast<std::byte *>(data);
  memory.size_ = bytes;
  return memory;
}

void PageMemory::clear() {
  if (!data_)
    return;
  // Dropping the pages beats writing zeros once there are many.
  if (size_ < kHugePage || madvise(data_, size_, MADV_DONTNEED) != 0)
    std::memset(data_, 0, size_);
}

MappedFile::~MappedFile() {
  if (!bytes_.empty())
    munmap(const_cast<std::byte *>(bytes_.data()), bytes_.size());
}

Result<MappedFile> MappedFile::open(const std::string &path) {
  auto failure = [&](const char *what) {
    return Status(StatusCode::Io,
                  "cannot " + std::string(what) + " '" + path + "': " + std::strerror(errno));
  };
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return failure("open");
  struct stat info;
  MappedFile file;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return Status(StatusCode::Io, "'" + path + "' is not a file");
  }
  if (info.st_size > 0) {
    void *data = mmap(nullptr, size_t(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
      Status status = failure("map");
      close(fd);
      return status;
    }
    file.bytes_ = {static_cast<const std::byte *>(data), size_t(info.st_size)};
  }
  close(fd);
  return file;
}

} // namespace einfall::rt
