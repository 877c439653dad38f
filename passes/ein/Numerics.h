//===- Numerics.h - Which rewrites a program allows -------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EIN_NUMERICS_H
#define EINFALL_PASSES_EIN_NUMERICS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace einfall::ein {

enum class Numerics { strict, algebraic, fast };

/// What `option` says, else the module's `ein.numerics`, else `algebraic`.
/// Reports a word that is none of the three.
inline mlir::FailureOr<Numerics> numericsOf(mlir::func::FuncOp function, llvm::StringRef option) {
  auto module = function->getParentOfType<mlir::ModuleOp>();
  auto attribute =
      module ? module->getAttrOfType<mlir::StringAttr>("ein.numerics") : mlir::StringAttr();
  llvm::StringRef word = !option.empty() ? option : attribute ? attribute.getValue() : "algebraic";
  if (word == "strict")
    return Numerics::strict;
  if (word == "algebraic")
    return Numerics::algebraic;
  if (word == "fast")
    return Numerics::fast;
  return function.emitError("expected numerics strict, algebraic or fast, but got '")
         << word << "'";
}

} // namespace einfall::ein

#endif
