//===- EinDialect.h - Cascades of extended Einsums --------------*- C++ -*-===//
#ifndef EINFALL_DIALECTS_EIN_EINDIALECT_H
#define EINFALL_DIALECTS_EIN_EINDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/ein/EinDialect.h.inc"
#include "dialects/ein/EinEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/ein/EinAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/ein/EinTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/ein/EinOps.h.inc"

#endif
