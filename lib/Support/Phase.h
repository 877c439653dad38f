//===- Phase.h - Where a module stands --------------------------*- C++ -*-===//
#ifndef EINFALL_LIB_SUPPORT_PHASE_H
#define EINFALL_LIB_SUPPORT_PHASE_H

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace einfall {

/// The phases of compilation, in order. One list of passes leads to each
/// (lib/Driver/Pipeline); verify-phase says what is illegal in it.
enum class Phase {
  Input,   ///< as imported
  Cascade, ///< views composed, maps inlined
  Kernels, ///< everything inside ein.kernel
  Tile,    ///< every kernel names a tile program for one target
  Run,     ///< entries are host programs with planned memory
  Llvm,    ///< programs and entries are functions of the host-code ABI
};

inline constexpr llvm::StringLiteral kPhaseNames[] = {"input", "cascade", "kernels",
                                                      "tile",  "run",     "llvm"};
inline constexpr unsigned kNumPhases = std::size(kPhaseNames);

inline llvm::StringRef nameOf(Phase phase) { return kPhaseNames[static_cast<unsigned>(phase)]; }

inline std::optional<Phase> parsePhase(llvm::StringRef name) {
  const auto *found = llvm::find(kPhaseNames, name);
  if (found == std::end(kPhaseNames))
    return std::nullopt;
  return static_cast<Phase>(found - std::begin(kPhaseNames));
}

} // namespace einfall

#endif
