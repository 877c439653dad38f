//===- ObjectCache.cpp - Compiled kernels kept on disk --------------------===//
#include "lib/Driver/ObjectCache.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace einfall {
namespace {

constexpr StringLiteral kMagic("EINFOBJ1"), kTemporary(".new-");
constexpr size_t kDigestBytes = 32;

std::string digestOf(StringRef data) {
  auto digest = SHA256::hash(arrayRefFromStringRef(data));
  return std::string(digest.begin(), digest.end());
}

struct Entry {
  std::string path;
  uint64_t size;
  sys::TimePoint<> used;
};

/// Files below `folder`; those of writers that died are removed.
std::vector<Entry> listEntries(StringRef folder) {
  std::vector<Entry> entries;
  std::error_code error;
  auto now = std::chrono::system_clock::now();
  for (sys::fs::recursive_directory_iterator it(folder, error), end; it != end && !error;
       it.increment(error)) {
    ErrorOr<sys::fs::basic_file_status> status = it->status();
    if (!status || status->type() != sys::fs::file_type::regular_file)
      continue;
    auto used = status->getLastModificationTime();
    if (!sys::path::filename(it->path()).starts_with(kTemporary))
      entries.push_back({it->path(), status->getSize(), used});
    else if (now - used > std::chrono::hours(1))
      (void)sys::fs::remove(it->path());
  }
  return entries;
}

} // namespace

std::string ObjectCache::keyOf(ArrayRef<StringRef> parts) {
  SHA256 digest;
  for (StringRef part : parts) {
    // Lengths keep the parts apart.
    digest.update((Twine(part.size()) + ":").str());
    digest.update(part);
  }
  return toHex(digest.final(), /*LowerCase=*/true);
}

std::string ObjectCache::pathOf(StringRef key) const {
  SmallString<128> path(options.folder);
  sys::path::append(path, "kernels", key.take_front(2), key.drop_front(2) + ".o");
  return path.str().str();
}

std::optional<std::string> ObjectCache::find(StringRef key) const {
  if (!isEnabled())
    return std::nullopt;
  Expected<sys::fs::file_t> file = sys::fs::openNativeFileForRead(pathOf(key));
  if (!file) {
    consumeError(file.takeError());
    return std::nullopt;
  }
  auto buffer = MemoryBuffer::getOpenFile(*file, key, /*FileSize=*/-1,
                                          /*RequiresNullTerminator=*/false, /*IsVolatile=*/true);
  auto now = std::chrono::system_clock::now();
  (void)sys::fs::setLastAccessAndModificationTime(*file, now, now);
  (void)sys::fs::closeFile(*file);
  if (!buffer)
    return std::nullopt;
  StringRef bytes = (*buffer)->getBuffer();
  if (!bytes.consume_front(kMagic) || bytes.size() < kDigestBytes)
    return std::nullopt;
  StringRef object = bytes.drop_front(kDigestBytes);
  if (digestOf(object) != bytes.take_front(kDigestBytes))
    return std::nullopt;
  return object.str();
}

Error ObjectCache::store(StringRef key, StringRef object) const {
  if (!isEnabled())
    return Error::success();
  std::string path = pathOf(key);
  StringRef folder = sys::path::parent_path(path);
  if (std::error_code error = sys::fs::create_directories(folder))
    return createFileError(folder, error);
  Expected<sys::fs::TempFile> file =
      sys::fs::TempFile::create(folder + "/" + kTemporary + "%%%%%%%%", 0666);
  if (!file)
    return createFileError(folder, file.takeError());
  raw_fd_ostream os(file->FD, /*shouldClose=*/false);
  os << kMagic << digestOf(object) << object;
  os.flush();
  if (std::error_code error = os.error()) {
    os.clear_error();
    return joinErrors(createFileError(path, error), file->discard());
  }
  return file->keep(path);
}

void ObjectCache::trim() const {
  if (!isEnabled())
    return;
  SmallString<128> folder(options.folder);
  sys::path::append(folder, "kernels");
  std::vector<Entry> entries = listEntries(folder);
  uint64_t total = 0;
  for (const Entry &entry : entries)
    total += entry.size;
  if (total <= options.limit)
    return;
  llvm::sort(entries, [](const Entry &a, const Entry &b) { return a.used < b.used; });
  for (const Entry &entry : entries) {
    if (total <= options.limit)
      break;
    if (!sys::fs::remove(entry.path))
      total -= entry.size;
  }
}

} // namespace einfall
