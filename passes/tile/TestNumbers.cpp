//===- TestNumbers.cpp - One test for a NaN in two registers --------------===//
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/tile/Passes.h"

using namespace mlir;

namespace einfall::tile {
#define GEN_PASS_DEF_TILETESTNUMBERS
#include "passes/tile/Passes.h.inc"

namespace {

/// An extreme that a loop carries, and the reduction that alone reads it behind the loop.
struct Extreme {
  unsigned number = 0; // of the loop's results
  Operation *step = nullptr;
  Value operand;
  ReduceOp reduce;
  bool isMax = true;

  arith::CmpFPredicate predicate() const {
    return isMax ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT;
  }
};

bool mayBeTested(Type type, int64_t least) {
  auto tile = dyn_cast<RankedTensorType>(type);
  return tile && hasLanes(tile) && tile.getRank() == 1 && tile.getElementType().isF32() &&
         tile.getDimSize(0) % 2 == 0 && tile.getDimSize(0) >= least;
}

std::optional<Extreme> extremeOf(scf::ForOp loop, unsigned number, int64_t least) {
  Extreme found;
  found.number = number;
  Value result = loop.getResult(number), carried = loop.getRegionIterArg(number);
  found.step = loop.getYieldedValues()[number].getDefiningOp();
  if (!isa_and_present<arith::MaximumFOp, arith::MinimumFOp>(found.step) ||
      found.step->getParentOp() != loop || !found.step->hasOneUse() || !carried.hasOneUse() ||
      !result.hasOneUse() || !mayBeTested(result.getType(), least))
    return std::nullopt;
  found.isMax = isa<arith::MaximumFOp>(found.step);
  auto real = cast<arith::ArithFastMathInterface>(found.step).getFastMathFlagsAttr();
  found.reduce = dyn_cast<ReduceOp>(*result.user_begin());
  if (!bitEnumContainsAny(real.getValue(), arith::FastMathFlags::nsz) || !found.reduce ||
      found.reduce.getLimit() || found.reduce.getKind() != (found.isMax ? "max" : "min"))
    return std::nullopt;
  bool isFirst = found.step->getOperand(0) == carried;
  if (!isFirst && found.step->getOperand(1) != carried)
    return std::nullopt;
  found.operand = found.step->getOperand(isFirst ? 1 : 0);
  if (auto argument = dyn_cast<BlockArgument>(found.operand);
      argument && argument.getOwner() == loop.getBody())
    return std::nullopt; // which is another one in the loop that takes this one's place
  // What the loop begins with is no operand that is tested.
  auto start = loop.getInitArgs()[number].getDefiningOp<BroadcastOp>();
  FloatAttr constant;
  if (!start || !matchPattern(start.getSource(), m_Constant(&constant)) ||
      constant.getValue().isNaN())
    return std::nullopt;
  return found;
}

void rewrite(scf::ForOp loop, Extreme extreme, bool marks) {
  IRRewriter rewriter(loop.getContext());
  Location loc = extreme.step->getLoc();
  auto type = cast<RankedTensorType>(extreme.operand.getType());
  Type tested = tileType({type.getDimSize(0) / 2}, rewriter.getI1Type(), /*lanes=*/true);
  rewriter.setInsertionPoint(loop);
  Value yes = arith::ConstantOp::create(rewriter, loc, rewriter.getBoolAttr(true));
  Value start = BroadcastOp::create(rewriter, loc, tested, yes, rewriter.getDenseI64ArrayAttr({}));
  auto made = *cast<LoopLikeOpInterface>(loop.getOperation())
                   .replaceWithAdditionalYields(
                       rewriter, start, /*replaceInitOperandUsesInLoop=*/false,
                       [&](OpBuilder &builder, Location, ArrayRef<BlockArgument> more) {
                         Value numbers =
                             AreNumbersOp::create(builder, loc, tested, extreme.operand);
                         return SmallVector<Value>{
                             arith::AndIOp::create(builder, loc, more.front(), numbers)};
                       });
  rewriter.setInsertionPoint(extreme.step);
  Value carried = cast<scf::ForOp>(made).getRegionIterArg(extreme.number);
  Value beyond =
      arith::CmpFOp::create(rewriter, loc, extreme.predicate(), extreme.operand, carried);
  rewriter.replaceOpWithNewOp<arith::SelectOp>(extreme.step, beyond, extreme.operand, carried);
  // What is no number is never beyond another one, so it is never carried.
  if (marks && extreme.reduce.getEitherZero())
    extreme.reduce.setNumbers(true);
  rewriter.setInsertionPointAfter(extreme.reduce);
  Value all =
      ReduceOp::create(rewriter, loc, rewriter.getI1Type(), made->getResults().back(), "and");
  Value none = arith::ConstantOp::create(
      rewriter, loc,
      rewriter.getFloatAttr(rewriter.getF32Type(), APFloat::getQNaN(APFloat::IEEEsingle())));
  Value result = extreme.reduce.getResult();
  auto select = arith::SelectOp::create(rewriter, loc, all, result, none);
  rewriter.replaceAllUsesExcept(result, select, select);
}

struct TestNumbersPass : impl::TileTestNumbersBase<TestNumbersPass> {
  using TileTestNumbersBase::TileTestNumbersBase;
  void runOnOperation() override {
    for (auto program : getOperation().getOps<func::FuncOp>())
      if (program->hasAttr(kProgram))
        while (rewriteOne(program))
          ++numExtremes;
  }

private:
  bool rewriteOne(func::FuncOp program) {
    return program
        .walk([&](scf::ForOp loop) {
          for (unsigned i = 0, e = loop.getNumResults(); i < e; ++i)
            if (std::optional<Extreme> found = extremeOf(loop, i, lanes)) {
              rewrite(loop, *found, marks);
              return WalkResult::interrupt();
            }
          return WalkResult::advance();
        })
        .wasInterrupted();
  }
};

} // namespace
} // namespace einfall::tile
