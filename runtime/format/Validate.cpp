//===- Validate.cpp - What must hold in every manifest --------------------===//
//
// The loader trusts nothing that this file has not looked at: after
// validate() every index, size and program of a manifest is safe to use.
//
//===----------------------------------------------------------------------===//
#include "einfall/format.h"
#include "einfall/manifest.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace einfall::rt {
namespace {

constexpr size_t kMaxRank = 16;

bool isIdentifier(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9'))
    return false;
  for (char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
      return false;
  return true;
}

bool isTargetName(std::string_view name) {
  if (name.empty() || name.size() > 64 || name[0] == '.')
    return false;
  for (char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
          c == '-' || c == '.' || c == '+'))
      return false;
  return true;
}

Status bad(const std::string &where, const std::string &what) {
  return badPackage("manifest: " + where + ": " + what);
}

/// Names of one list: distinct and not empty.
template <typename T, typename Get>
Status checkNames(const std::vector<T> &items, const char *what, Get get) {
  std::set<std::string_view> seen;
  for (const T &item : items) {
    std::string_view name = get(item);
    if (name.empty())
      return bad(what, "empty name");
    if (!seen.insert(name).second)
      return bad(what, "'" + std::string(name) + "' is there twice");
  }
  return {};
}

Status checkShape(const std::vector<Extent> &shape, size_t symbols, const std::string &where) {
  if (shape.size() > kMaxRank)
    return bad(where, "rank is above " + std::to_string(kMaxRank));
  for (const Extent &extent : shape)
    if (!isWellFormed(extent, symbols))
      return bad(where, "malformed extent");
  return {};
}

Status checkWeight(const WeightInfo &weight, uint64_t weightBytes, uint64_t &end) {
  std::string where = "weight '" + weight.name + "'";
  if (weight.shape.size() > kMaxRank)
    return bad(where, "rank is above " + std::to_string(kMaxRank));
  uint64_t bytes = byteWidth(weight.dtype);
  for (int64_t extent : weight.shape)
    if (extent < 0 || __builtin_mul_overflow(bytes, uint64_t(extent), &bytes))
      return bad(where, "bad shape");
  if (weight.layout.empty() ? weight.size != bytes : weight.size < bytes)
    return bad(where, "expected " + std::to_string(bytes) + " bytes, but got " +
                          std::to_string(weight.size));
  if (weight.offset % kEntryAlignment != 0 || weight.offset < end ||
      weight.offset - end >= kEntryAlignment || weight.offset > weightBytes ||
      weight.size > weightBytes - weight.offset)
    return bad(where, "lies at a wrong place in weights/data");
  if (weight.checksums.size() != weight.size / kWeightChunk + (weight.size % kWeightChunk != 0))
    return bad(where, "wrong number of chunk checksums");
  end = weight.offset + weight.size;
  return {};
}

Status checkSymbol(const Manifest &manifest, const EntryInfo &entry, size_t index,
                   const std::string &where) {
  const SymbolInfo &symbol = entry.symbols[index];
  if (symbol.source == SymbolSource::InputDim) {
    bool ok = symbol.buffer < entry.buffers.size() &&
              entry.buffers[symbol.buffer].kind == BufferKind::Input &&
              symbol.dim < entry.buffers[symbol.buffer].shape.size() &&
              entry.buffers[symbol.buffer].shape[symbol.dim] == Extent::symbol(uint32_t(index));
    if (!ok)
      return bad(where, "symbol '" + symbol.name + "' is bound by no whole input dimension");
  }
  if (symbol.source == SymbolSource::Bound) {
    bool found = false;
    for (const std::string &name : manifest.bounds)
      found |= name == symbol.name;
    if (!found)
      return bad(where, "symbol '" + symbol.name + "' is no session bound");
  }
  return {};
}

Status checkBuffer(const Manifest &manifest, const EntryInfo &entry, const BufferInfo &buffer,
                   const std::string &where) {
  EINF_TRY(checkShape(buffer.shape, entry.symbols.size(), where));
  if (!buffer.byteSize.ops.empty() && !isWellFormed(buffer.byteSize, entry.symbols.size()))
    return bad(where, "malformed byte size");
  if (buffer.hasRange && (buffer.kind != BufferKind::Input || !isInteger(buffer.dtype)))
    return bad(where, "only integer inputs have a value range");
  if (buffer.kind == BufferKind::State) {
    if (buffer.index >= manifest.states.size())
      return bad(where, "there is no such state");
    const StateInfo &state = manifest.states[buffer.index];
    if (state.dtype != buffer.dtype || state.shape.size() != buffer.shape.size())
      return bad(where, "differs from state '" + state.name + "'");
  }
  if (buffer.kind == BufferKind::Weight && buffer.index >= manifest.weights.size())
    return bad(where, "there is no such weight");
  if (buffer.kind == BufferKind::Temporary &&
      (buffer.byteSize.ops.empty() || buffer.firstStep > buffer.lastStep))
    return bad(where, "bad size or lifetime");
  return {};
}

Status checkEntry(const Manifest &manifest, const EntryInfo &entry) {
  std::string where = "entry '" + entry.name + "'";
  if (!isIdentifier(entry.name))
    return bad(where, "the name is no identifier");
  EINF_TRY(
      checkNames(entry.symbols, "symbol", [](const auto &s) { return std::string_view(s.name); }));
  for (size_t i = 0; i < entry.symbols.size(); ++i)
    EINF_TRY(checkSymbol(manifest, entry, i, where));
  std::set<std::string_view> inputs, outputs;
  for (const BufferInfo &buffer : entry.buffers) {
    std::string place = where + ", buffer '" + buffer.name + "'";
    EINF_TRY(checkBuffer(manifest, entry, buffer, place));
    if ((buffer.kind == BufferKind::Input && !inputs.insert(buffer.name).second) ||
        (buffer.kind == BufferKind::Output && !outputs.insert(buffer.name).second))
      return bad(place, "the name is there twice");
  }
  for (const StepInfo &step : entry.steps) {
    if (!isWellFormed(step.points, entry.symbols.size()))
      return bad(where, "step '" + step.program + "' has a malformed number of points");
    for (uint32_t buffer : step.buffers)
      if (buffer >= entry.buffers.size())
        return bad(where, "step '" + step.program + "' names no buffer of the entry");
  }
  return {};
}

/// What callers see of an entry does not depend on the device.
bool sameInterface(const EntryInfo &a, const EntryInfo &b) {
  auto seen = [](const BufferInfo &buffer) {
    return buffer.kind == BufferKind::Input || buffer.kind == BufferKind::Output;
  };
  auto sameBuffer = [](const BufferInfo &x, const BufferInfo &y) {
    return x.name == y.name && x.kind == y.kind && x.dtype == y.dtype && x.shape == y.shape &&
           x.hasRange == y.hasRange && x.lo == y.lo && x.hi == y.hi;
  };
  std::vector<BufferInfo> buffers[2];
  std::ranges::copy_if(a.buffers, std::back_inserter(buffers[0]), seen);
  std::ranges::copy_if(b.buffers, std::back_inserter(buffers[1]), seen);
  return a.name == b.name && a.symbols == b.symbols &&
         std::ranges::equal(buffers[0], buffers[1], sameBuffer);
}

Status checkOther(const Manifest &manifest, const TargetEntries &own) {
  std::string where = "entries of target '" + own.target + "'";
  if (std::ranges::find(manifest.targets, own.target, &TargetInfo::name) == manifest.targets.end())
    return bad(where, "there is no such target");
  if (!std::ranges::equal(own.entries, manifest.entries, sameInterface))
    return bad(where, "they take or give something else than the others");
  for (const EntryInfo &entry : own.entries)
    EINF_TRY(checkEntry(manifest, entry));
  return {};
}

} // namespace

