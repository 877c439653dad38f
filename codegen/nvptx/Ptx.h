//===- Ptx.h - Kernels as PTX and machine code ------------------*- C++ -*-===//
#ifndef EINFALL_CODEGEN_NVPTX_PTX_H
#define EINFALL_CODEGEN_NVPTX_PTX_H

#include "lib/Target/GpuTarget.h"
#include "mlir/IR/BuiltinOps.h"

#include <map>

namespace einfall::nvptx {

/// The kernels of `module`, in the LLVM dialect, as PTX.
mlir::FailureOr<std::string> emitPtx(mlir::ModuleOp module, const GpuTarget &target);

/// Texts of emitPtx for one target as one: a header, then the bodies in order.
std::string joinPtx(llvm::ArrayRef<std::string> texts);

/// What ptxas makes of a text.
struct Assembled {
  std::string code;
  std::map<std::string, int64_t> spilled; // bytes of registers that go to memory, by kernel
};

/// Runs ptxas on `ptx`; nothing where there is none. Emits an error where it refuses
/// the text.
mlir::FailureOr<std::optional<Assembled>> assemble(mlir::Location loc, llvm::StringRef ptx,
                                                   const GpuTarget &target);

/// The text in which a block of each of these kernels may have all registers of a
/// multiprocessor, and is alone there.
std::string giveAllRegisters(llvm::StringRef ptx, const std::map<std::string, int64_t> &kernels);

} // namespace einfall::nvptx

#endif
