//===- TileDialect.cpp - Block-level programs on tiles --------------------===//
#include "dialects/tile/TileDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace einfall::tile;

#include "dialects/tile/TileDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/tile/TileAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/tile/TileTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/tile/TileOps.cpp.inc"

void TileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/tile/TileAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/tile/TileTypes.cpp.inc"
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

FactorAttr einfall::tile::factorOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? dyn_cast_or_null<FactorAttr>(tensor.getEncoding()) : FactorAttr();
}

Type einfall::tile::tileType(ArrayRef<int64_t> shape, Type element, bool lanes) {
  if (shape.empty())
    return element;
  Attribute encoding = lanes ? StringAttr::get(element.getContext(), "lanes") : Attribute();
  return RankedTensorType::get(shape, element, encoding);
}

LogicalResult CountOp::verify() {
  if (!llvm::is_contained(kCounterNames, getCounter())) {
    InFlightDiagnostic diag = emitOpError("expected ");
    llvm::interleave(kCounterNames, diag, " or ");
    return diag << ", but got " << getCounter();
  }
  return success();
}

LogicalResult LoadFactorOp::verify() {
  FactorAttr factor = factorOf(getResult().getType());
  auto type = cast<RankedTensorType>(getResult().getType());
  if (!factor || type.getRank() != 2)
    return emitOpError("expected a factor of two dimensions, but got ") << type;
  if (type.getElementType() != getBuffer().getType().getElementType())
    return emitOpError("reads ") << getBuffer().getType() << " as " << type;
  if (failed(factor.verifyEncoding(type.getShape(), type.getElementType(),
                                   [&] { return emitOpError(); })))
    return failure();
  int64_t run = type.getElementType().isF32() ? 4 : 8;
  ArrayRef<int64_t> strides = getStrides();
  if (strides.size() != 2 || !llvm::is_contained(strides, 1) ||
      (strides[0] == 1 ? strides[1] : strides[0]) % run != 0)
    return emitOpError("expected two strides, a 1 and a multiple of ")
           << run << ", but got " << strides;
  return success();
}

LogicalResult AsFactorOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  FragmentAttr fragment = fragmentOf(source);
  FactorAttr factor = factorOf(result);
  if (!fragment || !fragment.getRows() || !fragment.getColumns() || source.getRank() != 2 ||
      fragment.getColumnWarps() != 1)
    return emitOpError("expected a fragment whose warps lie along rows, but got ") << source;
  if (!factor || !factor.getLeft() || result.getRank() != 2 ||
      factor.getRowWarps() != fragment.getRowWarps() || factor.getColumnWarps() != 1 ||
      result.getDimSize(0) != source.getDimSize(0) ||
      result.getElementType().getIntOrFloatBitWidth() != 16)
    return emitOpError("expected a left factor of 16 bits in the rows of ")
           << source << ", but got " << result;
  int64_t from = getFrom(), depth = result.getDimSize(1);
  if (from < 0 || from % 16 || depth % 16 || from + depth > source.getDimSize(1))
    return emitOpError("expected columns by 16 of ")
           << source << ", but got " << depth << " from " << from;
  Type element = source.getElementType();
  if (element != result.getElementType() && !element.isF32())
    return emitOpError("expected elements of f32 or of the factor's type, but got ") << source;
  return success();
}

