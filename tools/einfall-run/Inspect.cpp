//===- Inspect.cpp - Shows what is in a package ---------------------------===//
#include "Commands.h"

#include <cinttypes>
#include <cstdio>

namespace einfall::tool {
namespace {

using rt::BufferKind;

void printBuffers(const rt::EntryInfo &entry, BufferKind kind, const char *label) {
  std::vector<std::string> names = rt::symbolNames(entry);
  for (const rt::BufferInfo &buffer : entry.buffers) {
    if (buffer.kind != kind)
      continue;
    std::printf("  %-7s %-12s %s %s", label, buffer.name.c_str(),
                std::string(rt::nameOf(buffer.dtype)).c_str(),
                rt::shapeToString(buffer.shape, names).c_str());
    if (buffer.hasRange)
      std::printf("  values in [%" PRId64 ", %" PRId64 ")", buffer.lo, buffer.hi);
    std::printf("\n");
  }
}

void printEntry(const rt::EntryInfo &entry) {
  std::printf("%s\n", entry.name.c_str());
  printBuffers(entry, BufferKind::Input, "input");
  for (const rt::SymbolInfo &symbol : entry.symbols)
    if (symbol.source == rt::SymbolSource::Param)
      std::printf("  param   %s\n", symbol.name.c_str());
  printBuffers(entry, BufferKind::State, "state");
  printBuffers(entry, BufferKind::Output, "output");
}

void printTable(const rt::Package &package) {
  const rt::Manifest &m = package.manifest();
  std::printf("kind      %s\nbuild     %s\n", m.modelKind.c_str(), m.compilerBuildId.c_str());
  for (const rt::MetadataItem &item : m.metadata)
    std::printf("metadata  %s = %s\n", item.key.c_str(), item.value.c_str());
  for (const rt::TargetInfo &target : m.targets) {
    std::printf("target    %s (%s%s, priority %d)", target.name.c_str(),
                target.device.empty() ? "" : (target.device + " with ").c_str(),
                target.arch.c_str(), target.priority);
    for (const std::string &feature : target.features)
      std::printf(" %s", feature.c_str());
    std::printf("\n");
  }
  std::printf("\nfiles\n");
  for (const rt::ArchiveEntry &file : package.files())
    std::printf("  %12" PRIu64 "  %s\n", file.size, file.name.c_str());
  std::printf("\nstates\n");
  for (const rt::StateInfo &state : m.states)
    std::printf("  %-24s %s %s\n", state.name.c_str(), std::string(rt::nameOf(state.dtype)).c_str(),
                rt::shapeToString(state.shape, m.bounds).c_str());
  std::printf("\nweights\n");
  for (const rt::WeightInfo &weight : m.weights) {
    std::string shape;
    for (int64_t extent : weight.shape)
      shape += (shape.empty() ? "" : ", ") + std::to_string(extent);
    std::printf("  %12" PRIu64 "  %s %s [%s]%s%s\n", weight.size, weight.name.c_str(),
                std::string(rt::nameOf(weight.dtype)).c_str(), shape.c_str(),
                weight.layout.empty() ? "" : "  ", weight.layout.c_str());
  }
  std::printf("\nentries\n");
  for (const rt::EntryInfo &entry : m.entries)
    printEntry(entry);
}

} // namespace

rt::Status listEntries(const PackagePtr &package) {
  for (const rt::EntryInfo &entry : package->manifest().entries)
    printEntry(entry);
  return {};
}

rt::Status inspect(const PackagePtr &package, const Options &options) {
  if (options.verify)
    EINF_TRY(package->verify());
  if (options.json || options.report) {
    std::span<const std::byte> json =
        package->file(options.json ? rt::kManifestJson : std::string_view("report.json"));
    if (json.empty())
      return rt::invalidArgument("'" + options.file +
                                 "' holds no report: compile it again, or see inspect --json");
    std::fwrite(json.data(), 1, json.size(), stdout);
    return {};
  }
  printTable(*package);
  if (options.verify)
    std::printf("\nall checksums hold\n");
  return {};
}

} // namespace einfall::tool
