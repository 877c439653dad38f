//===- Limits.h - How large sizes may be at all -----------------*- C++ -*-===//
//
// A table of a model (of positions, say) may end before a session's bounds do. The
// compiler derives from the assumptions of each entry the greatest value of a symbol
// ("limit.<entry>.<symbol>" of the metadata), and an importer may say why
// ("because.<symbol>") and what the symbol is ("symbol.<symbol>").
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_RUNTIME_CORE_LIMITS_H
#define EINFALL_RUNTIME_CORE_LIMITS_H

#include "einfall/manifest.h"

#include <string>
#include <string_view>

namespace einfall::rt {

/// The greatest value of `symbol` for which the entry runs; INT64_MAX if nothing limits it.
int64_t limitOf(const Manifest &manifest, std::string_view entry, std::string_view symbol);

/// The greatest of all entries that have the symbol.
int64_t limitOf(const Manifest &manifest, std::string_view symbol);

/// "at most 128: w.pos has 128 rows", or without a reason where none is known.
std::string limitText(const Manifest &manifest, std::string_view symbol, int64_t limit);

/// "'t' (tokens of the text so far)": what the importer calls it, else the dimension of
/// an input that it is, else the name alone.
std::string describeSymbol(const Manifest &manifest, const EntryInfo &entry, size_t symbol);

} // namespace einfall::rt

#endif
