//===- TileDialect.cpp - Block-level programs on tiles --------------------===//
#include "dialects/tile/TileDialect.h"

using namespace mlir;
using namespace einfall::tile;

#include "dialects/tile/TileDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/tile/TileOps.cpp.inc"

void TileDialect::initialize() {
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
