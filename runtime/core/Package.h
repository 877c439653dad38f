//===- Package.h - An opened .einf file -----------------------------------===//
#ifndef EINFALL_CORE_PACKAGE_H
#define EINFALL_CORE_PACKAGE_H

#include "Code.h"
#include "Device.h"
#include "Memory.h"
#include "einfall/format.h"
#include "einfall/manifest.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace einfall::rt {

/// A mapped and checked package. Shared by all its sessions; thread-safe.
class Package {
public:
  /// Maps the file and checks form, digest and manifest; loads no code, so it
  /// also opens packages for other machines.
  static Result<std::shared_ptr<Package>> open(const std::string &path);

  const Manifest &manifest() const { return manifest_; }
  const std::string &path() const { return path_; }
  const std::vector<ArchiveEntry> &files() const { return entries_; }

  /// Data of a file in the package ("tokenizer.json"); empty if absent.
  std::span<const std::byte> file(std::string_view name) const;

  /// The stored bytes of weight `index`, 64-byte aligned.
  std::span<const std::byte> weight(size_t index) const;

  /// Checks the checksums of all weights; the error names the weight.
  Status verify() const;

  /// The code for this CPU, loaded at the first call.
  Result<const Code *> code();
  /// Its code and weights on `device`, loaded there once; they go when the last
  /// session there closes.
  Result<std::shared_ptr<Program>> program(Device &device);
  /// Name of the target that code() or program() took last; empty before.
  std::string chosenTarget() const;

private:
  Package() = default;
  Status loadCode();

  std::string path_;
  MappedFile map_;
  std::vector<ArchiveEntry> entries_;
  Manifest manifest_;
  mutable std::mutex mutex_;
  std::unique_ptr<Code> code_;
  std::string target_;
  std::mutex programsMutex_; // apart from mutex_: devices ask for code() while they load
  std::map<std::string, std::weak_ptr<Program>> programs_;
};

} // namespace einfall::rt
#endif
