//===- Code.cpp - Host code of a package, loaded --------------------------===//
//
// The image goes into a memfd, so that nothing is written to disk and no page
// is ever writable and executable. The descriptor stays open as long as the
// code: glibc tells libraries apart by name first, and a reused descriptor
// number would give /proc/self/fd/N of another package the code of this one.
//
//===----------------------------------------------------------------------===//
#include "Code.h"
#include "Elf.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace einfall::rt {
namespace {

bool writeAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    bytes = bytes.subspan(size_t(n));
  }
  return true;
}

int openMemory() {
#ifdef MFD_CLOEXEC
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
  int fd = memfd_create("einfall-code", MFD_CLOEXEC | MFD_EXEC);
  if (fd < 0 && errno == EINVAL) // a kernel before 6.3
    fd = memfd_create("einfall-code", MFD_CLOEXEC);
  return fd;
#else
  return -1;
#endif
}

/// dlopen through a private file, for systems without memfd or /proc.
void *loadFromFile(std::span<const std::byte> image) {
  const char *folder = std::getenv("TMPDIR");
  std::string path = std::string(folder && *folder ? folder : "/tmp") + "/einfall-code-XXXXXX";
  int fd = mkstemp(path.data());
  if (fd < 0)
    return nullptr;
  void *handle = nullptr;
  if (writeAll(fd, image))
    handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  close(fd);
  unlink(path.c_str());
  return handle;
}

} // namespace

Code::~Code() {
  if (handle_)
    dlclose(handle_);
  if (fd_ >= 0)
    close(fd_);
}

Result<std::unique_ptr<Code>> Code::load(std::span<const std::byte> image, const TargetInfo &target,
                                         std::span<const EntryInfo> entries) {
  std::string name = "target '" + target.name + "'";
  EINF_TRY(checkCode(image, target.arch, name));
  std::unique_ptr<Code> code(new Code);
  code->target_ = target.name;
  code->fd_ = openMemory();
  if (code->fd_ >= 0 && writeAll(code->fd_, image)) {
    std::string path = "/proc/self/fd/" + std::to_string(code->fd_);
    code->handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  if (!code->handle_)
    code->handle_ = loadFromFile(image);
  if (!code->handle_) {
    const char *why = dlerror();
    return Status(StatusCode::Unsupported,
                  "cannot load the code of " + name + ": " + (why ? why : std::strerror(errno)));
  }
  for (const EntryInfo &entry : entries) {
    void *symbol = dlsym(code->handle_, ("einf_entry_" + entry.name).c_str());
    if (!symbol)
      return badPackage("the code of " + name + " lacks entry '" + entry.name + "'");
    code->entries_.push_back(reinterpret_cast<einf_entry_fn>(symbol));
  }
  return code;
}

std::optional<Counters> Code::counters(const std::string &kernel) const {
  void *found = dlsym(handle_, ("einf_counts_" + kernel).c_str());
  if (!found)
    return std::nullopt;
  Counters values;
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = std::atomic_ref(static_cast<uint64_t *>(found)[i]).load(std::memory_order_relaxed);
  return values;
}

} // namespace einfall::rt
