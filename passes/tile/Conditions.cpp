//===- Conditions.cpp - Conditions on top of each other -------------------===//
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/tile/SimplifyRows.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::tile {
namespace {

/// True if `condition` is `a`, or `a` and something else.
bool implies(Value condition, Value a) {
  if (condition == a)
    return true;
  auto both = condition.getDefiningOp<arith::AndIOp>();
  return both && (implies(both.getLhs(), a) || implies(both.getRhs(), a));
}

/// select(a, select(b, x, y), y) is select(a and b, x, y).
struct SelectOfSelect : OpRewritePattern<arith::SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::SelectOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getTrueValue().getDefiningOp<arith::SelectOp>();
    if (!inner || inner.getFalseValue() != op.getFalseValue() ||
        inner.getCondition().getType() != op.getCondition().getType())
      return rewriter.notifyMatchFailure(op, "expected a select of the same alternative");
    Value both =
        arith::AndIOp::create(rewriter, op.getLoc(), inner.getCondition(), op.getCondition());
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, both, inner.getTrueValue(),
                                                 op.getFalseValue());
    return success();
  }
};

/// True if `condition` holds wherever `a` and `b` do.
bool followsFrom(Value condition, Value a, Value b) {
  if (auto both = condition.getDefiningOp<arith::AndIOp>();
      both && followsFrom(both.getLhs(), a, b) && followsFrom(both.getRhs(), a, b))
    return true;
  return implies(a, condition) || implies(b, condition);
}

/// True if `other`, which chooses between the same as `inner`, is the same wherever `condition`
/// holds, and leaves out at least as much elsewhere. Of two that are the same everywhere it is the
/// first: nothing is replaced to and fro.
bool mayStandFor(arith::SelectOp other, arith::SelectOp inner, Value condition) {
  Value mine = other.getCondition(), its = inner.getCondition();
  if (other.getFalseValue() != inner.getFalseValue() || !implies(mine, condition) ||
      !implies(mine, its) || !followsFrom(mine, condition, its))
    return false;
  return !implies(its, condition) || other->isBeforeInBlock(inner);
}

/// What the condition of `outer` leaves out may be anything in `leaf`: a select of the same
/// that leaves it out, and is there anyway.
arith::SelectOp anotherOf(Value leaf, arith::SelectOp outer, Operation *reader) {
  auto isThere = [&](arith::SelectOp other) {
    return other != outer && other->getBlock() == reader->getBlock() &&
           other->isBeforeInBlock(reader);
  };
  if (auto inner = leaf.getDefiningOp<arith::SelectOp>();
      inner && inner->getBlock() == reader->getBlock())
    for (Operation *user : inner.getTrueValue().getUsers())
      if (auto other = dyn_cast<arith::SelectOp>(user);
          other && other != inner && other.getTrueValue() == inner.getTrueValue() &&
          isThere(other) && mayStandFor(other, inner, outer.getCondition()))
        return other;
  for (Operation *user : leaf.getUsers())
    if (auto other = dyn_cast<arith::SelectOp>(user); other && other.getTrueValue() == leaf &&
                                                      isThere(other) &&
                                                      other.getCondition() == outer.getCondition())
      return other;
  return nullptr;
}

/// Ops through which an element that is left out at the end is only one's own.
bool isElementwise(Operation *op) {
  return op->hasOneUse() &&
         isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, math::FmaOp, math::ExpOp, math::Exp2Op>(
             op);
}

/// select(a, f(x), y) reads no x that `a` leaves out.
struct ReadAnother : OpRewritePattern<arith::SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::SelectOp op, PatternRewriter &rewriter) const override {
    SmallVector<Operation *> open;
    if (Operation *made = op.getTrueValue().getDefiningOp(); made && isElementwise(made))
      open.push_back(made);
    bool isOther = false;
    while (!open.empty()) {
      Operation *reader = open.pop_back_val();
      for (OpOperand &operand : reader->getOpOperands()) {
        if (auto other = anotherOf(operand.get(), op, reader)) {
          rewriter.modifyOpInPlace(reader, [&] { operand.set(other.getResult()); });
          isOther = true;
        } else if (Operation *made = operand.get().getDefiningOp(); made && isElementwise(made)) {
          open.push_back(made);
        }
      }
    }
    if (!isOther)
      return rewriter.notifyMatchFailure(op, "expected a select that is there anyway");
    rewriter.modifyOpInPlace(op, [] {}); // what it chooses has changed
    return success();
  }
};

