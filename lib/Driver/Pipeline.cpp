//===- Pipeline.cpp - The phases of compilation ---------------------------===//
#include "lib/Driver/Pipeline.h"
#include "codegen/cpu/Passes.h"
#include "codegen/nvptx/Passes.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/ein-to-tile/Passes.h"
#include "passes/ein/Passes.h"
#include "passes/run/Passes.h"
#include "passes/tile/Passes.h"
#include "passes/verify/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace einfall {

/// What schedules have to know of a target.
static EinToTileOptions tileOptions(const Target &target) {
  EinToTileOptions options;
  if (const GpuTarget *gpu = target.gpu) {
    options.warps = gpu->warps;
    options.warpLanes = gpu->warpLanes;
    options.vectorRegisters = gpu->registers;
    options.localBytes = gpu->localBytes;
    options.matrixBytes = gpu->sharedBytes;
    options.packs = false;
    return options;
  }
  options.vectorBytes = target.cpu->vectorBytes;
  options.vectorRegisters = target.cpu->vectorRegisters;
  const Machine &machine = target.machine;
  options.firstCacheBytes = machine.firstCache;
  // The other half is for what passes by.
  options.localBytes = machine.secondCache / 2;
  options.lastCacheBytes = machine.lastCache;
  options.flops = machine.flops;
  options.dotFlops = machine.dotFlops ? machine.dotFlops : machine.flops * target.cpu->pairRate;
  options.secondRate = machine.secondRate;
  options.memoryRate = machine.memoryRate;
  options.sharesUnits = target.cpu->sharesUnits;
  for (llvm::StringRef element : target.cpu->dots)
    options.dots.push_back(element.str());
  for (llvm::StringRef element : target.cpu->tiles)
    options.tiles.push_back(element.str());
  options.panels = target.ownsWeights;
  return options;
}

/// Where a fold is split: rows that one matrix instruction takes do not keep a GPU busy.
static ein::EinSplitFoldsOptions splitOptions(const Target &target) {
  ein::EinSplitFoldsOptions options;
  options.length = target.gpu ? target.gpu->foldedPart : 0;
  return options;
}

/// Rows that are worth storing what a contraction reads of them: on a GPU a launch costs more
/// than blocks that compute it again side by side.
static int64_t storedRows(const Target &target) { return target.gpu ? 0 : 32; }

/// Blocks of a CPU scale their activations once and multiply them by dots.
static ein::EinDeferOptions deferOptions(const Target &target) {
  ein::EinDeferOptions options;
  options.storedRows = storedRows(target);
  for (llvm::StringRef element : target.gpu ? ArrayRef<llvm::StringRef>() : target.cpu->dots)
    options.dots.push_back(element.str());
  return options;
}

void populateIndexing(OpPassManager &functions) {
  // Equal ops first: fewer results with several readers.
  functions.addPass(createCSEPass());
  functions.addPass(ein::createEinSimplifyViews());
  functions.addPass(ein::createEinSplitRanks());
  ein::EinSplitResultsOptions merged;
  merged.mergedOnly = true;
  functions.addPass(ein::createEinSplitResults(merged));
  functions.addPass(ein::createEinNarrowReads());
  // Bodies shrink before their cost decides what is inlined.
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
}

void populatePhase(OpPassManager &passes, Phase phase, const Target &target, ModulePart part) {
  OpPassManager &each =
      phase == Phase::Cascade || phase == Phase::Kernels ? passes.nest<func::FuncOp>() : passes;
  switch (phase) {
  case Phase::Input:
    // Before anything moves or folds an operation.
    passes.addPass(ein::createEinFixRounding());
    passes.addNestedPass<func::FuncOp>(ein::createEinAssumeSizes());
    passes.addPass(ein::createEinTurnWeights());
    break;
  case Phase::Cascade:
    populateIndexing(each);
    each.addPass(ein::createEinMergeEqual());
    // Maps that several reductions read are still there to be looked through.
    {
      ein::EinDeriveFoldsOptions folds;
      folds.movingOnly = true;
      each.addPass(ein::createEinDeriveFolds(folds));
    }
    each.addPass(ein::createEinDefer(deferOptions(target)));
    each.addPass(createCanonicalizerPass());
    each.addPass(createCSEPass());
    each.addPass(ein::createEinInlineMaps());
    // Equal conditions first: of selects by one condition, one is left.
    each.addPass(createCSEPass());
    each.addPass(createCanonicalizerPass());
    each.addPass(createCSEPass());
    each.addPass(ein::createEinSplitResults());
    each.addPass(ein::createEinShareShifted());
    each.addPass(ein::createEinNarrowResults());
    break;
  case Phase::Kernels:
    each.addPass(ein::createEinFormKernels({storedRows(target)}));
    each.addPass(ein::createEinSplitFolds(splitOptions(target)));
    each.addPass(ein::createEinStageKernels());
    each.addPass(ein::createEinJoinKernels({storedRows(target)}));
    break;
  case Phase::Tile:
    passes.addPass(createEinToTile(tileOptions(target)));
    if (target.gpu) {
      passes.addPass(verify::createVerifyArefs());
      // Before what folds and merges the numbers of slots.
      passes.addPass(tile::createTileLowerAref());
    }
    passes.addPass(createCanonicalizerPass());
    passes.addPass(createCSEPass());
    if (target.gpu) {
      passes.addPass(tile::createTileSimplifyRows());
      passes.addPass(tile::createTileJoinBranches());
      tile::TileDistributeWarpsOptions options;
      options.warps = target.gpu->warps;
      passes.addPass(tile::createTileDistributeWarps(options));
    } else {
      passes.addPass(tile::createTileUnrollConditions());
      const int64_t twoRegisters = 2 * target.cpu->vectorBytes / 4;
      if (!target.cpu->maximum)
        passes.addPass(tile::createTileTestNumbers({twoRegisters, !target.cpu->tiles.empty()}));
      // Rounding takes any two registers there.
      if (!target.cpu->pairToBfloat.empty())
        passes.addPass(tile::createTilePairLanes({twoRegisters}));
    }
    break;
  case Phase::Run: {
    run::RunFromKernelsOptions options;
    options.device = target.device().str();
    passes.addPass(run::createRunFromKernels(options));
    // Last: lifetimes count the steps that are there.
    passes.addNestedPass<run::EntryOp>(run::createRunPlanMemory());
    break;
  }
  case Phase::Llvm:
    // Programs first; what is left is the host's.
    if (target.gpu && part != ModulePart::host)
      nvptx::populateLowerToLLVM(passes, *target.gpu);
    if (!target.gpu || part != ModulePart::device)
      cpu::populateLowerToLLVM(passes, *target.cpu);
    break;
  }
}

