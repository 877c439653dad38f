//===- Machine.h - LLVM's code generators -----------------------*- C++ -*-===//
#ifndef EINFALL_CODEGEN_COMMON_MACHINE_H
#define EINFALL_CODEGEN_COMMON_MACHINE_H

#include "mlir/IR/BuiltinOps.h"

namespace llvm {
class Function;
}

namespace einfall::codegen {

/// What LLVM has to know of a target. Nothing is taken from the machine that compiles.
struct Machine {
  llvm::StringRef name; // for messages
  llvm::StringRef triple, cpu, features;
};

/// Optimises `module`, in the LLVM dialect, and writes it as an object file or, with
/// `assembly`, as text. `prepare` is asked to set the attributes of each function.
mlir::LogicalResult emitCode(mlir::ModuleOp module, const Machine &machine, bool assembly,
                             llvm::function_ref<void(llvm::Function &)> prepare,
                             llvm::SmallVectorImpl<char> &code);

} // namespace einfall::codegen

#endif
