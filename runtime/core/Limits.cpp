//===- Limits.cpp - How large sizes may be at all -------------------------===//
#include "Limits.h"

#include <algorithm>
#include <charconv>

namespace einfall::rt {

int64_t limitOf(const Manifest &manifest, std::string_view entry, std::string_view symbol) {
  const std::string *text =
      manifest.findMetadata("limit." + std::string(entry) + "." + std::string(symbol));
  int64_t limit = INT64_MAX;
  if (text && std::from_chars(text->data(), text->data() + text->size(), limit).ec != std::errc())
    return INT64_MAX;
  return limit;
}

int64_t limitOf(const Manifest &manifest, std::string_view symbol) {
  int64_t greatest = INT64_MIN;
  for (const EntryInfo &entry : manifest.entries)
    if (std::ranges::any_of(entry.symbols, [&](auto &own) { return own.name == symbol; }))
      greatest = std::max(greatest, limitOf(manifest, entry.name, symbol));
  return greatest == INT64_MIN ? INT64_MAX : greatest;
}

std::string limitText(const Manifest &manifest, std::string_view symbol, int64_t limit) {
  const std::string *why = manifest.findMetadata("because." + std::string(symbol));
  return "at most " + std::to_string(limit) + (why ? ": " + *why : "");
}

std::string describeSymbol(const Manifest &manifest, const EntryInfo &entry, size_t symbol) {
  const SymbolInfo &info = entry.symbols[symbol];
  std::string text = "'" + info.name + "'";
  if (const std::string *meaning = manifest.findMetadata("symbol." + info.name))
    return text + " (" + *meaning + ")";
  if (info.source != SymbolSource::InputDim)
    return text;
  return text + " (dimension " + std::to_string(info.dim) + " of '" +
         entry.buffers[info.buffer].name + "')";
}

} // namespace einfall::rt
