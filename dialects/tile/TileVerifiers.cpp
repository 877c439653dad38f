//===- TileVerifiers.cpp - Tiles that fit what is done with them ----------===//
#include "dialects/tile/TileDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace einfall::tile;

static LogicalResult verifyTile(Operation *op, Type type) {
  if (type.isIntOrIndexOrFloat())
    return success();
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || tensor.getRank() == 0)
    return op->emitOpError("expected a number or a tile of static shape, but got ") << type;
  auto encoding = dyn_cast_or_null<VerifiableTensorEncoding>(tensor.getEncoding());
  if (!encoding)
    return success();
  return encoding.verifyEncoding(tensor.getShape(), tensor.getElementType(),
                                 [&] { return op->emitOpError(); });
}

/// `type` with other elements.
static Type withElements(Type type, Type element) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? Type(tensor.clone(element)) : element;
}

static LogicalResult verifyMask(Operation *op, Type mask, Type tile) {
  if (Type expected = withElements(tile, IntegerType::get(op->getContext(), 1)); mask != expected)
    return op->emitOpError("expected a mask of type ") << expected << ", but got " << mask;
  return success();
}

/// Integers stand for bits, of one element or of neighbours.
static LogicalResult verifyElements(Operation *op, Type tile, MemRefType buffer) {
  if (failed(verifyTile(op, tile)))
    return failure();
  Type element = getElementTypeOrSelf(tile), stored = buffer.getElementType();
  bool areBits = element.isInteger() && stored.isIntOrFloat() &&
                 element.getIntOrFloatBitWidth() % stored.getIntOrFloatBitWidth() == 0;
  if (element != stored && !areBits)
    return op->emitOpError("expected elements of ")
           << stored << " or integers of their bits, but got " << tile;
  return success();
}

template <typename Op> static LogicalResult verifyAccess(Op op, Type tile) {
  if (failed(verifyElements(op, tile, op.getBuffer().getType())))
    return failure();
  auto tensor = dyn_cast<RankedTensorType>(tile);
  size_t rank = tensor ? tensor.getRank() : 0;
  if (op.getStrides().size() != rank)
    return op.emitOpError("expected ") << rank << " strides, but got " << op.getStrides().size();
  if (op.getLimit() && !hasLanes(tile))
    return op.emitOpError("a limit counts lanes, but ") << tile << " has none";
  return op.getWhere() ? verifyMask(op, op.getWhere().getType(), tile) : success();
}

LogicalResult LoadOp::verify() {
  Type tile = getResult().getType();
  if (failed(verifyAccess(*this, tile)))
    return failure();
  std::optional<ArrayRef<int64_t>> picks = getPicks();
  if (!picks)
    return success();
  if (getLimit() || getWhere() || getAhead() || !hasLanes(tile) ||
      getElementTypeOrSelf(tile) != getBuffer().getType().getElementType())
    return emitOpError("expected picks of whole elements along lanes, with nothing left out");
  if ((int64_t)picks->size() != cast<RankedTensorType>(tile).getShape().back() ||
      llvm::any_of(*picks, [](int64_t pick) { return pick < 0; }))
    return emitOpError("expected the place of each lane's element, but got ") << getPicksAttr();
  return success();
}
LogicalResult StoreOp::verify() { return verifyAccess(*this, getValue().getType()); }

template <typename Op> static LogicalResult verifyPlaces(Op op, Type tile) {
  if (failed(verifyElements(op, tile, op.getBuffer().getType())))
    return failure();
  Type offsets = op.getOffsets().getType(), element = getElementTypeOrSelf(offsets);
  if (Type expected = withElements(tile, element); offsets != expected || !element.isIntOrIndex())
    return op.emitOpError("expected an offset for each element of ")
           << tile << ", but got " << offsets;
  return verifyMask(op, op.getMask().getType(), tile);
}

LogicalResult GatherOp::verify() { return verifyPlaces(*this, getResult().getType()); }
LogicalResult ScatterOp::verify() { return verifyPlaces(*this, getValue().getType()); }

LogicalResult LocalOp::verify() {
  if (getResult().getType().hasStaticShape())
    return success();
  return emitOpError("expected memory of static size, but got ") << getResult().getType();
}

LogicalResult WaitOp::verify() {
  if (static_cast<int64_t>(getPending()) >= 0)
    return success();
  return emitOpError("expected a number of groups, but got ") << static_cast<int64_t>(getPending());
}

namespace {
/// What a dimension of a tile runs along.
enum class Along { registers, lanes, rows, columns };
} // namespace

static Along along(RankedTensorType type, int64_t dim) {
  int64_t behind = type.getRank() - 1 - dim;
  if (hasLanes(type))
    return behind == 0 ? Along::lanes : Along::registers;
  FragmentAttr fragment = fragmentOf(type);
  if (fragment && fragment.getColumns() && behind-- == 0)
    return Along::columns;
  return fragment && fragment.getRows() && behind == 0 ? Along::rows : Along::registers;
}

