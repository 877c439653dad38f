//===- ExpandMath.cpp - Functions and conversions as arithmetic -----------===//
#include "codegen/common/Passes.h"
#include "codegen/common/math/Expand.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace einfall::codegen {
#define GEN_PASS_DEF_EXPANDMATH
#include "codegen/common/Passes.h.inc"

namespace {

struct ExpandMathPass : impl::ExpandMathBase<ExpandMathPass> {
  using ExpandMathBase::ExpandMathBase;
  void runOnOperation() override {
    MathTarget target{fma,          halfCasts,  bfloatCasts, toBfloat, fmaDown,
                      fmaSaturated, powerOfTwo, reciprocal,  quotient, inverseRoot,
                      pairToBfloat, scale,      fraction};
    RewritePatternSet patterns(&getContext());
    populateElementaryPatterns(patterns, target);
    populateFloatPatterns(patterns, target);
    populateCastPatterns(patterns, target);
    populateIntegerPatterns(patterns);
    // What else there is to simplify, the next passes do.
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    config.enableConstantCSE(false);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace

void populateToLLVM(OpPassManager &passes, const ExpandMathOptions &math, Contents contents) {
  passes.addPass(createExpandMath(math));
  passes.addPass(createCSEPass());
  if (contents == Contents::all)
    passes.addPass(createLowerAffinePass());
  passes.addPass(createSCFToControlFlowPass());
  if (contents == Contents::all)
    passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertIndexToLLVMPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
}

} // namespace einfall::codegen
