//===- CountPasses.cpp - Prints how often a rank has to be walked ---------===//
#include "passes/ein/PassCounts.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINCOUNTPASSES
#include "passes/ein/Passes.h.inc"

namespace {

void print(const RankPasses &count) {
  llvm::raw_ostream &os = llvm::outs();
  os << "  rank " << count.rank << ": " << count.passes
     << (count.passes == 1 ? " pass" : " passes");
  if (count.passes > 1)
    os << ": " << llvm::join(count.chain, " -> ");
  os << '\n';
  for (auto &[tensor, elements] : count.live)
    os << "    live until merged: " << tensor << ", " << elements << " elements\n";
}

struct CountPassesPass : impl::EinCountPassesBase<CountPassesPass> {
  void runOnOperation() override {
    getOperation().walk([&](func::FuncOp function) {
      if (function.isDeclaration())
        return;
      llvm::outs() << "func @" << function.getName() << '\n';
      for (const RankPasses &count : PassTable(function).describe()) {
        print(count);
        ++numRanks;
      }
    });
    llvm::outs().flush();
    markAllAnalysesPreserved();
  }
};

} // namespace
} // namespace einfall::ein