LogicalResult MmaOp::verify() {
  auto acc = cast<RankedTensorType>(getAcc().getType());
  auto lhs = cast<RankedTensorType>(getLhs().getType());
  auto rhs = cast<RankedTensorType>(getRhs().getType());
  FragmentAttr fragment = fragmentOf(acc);
  if (!fragment || !fragment.getRows() || !fragment.getColumns() || acc.getRank() != 2 ||
      !acc.getElementType().isF32())
    return emitOpError("expected a fragment of f32 with rows and columns, but got ") << acc;
  if (lhs.getRank() != 2 || rhs.getRank() != 2)
    return emitOpError("expected factors of two dimensions, but got ") << lhs << " and " << rhs;
  auto typeOf = [&](int64_t free, bool left) {
    return RankedTensorType::get(
        {free, lhs.getDimSize(1)}, lhs.getElementType(),
        FactorAttr::get(getContext(), fragment.getRowWarps(), fragment.getColumnWarps(), left));
  };
  if (auto expected = typeOf(acc.getDimSize(0), true); lhs != expected)
    return emitOpError("expected a left factor of type ") << expected << ", but got " << lhs;
  if (auto expected = typeOf(acc.getDimSize(1), false); rhs != expected)
    return emitOpError("expected a right factor of type ") << expected << ", but got " << rhs;
  return success();
}

LogicalResult CopyOp::verify() {
  Type source = getSource().getType().getElementType(), dest = getDest().getType().getElementType();
  if (source != dest)
    return emitOpError("copies bits, but goes from ") << source << " to " << dest;
  unsigned bits = dest.isIntOrFloat() ? dest.getIntOrFloatBitWidth() : 0;
  if (bits != 16 && bits != 32)
    return emitOpError("copies elements of 16 or 32 bits, but got ") << dest;
  if (!getRows() != !getColumns() || (!getRows() && !getAligned()))
    return emitOpError("expected both rows and columns, or an aligned copy of all of them");
  int64_t run = 128 / bits;
  if (getShape().size() != 2 || getShape()[1] % run != 0 || getDestStride() % run != 0)
    return emitOpError("expected rows of a multiple of ")
           << run << " elements, a multiple of " << run << " apart";
  return success();
}

LogicalResult StoreRowsOp::verify() {
  Type source = getSource().getType().getElementType();
  Type buffer = getBuffer().getType().getElementType();
  if (source != buffer)
    return emitOpError("stores bits, but goes from ") << source << " to " << buffer;
  unsigned bits = buffer.isIntOrFloat() ? buffer.getIntOrFloatBitWidth() : 0;
  if (bits != 16 && bits != 32)
    return emitOpError("stores elements of 16 or 32 bits, but got ") << buffer;
  int64_t run = 128 / bits;
  if (getShape().size() != 2 || getShape()[1] % run != 0 || getSourceStride() % run != 0)
    return emitOpError("expected rows of a multiple of ")
           << run << " elements, a multiple of " << run << " apart";
  int64_t needed = getShape()[0] * getSourceStride(), has = getSource().getType().getDimSize(0);
  if (getSourceStride() < getShape()[1] || (has != ShapedType::kDynamic && has < needed))
    return emitOpError("expected ")
           << getShape()[0] << " rows of " << getShape()[1] << " elements, " << getSourceStride()
           << " apart, in " << getSource().getType();
  return success();
}

LogicalResult JoinOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType());
  Type element = source.getElementType();
  unsigned width = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
  if (width != 8 && width != 16)
    return emitOpError("expected elements of 8 or 16 bits, but got ") << source;
  int64_t dim = getDim(), group = 32 / width;
  if (dim < 0 || dim >= source.getRank() || source.getDimSize(dim) % group != 0)
    return emitOpError("expected a dimension by ")
           << group << ", but got " << dim << " of " << source;
  SmallVector<int64_t> shape(source.getShape());
  shape[dim] /= group;
  Type expected = tileType(shape, Builder(getContext()).getI32Type(), hasLanes(source));
  if (getResult().getType() != expected)
    return emitOpError("expected a result of type ")
           << expected << ", but got " << getResult().getType();
  return success();
}

