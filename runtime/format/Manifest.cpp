//===- Manifest.cpp - manifest.bin, one field list for both directions ----===//
#include "einfall/manifest.h"
#include "Bytes.h"
#include "einfall/abi.h"
#include "einfall/format.h"

namespace einfall::rt {
namespace {

/// Writes fields. Mirrors Decoder, so that one `fields` serves both.
class Encoder {
public:
  template <typename T>
    requires std::is_integral_v<T>
  void operator()(const T &value) {
    if constexpr (std::is_same_v<T, bool>)
      w.number(uint8_t(value));
    else
      w.number(value);
  }
  template <typename T>
    requires std::is_enum_v<T>
  void enumerator(const T &value, unsigned) {
    w.number(uint8_t(value));
  }
  void operator()(const std::string &text) {
    w.number(uint32_t(text.size()));
    w.raw(text);
  }
  template <typename T> void operator()(const std::vector<T> &items);

  ByteWriter w;
};

/// Reads fields; any bad length or enumerator makes `r` fail.
class Decoder {
public:
  explicit Decoder(std::span<const std::byte> bytes) : r(bytes) {}

  template <typename T>
    requires std::is_integral_v<T>
  void operator()(T &value) {
    if constexpr (std::is_same_v<T, bool>) {
      uint8_t byte = r.number<uint8_t>();
      if (byte > 1)
        r.fail();
      value = byte == 1;
    } else {
      value = r.number<T>();
    }
  }
  template <typename T>
    requires std::is_enum_v<T>
  void enumerator(T &value, unsigned count) {
    uint8_t byte = r.number<uint8_t>();
    if (byte >= count)
      return r.fail();
    value = T(byte);
  }
  void operator()(std::string &text) {
    uint32_t size = r.number<uint32_t>();
    text = r.raw(size);
  }
  template <typename T> void operator()(std::vector<T> &items);

  ByteReader r;
};

template <typename A, typename T> void fields(A &a, T &item) { a(item); }

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, ExtentOp>
void fields(A &a, T &op) {
  a.enumerator(op.kind, kExtentOpCount);
  if (op.kind == ExtentOp::Const || op.kind == ExtentOp::Symbol)
    a(op.value);
}

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, Extent>
void fields(A &a, T &extent) {
  a(extent.ops);
}

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, MetadataItem>
void fields(A &a, T &item) {
  a(item.key);
  a(item.value);
}

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, TargetInfo>
void fields(A &a, T &target) {
  a(target.name);
  a(target.arch);
  a(target.features);
  a(target.priority);
  a(target.device);
}

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, WeightInfo>
void fields(A &a, T &weight) {
  a(weight.name);
  a.enumerator(weight.dtype, kDTypeCount);
  a(weight.shape);
  a(weight.offset);
  a(weight.size);
  a(weight.layout);
  a(weight.checksums);
}

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, StateInfo>
void fields(A &a, T &state) {
  a(state.name);
  a.enumerator(state.dtype, kDTypeCount);
  a(state.shape);
}

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, SymbolInfo>
void fields(A &a, T &symbol) {
  a(symbol.name);
  a.enumerator(symbol.source, 3);
  a(symbol.buffer);
  a(symbol.dim);
}

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, BufferInfo>
void fields(A &a, T &buffer) {
  a(buffer.name);
  a.enumerator(buffer.kind, 5);
  a.enumerator(buffer.dtype, kDTypeCount);
  a(buffer.shape);
  fields(a, buffer.byteSize);
  a(buffer.index);
  a(buffer.firstStep);
  a(buffer.lastStep);
  a(buffer.hasRange);
  a(buffer.lo);
  a(buffer.hi);
}

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, StepInfo>
void fields(A &a, T &step) {
  a(step.program);
  a(step.source);
  a(step.buffers);
  fields(a, step.points);
}

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, EntryInfo>
void fields(A &a, T &entry) {
  a(entry.name);
  a(entry.symbols);
  a(entry.buffers);
  a(entry.steps);
}

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, TargetEntries>
void fields(A &a, T &own) {
  a(own.target);
  a(own.entries);
}

template <typename A, typename T>
  requires std::is_same_v<std::remove_const_t<T>, Manifest>
void fields(A &a, T &manifest) {
  a(manifest.compilerBuildId);
  a(manifest.modelKind);
  a(manifest.metadata);
  a(manifest.targets);
  a(manifest.bounds);
  a(manifest.weights);
  a(manifest.states);
  a(manifest.entries);
  a(manifest.others);
}

template <typename T> void Encoder::operator()(const std::vector<T> &items) {
  w.number(uint32_t(items.size()));
  for (const T &item : items)
    fields(*this, item);
}

template <typename T> void Decoder::operator()(std::vector<T> &items) {
  // Grown item by item: a damaged count cannot ask for more than there is.
  uint32_t count = r.number<uint32_t>();
  for (uint32_t i = 0; i < count && !r.failed(); ++i)
    fields(*this, items.emplace_back());
}

} // namespace

std::vector<std::byte> encodeManifest(const Manifest &manifest) {
  Encoder e;
  e.w.raw(kManifestMagic);
  e.w.number(kFormatVersion);
  e.w.number(uint32_t(EINF_ABI_VERSION));
  fields(e, manifest);
  std::string text = e.w.take();
  const auto *data = reinterpret_cast<const std::byte *>(text.data());
  return {data, data + text.size()};
}

Result<Manifest> decodeManifest(std::span<const std::byte> bytes) {
  Decoder d(bytes);
  Manifest manifest;
  if (d.r.raw(kManifestMagic.size()) != kManifestMagic)
    return badPackage("manifest.bin has a wrong magic");
  manifest.formatVersion = d.r.number<uint32_t>();
  manifest.abiVersion = d.r.number<uint32_t>();
  if (d.r.failed())
    return badPackage("manifest.bin is truncated");
  if (manifest.formatVersion != kFormatVersion)
    return badPackage("the package has format version " + std::to_string(manifest.formatVersion) +
                      ", this runtime reads " + std::to_string(kFormatVersion));
  if (manifest.abiVersion != EINF_ABI_VERSION)
    return badPackage("the package has code ABI version " + std::to_string(manifest.abiVersion) +
                      ", this runtime has " + std::to_string(EINF_ABI_VERSION));
  fields(d, manifest);
  if (d.r.failed())
    return badPackage("manifest.bin is truncated or has a bad field");
  if (d.r.remaining() != 0)
    return badPackage("manifest.bin has bytes left over");
  return manifest;
}

const std::vector<EntryInfo> &Manifest::entriesOf(std::string_view target) const {
  for (const TargetEntries &own : others)
    if (own.target == target)
      return own.entries;
  return entries;
}

const std::string *Manifest::findMetadata(std::string_view key) const {
  for (const MetadataItem &item : metadata)
    if (item.key == key)
      return &item.value;
  return nullptr;
}

const EntryInfo *Manifest::findEntry(std::string_view name) const {
  for (const EntryInfo &entry : entries)
    if (entry.name == name)
      return &entry;
  return nullptr;
}

} // namespace einfall::rt
