//===- AlgebraBridge.h - Bodies of Einsums as expressions -------*- C++ -*-===//
//
// The one place where scalar code and lib/Algebra's expressions meet. A Frame
// is the iteration space that expressions are over; what they read from tensors
// at points of it are leaves, each a variable. Bodies come in by `translate`,
// which may look through the maps that make an operand; results go out by
// Emitter, in the frame's working type.
//
// A read that may fall outside is a leaf with a value there. Whether the point
// exists is a condition on coordinates like any other (`existence`).
//
// Casts between float types are no part of an expression: passes of class
// `algebraic` may keep more precision than the program asks for.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EIN_ALGEBRABRIDGE_H
#define EINFALL_PASSES_EIN_ALGEBRABRIDGE_H

#include "dialects/ein/EinDialect.h"
#include "lib/Algebra/Monoid.h"
#include "lib/Algebra/Range.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"

namespace einfall::ein {

algebra::Monoid toAlgebra(Monoid monoid);

/// An element of a tensor at a point of the frame.
struct Leaf {
  mlir::Value tensor;
  /// Over the frame's ranks (dims) and Frame::symbols.
  llvm::SmallVector<mlir::AffineExpr> indices;
  algebra::Expr variable;
  mlir::TypedAttr fill; // what the program says it is outside (`else`)
  bool mayMiss = false; // outside, the point does not exist
};

/// How points that may not exist enter expressions.
enum class Existence {
  implied,  // as in the program: those of leaves that may miss do not exist
  explicit_ // by conditions: such a point gives the monoid's identity, or 0 of a map
};

class Frame {
public:
  /// The iteration space of `op`; ranks from its first reduced one on are those
  /// that elements run over.
  explicit Frame(EinsumOp op, Existence existence = Existence::implied);

  /// What a tensor read at `indices` is: an expression, or null for a leaf or
  /// for looking through its maker.
  using Reader = llvm::function_ref<algebra::Expr(mlir::Value, llvm::ArrayRef<mlir::AffineExpr>)>;
  /// True if the maker of this operand is to be looked through.
  using Look = llvm::function_ref<bool(EinsumOp reader, unsigned operand, unsigned depth)>;

  /// What `op` yields where its ranks are `at`; null if some operation has no
  /// expression, with the reason in `problem`.
  algebra::Expr translate(EinsumOp op, llvm::ArrayRef<mlir::AffineExpr> at, Reader reader,
                          Look look, unsigned depth = 0);
  algebra::Expr leaf(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> indices,
                     mlir::TypedAttr fill = {}, bool mayMiss = false);
  /// `index`, of op's maps, over the frame; coordinates are leaves of `coordinates`.
  mlir::AffineExpr rebase(EinsumOp op, mlir::AffineExpr index, llvm::ArrayRef<mlir::AffineExpr> at,
                          llvm::ArrayRef<unsigned> coordinates);
  llvm::SmallVector<mlir::AffineExpr> identity() const;
  algebra::Expr extent(ExtentAttr extent);

  algebra::Interval rangeOf(algebra::Expr leaf) const;
  mlir::FloatType workingType() const;

