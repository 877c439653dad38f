//===- Object.h - Vector code to a shared object ----------------*- C++ -*-===//
#ifndef EINFALL_CODEGEN_CPU_OBJECT_H
#define EINFALL_CODEGEN_CPU_OBJECT_H

#include "lib/Target/CpuTarget.h"
#include "mlir/IR/BuiltinOps.h"

namespace einfall::cpu {

/// Compiles `module` (LLVM dialect) for `target`: an object file, in `object`;
/// or assembly text.
mlir::LogicalResult emitObject(mlir::ModuleOp module, const CpuTarget &target, bool assembly,
                               llvm::SmallVectorImpl<char> &object);

/// Links objects into a shared object that imports nothing.
mlir::FailureOr<std::string> linkShared(mlir::Location loc, llvm::ArrayRef<std::string> objects,
                                        const CpuTarget &target);

} // namespace einfall::cpu

#endif
