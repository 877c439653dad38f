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
  return tensor && isa_and_nonnull<StringAttr>(tensor.getEncoding());
}

FragmentAttr einfall::tile::fragmentOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? dyn_cast_or_null<FragmentAttr>(tensor.getEncoding()) : FragmentAttr();
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

LogicalResult MmaOp::verify() {
  auto acc = cast<RankedTensorType>(getAcc().getType());
  FragmentAttr fragment = fragmentOf(acc);
  if (!fragment || !fragment.getRows() || !fragment.getColumns() || acc.getRank() != 2 ||
      !acc.getElementType().isF32())
    return emitOpError("expected a fragment of f32 with rows and columns, but got ") << acc;
  if (getLhs().getType().getElementType() != getRhs().getType().getElementType())
    return emitOpError("expected operands of one type, but got ")
           << getLhs().getType() << " and " << getRhs().getType();
  int64_t rows = 16 * fragment.getRowWarps(), columns = 16 * fragment.getColumnWarps();
  if (acc.getDimSize(0) % rows || acc.getDimSize(1) % columns || getDepth() % 16)
    return emitOpError("expected rows by ")
           << rows << ", columns by " << columns << " and a depth by 16, but got " << acc
           << " and a depth of " << getDepth();
  for (ArrayRef<int64_t> strides : {getLhsStrides(), getRhsStrides()})
    if (strides.size() != 2 || !llvm::is_contained(strides, 1) ||
        (strides[0] == 1 ? strides[1] : strides[0]) % 8 != 0)
      return emitOpError("expected two strides, a 1 and a multiple of 8, but got ") << strides;
  return success();
}

LogicalResult CopyOp::verify() {
  Type source = getSource().getType().getElementType(), dest = getDest().getType().getElementType();
  if (source != dest)
    return emitOpError("copies bits, but goes from ") << source << " to " << dest;
  if (!dest.isIntOrFloat() || dest.getIntOrFloatBitWidth() != 16)
    return emitOpError("copies elements of 16 bits, but got ") << dest;
  if (getShape().size() != 2 || getShape()[1] % 8 != 0 || getDestStride() % 8 != 0)
    return emitOpError("expected rows of a multiple of 8 elements, a multiple of 8 apart");
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
