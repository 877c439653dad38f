//===- TileValues.cpp - Values over a space of tiled ranks ----------------===//
#include "passes/ein-to-tile/TileValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

int TileSpace::find(unsigned rank) const {
  auto *it = llvm::find(ranks, rank);
  return it == ranks.end() ? -1 : it - ranks.begin();
}

Type TileSpace::type(uint32_t mask, Type element) const {
  SmallVector<int64_t> shape;
  for (auto [i, size] : llvm::enumerate(sizes))
    if (mask & (1u << i))
      shape.push_back(size);
  if (fragment) {
    bool rows = mask >> (sizes.size() - 2) & 1, columns = mask >> (sizes.size() - 1) & 1;
    if (rows || columns)
      return RankedTensorType::get(
          shape, element,
          tile::FragmentAttr::get(element.getContext(), fragment.getRowWarps(),
                                  fragment.getColumnWarps(), rows, columns));
  }
  return tile::tileType(shape, element, mask & laneBit());
}

TileValue TileBuilder::broadcast(TileValue value, uint32_t mask) {
  if (value.mask == mask)
    return value;
  SmallVector<int64_t> dims;
  int64_t place = 0;
  for (unsigned i = 0; i < space.sizes.size(); ++i) {
    if (value.mask & (1u << i))
      dims.push_back(place);
    if (mask & (1u << i))
      ++place;
  }
  Type element = getElementTypeOrSelf(value.value.getType());
  return {tile::BroadcastOp::create(builder, loc, space.type(mask, element), value.value,
                                    builder.getDenseI64ArrayAttr(dims)),
          mask};
}

uint32_t TileBuilder::align(ArrayRef<TileValue> operands, SmallVectorImpl<Value> &values) {
  uint32_t mask = 0;
  for (TileValue operand : operands)
    mask |= operand.mask;
  for (TileValue operand : operands)
    values.push_back(broadcast(operand, mask).value);
  return mask;
}

/// A divisor that no machine traps on. Lanes past the end of a rank hold 0,
/// used or not; the least number by -1 wraps to itself, as by 1.
static TileValue safeDivisor(TileBuilder &tiles, Operation *op, TileValue dividend,
                             TileValue divisor) {
  OpBuilder &builder = tiles.builder;
  auto type = cast<IntegerType>(op->getResult(0).getType());
  Type bit = builder.getI1Type();
  auto equals = [&](TileValue a, const APInt &number) {
    TileValue literal = tiles.constant(builder.getIntegerAttr(type, number));
    return tiles.create<arith::CmpIOp>(
        bit, {a, literal},
        std::pair<StringRef, Attribute>(
            "predicate", builder.getI64IntegerAttr((int64_t)arith::CmpIPredicate::eq)));
  };
  unsigned width = type.getWidth();
  TileValue bad = equals(divisor, APInt(width, 0));
  if (!isa<arith::DivUIOp, arith::RemUIOp, arith::CeilDivUIOp>(op)) {
    TileValue least = equals(dividend, APInt::getSignedMinValue(width));
    TileValue minusOne = equals(divisor, APInt::getAllOnes(width));
    TileValue wraps = tiles.create<arith::AndIOp>(bit, {least, minusOne});
    bad = tiles.create<arith::OrIOp>(bit, {bad, wraps});
  }
  TileValue one = tiles.constant(builder.getIntegerAttr(type, 1));
  return tiles.create<arith::SelectOp>(type, {bad, one, divisor});
}

/// A shift by no more than the width less one: beyond it a machine's result is
/// its own. `fill` is what such a shift gives: all bits are out.
static TileValue safeShift(TileBuilder &tiles, Operation *op, ArrayRef<TileValue> operands,
                           function_ref<TileValue(ArrayRef<TileValue>)> shift) {
  OpBuilder &builder = tiles.builder;
  auto type = cast<IntegerType>(op->getResult(0).getType());
  TileValue last =
      tiles.constant(builder.getIntegerAttr(type, APInt(type.getWidth(), type.getWidth() - 1)));
  auto predicate = std::pair<StringRef, Attribute>(
      "predicate", builder.getI64IntegerAttr((int64_t)arith::CmpIPredicate::ule));
  TileValue proper =
      tiles.create<arith::CmpIOp>(builder.getI1Type(), {operands[1], last}, predicate);
  TileValue amount = tiles.create<arith::SelectOp>(type, {proper, operands[1], last});
  TileValue value = shift({operands[0], amount});
  if (isa<arith::ShRSIOp>(op))
    return value; // copies of the sign, however far
  TileValue zero = tiles.constant(builder.getZeroAttr(type));
  return tiles.create<arith::SelectOp>(type, {proper, value, zero});
}

SmallVector<TileValue> TileBuilder::clone(Operation *op, ArrayRef<TileValue> operands) {
  SmallVector<TileValue> safe(operands);
  auto build = [&](ArrayRef<TileValue> from) {
    SmallVector<Value> values;
    uint32_t mask = align(from, values);
    OperationState state(loc, op->getName());
    state.addOperands(values);
    for (Type type : op->getResultTypes())
      state.addTypes(space.type(mask, type));
    state.addAttributes(op->getAttrs());
    return llvm::map_to_vector(builder.create(state)->getResults(),
                               [&](Value value) { return TileValue{value, mask}; });
  };
  bool integer = op->getNumResults() && isa<IntegerType>(op->getResult(0).getType());
  if (integer && isa<arith::ShLIOp, arith::ShRSIOp, arith::ShRUIOp>(op))
    return {
        safeShift(*this, op, operands, [&](ArrayRef<TileValue> from) { return build(from)[0]; })};
  if (integer && isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
                     arith::FloorDivSIOp, arith::CeilDivSIOp, arith::CeilDivUIOp>(op))
    safe[1] = safeDivisor(*this, op, safe[0], safe[1]);
  return build(safe);
}

TileValue TileBuilder::constant(TypedAttr attr) {
  return {arith::ConstantOp::create(builder, loc, attr), 0};
}

TileValue TileBuilder::evaluate(AffineExpr expr, ArrayRef<TileValue> dims,
                                ArrayRef<TileValue> symbols) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  if (auto literal = dyn_cast<AffineConstantExpr>(expr))
    return index(literal.getValue());
  auto binary = cast<AffineBinaryOpExpr>(expr);
  TileValue lhs = evaluate(binary.getLHS(), dims, symbols);
  TileValue rhs = evaluate(binary.getRHS(), dims, symbols);
  Type type = builder.getIndexType();
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return create<arith::AddIOp>(type, {lhs, rhs});
  case AffineExprKind::Mul:
    return create<arith::MulIOp>(type, {lhs, rhs});
  case AffineExprKind::FloorDiv:
    return create<arith::FloorDivSIOp>(type, {lhs, rhs});
  case AffineExprKind::CeilDiv:
    return create<arith::CeilDivSIOp>(type, {lhs, rhs});
  default: {
    // The sign of the divisor, as affine `mod` has it.
    TileValue rest = create<arith::RemSIOp>(type, {lhs, rhs});
    TileValue zero = index(0);
    TileValue negative = create<arith::CmpIOp>(
        builder.getI1Type(), {rest, zero},
        std::pair<StringRef, Attribute>(
            "predicate", builder.getI64IntegerAttr((int64_t)arith::CmpIPredicate::slt)));
    TileValue moved = create<arith::AddIOp>(type, {rest, rhs});
    return create<arith::SelectOp>(type, {negative, moved, rest});
  }
  }
}

} // namespace einfall