  algebra::Terms terms;
  llvm::SmallVector<llvm::StringRef> ranks;
  llvm::SmallVector<ExtentAttr> extents;
  unsigned numFree;
  /// A name of an extent, or the number of a leaf whose value is a coordinate.
  struct Symbol {
    mlir::StringAttr name;
    unsigned leaf = 0;
  };
  llvm::SmallVector<Symbol> symbols;
  llvm::SmallVector<Leaf> leaves;
  llvm::MapVector<algebra::Expr, mlir::AffineExpr> coordinates; // ein.index
  llvm::MapVector<algebra::Expr, ExtentAttr> extentOf;          // ein.extent
  /// A function that only the IR knows: how to make it again.
  struct Opaque {
    mlir::OperationName name;
    mlir::DictionaryAttr attributes;
    llvm::SmallVector<mlir::Type> operands;
    mlir::Type result;
  };
  llvm::DenseMap<unsigned, Opaque> opaque;
  /// Of implied existence: under which conditions points of the op exist.
  llvm::SmallVector<algebra::Expr> conditions;
  /// `e` where all of the conditions hold, else `none`.
  algebra::Expr where(llvm::ArrayRef<algebra::Expr> conditions, algebra::Expr e, double none);
  std::string problem;
  mlir::MLIRContext *context;

private:
  algebra::Expr operation(mlir::Operation &op, llvm::DenseMap<mlir::Value, algebra::Expr> &values,
                          llvm::ArrayRef<mlir::AffineExpr> at, EinsumOp owner);
  algebra::Expr read(EinsumOp op, unsigned operand, llvm::ArrayRef<mlir::AffineExpr> indices,
                     Reader reader, Look look, unsigned depth,
                     llvm::SmallVectorImpl<algebra::Expr> &exists);
  /// The conditions, of those that are not proven, that `indices` are inside.
  llvm::SmallVector<algebra::Expr> insideOf(EinsumOp op, unsigned operand,
                                            llvm::ArrayRef<mlir::AffineExpr> indices);
  bool mayLookInto(EinsumOp op, unsigned operand) const;
  algebra::Expr coordinate(mlir::AffineExpr index, llvm::StringRef name);
  algebra::Expr compare(mlir::arith::CmpIPredicate predicate, algebra::Expr a, algebra::Expr b);
  algebra::Expr arithmetic(mlir::Operation &op, llvm::ArrayRef<algebra::Expr> args);
  algebra::Expr opaqueCall(mlir::Operation &op, llvm::ArrayRef<algebra::Expr> args);
  unsigned dependenceOf(mlir::AffineExpr index) const;
  mlir::AffineExpr symbol(mlir::StringAttr name);
  mlir::AffineExpr symbol(unsigned leaf);
  Existence existence;
  bool wide = false; // some part is f64
};

/// Writes expressions as operations of a region.
class Emitter {
public:
  Emitter(Frame &frame, mlir::OpBuilder &builder, mlir::Location loc)
      : frame(frame), builder(builder), loc(loc) {}
  /// Gives a variable a value.
  void bind(algebra::Expr variable, mlir::Value value) { values[variable] = value; }
  /// The value of `e`, of `type`.
  mlir::Value emit(algebra::Expr e, mlir::Type type);

private:
  mlir::Value make(algebra::Expr e, mlir::Type type);
  mlir::Value sum(algebra::Expr e);
  mlir::Value product(algebra::Expr e);
  mlir::Value power(mlir::Value base, double exponent);
  mlir::Value known(algebra::Expr e);
  mlir::Value call(algebra::Expr e);
  mlir::Value coordinate(mlir::AffineExpr index);
  mlir::Value number(double value);
  mlir::Value convert(mlir::Value value, mlir::Type type);

  Frame &frame;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  llvm::DenseMap<algebra::Expr, mlir::Value> values;
};

/// The leaves that expressions use, and the coordinates that these need, as
/// operands of a new op: each coordinate before what it indexes.
struct Operands {
  Operands(Frame &frame, llvm::ArrayRef<algebra::Expr> expressions);
  llvm::SmallVector<unsigned> leaves;
  llvm::SmallVector<mlir::Value> values;
  llvm::SmallVector<mlir::AffineMap> maps;
  llvm::SmallVector<mlir::TypedAttr> fills;
  llvm::SmallVector<mlir::StringAttr> symbols;

  /// Gives those that may miss a value outside: somebody else says what exists.
  void fillMissing(const Frame &frame);
  /// Binds the leaves to `arguments`.
  void bind(Frame &frame, Emitter &emitter, mlir::ValueRange arguments) const;
};

} // namespace einfall::ein

#endif
