//===- Held.cpp - Narrow floats in registers ------------------------------===//
#include "codegen/common/Held.h"
#include "codegen/common/math/IrNumber.h"
#include "dialects/ein/EinNumerics.h"
#include "lib/Elementary/Exact.h"

using namespace mlir;

namespace einfall::codegen {

bool isNarrowFloat(Type element) {
  auto type = dyn_cast<FloatType>(element);
  return type && type.getWidth() < 32;
}

Type heldType(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (!isNarrowFloat(element))
    return type;
  return withElement(type, IntegerType::get(type.getContext(), element.getIntOrFloatBitWidth()));
}

Value widenHeld(OpBuilder &builder, Location loc, Value held, Type element) {
  if (!isNarrowFloat(element))
    return held;
  Value value = arith::BitcastOp::create(builder, loc, withElement(held.getType(), element), held);
  return arith::ExtFOp::create(builder, loc, withElement(held.getType(), builder.getF32Type()),
                               value);
}

Value narrowHeld(OpBuilder &builder, Location loc, Value value, Type element) {
  if (!isNarrowFloat(element))
    return value;
  Type narrow = withElement(value.getType(), element);
  value = arith::TruncFOp::create(builder, loc, narrow, value);
  return arith::BitcastOp::create(builder, loc, heldType(narrow), value);
}

/// a * b + c of narrow floats, rounded once: the product is exact in double,
/// and the sum rounded to odd may be rounded again.
static Value fmaInDouble(OpBuilder &builder, Location loc, ValueRange operands) {
  IrSite site{builder, loc, false, false};
  Type wide = withElement(operands[0].getType(), builder.getF64Type());
  SmallVector<IrNumber<64>> numbers;
  for (Value operand : operands)
    numbers.push_back({&site, arith::ExtFOp::create(builder, loc, wide, operand)});
  return elementary::oddSum(numbers[0] * numbers[1], numbers[2]).v;
}

/// Casts between narrow floats and integers or other floats.
static Value castHeld(OpBuilder &builder, Location loc, Operation &op, Value operand) {
  Type from = getElementTypeOrSelf(op.getOperand(0).getType());
  Type to = getElementTypeOrSelf(op.getResult(0).getType());
  Type held = heldType(withElement(operand.getType(), to));
  if (isa<arith::BitcastOp>(op)) {
    if (operand.getType() == held)
      return operand;
    return arith::BitcastOp::create(builder, loc, held, operand);
  }
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(op)) {
    // To the narrow type at once: it is rounded once.
    OperationState state(loc, op.getName());
    state.addOperands(operand);
    state.addTypes(withElement(operand.getType(), to));
    Value value = builder.create(state)->getResult(0);
    return isNarrowFloat(to) ? Value(arith::BitcastOp::create(builder, loc, held, value)) : value;
  }
  Value value = widenHeld(builder, loc, operand, from);
  if (isa<arith::ExtFOp, arith::TruncFOp>(op) && isNarrowFloat(to))
    return narrowHeld(builder, loc, value, to);
  if (value.getType() == held)
    return value;
  OperationState state(loc, op.getName());
  state.addOperands(value);
  state.addTypes(held);
  return builder.create(state)->getResult(0);
}

SmallVector<Value> applyHeld(OpBuilder &builder, Location loc, Operation &op, ValueRange operands) {
  auto isNarrow = [](Value v) { return isNarrowFloat(getElementTypeOrSelf(v.getType())); };
  bool narrow = llvm::any_of(op.getOperands(), isNarrow) || llvm::any_of(op.getResults(), isNarrow);
  bool moves = isa<arith::SelectOp>(op);
  if (narrow && isa<arith::ExtFOp, arith::TruncFOp, arith::BitcastOp, arith::SIToFPOp,
                    arith::UIToFPOp, arith::FPToSIOp, arith::FPToUIOp>(op))
    return {castHeld(builder, loc, op, operands[0])};
  SmallVector<Value> wide(operands);
  if (narrow && !moves)
    for (auto [value, operand] : llvm::zip(wide, op.getOperands()))
      value = widenHeld(builder, loc, value, getElementTypeOrSelf(operand.getType()));
  if (narrow && isa<math::FmaOp>(op) && ein::isStrict(&op))
    return {narrowHeld(builder, loc, fmaInDouble(builder, loc, wide),
                       getElementTypeOrSelf(op.getResult(0).getType()))};
  OperationState state(loc, op.getName());
  state.addOperands(wide);
  Type shape = operands.empty() ? Type() : operands.back().getType();
  for (Type type : op.getResultTypes()) {
    Type element = getElementTypeOrSelf(type);
    if (isNarrowFloat(element))
      element = moves ? heldType(element) : Type(builder.getF32Type());
    state.addTypes(shape ? withElement(shape, element) : element);
  }
  state.addAttributes(op.getAttrs());
  Operation *made = builder.create(state);
  SmallVector<Value> results;
  for (auto [result, value] : llvm::zip(op.getResults(), made->getResults()))
    results.push_back(
        moves ? value : narrowHeld(builder, loc, value, getElementTypeOrSelf(result.getType())));
  return results;
}

} // namespace einfall::codegen
