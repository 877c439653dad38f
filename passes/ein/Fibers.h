//===- Fibers.h - Which labels of different ops are one rank ----*- C++ -*-===//
//
// A label names a rank of one op. Labels of different ops are the same rank
// where a tensor's dimension joins them: it is made under one label and read
// under another. `x[m1 * 64 + m0]` reads a rank in two parts, outer and inner.
//
// One tensor read under two labels by one op (self-attention reads a sequence
// as p and as m) is read over two ranks. So joining stops where it would give
// an op two labels of one rank. What is nearest to a reduction joins first:
// the rank that matters is the one that gets reduced.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EIN_FIBERS_H
#define EINFALL_PASSES_EIN_FIBERS_H

#include "dialects/ein/EinDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace einfall::ein {

/// An op of a cascade as an iteration space: labels, what each operand's
/// dimensions are read at, and what becomes of each label.
struct Space {
  mlir::Operation *op = nullptr;
  llvm::SmallVector<llvm::StringRef> labels;
  llvm::SmallVector<ExtentAttr> extents;
  llvm::SmallVector<mlir::Value> operands;
  /// Over the labels; symbols as the op has them.
  llvm::SmallVector<mlir::AffineMap> maps;
  /// By label: the dimension of every result, or -1 if it is reduced.
  llvm::SmallVector<int64_t> resultDim;
  bool reversed = false; // runs from the rank's end

  /// Of ops that are no Einsum too; nothing for ops that are opaque.
  static std::optional<Space> of(mlir::Operation *op);
};

/// A rank of a function: which labels of an op and dimensions of a tensor are it.
class Fibers {
public:
  enum Part : uint8_t { whole, outer, inner };
  struct Place {
    unsigned rank;
    Part part;
  };

  explicit Fibers(mlir::func::FuncOp function);

  llvm::ArrayRef<Space> getSpaces() const { return spaces; }
  /// The rank that a label of an op, or a dimension of a tensor, belongs to.
  Place ofLabel(unsigned space, unsigned label) const;
  Place ofDim(mlir::Value tensor, unsigned dim) const;
  /// Ranks that something reduces, in order, and their names: `m`, `m = (m1, m0)`.
  llvm::ArrayRef<std::pair<unsigned, std::string>> getReducedRanks() const { return reduced; }

private:
  struct Node {
    unsigned parent;
    llvm::DenseMap<mlir::Operation *, unsigned> labels; // of the root's class
    int whole = -1;                                     // of a part: its rank
    int outer = -1, inner = -1;                         // of a rank: its parts
  };
  struct Edge {
    unsigned distance, consumer, producer; // order of joining
    unsigned dim, label, otherLabel, otherDim;
    enum { same, splitDim, splitLabel } kind;
  };
  unsigned fresh();
  unsigned find(unsigned node) const;
  bool canJoin(unsigned a, unsigned b) const;
  bool join(unsigned a, unsigned b);
  void split(unsigned whole, unsigned outer, unsigned inner);
  unsigned dimNode(mlir::Value tensor, unsigned dim);
  void addEdges(unsigned space, llvm::SmallVectorImpl<Edge> &edges);
  void measure();
  void splitByName();
  void findReduced();
  Place placeOf(unsigned node) const;

  std::vector<Space> spaces;
  mutable std::vector<Node> nodes;
  llvm::SmallVector<unsigned> firstLabel;         // node of a space's label 0
  llvm::DenseMap<mlir::Value, unsigned> firstDim; // node of a tensor's dim 0
  llvm::DenseMap<mlir::Operation *, unsigned> position;
  std::vector<unsigned> distance; // by node: steps to a reduction of it
  llvm::SmallVector<std::pair<unsigned, std::string>> reduced;
};

} // namespace einfall::ein

#endif
