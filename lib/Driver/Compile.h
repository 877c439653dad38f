//===- Compile.h - A module to a package ------------------------*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_COMPILE_H
#define EINFALL_LIB_DRIVER_COMPILE_H

#include "lib/Driver/ObjectCache.h"
#include "lib/Driver/Pipeline.h"
#include "lib/Driver/Remarks.h"
#include "mlir/IR/BuiltinOps.h"

namespace einfall {

struct CompileOptions {
  std::vector<std::string> targets = {"native"};
  /// What the CPU targets' schedules count on, of the machine that the package is for; without
  /// it what is typical of each target.
  std::optional<Machine> machine;
  /// Schedules by kernels' keys, as text; those of kernels that are not there do not count.
  std::vector<std::pair<std::string, std::string>> schedules;
  std::string weights; ///< .safetensors file or folder; may be empty
  std::string output;  ///< the package
  /// strict, algebraic or fast; empty: what the module says (`ein.numerics`).
  std::string numerics;
  bool countVisits = false; ///< programs count what they walk (einfall/counters.h)
  PipelineNames phases;     ///< where the module stands, where to go; `target` is not read
  std::string reproducer;   ///< file for what repeats a failed pass; may be empty
  CacheOptions cache;
  std::shared_ptr<RemarkLog> remarks; ///< for the report, see collectRemarks(); may be null
  std::string modelKind = "function";
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string tokenizer, generationConfig, config; ///< files to pack; may be empty
};

/// Loads the dialects that compilation needs.
void registerCompilerDialects(mlir::DialectRegistry &registry);

/// Writes `numerics` (see CompileOptions) into the module; what it says itself
/// may not be contradicted.
mlir::LogicalResult setNumerics(mlir::ModuleOp module, llvm::StringRef numerics);

/// Compiles the entries of `module` for every target and writes the package.
/// Errors are emitted as diagnostics at the op they concern.
mlir::LogicalResult compileToPackage(mlir::ModuleOp module, const CompileOptions &options);

/// What compilation for the last target decides, as report.json tells it. Makes
/// no machine code and needs no weights.
mlir::LogicalResult compileToReport(mlir::ModuleOp module, const CompileOptions &options,
                                    std::string &text);

/// Takes `module` to the phase that `options.phases` names, for the first target.
mlir::LogicalResult compileToPhase(mlir::ModuleOp module, const CompileOptions &options);

/// The machine code of `module` for the first target as assembly text.
mlir::LogicalResult compileToAssembly(mlir::ModuleOp module, const CompileOptions &options,
                                      std::string &text);

} // namespace einfall

#endif
