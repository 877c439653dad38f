//===- AlgebraEmitter.cpp - From expressions to operations ----------------===//
#include "dialects/ein/EinIndexing.h"
#include "passes/ein/AlgebraBridge.h"
#include "passes/ein/Inlining.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using einfall::algebra::Expr;
using einfall::algebra::Kind;

namespace einfall::ein {

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// Marks the leaves that `e` reads, and what their indices read.
static void collect(Frame &frame, Expr e, llvm::DenseSet<Expr> &seen, llvm::SmallBitVector &used) {
  if (!seen.insert(e).second)
    return;
  for (auto &[weight, arg] : e->args)
    collect(frame, arg, seen, used);
  auto follow = [&](AffineExpr index) {
    index.walk([&](AffineExpr sub) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(sub);
          symbol && !frame.symbols[symbol.getPosition()].name)
        collect(frame, frame.leaves[frame.symbols[symbol.getPosition()].leaf].variable, seen, used);
    });
  };
  if (auto it = frame.coordinates.find(e); it != frame.coordinates.end())
    follow(it->second);
  for (auto [i, leaf] : llvm::enumerate(frame.leaves))
    if (leaf.variable == e) {
      used.set(i);
      for (AffineExpr index : leaf.indices)
        follow(index);
    }
}

Operands::Operands(Frame &frame, ArrayRef<Expr> expressions) {
  llvm::SmallBitVector used(frame.leaves.size());
  llvm::DenseSet<Expr> seen;
  for (Expr e : expressions)
    collect(frame, e, seen, used);
  // Leaves are made in order, coordinates before what they index.
  llvm::DenseMap<unsigned, unsigned> place;
  for (unsigned leaf : used.set_bits()) {
    place[leaf] = leaves.size();
    leaves.push_back(leaf);
    values.push_back(frame.leaves[leaf].tensor);
    fills.push_back(frame.leaves[leaf].fill);
  }
  SmallVector<AffineExpr> replacement;
  for (Frame::Symbol &symbol : frame.symbols) {
    unsigned position = 0;
    if (!symbol.name) {
      position = place.lookup(symbol.leaf);
    } else {
      position = leaves.size() + symbols.size();
      symbols.push_back(symbol.name);
    }
    replacement.push_back(getAffineSymbolExpr(position, frame.context));
  }
  unsigned numSymbols = leaves.size() + symbols.size();
  for (unsigned leaf : leaves) {
    SmallVector<AffineExpr> indices;
    for (AffineExpr index : frame.leaves[leaf].indices)
      indices.push_back(
          simplifyIndex(index.replaceSymbols(replacement), frame.ranks.size(), numSymbols));
    maps.push_back(AffineMap::get(frame.ranks.size(), numSymbols, indices, frame.context));
  }
}

void Operands::fillMissing(const Frame &frame) {
  for (auto [i, leaf] : llvm::enumerate(leaves)) {
    Type element = cast<TensorType>(values[i].getType()).getElementType();
    if (frame.leaves[leaf].mayMiss)
      fills[i] = Builder(frame.context).getZeroAttr(element);
  }
}

void Operands::bind(Frame &frame, Emitter &emitter, ValueRange arguments) const {
  for (auto [leaf, argument] : llvm::zip(leaves, arguments))
    emitter.bind(frame.leaves[leaf].variable, argument);
}

//===----------------------------------------------------------------------===//
// Emitter
//===----------------------------------------------------------------------===//

Value Emitter::number(double value) {
  FloatType type = frame.workingType();
  return arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, value));
}

Value Emitter::convert(Value value, Type type) {
  Type from = value.getType();
  if (from == type)
    return value;
  if (isa<FloatType>(from) && isa<FloatType>(type)) {
    if (from.getIntOrFloatBitWidth() == type.getIntOrFloatBitWidth()) // bf16 and f16
      return convert(convert(value, frame.workingType()), type);
    if (from.getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth())
      return arith::ExtFOp::create(builder, loc, type, value);
    return arith::TruncFOp::create(builder, loc, type, value);
  }
  if (isa<IndexType>(from) && isa<FloatType>(type))
    value = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), value);
  if (isa<FloatType>(type))
    return arith::SIToFPOp::create(builder, loc, type, value);
  if (from.isInteger(1))
    return arith::IndexCastUIOp::create(builder, loc, type, value);
  return arith::IndexCastOp::create(builder, loc, type, value);
}

Value Emitter::emit(Expr e, Type type) {
  if (e->isConstant() && !isa<FloatType>(type))
    return arith::ConstantOp::create(builder, loc,
                                     builder.getIntegerAttr(type, static_cast<int64_t>(e->value)));
  Value &slot = values[e];
  if (!slot) {
    Value made = make(e, type);
    values[e] = made; // making may have moved the slot
    return convert(made, type);
  }
  return convert(slot, type);
}

Value Emitter::make(Expr e, Type type) {
  FloatType working = frame.workingType();
  switch (e->kind) {
  case Kind::constant:
    return number(e->value);
  case Kind::variable:
    if (auto it = frame.coordinates.find(e); it != frame.coordinates.end())
      return coordinate(it->second);
    return ExtentOp::create(builder, loc, builder.getIndexType(), frame.extentOf.lookup(e));
  case Kind::sum:
    return sum(e);
  case Kind::product:
    return product(e);
  case Kind::exp:
    return math::ExpOp::create(builder, loc, emit(e->operand(), working));
  case Kind::log:
    return math::LogOp::create(builder, loc, emit(e->operand(), working));
  case Kind::apply:
    return e->symbol < algebra::firstOpaque ? known(e) : call(e);
  }
  return {};
}

