//===- EinText.h - Index expressions as text --------------------*- C++ -*-===//
//
// Types and ops write sizes and indices the same way: integers, names,
// `+ - *`, `floordiv`, `ceildiv`, `mod`, parentheses. What a name stands for
// (rank, gathered coordinate, symbol) is known only once the whole op is
// read, so parsing yields expressions over one affine symbol a name.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DIALECTS_EIN_EINTEXT_H
#define EINFALL_DIALECTS_EIN_EINTEXT_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/OpImplementation.h"

namespace einfall::ein {

/// Names in order of first appearance; name k is affine symbol k.
using NameTable = llvm::SmallVector<mlir::StringAttr>;

/// The position of `name` in `table`, which grows if the name is new.
unsigned positionIn(NameTable &table, mlir::StringAttr name);

/// Parses one expression; names become symbols by their place in `names`.
mlir::ParseResult parseIndexExpr(mlir::AsmParser &parser, NameTable &names, mlir::AffineExpr &expr);

/// Prints `expr`, calling dim i dims[i] and symbol i symbols[i].
void printIndexExpr(llvm::raw_ostream &os, mlir::AffineExpr expr,
                    llvm::ArrayRef<llvm::StringRef> dims, llvm::ArrayRef<llvm::StringRef> symbols);

} // namespace einfall::ein

#endif
