//===- Inlining.h - One einsum from two -------------------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EIN_INLINING_H
#define EINFALL_PASSES_EIN_INLINING_H

#include "dialects/ein/EinDialect.h"
#include "mlir/IR/PatternMatch.h"

namespace einfall::ein {

/// True if other indices read operand `operand` of `op` as a coordinate.
bool isCoordinate(EinsumOp op, unsigned operand);
/// True if `reader` visits each point of operand `operand` once.
bool readsOnce(EinsumOp reader, unsigned operand);
/// True if operand `operand` has a value where it is read outside, which it may be.
bool isGuarded(EinsumOp reader, unsigned operand);

/// True if inlining the maker of operand `operand` would bring reads that may be
/// outside into a reduction that reads each element often, as contractions do:
/// it is better padded once before.
bool repeatsGuards(EinsumOp reader, unsigned operand);

/// True if the einsum that makes operand `operand` of `reader` may be written
/// into `reader`'s body: it has no reduction, and no read of either moves out
/// of or into existence. Behind a guarded read it is computed everywhere, and
/// selected where the read is inside.
bool canInline(EinsumOp reader, unsigned operand);

/// Replaces `reader` by one einsum that computes operand `operand` in its
/// body. `canInline` must hold.
EinsumOp inlineProducer(mlir::RewriterBase &rewriter, EinsumOp reader, unsigned operand);

/// `index` of these values; divisors may be sizes that are known at run time only.
mlir::Value expandIndex(mlir::OpBuilder &builder, mlir::Location loc, mlir::AffineExpr index,
                        mlir::ValueRange dims, mlir::ValueRange symbols);

/// Coordinates as values of a body over `ranks`: expressions whose symbols are
/// the coordinates read from `arguments`, then `symbols`.
struct Coordinates {
  Coordinates(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<llvm::StringRef> ranks,
              llvm::ArrayRef<mlir::StringAttr> symbols, mlir::ValueRange arguments)
      : builder(builder), loc(loc), ranks(ranks), symbols(symbols), arguments(arguments),
        dims(ranks.size()), values(arguments.size() + symbols.size()) {}

  mlir::Value expand(mlir::AffineExpr index);
  /// `e < 0`, as `a < b` of sums without negative addends, so that equal
  /// conditions become equal operations.
  mlir::Value isNegative(mlir::AffineExpr e);

  mlir::OpBuilder &builder;
  mlir::Location loc;

private:
  llvm::SmallVector<llvm::StringRef> ranks;
  llvm::ArrayRef<mlir::StringAttr> symbols;
  mlir::ValueRange arguments;
  llvm::SmallVector<mlir::Value> dims, values;
};

/// Operands that are read through equal indices become one.
EinsumOp mergeOperands(mlir::RewriterBase &rewriter, EinsumOp op);

} // namespace einfall::ein

#endif
