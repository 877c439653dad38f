//===- TileDialect.cpp - Block-level programs on tiles --------------------===//
#include "dialects/tile/TileDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace einfall::tile;

#include "dialects/tile/TileDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/tile/TileAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/tile/TileOps.cpp.inc"

void TileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/tile/TileAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/tile/TileOps.cpp.inc"
      >();
}

bool einfall::tile::hasLanes(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getEncoding();
}

Type einfall::tile::tileType(ArrayRef<int64_t> shape, Type element, bool lanes) {
  if (shape.empty())
    return element;
  Attribute encoding = lanes ? StringAttr::get(element.getContext(), "lanes") : Attribute();
  return RankedTensorType::get(shape, element, encoding);
}

LogicalResult LoadOp::verify() {
  auto tensor = dyn_cast<RankedTensorType>(getResult().getType());
  size_t rank = tensor ? tensor.getRank() : 0;
  if (getStrides().size() != rank)
    return emitOpError("expected ") << rank << " strides, but got " << getStrides().size();
  if (getLimit() && !hasLanes(getResult().getType()))
    return emitOpError("a limit counts lanes, but the result has none");
  return success();
}

LogicalResult CountOp::verify() {
  if (!llvm::is_contained(kCounterNames, getCounter())) {
    InFlightDiagnostic diag = emitOpError("expected ");
    llvm::interleave(kCounterNames, diag, " or ");
    return diag << ", but got " << getCounter();
  }
  return success();
}

LogicalResult DotOp::verify() {
  auto lhs = cast<RankedTensorType>(getLhs().getType());
  auto acc = cast<RankedTensorType>(getAcc().getType());
  Type element = lhs.getElementType();
  int64_t group = element.isInteger(8) ? 4 : element.isInteger(16) || element.isBF16() ? 2 : 0;
  if (group == 0)
    return emitOpError("expected operands of bf16, i16 or i8, but got ") << element;
  if (getRhs().getType() != lhs)
    return emitOpError("expected operands of one type, but got ")
           << lhs << " and " << getRhs().getType();
  SmallVector<int64_t> shape(lhs.getShape());
  if (!hasLanes(lhs) || shape.back() % group != 0)
    return emitOpError("expected lanes by ") << group << ", but got " << lhs;
  shape.back() /= group;
  Builder builder(getContext());
  Type sum = element.isBF16() ? Type(builder.getF32Type()) : builder.getI32Type();
  if (Type expected = tileType(shape, sum, true); acc != expected)
    return emitOpError("expected an accumulator of type ") << expected << ", but got " << acc;
  return success();
}
