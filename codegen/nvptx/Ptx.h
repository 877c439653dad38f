//===- Ptx.h - Kernels as PTX and machine code ------------------*- C++ -*-===//
#ifndef EINFALL_CODEGEN_NVPTX_PTX_H
#define EINFALL_CODEGEN_NVPTX_PTX_H

#include "lib/Target/GpuTarget.h"
#include "mlir/IR/BuiltinOps.h"

namespace einfall::nvptx {

/// The kernels of `module`, in the LLVM dialect, as PTX.
mlir::FailureOr<std::string> emitPtx(mlir::ModuleOp module, const GpuTarget &target);

/// Texts of emitPtx for one target as one: a header, then the bodies in order.
std::string joinPtx(llvm::ArrayRef<std::string> texts);

/// The machine code that ptxas makes of `ptx`; nothing where there is no ptxas. Emits
/// an error where it refuses the text, or spills.
mlir::FailureOr<std::optional<std::string>> assemble(mlir::Location loc, llvm::StringRef ptx,
                                                     const GpuTarget &target);

} // namespace einfall::nvptx

#endif