LogicalResult BroadcastOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  if (failed(verifyTile(*this, source)) || failed(verifyTile(*this, result)))
    return failure();
  if (getElementTypeOrSelf(source) != getElementTypeOrSelf(result))
    return emitOpError("expected elements of one type, but got ") << source << " and " << result;
  auto from = dyn_cast<RankedTensorType>(source), to = dyn_cast<RankedTensorType>(result);
  ArrayRef<int64_t> dims = getDims();
  int64_t rank = from ? from.getRank() : 0, most = to ? to.getRank() : 0;
  if (static_cast<int64_t>(dims.size()) != rank)
    return emitOpError("expected a place for each of ")
           << rank << " dimensions, but got " << dims.size();
  for (int64_t i = 0; i < rank; ++i) {
    if (dims[i] < (i ? dims[i - 1] + 1 : 0) || dims[i] >= most)
      return emitOpError("expected ascending places below ") << most << ", but got " << dims;
    if (from.getDimSize(i) != to.getDimSize(dims[i]) || along(from, i) != along(to, dims[i]))
      return emitOpError("expected dimension ")
             << dims[i] << " of " << to << " to be and to lie as dimension " << i << " of " << from;
  }
  FragmentAttr own = fragmentOf(source), other = fragmentOf(result);
  if (own &&
      (own.getRowWarps() != other.getRowWarps() || own.getColumnWarps() != other.getColumnWarps()))
    return emitOpError("expected one grid of warps, but got ") << source << " and " << result;
  return success();
}

LogicalResult ReduceOp::verify() {
  if (!llvm::is_contained(kReductionNames, getKind())) {
    InFlightDiagnostic diag = emitOpError("expected one of '");
    llvm::interleave(kReductionNames, diag, "', '");
    return diag << "', but got '" << getKind() << "'";
  }
  if (failed(verifyTile(*this, getSource().getType())))
    return failure();
  auto source = dyn_cast<RankedTensorType>(getSource().getType());
  if (!source)
    return emitOpError("expected a tile, but got ") << getSource().getType();
  FragmentAttr fragment = fragmentOf(source);
  if (!hasLanes(source) && !(fragment && fragment.getColumns()))
    return emitOpError("expected lanes or columns, but got ") << getSource().getType();
  if (getLimit() && fragment)
    return emitOpError("a limit counts lanes, but ") << source << " has none";
  Type element = source.getElementType();
  if (isa<FloatType>(element) && (getKind() == "or" || getKind() == "and"))
    return emitOpError("expected integers for ") << getKind() << ", but got " << source;
  ArrayRef<int64_t> shape = source.getShape().drop_back();
  Type expected = tileType(shape, element, /*lanes=*/false);
  if (fragment && fragment.getRows())
    expected = RankedTensorType::get(shape, element,
                                     FragmentAttr::get(getContext(), fragment.getRowWarps(),
                                                       fragment.getColumnWarps(), true, false));
  if (getResult().getType() != expected)
    return emitOpError("expected a result of type ")
           << expected << ", but got " << getResult().getType();
  return success();
}

LogicalResult IotaOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getResult().getType());
  if (failed(verifyTile(*this, getResult().getType())))
    return failure();
  if (!type || type.getRank() != 1 || !type.getElementType().isIntOrIndex())
    return emitOpError("expected integers along one dimension, but got ") << getResult().getType();
  return success();
}

static LogicalResult verifyGrid(function_ref<InFlightDiagnostic()> emitError, int64_t rowWarps,
                                int64_t columnWarps) {
  if (rowWarps > 0 && columnWarps > 0)
    return success();
  return emitError() << "expected a grid of warps, but got " << rowWarps << " by " << columnWarps;
}

LogicalResult FragmentAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rowWarps,
                                   int64_t columnWarps, bool rows, bool columns) {
  if (!rows && !columns)
    return emitError() << "expected rows or columns of a fragment";
  return verifyGrid(emitError, rowWarps, columnWarps);
}

/// Each of `warps` has an equal part of a dimension, by `step` elements.
static LogicalResult verifyPart(function_ref<InFlightDiagnostic()> emitError, StringRef name,
                                int64_t size, int64_t warps, int64_t step) {
  if (!ShapedType::isDynamic(size) && size > 0 && size % (warps * step) == 0)
    return success();
  return emitError() << "expected " << name << " by " << warps * step << ", but got " << size;
}

LogicalResult FragmentAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                           function_ref<InFlightDiagnostic()> emitError) const {
  constexpr int64_t kStep = 8;
  if (shape.size() < size_t(getRows()) + getColumns())
    return emitError() << "expected a dimension for each of a fragment's rows and columns, but got "
                       << shape.size();
  if (getColumns()) {
    if (failed(verifyPart(emitError, "columns", shape.back(), getColumnWarps(), kStep)))
      return failure();
    shape = shape.drop_back();
  }
  return getRows() ? verifyPart(emitError, "rows", shape.back(), getRowWarps(), kStep) : success();
}

LogicalResult FactorAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rowWarps,
                                 int64_t columnWarps, bool) {
  return verifyGrid(emitError, rowWarps, columnWarps);
}

LogicalResult FactorAttr::verifyEncoding(ArrayRef<int64_t> shape, Type element,
                                         function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != 2)
    return emitError() << "expected a factor of two dimensions, but got " << shape.size();
  if (!element.isBF16() && !element.isF16() && !element.isF32())
    return emitError() << "expected a factor of bf16, f16 or f32, but got " << element;
  bool isWide = element.isF32();
  int64_t warps = getLeft() ? getRowWarps() : getColumnWarps();
  if (failed(
          verifyPart(emitError, getLeft() ? "rows" : "columns", shape[0], warps, isWide ? 8 : 16)))
    return failure();
  return verifyPart(emitError, "a depth", shape[1], 1, isWide ? 4 : 16);
}
