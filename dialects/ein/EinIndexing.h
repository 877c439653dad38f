//===- EinIndexing.h - Operands with index lists ----------------*- C++ -*-===//
//
// Parsing, printing and checking of `%x[i, 2 * j + r] as c`, shared by all
// indexed ops.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DIALECTS_EIN_EININDEXING_H
#define EINFALL_DIALECTS_EIN_EININDEXING_H

#include "dialects/ein/EinDialect.h"
#include "dialects/ein/EinText.h"

namespace einfall::ein {

/// Parses one extent as it stands in types: `t - s`.
mlir::ParseResult parseExtent(mlir::AsmParser &parser, ExtentAttr &extent);

/// An operand as it stands in text, before names are known.
struct IndexedOperand {
  mlir::OpAsmParser::UnresolvedOperand operand;
  llvm::SmallVector<mlir::AffineExpr> indices;
  mlir::StringAttr coord;
  mlir::Attribute fill; // behind `else`
  llvm::SMLoc fillLoc;
};

/// Everything of an op that indexes operands, while it is being read.
struct IndexedParser {
  mlir::OpAsmParser &parser;
  NameTable names;
  llvm::SmallVector<IndexedOperand> operands;
  llvm::SmallVector<mlir::StringAttr> ranks;
  bool withFills = false; // whether `else` may follow an operand

  explicit IndexedParser(mlir::OpAsmParser &parser) : parser(parser) {}

  /// `%x[...]`, and `as name` where `withCoord`.
  mlir::ParseResult parseOperand(bool withCoord);
  /// A parenthesised list of operands.
  mlir::ParseResult parseOperands();
  /// `[b, s, d]`: labels appended to `ranks`.
  mlir::ParseResult parseLabels();
  /// Once all ranks and coordinates are known: adds `ranks`, `maps`,
  /// `coords` (if `withCoords`) and `symbols`.
  void finish(mlir::OperationState &result, bool withCoords = true);
  /// Once types are known: adds `fills`, if there is one.
  mlir::ParseResult parsedFills(mlir::OperationState &result, mlir::TypeRange types);
};

/// `value`, read from text at `loc` without its type, as a number of `element`;
/// null if it is none. Other spellings of floats are `0x` and their bits.
mlir::TypedAttr numberOf(mlir::Attribute value, llvm::SMLoc loc, mlir::Type element);

/// `fills` (null where an operand has none) as they are stored; null if all are.
mlir::ArrayAttr fillsAttr(mlir::Builder &builder, llvm::ArrayRef<mlir::TypedAttr> fills);

/// The names that print map symbols: coordinates, then extents.
llvm::SmallVector<llvm::StringRef> symbolNames(mlir::ArrayAttr coords, unsigned numOperands,
                                               mlir::ArrayAttr symbols);
llvm::SmallVector<llvm::StringRef> strings(mlir::ArrayAttr attr);

/// Names for the coordinates that `maps` read: one an operand, empty if none does.
mlir::ArrayAttr coordinateNames(mlir::Builder &builder, llvm::ArrayRef<mlir::AffineMap> maps);

/// Prints `[i, j + 1]` for `map`.
void printIndices(mlir::OpAsmPrinter &printer, mlir::AffineMap map,
                  llvm::ArrayRef<llvm::StringRef> ranks, llvm::ArrayRef<llvm::StringRef> symbols);
/// Prints `[b, s]`.
void printLabels(mlir::OpAsmPrinter &printer, llvm::ArrayRef<llvm::StringRef> labels);

/// What MLIR's simplifyAffineExpr and simplifyAffineMap give, which are wrong where something is
/// divided by a symbol.
mlir::AffineExpr simplifyIndex(mlir::AffineExpr index, unsigned numDims, unsigned numSymbols);
mlir::AffineMap simplifyIndices(mlir::AffineMap map);

/// The extent of a rank that `map` uses alone as index `i` of `type`, if any.
ExtentAttr plainExtent(mlir::AffineMap map, TensorType type, unsigned rank);

/// True if what the einsum or fold `op` reads of operand `number` depends on the rank: by an
/// index, or by a coordinate that moves along it (`w[e, k]` along t, where e is read at `[t]`).
bool movesAlong(mlir::Operation *op, unsigned number, unsigned rank);

/// A rank alone or with a constant: `i`, `i + 2`.
struct ShiftedLabel {
  unsigned label;
  int64_t shift;
};
std::optional<ShiftedLabel> shiftedLabel(mlir::AffineExpr index);

/// True if a rank used alone as an index of an operand has another extent than that
/// dimension (a view has been composed into the map): such an op is `partial`.
bool coversPart(mlir::ValueRange operands, llvm::ArrayRef<mlir::AffineMap> maps,
                llvm::ArrayRef<ExtentAttr> extents);

/// The einsum that reads what the view or gather `op` does and yields it. It
/// holds `fill` where the tensor is read outside; 0 without one, and where a
/// coordinate is.
EinsumOp einsumOf(mlir::OpBuilder &builder, mlir::Operation *op, mlir::TypedAttr fill = {});

/// Checks shared by indexed ops: one map an operand, index counts, the use of
/// coordinates, and one extent a label.
mlir::LogicalResult verifyIndexing(mlir::Operation *op, llvm::StringRef name,
                                   mlir::ValueRange operands, mlir::ArrayAttr maps,
                                   mlir::ArrayAttr coords, mlir::ArrayAttr symbols,
                                   mlir::ArrayAttr ranks, llvm::ArrayRef<ExtentAttr> extents);

/// Checks shared by ops whose operands may have an `else`.
mlir::LogicalResult verifyFills(mlir::Operation *op, mlir::ArrayAttr fills,
                                mlir::ValueRange operands);
/// Prints ` else VALUE`, if there is one.
void printFill(mlir::OpAsmPrinter &printer, mlir::TypedAttr fill);

/// Checks shared by regions of scalars: which ops they hold, that these use
/// nothing from outside, and that `ein.index` names one of `ranks`.
mlir::LogicalResult verifyBody(mlir::Operation *op, mlir::Region &body, llvm::StringRef name,
                               mlir::ArrayAttr ranks);

/// True if there are both attributes of a walk in parts, of a length of at least 1, or none.
bool arePaired(mlir::StringAttr partRank, ExtentAttr partLength);

} // namespace einfall::ein

#endif
