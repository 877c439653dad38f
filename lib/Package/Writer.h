//===- Writer.h - Writes a package file -----------------------------------===//
//
// The compiler's side of runtime/include/einfall/format.h. Weights are pulled
// through callbacks a MiB at a time, so a package of any size is written with
// a small, fixed amount of memory, and checksummed on the way.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PACKAGE_WRITER_H
#define EINFALL_PACKAGE_WRITER_H

#include "einfall/manifest.h"
#include "einfall/status.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace einfall::package {

/// Fills `out` with the stored bytes of one weight from `offset` on. Called
/// with ascending offsets. False stops the writing; the producer may put a
/// sentence into `error`.
using WeightProducer =
    std::function<bool(uint64_t offset, std::span<std::byte> out, std::string &error)>;

/// What goes into a package.
struct PackageSpec {
  /// All but formatVersion, abiVersion and each weight's offset and
  /// checksums, which the writer fills in. `weights[i].size` must be set.
  rt::Manifest manifest;
  /// The shared object of each of manifest.targets.
  std::vector<std::string> code;
  /// One for each of manifest.weights.
  std::vector<WeightProducer> weights;
  std::optional<std::string> tokenizerJson, generationConfigJson, configJson, reportJson;
};

/// Writes `spec` to `path`: into a temporary file beside it, flushed to disk
/// and renamed, so that a failure leaves an existing file as it was.
rt::Status writePackage(PackageSpec spec, const std::string &path);

} // namespace einfall::package
#endif
