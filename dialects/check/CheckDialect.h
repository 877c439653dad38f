//===- CheckDialect.h - Numeric tests as functions --------------*- C++ -*-===//
#ifndef EINFALL_DIALECTS_CHECK_CHECKDIALECT_H
#define EINFALL_DIALECTS_CHECK_CHECKDIALECT_H

#include "dialects/ein/EinDialect.h"

#include "dialects/check/CheckDialect.h.inc"

namespace einfall::check {

/// Of a function of checks: values of its symbols, `{t = 5}`.
inline constexpr llvm::StringLiteral kParams = "check.params";
/// Of its host program: what is expected of each pair of outputs.
inline constexpr llvm::StringLiteral kExpectations = "check.expectations";

} // namespace einfall::check

#define GET_OP_CLASSES
#include "dialects/check/CheckOps.h.inc"

#endif
