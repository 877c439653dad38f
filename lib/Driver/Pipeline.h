//===- Pipeline.h - The phases of compilation -------------------*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_PIPELINE_H
#define EINFALL_LIB_DRIVER_PIPELINE_H

#include "lib/Support/Phase.h"
#include "lib/Target/Target.h"
#include "mlir/Pass/PassManager.h"

namespace einfall {

/// What a module holds of a program for a device.
enum class ModulePart { all, device, host };

/// Which phases a module goes through, on the way to what.
struct PipelineOptions {
  Target target;
  Phase from = Phase::Input; ///< where the module stands
  Phase to = Phase::Llvm;    ///< where it is to stand
  std::string dumpTo;        ///< folder for the module after each phase; may be empty
  std::string dumpPrefix;    ///< of the files there
  /// Of a target with a device, whose code the module holds. Each is lowered by passes of its
  /// own, which the other's code need not go through.
  ModulePart part = ModulePart::all;
};

/// The same as users write it.
struct PipelineNames {
  std::string target = "native", from = "input", to = "llvm", dumpTo;
};

/// What `names` stand for; says through `fail` which there are if one is
/// unknown.
std::optional<PipelineOptions> parsePipeline(const PipelineNames &names,
                                             llvm::function_ref<void(const llvm::Twine &)> fail);

/// The first passes of phase `cascade`, the same for every target: views become indices, and what
/// is read in parts is computed in parts.
void populateIndexing(mlir::OpPassManager &functions);

/// Adds the passes that lead from the phase before `phase` to `phase`.
void populatePhase(mlir::OpPassManager &passes, Phase phase, const Target &target,
                   ModulePart part = ModulePart::all);

/// Adds the phases after `from` up to `to`. At every boundary, `from`
/// included, verify-phase refuses what is illegal there.
void buildPipeline(mlir::OpPassManager &passes, const PipelineOptions &options);

/// Makes every phase a pipeline by name, `einfall-pipeline-<phase>`, and all of
/// them `einfall-pipeline`, with the options target, from, to, dump-to.
void registerPipelines();

} // namespace einfall

#endif
