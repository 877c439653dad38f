//===- EinPanels.h - Weights stored in panels -------------------*- C++ -*-===//
#ifndef EINFALL_DIALECTS_EIN_EINPANELS_H
#define EINFALL_DIALECTS_EIN_EINPANELS_H

#include "dialects/ein/EinDialect.h"

namespace einfall::ein {

/// On a weight, how it is stored: an array of the dimension along columns, how many of these a
/// panel has, and how many neighbours along the other dimension lie side by side. On a kernel, a
/// list of the same for each operand, or `unit` where that lies as its type says.
inline constexpr llvm::StringLiteral kPanels = "ein.panels";

/// True if a tensor of `shape` can be stored in such `panels`: a matrix of whole ones.
bool liesInPanels(llvm::ArrayRef<ExtentAttr> shape, llvm::ArrayRef<int64_t> panels);

} // namespace einfall::ein

#endif
