//===- ObjectCache.h - Compiled kernels kept on disk ------------*- C++ -*-===//
//
// One file an object, named by a key that covers everything the object depends
// on. A file holds a magic, the SHA-256 of the object and the object. Files
// appear by rename, so processes may share a folder, and one that is damaged
// counts as absent and is replaced.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_DRIVER_OBJECTCACHE_H
#define EINFALL_LIB_DRIVER_OBJECTCACHE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>

namespace einfall {

struct CacheOptions {
  std::string folder;                   ///< empty: no cache
  uint64_t limit = uint64_t(256) << 20; ///< bytes kept; what was used least recently goes first
  bool requireHit = false;              ///< refuse to compile
};

class ObjectCache {
public:
  explicit ObjectCache(CacheOptions options) : options(std::move(options)) {}

  bool isEnabled() const { return !options.folder.empty(); }
  bool requiresHit() const { return options.requireHit; }

  /// The key of what `parts` say: hexadecimal digits.
  static std::string keyOf(llvm::ArrayRef<llvm::StringRef> parts);
  /// The object of `key`, if it is there and whole; marks it as used.
  std::optional<std::string> find(llvm::StringRef key) const;
  /// Keeps `object`. Safe from several threads and processes.
  llvm::Error store(llvm::StringRef key, llvm::StringRef object) const;
  /// Removes what was used least recently until the rest fits.
  void trim() const;
  std::string pathOf(llvm::StringRef key) const;

private:
  CacheOptions options;
};

} // namespace einfall

#endif
