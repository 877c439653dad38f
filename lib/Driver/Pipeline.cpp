//===- Pipeline.cpp - The phases of compilation ---------------------------===//
#include "lib/Driver/Pipeline.h"
#include "mlir/Transforms/Passes.h"
#include "passes/ein-to-tile/Passes.h"
#include "passes/ein/Passes.h"
#include "passes/run/Passes.h"

using namespace mlir;

namespace einfall {

static constexpr llvm::StringLiteral kNames[] = {"input", "cascade", "kernels", "tile", "run"};

llvm::StringRef nameOf(Phase phase) { return kNames[static_cast<int>(phase)]; }

std::optional<Phase> parsePhase(llvm::StringRef name) {
  for (Phase phase : kPhases)
    if (nameOf(phase) == name)
      return phase;
  return std::nullopt;
}

void populatePhase(OpPassManager &passes, Phase phase, const CpuTarget &target) {
  OpPassManager &each =
      phase == Phase::Cascade || phase == Phase::Kernels ? passes.nest<func::FuncOp>() : passes;
  switch (phase) {
  case Phase::Input:
    break;
  case Phase::Cascade:
    // Equal ops first: fewer results with several readers.
    each.addPass(createCSEPass());
    each.addPass(ein::createEinSimplifyViews());
    each.addPass(ein::createEinSplitRanks());
    // Bodies shrink before their cost decides what is inlined.
    each.addPass(createCanonicalizerPass());
    each.addPass(createCSEPass());
    each.addPass(ein::createEinInlineMaps());
    each.addPass(createCanonicalizerPass());
    each.addPass(createCSEPass());
    break;
  case Phase::Kernels:
    each.addPass(ein::createEinFormKernels());
    break;
  case Phase::Tile: {
    EinToTileOptions options;
    options.vectorBytes = target.vectorBytes;
    options.vectorRegisters = target.vectorRegisters;
    passes.addPass(createEinToTile(options));
    passes.addPass(createCanonicalizerPass());
    passes.addPass(createCSEPass());
    break;
  }
  case Phase::Run:
    passes.addPass(run::createRunFromKernels());
    // Last: lifetimes count the steps that are there.
    passes.addNestedPass<run::EntryOp>(run::createRunPlanMemory());
    break;
  }
}

} // namespace einfall
