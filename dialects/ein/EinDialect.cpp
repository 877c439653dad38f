//===- EinDialect.cpp - Registration --------------------------------------===//
#include "dialects/ein/EinDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FoldInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace einfall::ein;

#include "dialects/ein/EinDialect.cpp.inc"
#include "dialects/ein/EinEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/ein/EinAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/ein/EinTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/ein/EinOps.cpp.inc"

namespace {
/// Constants of a body stay in it: a body is a scalar function of its own.
struct KeepConstants : DialectFoldInterface {
  using DialectFoldInterface::DialectFoldInterface;
  bool shouldMaterializeInto(Region *region) const final {
    return isa<EinsumOp, FoldOp, ScanOp>(region->getParentOp());
  }
};
} // namespace

void EinDialect::initialize() {
  addInterfaces<KeepConstants>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/ein/EinAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/ein/EinTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/ein/EinOps.cpp.inc"
      >();
}