/// Positive terms first; a coefficient that all terms share is outside.
Value Emitter::sum(Expr e) {
  FloatType working = frame.workingType();
  double shared = std::fabs(e->args[0].first);
  for (auto [weight, term] : e->args)
    if (std::fabs(weight) != shared)
      shared = 1;
  if (e->value != 0 || e->args.size() == 1)
    shared = 1;
  Value total;
  for (bool positive : {true, false})
    for (auto [weight, term] : e->args) {
      double scale = weight / shared;
      if ((scale > 0) != positive)
        continue;
      Value part = emit(term, working);
      if (std::fabs(scale) != 1)
        part = arith::MulFOp::create(builder, loc, part, number(std::fabs(scale)));
      if (!total)
        total = positive ? part : Value(arith::NegFOp::create(builder, loc, part));
      else if (positive)
        total = arith::AddFOp::create(builder, loc, total, part);
      else
        total = arith::SubFOp::create(builder, loc, total, part);
    }
  if (e->value != 0)
    total = arith::AddFOp::create(builder, loc, total, number(e->value));
  if (shared != 1)
    total = arith::MulFOp::create(builder, loc, total, number(shared));
  return total;
}

Value Emitter::power(Value base, double exponent) {
  if (exponent == 0.5)
    return math::SqrtOp::create(builder, loc, base);
  if (exponent == std::floor(exponent) && exponent <= 16) {
    Value result = base;
    for (int i = 1; i < exponent; ++i)
      result = arith::MulFOp::create(builder, loc, result, base);
    return result;
  }
  return math::PowFOp::create(builder, loc, base, number(exponent));
}

/// Numerator over denominator.
Value Emitter::product(Expr e) {
  FloatType working = frame.workingType();
  Value over, under;
  for (auto [exponent, base] : e->args) {
    Value value = emit(base, working);
    bool root = exponent == -0.5;
    Value part = root ? Value(math::RsqrtOp::create(builder, loc, value))
                      : power(value, std::fabs(exponent));
    Value &side = exponent > 0 || root ? over : under;
    side = side ? Value(arith::MulFOp::create(builder, loc, side, part)) : part;
  }
  if (!under)
    return over;
  return arith::DivFOp::create(builder, loc, over ? over : number(1), under);
}

Value Emitter::known(Expr e) {
  FloatType working = frame.workingType();
  auto arg = [&](unsigned i) { return emit(e->operand(i), working); };
  auto settle = [&](Value value) -> Value {
    Value size = math::AbsFOp::create(builder, loc, value);
    Value finite =
        arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, size, number(HUGE_VAL));
    return arith::SelectOp::create(builder, loc, finite, value, number(0));
  };
  switch (e->symbol) {
  case algebra::fnMax:
    return arith::MaximumFOp::create(builder, loc, arg(0), arg(1));
  case algebra::fnMin:
    return arith::MinimumFOp::create(builder, loc, arg(0), arg(1));
  case algebra::fnSelect: {
    Value condition = emit(e->operand(0), builder.getI1Type());
    Value yes = arg(1), no = arg(2);
    return arith::SelectOp::create(builder, loc, condition, yes, no);
  }
  case algebra::fnAbs:
    return math::AbsFOp::create(builder, loc, arg(0));
  case algebra::fnTanh:
    return math::TanhOp::create(builder, loc, arg(0));
  case algebra::fnSettle:
    return settle(arg(0));
  case algebra::fnSome: {
    Value count = arg(0), value = arg(1);
    Value some = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, count, number(0));
    return arith::SelectOp::create(builder, loc, some, value, number(0));
  }
  default: { // relocate
    Value value = arg(0);
    return math::ExpOp::create(builder, loc,
                               arith::SubFOp::create(builder, loc, value, settle(value)));
  }
  }
}

Value Emitter::call(Expr e) {
  const Frame::Opaque &opaque = frame.opaque.find(e->symbol)->second;
  FloatType working = frame.workingType();
  auto widened = [&](Type type) { return isa<FloatType>(type) ? Type(working) : type; };
  OperationState state(loc, opaque.name);
  for (auto [i, type] : llvm::enumerate(opaque.operands))
    state.addOperands(emit(e->operand(i), widened(type)));
  state.addTypes(widened(opaque.result));
  state.addAttributes(opaque.attributes.getValue());
  return builder.create(state)->getResult(0);
}

Value Emitter::coordinate(AffineExpr index) {
  SmallVector<Value> dims(frame.ranks.size()), symbols(frame.symbols.size());
  index.walk([&](AffineExpr sub) {
    if (auto dim = dyn_cast<AffineDimExpr>(sub)) {
      dims[dim.getPosition()] =
          IndexOp::create(builder, loc, builder.getIndexType(),
                          builder.getStringAttr(frame.ranks[dim.getPosition()]));
    } else if (auto symbol = dyn_cast<AffineSymbolExpr>(sub)) {
      const Frame::Symbol &known = frame.symbols[symbol.getPosition()];
      symbols[symbol.getPosition()] =
          known.name ? Value(ExtentOp::create(builder, loc, builder.getIndexType(),
                                              ExtentAttr::symbol(frame.context, known.name)))
                     : emit(frame.leaves[known.leaf].variable, builder.getIndexType());
    }
  });
  return expandIndex(builder, loc, index, dims, symbols);
}

} // namespace einfall::ein
