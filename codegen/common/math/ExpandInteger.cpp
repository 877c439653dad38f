//===- ExpandInteger.cpp - Arithmetic of integers -------------------------===//
#include "codegen/common/math/Expand.h"
#include "codegen/common/math/IrNumber.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace einfall::codegen {

using namespace elementary; // operators with literals

namespace {

/// Square and multiply, one bit of the exponent a step; a negative exponent
/// gives 1 / x rounded toward zero.
struct ExpandIPowI : OpRewritePattern<math::IPowIOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::IPowIOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    IrSite site{rewriter, loc, false, false};
    IrBits x{&site, op.getLhs()}, n{&site, op.getRhs()};
    int64_t width = getElementTypeOrSelf(op.getType()).getIntOrFloatBitWidth();
    auto negative = n < n.like(0), odd = (n & int64_t(1)) == n.like(1);
    auto one = x == x.like(1), minusOne = x == x.like(-1);
    Value low = arith::ConstantIndexOp::create(rewriter, loc, 0);
    Value high = arith::ConstantIndexOp::create(rewriter, loc, width);
    Value step = arith::ConstantIndexOp::create(rewriter, loc, 1);
    auto loop = scf::ForOp::create(
        rewriter, loc, low, high, step, ValueRange{x.like(1).v, x.v, n.v},
        [&](OpBuilder &, Location, Value, ValueRange state) {
          IrBits result{&site, state[0]}, square{&site, state[1]}, rest{&site, state[2]};
          auto set = (rest & int64_t(1)) == rest.like(1);
          result = select(set, result * square, result);
          // An i1 has no shift by 1.
          IrBits half = width == 1 ? rest.like(0) : logicalShiftRight(rest, rest.like(1));
          scf::YieldOp::create(rewriter, loc, ValueRange{result.v, (square * square).v, half.v});
        });
    IrBits power{&site, loop.getResult(0)};
    IrBits inverse = select(minusOne, select(odd, x, x.like(1)), x.like(0));
    inverse = select(one, x.like(1), inverse);
    rewriter.replaceOp(op, select(negative, inverse, power).v);
    return success();
  }
};

} // namespace

void populateIntegerPatterns(RewritePatternSet &patterns) {
  arith::populateCeilFloorDivExpandOpsPatterns(patterns);
  patterns.add<ExpandIPowI>(patterns.getContext());
}

} // namespace einfall::codegen