void buildPipeline(OpPassManager &passes, const PipelineOptions &options) {
  auto verify = [&](Phase phase) {
    verify::VerifyPhaseOptions check;
    check.phase = nameOf(phase).str();
    passes.addPass(verify::createVerifyPhase(check));
  };
  verify(options.from);
  for (unsigned i = 0; i < kNumPhases; ++i) {
    Phase phase = static_cast<Phase>(i);
    // A module that stands at the input has not been through that phase.
    bool done = phase < options.from || (phase == options.from && phase != Phase::Input);
    if (done || phase > options.to)
      continue;
    populatePhase(passes, phase, options.target, options.part);
    verify(phase);
    if (options.dumpTo.empty())
      continue;
    verify::VerifyDumpPhaseOptions dump;
    dump.folder = options.dumpTo;
    dump.name = (options.dumpPrefix + Twine(i) + "-" + nameOf(phase)).str();
    passes.addPass(verify::createVerifyDumpPhase(dump));
  }
}

std::optional<PipelineOptions> parsePipeline(const PipelineNames &names,
                                             function_ref<void(const Twine &)> fail) {
  PipelineOptions options;
  std::optional<Target> target = findTarget(names.target);
  if (!target) {
    fail("unknown target '" + names.target + "'; there are " + targetNames());
    return std::nullopt;
  }
  options.target = *target;
  for (auto [name, phase] : {std::pair(names.from, &options.from), {names.to, &options.to}}) {
    std::optional<Phase> found = parsePhase(name);
    if (!found) {
      fail("there is no phase '" + name + "'; there are " +
           llvm::join(llvm::ArrayRef(kPhaseNames), ", "));
      return std::nullopt;
    }
    *phase = *found;
  }
  if (options.from > options.to) {
    fail("cannot go from phase '" + names.from + "' back to '" + names.to + "'");
    return std::nullopt;
  }
  options.dumpTo = names.dumpTo;
  return options;
}

namespace {

struct TextOptions : PassPipelineOptions<TextOptions> {
  Option<std::string> target{*this, "target", llvm::cl::init("native"),
                             llvm::cl::desc("the CPU or GPU to compile for")};
};

struct RangeOptions : TextOptions {
  Option<std::string> from{*this, "from", llvm::cl::init("input"),
                           llvm::cl::desc("the phase that the module has been through")};
  Option<std::string> to{*this, "to", llvm::cl::init("llvm"), llvm::cl::desc("the last phase")};
  Option<std::string> dumpTo{*this, "dump-to", llvm::cl::init(""),
                             llvm::cl::desc("folder for the module after each phase")};
};

/// Registers a pipeline whose options `read` turns into names.
template <typename Options>
void registerPipeline(StringRef name, StringRef summary,
                      std::function<PipelineNames(const Options &)> read,
                      std::function<void(OpPassManager &, const PipelineOptions &)> build) {
  registerPassPipeline(
      name, summary,
      [=](OpPassManager &passes, StringRef text,
          function_ref<LogicalResult(const Twine &)> error) -> LogicalResult {
        Options given;
        if (failed(given.parseFromString(text)))
          return failure();
        std::optional<PipelineOptions> options =
            parsePipeline(read(given), [&](const Twine &message) { (void)error(message); });
        if (!options)
          return failure();
        build(passes, *options);
        return success();
      },
      [](function_ref<void(const mlir::detail::PassOptions &)> handler) { handler(Options()); });
}

} // namespace

void registerPipelines() {
  for (unsigned i = 0; i < kNumPhases; ++i) {
    Phase phase = static_cast<Phase>(i);
    registerPipeline<TextOptions>(("einfall-pipeline-" + nameOf(phase)).str(),
                                  ("from the phase before to phase '" + nameOf(phase) + "'").str(),
                                  [](const TextOptions &given) {
                                    PipelineNames names;
                                    names.target = given.target;
                                    return names;
                                  },
                                  [phase](OpPassManager &passes, const PipelineOptions &options) {
                                    populatePhase(passes, phase, options.target);
                                  });
  }
  registerPipeline<RangeOptions>(
      "einfall-pipeline", "all phases, with checks between them",
      [](const RangeOptions &given) {
        return PipelineNames{given.target, given.from, given.to, given.dumpTo};
      },
      buildPipeline);
}

} // namespace einfall
