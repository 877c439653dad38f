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

/// A wish: a system without huge pages for such memory goes on with small ones.
static void askForHugePages(void *data, uint64_t bytes) {
#ifdef MADV_HUGEPAGE
  if (bytes >= kHugePage)
    (void)madvise(data, bytes, MADV_HUGEPAGE);
#endif
}

/// Room for `bytes`, of large blocks from a huge page on; null without.
static std::byte *mapPages(uint64_t bytes, int protection) {
  if (bytes > (uint64_t(1) << 46))
    return nullptr;
  uint64_t more = bytes >= kHugePage ? kHugePage : 0;
  void *data = mmap(nullptr, bytes + more, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return nullptr;
  auto *begin = static_cast<std::byte *>(data);
  if (more == 0)
    return begin;
  // What lies before the first huge page and behind the last byte's page goes back.
  const uint64_t page = uint64_t(sysconf(_SC_PAGESIZE));
  uint64_t before = (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
  uint64_t used = (bytes + page - 1) / page * page;
  uint64_t mapped = (bytes + more + page - 1) / page * page;
  if (before != 0)
    munmap(begin, before);
  if (before + used < mapped)
    munmap(begin + before + used, mapped - before - used);
  return begin + before;
}

PageMemory::~PageMemory() {
  if (data_)
    munmap(data_, size_);
}

Result<PageMemory> PageMemory::allocate(uint64_t bytes, const std::string &what) {
  PageMemory memory;
  if (bytes == 0)
    return memory;
  memory.data_ = mapPages(bytes, PROT_READ | PROT_WRITE);
  if (!memory.data_)
    return Status(StatusCode::OutOfMemory,
                  "cannot allocate " + std::to_string(bytes) + " bytes for " + what);
  askForHugePages(memory.data_, bytes);
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
    // What the system keeps of the file in huge pages is mapped as such where it begins one.
    uint64_t size = uint64_t(info.st_size);
    std::byte *room = size >= kHugePage ? mapPages(size, PROT_NONE) : nullptr;
    void *data = mmap(room, size, PROT_READ, MAP_PRIVATE | (room ? MAP_FIXED : 0), fd, 0);
    if (data == MAP_FAILED) {
      Status status = failure("map");
      if (room)
        munmap(room, size);
      close(fd);
      return status;
    }
    askForHugePages(data, uint64_t(info.st_size));
    file.bytes_ = {static_cast<const std::byte *>(data), size_t(info.st_size)};
  }
  close(fd);
  return file;
}

} // namespace einfall::rt
