//===- BoxPredicate.cpp - What a mask is on a box of coordinates ----------===//
#include "passes/ein-to-tile/BoxPredicate.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using Predicate = arith::CmpIPredicate;

namespace einfall {

/// Coordinates and extents stay within 2^48.
static constexpr unsigned coordinateBits = 48;
/// Bounds are computed in 64 bits: up to here no operation on two of them wraps.
static constexpr unsigned exactBits = 62;

static unsigned widthOf(Type type) {
  return isa<IndexType>(type) ? 64 : type.getIntOrFloatBitWidth();
}

/// The least n with |value| <= 2^n.
static unsigned bitsOf(int64_t value) {
  uint64_t size = value < 0 ? -static_cast<uint64_t>(value) : value;
  return size <= 1 ? 0 : llvm::Log2_64_Ceil(size);
}

/// The value of an integer constant of at most 64 bits.
static std::optional<int64_t> literal(Value value) {
  APInt number;
  if (!matchPattern(value, m_ConstantInt(&number)) || number.getBitWidth() > 64)
    return std::nullopt;
  return number.getSExtValue();
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

Value BoxPredicate::constant(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value BoxPredicate::truth(bool value) {
  return arith::ConstantOp::create(builder, loc, builder.getBoolAttr(value));
}

static Value unlessFalse(Value value) { return value && literal(value) == 0 ? Value() : value; }

Value BoxPredicate::test(Predicate predicate, Value a, Value b) {
  if (!a || !b)
    return {};
  return unlessFalse(builder.createOrFold<arith::CmpIOp>(loc, predicate, a, b));
}

Value BoxPredicate::both(Value a, Value b) {
  if (!a || !b)
    return {};
  return unlessFalse(make<arith::AndIOp>(a, b));
}

Value BoxPredicate::either(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return make<arith::OrIOp>(a, b);
}

Value BoxPredicate::joined(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return make<arith::AndIOp>(a, b);
}

Verdict BoxPredicate::onlyIf(Value valid, Verdict verdict) {
  if (!valid)
    return verdict;
  return {both(valid, verdict.none), both(valid, verdict.all)};
}

//===----------------------------------------------------------------------===//
// Truth values
//===----------------------------------------------------------------------===//

static Verdict negated(Verdict verdict) { return {verdict.all, verdict.none}; }

Verdict BoxPredicate::truthOf(Value value) {
  if (auto it = truths.find(value); it != truths.end())
    return it->second;
  Verdict verdict = computeTruth(value);
  truths[value] = verdict;
  return verdict;
}

Verdict BoxPredicate::computeTruth(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    std::optional<Bounds> bounds = operandBounds(argument);
    if (!bounds)
      return {};
    return {test(Predicate::sle, bounds->high, constant(0)),
            test(Predicate::sge, bounds->low, constant(1))};
  }
  if (std::optional<int64_t> known = literal(value))
    return *known ? Verdict{{}, truth(true)} : Verdict{truth(true), {}};
  auto sides = [&](auto op) { return std::pair(truthOf(op.getLhs()), truthOf(op.getRhs())); };
  return llvm::TypeSwitch<Operation *, Verdict>(value.getDefiningOp())
      .Case([&](arith::AndIOp op) -> Verdict {
        auto [a, b] = sides(op);
        return {either(a.none, b.none), both(a.all, b.all)};
      })
      .Case([&](arith::OrIOp op) -> Verdict {
        auto [a, b] = sides(op);
        return {both(a.none, b.none), either(a.all, b.all)};
      })
      .Case([&](arith::XOrIOp op) -> Verdict {
        auto [a, b] = sides(op);
        return {either(both(a.none, b.none), both(a.all, b.all)),
                either(both(a.all, b.none), both(a.none, b.all))};
      })
      .Case([&](arith::CmpIOp op) { return compare(op); })
      .Case([&](arith::SelectOp op) { return chooseTruth(op); })
      .Case([&](arith::TruncIOp op) { return lowestBit(rangeOf(op.getIn())); })
      .Default([](Operation *) { return Verdict(); });
}

/// Either side where the condition is settled; what both sides are in any case.
Verdict BoxPredicate::chooseTruth(arith::SelectOp op) {
  Verdict condition = truthOf(op.getCondition());
  Verdict yes = truthOf(op.getTrueValue()), no = truthOf(op.getFalseValue());
  auto chosen = [&](Value fromYes, Value fromNo) {
    Value settled = either(both(condition.all, fromYes), both(condition.none, fromNo));
    return either(settled, both(fromYes, fromNo));
  };
  return {chosen(yes.none, no.none), chosen(yes.all, no.all)};
}

/// A cast to i1 keeps the lowest bit.
Verdict BoxPredicate::lowestBit(const Range &range) {
  auto always = [&](int64_t number) {
    Value value = constant(number);
    return both(test(Predicate::sge, range.low, value), test(Predicate::sle, range.high, value));
  };
  return onlyIf(range.valid, {always(0), always(1)});
}

Verdict BoxPredicate::compare(arith::CmpIOp op) {
  Type type = op.getLhs().getType();
  if (!type.isIntOrIndex() || widthOf(type) > 64)
    return {};
  if (type.isInteger(1))
    return compareTruths(op);
  Range a = rangeOf(op.getLhs()), b = rangeOf(op.getRhs());
  Predicate predicate = op.getPredicate();
  if (predicate >= Predicate::ult) {
    // Where no sign is set, unsigned and signed order agree.
    a = nonNegative(a);
    b = nonNegative(b);
    static const Predicate asSigned[] = {Predicate::slt, Predicate::sle, Predicate::sgt,
                                         Predicate::sge};
    predicate = asSigned[static_cast<unsigned>(predicate) - static_cast<unsigned>(Predicate::ult)];
  }
  return onlyIf(joined(a.valid, b.valid), ordered(predicate, a, b));
}

Verdict BoxPredicate::compareTruths(arith::CmpIOp op) {
  bool equality = op.getPredicate() == Predicate::eq;
  if (!equality && op.getPredicate() != Predicate::ne)
    return {};
  Verdict a = truthOf(op.getLhs()), b = truthOf(op.getRhs());
  Verdict same = {either(both(a.all, b.none), both(a.none, b.all)),
                  either(both(a.none, b.none), both(a.all, b.all))};
  return equality ? same : negated(same);
}

Verdict BoxPredicate::ordered(Predicate predicate, const Range &a, const Range &b) {
  switch (predicate) {
  case Predicate::eq:
    return equal(a, b);
  case Predicate::ne:
    return negated(equal(a, b));
  case Predicate::slt:
    return {test(Predicate::sge, a.low, b.high), test(Predicate::slt, a.high, b.low)};
  case Predicate::sle:
    return {test(Predicate::sgt, a.low, b.high), test(Predicate::sle, a.high, b.low)};
  case Predicate::sgt:
    return ordered(Predicate::slt, b, a);
  default:
    return ordered(Predicate::sle, b, a);
  }
}

Verdict BoxPredicate::equal(const Range &a, const Range &b) {
  // As low <= high, these two leave one number.
  Value same = both(test(Predicate::eq, a.low, b.high), test(Predicate::eq, a.high, b.low));
  return {either(test(Predicate::slt, a.high, b.low), test(Predicate::slt, b.high, a.low)), same};
}

//===----------------------------------------------------------------------===//
// What keeps intervals true
//===----------------------------------------------------------------------===//

BoxPredicate::Range BoxPredicate::guarded(Range range, std::optional<int64_t> low,
                                          std::optional<int64_t> high) {
  auto require = [&](Predicate predicate, Value bound, int64_t limit) {
    Value holds = test(predicate, bound, constant(limit));
    if (!holds || !literal(holds)) // else it is true
      range.valid = joined(range.valid, holds ? holds : truth(false));
  };
  if (low)
    require(Predicate::sge, range.low, *low);
  if (high)
    require(Predicate::sle, range.high, *high);
  return range;
}

BoxPredicate::Range BoxPredicate::narrowed(Range range, unsigned bits) {
  if (range.bits <= bits)
    return range;
  range = guarded(range, -(int64_t(1) << bits), int64_t(1) << bits);
  range.bits = bits;
  return range;
}

BoxPredicate::Range BoxPredicate::fitted(Range range, Type type) {
  unsigned width = widthOf(type);
  // No operation leaves 64 bits: their operands were narrowed to that end.
  if (range.bits + 2 <= width || width == 64)
    return range;
  range = guarded(range, llvm::minIntN(width), llvm::maxIntN(width));
  range.bits = width - 1;
  return range;
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

BoxPredicate::Range BoxPredicate::rangeOf(Value value) {
  if (auto it = ranges.find(value); it != ranges.end())
    return it->second;
  Range range;
  if (value.getType().isIntOrIndex() && widthOf(value.getType()) <= 64)
    range = computeRange(value);
  ranges[value] = range;
  return range;
}

BoxPredicate::Range BoxPredicate::argument(BlockArgument argument) {
  Range range;
  range.bits = widthOf(argument.getType()) - 1;
  if (std::optional<Bounds> bounds = operandBounds(argument)) {
    range.low = bounds->low;
    range.high = bounds->high;
  }
  return range;
}

BoxPredicate::Range BoxPredicate::computeRange(Value value) {
  if (auto data = dyn_cast<BlockArgument>(value))
    return argument(data);
  if (std::optional<int64_t> known = literal(value)) {
    Value number = constant(*known);
    return {number, number, {}, bitsOf(*known)};
  }
  return llvm::TypeSwitch<Operation *, Range>(value.getDefiningOp())
      .Case([&](ein::IndexOp op) -> Range {
        Bounds box = boxOf(op.getRank());
        return {box.low ? box.low : constant(0), box.high, {}, coordinateBits};
      })
      .Case([&](ein::ExtentOp op) -> Range {
        Value size = extentValue(op.getExtent());
        return {size, size, {}, coordinateBits};
      })
      .Case<arith::IndexCastOp, arith::ExtSIOp>([&](auto op) {
        if (op.getIn().getType().isInteger(1))
          return fromTruth(op.getIn(), /*isSigned=*/true);
        return fitted(rangeOf(op.getIn()), op.getType());
      })
      .Case<arith::IndexCastUIOp, arith::ExtUIOp>([&](auto op) {
        if (op.getIn().getType().isInteger(1))
          return fromTruth(op.getIn(), /*isSigned=*/false);
        return fitted(nonNegative(rangeOf(op.getIn())), op.getType());
      })
      .Case([&](arith::TruncIOp op) { return fitted(rangeOf(op.getIn()), op.getType()); })
      .Case([&](arith::SelectOp op) { return choose(op); })
      .Default([&](Operation *op) { return arithmetic(op); });
}

/// A truth value as 0 and 1, or as its sign extended.
BoxPredicate::Range BoxPredicate::fromTruth(Value value, bool isSigned) {
  Verdict known = truthOf(value);
  Value off = constant(0), on = constant(isSigned ? -1 : 1);
  auto unless = [&](Value proven, Value settled, Value otherwise) {
    return proven ? builder.createOrFold<arith::SelectOp>(loc, proven, settled, otherwise)
                  : otherwise;
  };
  if (isSigned)
    return {unless(known.none, off, on), unless(known.all, on, off), {}, 0};
  return {unless(known.all, on, off), unless(known.none, off, on), {}, 0};
}

BoxPredicate::Range BoxPredicate::choose(arith::SelectOp op) {
  if (!op.getCondition().getType().isInteger(1))
    return {};
  Verdict condition = truthOf(op.getCondition());
  Range yes = rangeOf(op.getTrueValue()), no = rangeOf(op.getFalseValue());
  auto chosen = [&](Value fromYes, Value fromNo, Value joint) {
    if (!joint)
      return joint;
    for (auto [proven, value] : {std::pair(condition.none, fromNo), {condition.all, fromYes}})
      if (proven)
        joint = builder.createOrFold<arith::SelectOp>(loc, proven, value, joint);
    return joint;
  };
  Range result{{}, {}, joined(yes.valid, no.valid), std::max(yes.bits, no.bits)};
  if (yes.low && no.low)
    result.low = chosen(yes.low, no.low, make<arith::MinSIOp>(yes.low, no.low));
  if (yes.high && no.high)
    result.high = chosen(yes.high, no.high, make<arith::MaxSIOp>(yes.high, no.high));
  return result;
}

BoxPredicate::Range BoxPredicate::arithmetic(Operation *op) {
  if (op->getNumOperands() == 1 && isa<math::AbsIOp>(op))
    return fitted(magnitude(rangeOf(op->getOperand(0))), op->getResult(0).getType());
  if (op->getNumOperands() != 2 || !llvm::all_of(op->getOperandTypes(), [&](Type type) {
        return type == op->getResult(0).getType() && !type.isInteger(1);
      }))
    return {};
  auto side = [&](unsigned i) { return rangeOf(op->getOperand(i)); };
  Type type = op->getResult(0).getType();
  int64_t divisor = literal(op->getOperand(1)).value_or(0);
  bool divides = divisor > 0;
  return llvm::TypeSwitch<Operation *, Range>(op)
      .Case([&](arith::AddIOp) { return fitted(sum(side(0), side(1), false), type); })
      .Case([&](arith::SubIOp) { return fitted(sum(side(0), side(1), true), type); })
      .Case([&](arith::MulIOp) { return fitted(product(side(0), side(1)), type); })
      .Case([&](arith::MaxSIOp) { return extremum(side(0), side(1), true); })
      .Case([&](arith::MinSIOp) { return extremum(side(0), side(1), false); })
      .Case([&](arith::MaxUIOp) {
        return extremum(nonNegative(side(0)), nonNegative(side(1)), true);
      })
      .Case([&](arith::MinUIOp) {
        return extremum(nonNegative(side(0)), nonNegative(side(1)), false);
      })
      .Case<arith::DivSIOp, arith::FloorDivSIOp, arith::CeilDivSIOp>(
          [&](Operation *) { return divides ? quotient(op, side(0), divisor) : Range(); })
      .Case<arith::DivUIOp, arith::CeilDivUIOp>([&](Operation *) {
        return divides ? quotient(op, nonNegative(side(0)), divisor) : Range();
      })
      .Case([&](arith::RemSIOp) { return divides ? remainder(side(0), divisor) : Range(); })
      .Case([&](arith::RemUIOp) {
        return divides ? remainder(nonNegative(side(0)), divisor) : Range();
      })
      .Default([](Operation *) { return Range(); });
}

BoxPredicate::Range BoxPredicate::sum(Range a, Range b, bool negate) {
  a = narrowed(a, exactBits - 2);
  b = narrowed(b, exactBits - 2);
  Range result{{}, {}, joined(a.valid, b.valid), std::max(a.bits, b.bits) + 1};
  auto add = [&](Value x, Value y) -> Value {
    if (!x || !y)
      return {};
    return negate ? make<arith::SubIOp>(x, y) : make<arith::AddIOp>(x, y);
  };
  result.low = add(a.low, negate ? b.high : b.low);
  result.high = add(a.high, negate ? b.low : b.high);
  return result;
}

BoxPredicate::Range BoxPredicate::product(Range a, Range b) {
  if (a.bits + b.bits > exactBits) {
    Range &greater = a.bits > b.bits ? a : b, &smaller = a.bits > b.bits ? b : a;
    unsigned room = exactBits - std::min(exactBits, smaller.bits);
    // Two large ones share the room.
    smaller = narrowed(smaller, room < 16 ? exactBits / 2 : smaller.bits);
    greater = narrowed(greater, room < 16 ? exactBits / 2 : room);
  }
  Range result{{}, {}, joined(a.valid, b.valid), a.bits + b.bits};
  for (auto [constantSide, other] : {std::pair(&a, &b), {&b, &a}}) {
    std::optional<int64_t> factor = constantSide->low && constantSide->low == constantSide->high
                                        ? literal(constantSide->low)
                                        : std::nullopt;
    if (!factor)
      continue;
    auto scaled = [&](Value bound) -> Value {
      return bound ? make<arith::MulIOp>(bound, constantSide->low) : Value();
    };
    result.low = scaled(*factor < 0 ? other->high : other->low);
    result.high = scaled(*factor < 0 ? other->low : other->high);
    return result;
  }
  if (!a.isBounded() || !b.isBounded())
    return {};
  for (Value x : {a.low, a.high})
    for (Value y : {b.low, b.high}) {
      Value corner = make<arith::MulIOp>(x, y);
      result.low = result.low ? make<arith::MinSIOp>(result.low, corner) : corner;
      result.high = result.high ? make<arith::MaxSIOp>(result.high, corner) : corner;
    }
  return result;
}

/// Division by a positive number ascends, whichever way it rounds.
BoxPredicate::Range BoxPredicate::quotient(Operation *op, Range a, int64_t divisor) {
  Value by = constant(divisor);
  auto divide = [&](Value bound) -> Value {
    if (!bound)
      return {};
    if (isa<arith::FloorDivSIOp>(op))
      return make<arith::FloorDivSIOp>(bound, by);
    if (isa<arith::CeilDivSIOp, arith::CeilDivUIOp>(op))
      return make<arith::CeilDivSIOp>(bound, by);
    return make<arith::DivSIOp>(bound, by);
  };
  a.low = divide(a.low);
  a.high = divide(a.high);
  return a;
}

/// The remainder has the sign of the dividend. It ascends as long as the quotient
/// stays; beyond that it may be anything below the divisor.
BoxPredicate::Range BoxPredicate::remainder(Range a, int64_t divisor) {
  Value least = constant(1 - divisor), most = constant(divisor - 1), zero = constant(0);
  Range result{least, most, a.valid, std::min(a.bits, bitsOf(divisor))};
  if (a.low)
    result.low = make<arith::MaxSIOp>(make<arith::MinSIOp>(a.low, zero), least);
  if (a.high)
    result.high = make<arith::MinSIOp>(make<arith::MaxSIOp>(a.high, zero), most);
  if (!a.isBounded())
    return result;
  Value by = constant(divisor);
  Value same = builder.createOrFold<arith::CmpIOp>(
      loc, Predicate::eq, make<arith::DivSIOp>(a.low, by), make<arith::DivSIOp>(a.high, by));
  auto within = [&](Value bound, Value otherwise) {
    return builder.createOrFold<arith::SelectOp>(loc, same, make<arith::RemSIOp>(bound, by),
                                                 otherwise);
  };
  result.low = within(a.low, result.low);
  result.high = within(a.high, result.high);
  return result;
}

BoxPredicate::Range BoxPredicate::extremum(const Range &a, const Range &b, bool greatest) {
  Range result{{}, {}, joined(a.valid, b.valid), std::max(a.bits, b.bits)};
  auto pick = [&](Value x, Value y) {
    return greatest ? make<arith::MaxSIOp>(x, y) : make<arith::MinSIOp>(x, y);
  };
  // One side bounds a maximum from below, a minimum from above.
  auto bound = [&](Value x, Value y, bool oneWillDo) -> Value {
    if (x && y)
      return pick(x, y);
    return oneWillDo ? (x ? x : y) : Value();
  };
  result.low = bound(a.low, b.low, greatest);
  result.high = bound(a.high, b.high, !greatest);
  return result;
}

BoxPredicate::Range BoxPredicate::magnitude(Range a) {
  a = narrowed(a, exactBits);
  if (!a.isBounded())
    return {};
  Value zero = constant(0);
  Value negative = make<arith::SubIOp>(zero, a.low), below = make<arith::SubIOp>(zero, a.high);
  Value low = make<arith::MaxSIOp>(make<arith::MaxSIOp>(a.low, below), zero);
  return {low, make<arith::MaxSIOp>(negative, a.high), a.valid, a.bits};
}

} // namespace einfall
