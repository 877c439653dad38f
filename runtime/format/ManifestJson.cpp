//===- ManifestJson.cpp - manifest.json, the readable copy ----------------===//
#include "Json.h"
#include "einfall/manifest.h"

namespace einfall::rt {
namespace {

const char *kindName(BufferKind kind) {
  constexpr const char *kNames[] = {"input", "output", "state", "weight", "temporary"};
  return kNames[unsigned(kind)];
}

void shape(JsonWriter &j, const std::vector<Extent> &extents, std::span<const std::string> names) {
  j.key("shape").beginArray();
  for (const Extent &extent : extents)
    j.string(toString(extent, names));
  j.endArray();
}

void symbol(JsonWriter &j, const EntryInfo &entry, const SymbolInfo &symbol) {
  j.beginObject().key("name").string(symbol.name).key("source");
  if (symbol.source == SymbolSource::Bound)
    j.string("bound");
  else if (symbol.source == SymbolSource::Param)
    j.string("parameter");
  else
    j.string("dimension " + std::to_string(symbol.dim) + " of " +
             (symbol.buffer < entry.buffers.size() ? entry.buffers[symbol.buffer].name : "?"));
  j.endObject();
}

void buffer(JsonWriter &j, const Manifest &manifest, const BufferInfo &buffer,
            std::span<const std::string> names) {
  j.beginObject();
  j.key("name").string(buffer.name).key("kind").string(kindName(buffer.kind));
  if (buffer.kind == BufferKind::Weight) {
    if (buffer.index < manifest.weights.size())
      j.key("weight").string(manifest.weights[buffer.index].name);
    j.endObject();
    return;
  }
  j.key("dtype").string(nameOf(buffer.dtype));
  shape(j, buffer.shape, names);
  if (buffer.kind == BufferKind::State && buffer.index < manifest.states.size())
    j.key("state").string(manifest.states[buffer.index].name);
  if (buffer.kind == BufferKind::Temporary) {
    j.key("bytes").string(toString(buffer.byteSize, names));
    j.key("alive").beginArray();
    j.number(buffer.firstStep).number(buffer.lastStep).endArray();
  }
  if (buffer.hasRange)
    j.key("range").beginArray().number(buffer.lo).number(buffer.hi).endArray();
  j.endObject();
}

void step(JsonWriter &j, const StepInfo &step, std::span<const std::string> names) {
  j.beginObject().key("program").string(step.program);
  if (!step.source.empty())
    j.key("source").string(step.source);
  j.key("buffers").beginArray();
  for (uint32_t buffer : step.buffers)
    j.number(buffer);
  j.endArray().key("points").string(toString(step.points, names)).endObject();
}

void entry(JsonWriter &j, const Manifest &manifest, const EntryInfo &entry) {
  std::vector<std::string> names = symbolNames(entry);
  j.beginObject().key("name").string(entry.name);
  j.key("symbols").beginArray();
  for (const SymbolInfo &item : entry.symbols)
    symbol(j, entry, item);
  j.endArray().key("buffers").beginArray();
  for (const BufferInfo &item : entry.buffers)
    buffer(j, manifest, item, names);
  j.endArray().key("steps").beginArray();
  for (const StepInfo &item : entry.steps)
    step(j, item, names);
  j.endArray().endObject();
}

void weight(JsonWriter &j, const WeightInfo &weight) {
  j.beginObject().key("name").string(weight.name);
  j.key("dtype").string(nameOf(weight.dtype)).key("shape").beginArray();
  for (int64_t extent : weight.shape)
    j.number(extent);
  j.endArray();
  j.key("offset").number(int64_t(weight.offset));
  j.key("size").number(int64_t(weight.size));
  if (!weight.layout.empty())
    j.key("layout").string(weight.layout);
  j.endObject();
}

} // namespace

std::vector<std::string> symbolNames(const EntryInfo &entry) {
  std::vector<std::string> names;
  for (const SymbolInfo &symbol : entry.symbols)
    names.push_back(symbol.name);
  return names;
}

std::string shapeToString(std::span<const Extent> shape, std::span<const std::string> names) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + toString(shape[i], names);
  return text + "]";
}

std::string manifestToJson(const Manifest &manifest) {
  JsonWriter j;
  j.beginObject();
  j.key("compiler_build_id").string(manifest.compilerBuildId);
  j.key("model_kind").string(manifest.modelKind);
  j.key("metadata").beginObject();
  for (const MetadataItem &item : manifest.metadata)
    j.key(item.key).string(item.value);
  j.endObject().key("targets").beginArray();
  for (const TargetInfo &target : manifest.targets) {
    j.beginObject().key("name").string(target.name);
    j.key("arch").string(target.arch).key("features").beginArray();
    for (const std::string &feature : target.features)
      j.string(feature);
    j.endArray().key("priority").number(target.priority);
    if (!target.device.empty())
      j.key("device").string(target.device);
    j.endObject();
  }
  j.endArray().key("bounds").beginArray();
  for (const std::string &bound : manifest.bounds)
    j.string(bound);
  j.endArray().key("states").beginArray();
  for (const StateInfo &state : manifest.states) {
    j.beginObject().key("name").string(state.name);
    j.key("dtype").string(nameOf(state.dtype));
    shape(j, state.shape, manifest.bounds);
    j.endObject();
  }
  j.endArray().key("entries").beginArray();
  for (const EntryInfo &item : manifest.entries)
    entry(j, manifest, item);
  j.endArray();
  for (const TargetEntries &own : manifest.others) {
    j.key("entries_" + own.target).beginArray();
    for (const EntryInfo &item : own.entries)
      entry(j, manifest, item);
    j.endArray();
  }
  j.key("weights").beginArray();
  for (const WeightInfo &item : manifest.weights)
    weight(j, item);
  j.endArray().endObject();
  return j.take() + "\n";
}

} // namespace einfall::rt
