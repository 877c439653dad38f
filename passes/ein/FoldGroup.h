//===- FoldGroup.h - Reductions on their way to one fold --------*- C++ -*-===//
#ifndef EINFALL_PASSES_EIN_FOLDGROUP_H
#define EINFALL_PASSES_EIN_FOLDGROUP_H

#include "lib/Algebra/Fold.h"
#include "passes/ein/AlgebraBridge.h"

namespace einfall::ein {

/// A reduction and the earlier ones over the same rank that it reads.
class FoldGroup {
public:
  /// `deep`: looks through maps that read no reduction too.
  FoldGroup(EinsumOp sink, bool deep) : sink(sink), deep(deep), frame(sink, Existence::explicit_) {}

  /// True if there is a plan; else `refusal` says why, if there are states.
  bool derive();
  bool hasStates() const { return members.size() > 1; }
  /// True if a state is corrected on the way.
  bool corrects() const {
    return llvm::any_of(full.components, [](const auto &c) { return c.corrected != nullptr; });
  }
  llvm::SmallVector<EinsumOp> reductions() const;
  /// Makes a reduction's value a result too, if the fold can have it.
  bool want(EinsumOp op);
  /// Takes in the reduction of another group that shares a state with this one,
  /// as a further result; false if that cannot be.
  bool adopt(const FoldGroup &other);
  /// From now on reads `to` where it read `from`: the fold may be built again.
  void replaceTensor(mlir::Value from, mlir::Value to);
  /// Creates `fold`, with the results wanted so far.
  void build(mlir::OpBuilder &builder);

  FoldOp fold;
  std::string refusal;

private:
  struct Member {
    EinsumOp op;
    llvm::SmallVector<mlir::AffineExpr> at; // its free ranks in the frame
  };
  algebra::Expr readState(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> indices);
  bool isAligned(EinsumOp op);
  bool reachesReduction(mlir::Value tensor, unsigned depth);
  bool addMember(EinsumOp op, llvm::ArrayRef<mlir::AffineExpr> at);
  algebra::Expr elementCount();
  bool plan();
  /// Where the other group's free ranks are in this frame, by a shared state.
  std::optional<llvm::SmallVector<mlir::AffineExpr>> locate(const FoldGroup &other) const;

  void setFills(const Operands &operands);
  void buildInit(mlir::OpBuilder &builder, mlir::Region &region);
  void buildStep(mlir::OpBuilder &builder, mlir::Region &region, const Operands &operands);
  void buildMerge(mlir::OpBuilder &builder, mlir::Region &region, const Operands &operands);
  mlir::Value scaleUnless(mlir::OpBuilder &builder, mlir::Value empty, mlir::Value value);
  void buildFinish(mlir::OpBuilder &builder, mlir::Region &region, const Operands &operands);
  mlir::Block *addBlock(mlir::OpBuilder &builder, mlir::Region &region, unsigned states,
                        const Operands &operands);

  EinsumOp sink;
  bool deep;
  Frame frame;
  llvm::SmallVector<Member> members; // in order of dependence, the sink last
  llvm::SmallVector<algebra::Reduction> steps;
  algebra::FoldPlan full, kept; // all components, and those that are wanted
  llvm::SmallVector<unsigned> wanted;
};

} // namespace einfall::ein

#endif