Status validate(const Manifest &manifest, uint64_t weightBytes) {
  auto name = [](const auto &item) { return std::string_view(item.name); };
  auto self = [](const std::string &item) { return std::string_view(item); };
  EINF_TRY(checkNames(manifest.targets, "target", name));
  EINF_TRY(checkNames(manifest.bounds, "bound", self));
  EINF_TRY(checkNames(manifest.weights, "weight", name));
  EINF_TRY(checkNames(manifest.states, "state", name));
  EINF_TRY(checkNames(manifest.entries, "entry", name));
  if (manifest.targets.empty())
    return bad("targets", "there is none");
  for (const TargetInfo &target : manifest.targets)
    if (!isTargetName(target.name) || (!target.device.empty() && !isIdentifier(target.device)))
      return bad("target '" + target.name + "'", "bad name");
  uint64_t end = 0;
  for (const WeightInfo &weight : manifest.weights)
    EINF_TRY(checkWeight(weight, weightBytes, end));
  if (end != weightBytes)
    return bad("weights", "weights/data has " + std::to_string(weightBytes) +
                              " bytes, but the weights end at " + std::to_string(end));
  for (const StateInfo &state : manifest.states)
    EINF_TRY(checkShape(state.shape, manifest.bounds.size(), "state '" + state.name + "'"));
  for (const EntryInfo &entry : manifest.entries)
    EINF_TRY(checkEntry(manifest, entry));
  EINF_TRY(checkNames(manifest.others, "target with entries of its own",
                      [](const auto &own) { return std::string_view(own.target); }));
  for (const TargetEntries &own : manifest.others)
    EINF_TRY(checkOther(manifest, own));
  return {};
}

} // namespace einfall::rt
