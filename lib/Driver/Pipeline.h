//===- Pipeline.h - The phases of compilation -------------------*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_PIPELINE_H
#define EINFALL_LIB_DRIVER_PIPELINE_H

#include "lib/Target/CpuTarget.h"
#include "mlir/Pass/PassManager.h"

namespace einfall {

/// Where a module stands. Each phase is one list of passes.
enum class Phase {
  Input,   ///< as imported
  Cascade, ///< views composed, maps inlined
  Kernels, ///< everything inside ein.kernel
  Tile,    ///< every kernel names a tile program for one target
  Run,     ///< entries are host programs with planned memory
};
inline constexpr Phase kPhases[] = {Phase::Input, Phase::Cascade, Phase::Kernels, Phase::Tile,
                                    Phase::Run};

llvm::StringRef nameOf(Phase phase);
std::optional<Phase> parsePhase(llvm::StringRef name);

/// Adds the passes that lead from the phase before `phase` to `phase`.
void populatePhase(mlir::OpPassManager &passes, Phase phase, const CpuTarget &target);

} // namespace einfall

#endif
