//===- RealCoordinates.cpp - Distances of coordinates in f32 --------------===//
#include "passes/ein-to-tile/RealCoordinates.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace einfall {
namespace {

/// Up to here every integer is an f32.
constexpr int64_t kExact = 1 << 24;

/// Of an integer whose parts are all exact in f32.
struct Interval {
  int64_t low, high;
};

std::optional<Interval> within(int64_t low, int64_t high) {
  if (low < -kExact || high > kExact)
    return std::nullopt;
  return Interval{low, high};
}

/// Between which values `value` lies where coordinates are small; nothing if it is no such
/// function of them. `ranks` gains those that it reads.
std::optional<Interval> intervalOf(Value value, llvm::SetVector<StringRef> &ranks) {
  Operation *op = value.getDefiningOp();
  IntegerAttr constant;
  if (!op)
    return std::nullopt;
  if (matchPattern(value, m_Constant(&constant)))
    return within(constant.getValue().getSExtValue(), constant.getValue().getSExtValue());
  if (auto index = dyn_cast<ein::IndexOp>(op)) {
    ranks.insert(index.getRank());
    return Interval{0, kSmallCoordinate - 1};
  }
  if (!value.getType().isIntOrIndex() || op->getNumOperands() == 0 || op->getNumOperands() > 2)
    return std::nullopt;
  std::optional<Interval> a = intervalOf(op->getOperand(0), ranks), b = a;
  if (a && op->getNumOperands() == 2)
    b = intervalOf(op->getOperand(1), ranks);
  if (!a || !b)
    return std::nullopt;
  // A narrow type might wrap before f32 does.
  Type type = value.getType();
  if (!type.isIndex() && type.getIntOrFloatBitWidth() < 32)
    return std::nullopt;
  using Found = std::optional<Interval>;
  return llvm::TypeSwitch<Operation *, Found>(op)
      .Case<arith::IndexCastOp, arith::ExtSIOp>([&](auto) { return a; })
      .Case([&](arith::AddIOp) { return within(a->low + b->low, a->high + b->high); })
      .Case([&](arith::SubIOp) { return within(a->low - b->high, a->high - b->low); })
      .Case([&](arith::MulIOp) { // 0 times what is negative would be -0
        return a->low >= 0 && b->low >= 0 ? within(a->low * b->low, a->high * b->high) : Found();
      })
      .Case([&](arith::MaxSIOp) {
        return within(std::max(a->low, b->low), std::max(a->high, b->high));
      })
      .Case([&](arith::MinSIOp) {
        return within(std::min(a->low, b->low), std::min(a->high, b->high));
      })
      .Case([&](math::AbsIOp) { return within(0, std::max(-a->low, a->high)); })
      .Default([](Operation *) { return Found(); });
}

/// What can be computed so, and is not if it is a coordinate alone.
SmallVector<arith::SIToFPOp> findIn(Block &body, llvm::SetVector<StringRef> &ranks) {
  SmallVector<arith::SIToFPOp> found;
  for (auto made : body.getOps<arith::SIToFPOp>()) {
    llvm::SetVector<StringRef> own;
    if (!made.getType().isF32() || !intervalOf(made.getIn(), own) || own.size() < 2)
      continue;
    found.push_back(made);
    ranks.insert_range(own);
  }
  return found;
}

Value inReals(OpBuilder &builder, Value value, DenseMap<Value, Value> &made) {
  Value &real = made[value];
  if (real)
    return real;
  Operation *op = value.getDefiningOp();
  Location loc = op->getLoc();
  Type f32 = builder.getF32Type();
  IntegerAttr constant;
  Value result;
  if (matchPattern(value, m_Constant(&constant))) {
    double number = constant.getValue().getSExtValue();
    result = arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(number));
  } else if (isa<ein::IndexOp>(op)) {
    Value narrow = arith::IndexCastOp::create(builder, loc, builder.getI32Type(), value);
    result = arith::SIToFPOp::create(builder, loc, f32, narrow);
  } else {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(inReals(builder, operand, made));
    // Every sum is exact.
    auto anyOrder =
        arith::FastMathFlagsAttr::get(builder.getContext(), arith::FastMathFlags::reassoc);
    result =
        llvm::TypeSwitch<Operation *, Value>(op)
            .Case([&](arith::AddIOp) {
              return arith::AddFOp::create(builder, loc, operands[0], operands[1], anyOrder);
            })
            .Case([&](arith::SubIOp) {
              return arith::SubFOp::create(builder, loc, operands[0], operands[1], anyOrder);
            })
            .Case([&](arith::MulIOp) {
              return arith::MulFOp::create(builder, loc, operands[0], operands[1]);
            })
            .Case([&](arith::MaxSIOp) {
              return arith::MaximumFOp::create(builder, loc, operands[0], operands[1]);
            })
            .Case([&](arith::MinSIOp) {
              return arith::MinimumFOp::create(builder, loc, operands[0], operands[1]);
            })
            .Case([&](math::AbsIOp) { return math::AbsFOp::create(builder, loc, operands[0]); })
            .Default([&](Operation *) { return operands[0]; });
  }
  return made[value] = result;
}

} // namespace

SmallVector<StringRef> ranksMadeReal(ein::EinsumOp op) {
  llvm::SetVector<StringRef> ranks;
  Block &body = op.getBody().front();
  if (findIn(body, ranks).empty())
    return {};
  // More may be found where conditions are settled.
  for (auto index : body.getOps<ein::IndexOp>())
    ranks.insert(index.getRank());
  return ranks.takeVector();
}

WithRealCoordinates::WithRealCoordinates(ArrayRef<ein::EinsumOp> ops) {
  for (ein::EinsumOp op : ops) {
    Block &body = copy(op);
    llvm::SetVector<StringRef> ranks;
    DenseMap<Value, Value> made;
    for (arith::SIToFPOp integer : findIn(body, ranks)) {
      OpBuilder builder(integer);
      integer.replaceAllUsesWith(inReals(builder, integer.getIn(), made));
    }
    simplify(body);
  }
}

} // namespace einfall
