//===- Report.h - What the compiler knows of a program ----------*- C++ -*-===//
//
// Collects facts while a module goes through the phases and writes them as
// report.json, which the package carries and `einfall explain` draws. All of it
// is a function of the program, the options and the target, so that equal
// compilations write equal packages.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_DRIVER_REPORT_H
#define EINFALL_LIB_DRIVER_REPORT_H

#include "lib/Driver/Manifest.h"
#include "lib/Driver/Remarks.h"
#include "lib/Target/Target.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

namespace einfall {

class Report {
public:
  /// Of `module` before any phase: the cascade as written, and how often ranks
  /// are walked there, after ein-defer and after ein-derive-folds.
  void addCascades(mlir::ModuleOp module);
  /// Notes which passes of `passes` change something.
  void watch(mlir::PassManager &passes);
  /// Of `module` at the tile phase: what each kernel computes, and why it is
  /// apart from the kernels that it reads from. Emits both as remarks.
  void addKernels(mlir::ModuleOp module);
  /// Of `module` at the run phase, which `tables` describe: steps and memory.
  void addEntries(mlir::ModuleOp module, const PackageTables &tables);

  /// The report of what was decided for `target`.
  std::string json(mlir::ModuleOp module, const Target &target, const RemarkLog &remarks) const;

private:
  struct Function {
    llvm::json::Array cascade, stages, kernels;
  };
  llvm::json::Object describeEntry(run::EntryOp entry, const rt::EntryInfo &info);

  llvm::StringMap<Function> functions;
  std::shared_ptr<std::vector<std::string>> changed = // in order, each once
      std::make_shared<std::vector<std::string>>();
  llvm::json::Array entries;
  uint64_t weightBytes = 0, numWeights = 0;
};

/// bitwise, algebraic or approximate: what `pass` may do to the results.
llvm::StringRef exactnessOf(llvm::StringRef pass, bool strict);

} // namespace einfall

#endif