/// True if `value` is -inf wherever `condition` does not hold.
bool isLeastWithout(Value value, Value condition) {
  if (auto select = value.getDefiningOp<arith::SelectOp>()) {
    std::optional<APFloat> otherwise = numberOf(select.getFalseValue());
    return implies(select.getCondition(), condition) && otherwise && otherwise->isInfinity() &&
           otherwise->isNegative();
  }
  auto keeps = [&](Value a, Value finite) {
    return isLeastWithout(a, condition) && isFinite(finite);
  };
  auto isPositive = [](Value factor) {
    std::optional<APFloat> number = numberOf(factor);
    return number && !number->isNegative() && !number->isZero() && !number->isNaN();
  };
  if (auto sum = value.getDefiningOp<arith::AddFOp>())
    return keeps(sum.getLhs(), sum.getRhs()) || keeps(sum.getRhs(), sum.getLhs());
  if (auto product = value.getDefiningOp<arith::MulFOp>())
    return isLeastWithout(product.getLhs(), condition) && isPositive(product.getRhs());
  if (auto fused = value.getDefiningOp<math::FmaOp>())
    return keeps(fused.getA(), fused.getC()) && isPositive(fused.getB());
  return false;
}

/// exp(-inf) is the 0 that would be chosen.
struct ZeroAnyway : OpRewritePattern<arith::SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::SelectOp op, PatternRewriter &rewriter) const override {
    std::optional<APFloat> otherwise = numberOf(op.getFalseValue());
    Operation *made = op.getTrueValue().getDefiningOp();
    if (!otherwise || !otherwise->isPosZero() || !isa_and_present<math::ExpOp>(made) ||
        !isLeastWithout(made->getOperand(0), op.getCondition()))
      return rewriter.notifyMatchFailure(op, "expected an exp that is zero anyway");
    rewriter.replaceOp(op, made->getResult(0));
    return success();
  }
};

/// A bound on the columns of a fragment: they are below `limit`, of a row or of all.
struct Bound {
  Value limit, columns;
  bool isOfRow;
};

std::optional<Bound> boundOf(Value condition) {
  BroadcastOp all = sharedOf(condition); // of columns alone
  auto compare = (all ? all.getSource() : condition).getDefiningOp<arith::CmpIOp>();
  if (!compare || compare.getPredicate() != arith::CmpIPredicate::sgt)
    return std::nullopt;
  BroadcastOp limit = sharedOf(compare.getLhs());
  Value columns = compare.getRhs();
  if (BroadcastOp shared = sharedOf(columns); shared && !all)
    columns = shared.getSource();
  auto cast = columns.getDefiningOp<arith::IndexCastOp>();
  if (!limit || !cast || !cast.getIn().getDefiningOp<IotaOp>() ||
      !getElementTypeOrSelf(limit.getType()).isInteger(32))
    return std::nullopt;
  bool isOfRow = isa<RankedTensorType>(limit.getSource().getType());
  if (isOfRow == bool(all))
    return std::nullopt;
  return Bound{limit.getSource(), columns, isOfRow};
}

/// Columns below a limit of their row and below one of all are below the lesser.
struct LesserBound : OpRewritePattern<arith::AndIOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::AndIOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> leaves, open{op.getLhs(), op.getRhs()};
    while (!open.empty()) {
      Value value = open.pop_back_val();
      if (auto both = value.getDefiningOp<arith::AndIOp>())
        open.append({both.getLhs(), both.getRhs()});
      else
        leaves.push_back(value);
    }
    for (Value ofAll : leaves)
      for (Value ofRow : leaves) {
        std::optional<Bound> all = boundOf(ofAll), row = boundOf(ofRow);
        if (!all || !row || all->isOfRow || !row->isOfRow || all->columns != row->columns)
          continue;
        Location loc = op.getLoc();
        Value limit = BroadcastOp::create(rewriter, loc, row->limit.getType(), all->limit,
                                          rewriter.getDenseI64ArrayAttr({}));
        limit = arith::MinSIOp::create(rewriter, loc, limit, row->limit);
        auto compare = ofRow.getDefiningOp<arith::CmpIOp>();
        BroadcastOp shared = sharedOf(compare.getLhs());
        limit = BroadcastOp::create(rewriter, loc, shared.getType(), limit, shared.getDimsAttr());
        Value result =
            arith::CmpIOp::create(rewriter, loc, compare.getPredicate(), limit, compare.getRhs());
        for (Value leaf : leaves)
          if (leaf != ofAll && leaf != ofRow)
            result = arith::AndIOp::create(rewriter, loc, result, leaf);
        rewriter.replaceOp(op, result);
        return success();
      }
    return rewriter.notifyMatchFailure(op, "expected two bounds of the same columns");
  }
};

} // namespace

void populateConditionPatterns(RewritePatternSet &patterns) {
  patterns.add<SelectOfSelect, ReadAnother, ZeroAnyway>(patterns.getContext());
}

void populateBoundPatterns(RewritePatternSet &patterns) {
  patterns.add<LesserBound>(patterns.getContext());
}

} // namespace einfall::tile
