//===- Inlining.h - One einsum from two -------------------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EIN_INLINING_H
#define EINFALL_PASSES_EIN_INLINING_H

#include "dialects/ein/EinDialect.h"
#include "mlir/IR/PatternMatch.h"

namespace einfall::ein {

/// True if the einsum that makes operand `operand` of `reader` may be written
/// into `reader`'s body: it has no reduction, and no read of either moves out
/// of or into existence.
bool canInline(EinsumOp reader, unsigned operand);

/// Replaces `reader` by one einsum that computes operand `operand` in its
/// body. `canInline` must hold.
EinsumOp inlineProducer(mlir::RewriterBase &rewriter, EinsumOp reader, unsigned operand);

/// Operands that are read through equal indices become one.
EinsumOp mergeOperands(mlir::RewriterBase &rewriter, EinsumOp op);

} // namespace einfall::ein

#endif
