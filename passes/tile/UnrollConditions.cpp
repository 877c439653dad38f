//===- UnrollConditions.cpp - Lanes whose conditions are known ------------===//
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "passes/tile/Passes.h"

using namespace mlir;

namespace einfall::tile {
#define GEN_PASS_DEF_TILEUNROLLCONDITIONS
#include "passes/tile/Passes.h.inc"

namespace {

/// Copies of a body that are worth it.
constexpr int64_t kMostSteps = 4;

/// True if `value` is a number, or numbers of lanes, that constants and `step` alone make.
bool isOfStep(Value value, Value step) {
  if (value == step || matchPattern(value, m_Constant()))
    return true;
  Operation *maker = value.getDefiningOp();
  return isa_and_present<IotaOp, BroadcastOp, arith::AddIOp, arith::SubIOp, arith::MulIOp>(maker) &&
         llvm::all_of(maker->getOperands(), [&](Value operand) { return isOfStep(operand, step); });
}

/// True if a copy of the body for each step knows conditions on lanes.
bool isWorth(scf::ForOp loop) {
  std::optional<int64_t> begin = getConstantIntValue(loop.getLowerBound()),
                         end = getConstantIntValue(loop.getUpperBound()),
                         step = getConstantIntValue(loop.getStep());
  if (!begin || !end || !step || loop.getNumResults() || *end - *begin <= *step ||
      *end - *begin > kMostSteps * *step)
    return false;
  Block &body = *loop.getBody();
  bool isInnermost = llvm::none_of(body, [](Operation &op) { return isa<scf::ForOp>(op); });
  return isInnermost && llvm::any_of(body.getOps<arith::CmpIOp>(), [&](arith::CmpIOp compare) {
           return isa<RankedTensorType>(compare.getLhs().getType()) &&
                  isOfStep(compare.getLhs(), loop.getInductionVar()) &&
                  isOfStep(compare.getRhs(), loop.getInductionVar());
         });
}

struct UnrollConditionsPass : impl::TileUnrollConditionsBase<UnrollConditionsPass> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<func::FuncOp>()) {
      if (!program->hasAttr(kProgram))
        continue;
      SmallVector<scf::ForOp> loops;
      program.walk([&](scf::ForOp loop) {
        if (isWorth(loop))
          loops.push_back(loop);
      });
      for (scf::ForOp loop : loops)
        if (succeeded(loopUnrollFull(loop)))
          ++numLoops;
    }
  }
};

} // namespace
} // namespace einfall::tile
