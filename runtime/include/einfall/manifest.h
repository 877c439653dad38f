//===- manifest.h - What a package says about itself ----------------------===//
//
// The one struct behind `manifest.bin` (read by the loader) and
// `manifest.json` (its readable copy). Writer and loader both use it, so it is
// plain data without LLVM. Everything an index refers to is checked by
// validate(), which both sides call.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_MANIFEST_H
#define EINFALL_MANIFEST_H

#include "einfall/dtype.h"
#include "einfall/extent.h"
#include "einfall/status.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace einfall::rt {

/// Free-form facts, sorted by key. Keys that the runtime reads for a
/// "causal-lm": "vocab_size", "eos_token_ids" (comma-separated),
/// "bos_token_id"; all decimal. "assume.<entry>.<n>": the extent that has to be
/// at least 0 where host code returns n, and "limit.<entry>.<symbol>" the greatest
/// value that these allow of a symbol. "symbol.<symbol>" and "because.<symbol>": what
/// it is, and what limits it, for messages. "check.<entry>.<k>": how outputs got<k>
/// and expected<k> of a test compare, "eq WHERE" or "close ATOL RTOL WHERE";
/// "check.<entry>.param.<symbol>": the size it runs with.
struct MetadataItem {
  std::string key, value;
};

/// One compiled variant, stored as code/<name>.so. Code of a device is host code
/// for `arch` and `features` that exports einf_device_code (device.h).
struct TargetInfo {
  std::string name;                  ///< "x86-64-v4": [A-Za-z0-9._+-]+
  std::string arch;                  ///< "x86_64" or "aarch64"
  std::vector<std::string> features; ///< what the CPU must have, LLVM's names
  int32_t priority = 0;              ///< the highest that fits is taken
  std::string device = "";           ///< what its kernels run on: "cuda"; empty: the CPU
};

/// A tensor in weights/data.
struct WeightInfo {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;      ///< logical
  uint64_t offset = 0;             ///< in weights/data, 64-byte aligned
  uint64_t size = 0;               ///< bytes as stored, padding of a layout included
  std::string layout;              ///< "": dense row-major; else its index map
  std::vector<uint64_t> checksums; ///< xxh3-64 of each started MiB
};

/// A tensor that lives in a session. Extents are over Manifest::bounds.
struct StateInfo {
  std::string name;
  DType dtype = DType::F32;
  std::vector<Extent> shape;
};

/// Where the value of an entry's symbol comes from.
enum class SymbolSource : uint8_t {
  InputDim, ///< dimension `dim` of buffer `buffer`, an input whose extent
            ///< there is this symbol alone
  Bound,    ///< the session's bound of that name (must be in `bounds`)
  Param,    ///< a number that the caller passes
};

struct SymbolInfo {
  std::string name;
  SymbolSource source = SymbolSource::Param;
  uint32_t buffer = 0, dim = 0;
  bool operator==(const SymbolInfo &) const = default;
};

enum class BufferKind : uint8_t { Input, Output, State, Weight, Temporary };

/// One pointer of einf_call::buffers. Extents are over the entry's symbols.
struct BufferInfo {
  std::string name;
  BufferKind kind = BufferKind::Temporary;
  DType dtype = DType::F32;
  std::vector<Extent> shape;
  Extent byteSize;                      ///< temporaries: bytes to reserve (others: informative)
  uint32_t index = 0;                   ///< state: into states; weight: into weights
  uint32_t firstStep = 0, lastStep = 0; ///< temporary: launches, inclusive
  bool hasRange = false;                ///< integer input: refuse values outside [lo, hi)
  int64_t lo = 0, hi = 0;
  bool operator==(const BufferInfo &) const = default;
};

/// One launch of an entry, for those who look at it; nothing is run from it.
struct StepInfo {
  std::string program;           ///< the kernel's name; equal names are one kernel
  std::string source;            ///< where the user's program says so, or empty
  std::vector<uint32_t> buffers; ///< those that it reads or writes
  Extent points;                 ///< points of its iteration space
  bool operator==(const StepInfo &) const = default;
};

/// A callable function, exported by the code as einf_entry_<name>.
struct EntryInfo {
  std::string name; ///< [A-Za-z_][A-Za-z0-9_]*
  std::vector<SymbolInfo> symbols;
  std::vector<BufferInfo> buffers;
  std::vector<StepInfo> steps; ///< in the order in which they are launched
  bool operator==(const EntryInfo &) const = default;
};

/// Entries as the code of one target has them: names, symbols, inputs and outputs
/// as in Manifest::entries, in its order; temporaries and steps of their own.
struct TargetEntries {
  std::string target; ///< the name of a TargetInfo
  std::vector<EntryInfo> entries;
};

struct Manifest {
  uint32_t formatVersion = 0; ///< set by encodeManifest
  uint32_t abiVersion = 0;    ///< set by encodeManifest
  std::string compilerBuildId;
  std::string modelKind; ///< "causal-lm" or "function"
  std::vector<MetadataItem> metadata;
  std::vector<TargetInfo> targets;
  std::vector<std::string> bounds; ///< symbols that states are sized by
  std::vector<WeightInfo> weights;
  std::vector<StateInfo> states;
  std::vector<EntryInfo> entries;
  std::vector<TargetEntries> others; ///< of targets whose kernels are cut in another way

  /// Those that the code of `target` exports.
  const std::vector<EntryInfo> &entriesOf(std::string_view target) const;
  const std::string *findMetadata(std::string_view key) const;
  const EntryInfo *findEntry(std::string_view name) const;
};

/// manifest.bin of `manifest`: magic, versions, then the fields in order,
/// little-endian. Its size does not depend on offsets or checksums' values.
std::vector<std::byte> encodeManifest(const Manifest &manifest);

/// Reads manifest.bin. Checks every length; does not call validate().
Result<Manifest> decodeManifest(std::span<const std::byte> bytes);

/// manifest.json: the same without weight checksums, extents as text.
std::string manifestToJson(const Manifest &manifest);

/// Checks names, indices and extent programs. `weightBytes` is the size of
/// weights/data. The error names the entry and buffer.
Status validate(const Manifest &manifest, uint64_t weightBytes);

/// Names of the symbols of `entry`, for toString of extents.
std::vector<std::string> symbolNames(const EntryInfo &entry);

/// "[b, s, 256]".
std::string shapeToString(std::span<const Extent> shape, std::span<const std::string> names);

} // namespace einfall::rt
#endif
