//===- NeededBox.cpp - Where what an operand holds matters ----------------===//
#include "passes/ein/NeededBox.h"
#include "dialects/ein/EinBounds.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {

std::optional<std::pair<int64_t, int64_t>> LiteralBox::valuesOf(AffineExpr expr,
                                                                unsigned numSymbols) const {
  SmallVector<std::optional<int64_t>> least(low), most(high);
  least.append(numSymbols, std::nullopt);
  most.append(numSymbols, std::nullopt);
  auto from = getBoundForAffineExpr(expr, low.size(), numSymbols, least, most, /*isUpper=*/false);
  auto to = getBoundForAffineExpr(expr, low.size(), numSymbols, least, most, /*isUpper=*/true);
  if (!from || !to)
    return std::nullopt;
  return std::pair(*from, *to);
}

LiteralBox wholeBox(Operation *op) {
  LiteralBox box;
  for (ExtentAttr extent : rankExtents(op)) {
    std::optional<int64_t> literal = extent.getLiteral();
    box.low.push_back(0);
    box.high.push_back(literal ? std::optional<int64_t>(*literal - 1) : std::nullopt);
  }
  return box;
}

namespace {

class Uses {
public:
  explicit Uses(EinsumOp op) : op(op) {}

  /// Adds where `value` matters, given that only points of `box` are asked.
  void follow(Value value, const LiteralBox &box) {
    if (++steps > kMostSteps)
      return; // `result` is left to the caller
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      if (isa<YieldOp>(user)) {
        join(box);
        continue;
      }
      auto select = dyn_cast<arith::SelectOp>(user);
      if (!select || use.getOperandNumber() == 0) {
        for (Value result : user->getResults())
          follow(result, box);
        continue;
      }
      LiteralBox part = box;
      refine(part, select.getCondition(), use.getOperandNumber() == 1);
      follow(select, part);
    }
  }

  std::optional<LiteralBox> result;
  bool gaveUp() const { return steps > kMostSteps; }

private:
  static constexpr unsigned kMostSteps = 256;

  void join(const LiteralBox &box) {
    for (auto [low, high] : llvm::zip(box.low, box.high))
      if (low && high && *low > *high)
        return; // no point
    if (!result) {
      result = box;
      return;
    }
    for (unsigned i = 0, e = box.low.size(); i < e; ++i) {
      auto merge = [](std::optional<int64_t> &a, std::optional<int64_t> b, bool least) {
        a = !a || !b ? std::nullopt : std::optional(least ? std::min(*a, *b) : std::max(*a, *b));
      };
      merge(result->low[i], box.low[i], true);
      merge(result->high[i], box.high[i], false);
    }
  }

  /// The rank whose coordinate `value` is, or -1.
  int rankOf(Value value) const {
    unsigned width = 64;
    while (Operation *cast = value.getDefiningOp()) {
      if (auto index = dyn_cast<IndexOp>(cast)) {
        int rank = op.findRank(index.getRank());
        std::optional<int64_t> extent = op.getRankExtent(rank).getLiteral();
        // A narrow integer may not hold all coordinates.
        bool fits = width >= 64 || (extent && *extent <= int64_t(1) << (width - 1));
        return fits ? rank : -1;
      }
      if (!isa<arith::IndexCastOp>(cast))
        return -1;
      if (auto integer = dyn_cast<IntegerType>(value.getType()))
        width = std::min(width, integer.getWidth());
      value = cast->getOperand(0);
    }
    return -1;
  }

  void refine(LiteralBox &box, Value condition, bool truth) const {
    Operation *maker = condition.getDefiningOp();
    if (truth ? isa_and_present<arith::AndIOp>(maker) : isa_and_present<arith::OrIOp>(maker)) {
      refine(box, maker->getOperand(0), truth);
      refine(box, maker->getOperand(1), truth);
      return;
    }
    if (auto flip = dyn_cast_or_null<arith::XOrIOp>(maker)) {
      if (APInt bit; matchPattern(flip.getRhs(), m_ConstantInt(&bit)))
        refine(box, flip.getLhs(), truth != !bit.isZero());
      return;
    }
    auto compare = dyn_cast_or_null<arith::CmpIOp>(maker);
    if (!compare)
      return;
    arith::CmpIPredicate predicate = compare.getPredicate();
    Value lhs = compare.getLhs(), rhs = compare.getRhs();
    if (rankOf(lhs) < 0) {
      std::swap(lhs, rhs);
      predicate = mirrored(predicate);
    }
    int rank = rankOf(lhs);
    APInt number;
    if (rank < 0 || !matchPattern(rhs, m_ConstantInt(&number)) || number.getBitWidth() > 64)
      return;
    if (!truth)
      predicate = arith::invertPredicate(predicate);
    restrict(box, rank, predicate, number.getSExtValue());
  }

  static arith::CmpIPredicate mirrored(arith::CmpIPredicate predicate) {
    using P = arith::CmpIPredicate;
    switch (predicate) {
    case P::slt:
      return P::sgt;
    case P::sle:
      return P::sge;
    case P::sgt:
      return P::slt;
    case P::sge:
      return P::sle;
    case P::ult:
      return P::ugt;
    case P::ule:
      return P::uge;
    case P::ugt:
      return P::ult;
    case P::uge:
      return P::ule;
    default:
      return predicate;
    }
  }

  /// Coordinates are not negative, so signs only matter in `number`.
  static void restrict(LiteralBox &box, unsigned rank, arith::CmpIPredicate predicate,
                       int64_t number) {
    using P = arith::CmpIPredicate;
    bool isUnsigned =
        predicate == P::ult || predicate == P::ule || predicate == P::ugt || predicate == P::uge;
    if (isUnsigned && number < 0)
      return;
    auto most = [&](int64_t value) {
      auto &high = box.high[rank];
      high = high ? std::min(*high, value) : value;
    };
    auto least = [&](int64_t value) {
      auto &low = box.low[rank];
      low = low ? std::max(*low, value) : value;
    };
    switch (predicate) {
    case P::slt:
    case P::ult:
      return most(number - 1);
    case P::sle:
    case P::ule:
      return most(number);
    case P::sgt:
    case P::ugt:
      return least(number + 1);
    case P::sge:
    case P::uge:
      return least(number);
    case P::eq:
      most(number);
      return least(number);
    default:
      return;
    }
  }

  mutable EinsumOp op;
  unsigned steps = 0;
};

} // namespace

LiteralBox neededBox(EinsumOp op, unsigned number) {
  LiteralBox whole = wholeBox(op);
  Uses uses(op);
  uses.follow(op.getBody().front().getArgument(number), whole);
  return uses.result && !uses.gaveUp() ? *uses.result : whole;
}

} // namespace einfall::ein