static LogicalResult verifyPairs(Operation *op, Type narrow, Type wide) {
  auto from = cast<RankedTensorType>(narrow), to = cast<RankedTensorType>(wide);
  if (!hasLanes(from) || !hasLanes(to) || from.getShape() != to.getShape() ||
      from.getShape().back() % 2 != 0)
    return op->emitOpError("expected two tiles of one shape with an even number of lanes, but got ")
           << from << " and " << to;
  if (!from.getElementType().isBF16() || !to.getElementType().isF32())
    return op->emitOpError("expected elements of bf16 and f32, but got ") << from << " and " << to;
  return success();
}

LogicalResult ExtendPairsOp::verify() {
  return verifyPairs(*this, getSource().getType(), getResult().getType());
}

LogicalResult RoundPairsOp::verify() {
  return verifyPairs(*this, getResult().getType(), getSource().getType());
}

LogicalResult AreNumbersOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType());
  if (!hasLanes(source) || source.getRank() != 1 || source.getDimSize(0) % 2 != 0 ||
      !source.getElementType().isF32())
    return emitOpError("expected an even number of lanes of f32, but got ") << source;
  Type expected =
      tileType({source.getDimSize(0) / 2}, Builder(getContext()).getI1Type(), /*lanes=*/true);
  if (getResult().getType() != expected)
    return emitOpError("expected a result of type ")
           << expected << ", but got " << getResult().getType();
  return success();
}

LogicalResult MultiplyOp::verify() {
  Type element = getElement(), sum = getSums().getType().getElementType();
  Type factors[] = {getLhs().getType().getElementType(), getRhs().getType().getElementType()};
  if (!element.isBF16() && !element.isInteger(8))
    return emitOpError("expected groups of bf16 or i8, but got ") << element;
  if (element.isBF16() ? !sum.isF32() : !sum.isInteger(32))
    return emitOpError("expected sums of ")
           << (element.isBF16() ? "f32" : "i32") << ", but got " << sum;
  for (Type factor : factors)
    if (factor != element && !factor.isInteger(32))
      return emitOpError("expected factors of i32 or ") << element << ", but got " << factor;
  if (getColumns() != 16 && getColumns() != 32)
    return emitOpError("expected 16 or 32 columns, but got ") << getColumns();
  if (element.isBF16() && (getUnsignedLhs() || getUnsignedRhs()))
    return emitOpError("expected bytes where a factor is unsigned, but got bf16");
  if (!getAhead().empty() && getAhead().size() != 2)
    return emitOpError("expected a line and a number of lines ahead, but got ")
           << getAhead().size() << " numbers";
  return success();
}

LogicalResult DotOp::verify() {
  auto lhs = cast<RankedTensorType>(getLhs().getType());
  auto acc = cast<RankedTensorType>(getAcc().getType());
  bool isJoined = getJoined().has_value();
  Type element = getJoined().value_or(lhs.getElementType());
  int64_t group = element.isInteger(8) ? 4 : element.isInteger(16) || element.isBF16() ? 2 : 0;
  if (group == 0)
    return emitOpError("expected operands of bf16, i16 or i8, but got ") << element;
  if (getRhs().getType() != lhs)
    return emitOpError("expected operands of one type, but got ")
           << lhs << " and " << getRhs().getType();
  if (isJoined && !lhs.getElementType().isInteger(32))
    return emitOpError("expected joined operands of i32, but got ") << lhs;
  if (std::optional<int64_t> by = getBy(); by && (*by < 4 || acc.getShape().back() % *by != 0))
    return emitOpError("expected lanes of sums by ") << *by << ", but got " << acc;
  SmallVector<int64_t> shape(lhs.getShape());
  if (!hasLanes(lhs) || (!isJoined && shape.back() % group != 0))
    return emitOpError("expected lanes by ") << group << ", but got " << lhs;
  shape.back() /= isJoined ? 1 : group;
  Builder builder(getContext());
  Type sum = element.isBF16() ? Type(builder.getF32Type()) : builder.getI32Type();
  if (Type expected = tileType(shape, sum, true); acc != expected)
    return emitOpError("expected an accumulator of type ") << expected << ", but got " << acc;
  return success();
}
