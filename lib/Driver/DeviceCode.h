//===- DeviceCode.h - Kernels of a device as host code carries them -*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_DEVICECODE_H
#define EINFALL_LIB_DRIVER_DEVICECODE_H

#include "lib/Target/Target.h"
#include "mlir/IR/BuiltinOps.h"

namespace einfall {

/// A kernel as the code generator for its device has written it.
struct DeviceKernel {
  mlir::Location loc;
  std::string title;  // for messages: what the compiler calls it
  std::string name;   // in the text
  std::string source; // the user's file:line
  std::string text;   // of makeKernel
};

/// The PTX of `module`, which holds one kernel in the LLVM dialect, with what a launch
/// needs to know on its first line.
mlir::FailureOr<std::string> makeKernel(mlir::ModuleOp module, const GpuTarget &target);

/// An object of the CPU that exports the kernels as runtime/include/einfall/device.h has
/// it: as PTX, and as machine code where there is an assembler.
mlir::FailureOr<std::string>
makeDeviceObject(mlir::Location loc, llvm::ArrayRef<DeviceKernel> kernels, const Target &target);

} // namespace einfall

#endif
