//===- LowerToLLVM.cpp - Programs and entries to the LLVM dialect ---------===//
#include "codegen/cpu/HostCode.h"
#include "codegen/cpu/Passes.h"
#include "codegen/cpu/Unroll.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace einfall::cpu {
#define GEN_PASS_DEF_CPULOWERPROGRAMS
#define GEN_PASS_DEF_CPUEXPANDMATH
#include "codegen/cpu/Passes.h.inc"

namespace {

struct LowerProgramsPass : impl::CpuLowerProgramsBase<LowerProgramsPass> {
  void runOnOperation() override {
    OpBuilder builder(&getContext());
    for (auto program : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (!program->hasAttr(tile::kProgram))
        continue;
      builder.setInsertionPoint(program);
      if (failed(unrollProgram(builder, program)))
        return signalPassFailure();
      program.erase();
      ++numPrograms;
    }
    for (auto entry : llvm::make_early_inc_range(getOperation().getOps<run::EntryOp>())) {
      builder.setInsertionPoint(entry);
      if (failed(emitEntry(builder, entry)))
        return signalPassFailure();
      entry.erase();
      ++numEntries;
    }
  }
};

/// Without the instruction, fma would call the C library: two roundings are
/// what the other tools give on such a CPU.
struct SplitFma : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::FmaOp op, PatternRewriter &rewriter) const override {
    Value product = arith::MulFOp::create(rewriter, op.getLoc(), op.getA(), op.getB());
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, product, op.getC());
    return success();
  }
};

struct ExpandMathPass : impl::CpuExpandMathBase<ExpandMathPass> {
  using CpuExpandMathBase::CpuExpandMathBase;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    MathPolynomialApproximationOptions options;
    options.enableAvx2 = false;
    populateMathPolynomialApproximationPatterns(patterns, options);
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    if (!nativeBf16)
      arith::populateExpandBFloat16Patterns(patterns);
    if (!fma)
      patterns.add<SplitFma>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

void populateLowerToLLVM(OpPassManager &passes, const CpuTarget &target) {
  passes.addPass(createCpuLowerPrograms());
  CpuExpandMathOptions math;
  math.nativeBf16 = target.nativeBf16;
  math.fma = target.fma;
  passes.addPass(createCpuExpandMath(math));
  passes.addPass(createCSEPass());
  passes.addPass(createLowerAffinePass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertIndexToLLVMPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
}

} // namespace einfall::cpu
