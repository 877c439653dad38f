//===- RunDialect.h - Host programs -----------------------------*- C++ -*-===//
#ifndef EINFALL_DIALECTS_RUN_RUNDIALECT_H
#define EINFALL_DIALECTS_RUN_RUNDIALECT_H

#include "dialects/ein/EinDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include "dialects/run/RunDialect.h.inc"

namespace einfall::run {

/// Where an entry's symbol gets its value.
struct SymbolOrigin {
  enum Kind {
    None,  ///< nowhere: the entry does not verify
    Input, ///< dimension `dim` of argument `argument`
    Bound, ///< the bound of the session that sizes a state
    Param, ///< a number that the caller passes
  };
  Kind kind = None;
  unsigned argument = 0, dim = 0;
};

/// Of an entry: the device, with memory of its own, that its steps run on.
inline constexpr llvm::StringLiteral kDevice = "run.device"; // string
/// Of a launch on such a device: the number of its kernel among those compiled for it.
inline constexpr llvm::StringLiteral kKernelNumber = "run.kernel"; // i32

} // namespace einfall::run

#define GET_TYPEDEF_CLASSES
#include "dialects/run/RunTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/run/RunOps.h.inc"

#endif
