//===- EinMovement.cpp - Views, updates, recurrences, order ---------------===//
#include "dialects/ein/EinIndexing.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {

static int64_t findName(ArrayAttr ranks, StringRef name) {
  SmallVector<StringRef> names = strings(ranks);
  auto *it = llvm::find(names, name);
  return it == names.end() ? -1 : it - names.begin();
}

int64_t ViewOp::findRank(StringRef name) { return findName(getRanks(), name); }
int64_t GatherOp::findRank(StringRef name) { return findName(getRanks(), name); }
int64_t UpdateOp::findRank(StringRef name) { return findName(getRanks(), name); }
int64_t ScatterOp::findRank(StringRef name) { return findName(getRanks(), name); }
int64_t ScanOp::findRank(StringRef name) { return findName(getRanks(), name); }

static TensorType tensorType(Value value) { return cast<TensorType>(value.getType()); }

//===----------------------------------------------------------------------===//
// view, gather
//===----------------------------------------------------------------------===//

/// Reads `using (%i[n] as r, ...)`. Index operands stand before the tensor
/// they index in the op (coordinates come from operands before them), so the
/// tensor that was read first moves to the end.
static ParseResult parseUsing(IndexedParser &indexed) {
  IndexedOperand first = indexed.operands.pop_back_val();
  if (indexed.parseOperands())
    return failure();
  indexed.operands.push_back(std::move(first));
  return success();
}

static ParseResult parseViewLike(OpAsmParser &parser, OperationState &result, bool gather) {
  IndexedParser indexed(parser);
  if (indexed.parseOperand(false))
    return failure();
  Attribute fill;
  SMLoc fillLoc;
  if (succeeded(parser.parseOptionalKeyword("fill"))) {
    fillLoc = parser.getCurrentLocation();
    if (parser.parseAttribute(fill))
      return failure();
  }
  if (gather && (parser.parseKeyword("using") || parseUsing(indexed)))
    return failure();
  Type source, target;
  SmallVector<Type> indices;
  if (parser.parseArrow() || indexed.parseLabels() ||
      parser.parseOptionalAttrDict(result.attributes) || parser.parseColonType(source))
    return failure();
  if (gather && parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, [&] {
        return parser.parseType(indices.emplace_back());
      }))
    return failure();
  SMLoc typeLoc = parser.getCurrentLocation();
  if (parser.parseArrow() || parser.parseType(target))
    return failure();
  indices.push_back(source);
  if (indices.size() != indexed.operands.size())
    return parser.emitError(typeLoc, "expected ") << indexed.operands.size() - 1 << " index types";
  if (!llvm::all_of(indices, llvm::IsaPred<TensorType>) || !isa<TensorType>(target))
    return parser.emitError(typeLoc, "expected ein tensors as types");
  if (fill) {
    // A fill is written without its type: it has the tensor's.
    Type element = cast<TensorType>(target).getElementType();
    TypedAttr number = numberOf(fill, fillLoc, element);
    if (!number)
      return parser.emitError(fillLoc, "expected a fill of type ") << element; // view_c2
    result.addAttribute("fill", number);
  }
  indexed.finish(result);
  result.addTypes(target);
  for (auto [entry, type] : llvm::zip(indexed.operands, indices))
    if (parser.resolveOperand(entry.operand, type, result.operands))
      return failure();
  return success();
}

template <typename Op> static void printViewLike(Op op, OpAsmPrinter &printer, bool gather) {
  SmallVector<StringRef> ranks = strings(op.getRanks());
  unsigned last = op.getInputs().size() - 1;
  SmallVector<StringRef> symbols = symbolNames(op.getCoords(), last + 1, op.getSymbols());
  printer << ' ' << op.getInputs()[last];
  printIndices(printer, op.getMap(last), ranks, symbols);
  if (Attribute fill = op.getFillAttr()) {
    printer << " fill ";
    printer.printAttributeWithoutType(fill);
  }
  if (gather) {
    printer << " using (";
    for (unsigned i = 0; i < last; ++i) {
      printer << (i ? ", " : "") << op.getInputs()[i];
      printIndices(printer, op.getMap(i), ranks, symbols);
      printer << " as " << symbols[i];
    }
    printer << ')';
  }
  printer << " -> ";
  printLabels(printer, ranks);
  printer.printOptionalAttrDict(op->getAttrs(), {"ranks", "maps", "coords", "symbols", "fill"});
  printer << " : " << op.getInputs()[last].getType();
  if (gather) {
    printer << " (";
    llvm::interleaveComma(op.getInputs().drop_back().getTypes(), printer);
    printer << ')';
  }
  printer << " -> " << op.getResult().getType();
}

EinsumOp einsumOf(OpBuilder &builder, Operation *op, TypedAttr fill) {
  SmallVector<AffineMap> maps;
  for (Attribute map : op->getAttrOfType<ArrayAttr>("maps"))
    maps.push_back(cast<AffineMapAttr>(map).getValue());
  SmallVector<StringAttr> symbols;
  for (Attribute symbol : op->getAttrOfType<ArrayAttr>("symbols"))
    symbols.push_back(cast<StringAttr>(symbol));
  SmallVector<TypedAttr> fills(op->getNumOperands());
  fills.back() = fill;
  // A label of a view may cover a part of a dimension: the builder then marks
  // the einsum `partial`.
  return EinsumOp::create(
      builder, op->getLoc(), tensorType(op->getResult(0)), op->getOperands(),
      strings(op->getAttrOfType<ArrayAttr>("ranks")), maps, ArrayRef<Monoid>(),
      ArrayRef<ExtentAttr>(), symbols,
      [](OpBuilder &, Location, ValueRange arguments) { return arguments.back(); }, fills);
}

template <typename Op> static LogicalResult verifyViewLike(Op op, bool gather) {
  TensorType type = op.getResult().getType();
  if (op.getInputs().size() < (gather ? 2u : 1u) || (!gather && op.getInputs().size() != 1))
    return op.emitOpError(gather ? "expected index operands" : "expected one operand"); // view_c1
  if (static_cast<int64_t>(op.getRanks().size()) != type.getRank())
    return op.emitOpError("expected ") << type.getRank() << " labels for " << type << ", but got "
                                       << op.getRanks().size(); // view_c1
  Type element = tensorType(op.getInputs().back()).getElementType();
  if (element != type.getElementType())
    return op.emitOpError("expected a result of ")
           << element << ", but got " << type.getElementType(); // view_c1
  if (auto fill = op.getFillAttr(); fill && fill.getType() != element)
    return op.emitOpError("expected a fill of type ")
           << element << ", but got " << fill.getType(); // view_c2
  // Views may read a part of a rank, so a label need not have the operand's
  // extent: only ranks, coordinates and counts are checked.
  SmallVector<ExtentAttr> free(type.getRank());
  return verifyIndexing(op, op.getOperationName(), op.getInputs(), op.getMaps(), op.getCoords(),
                        op.getSymbols(), op.getRanks(), free);
}

ParseResult ViewOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseViewLike(parser, result, false);
}
void ViewOp::print(OpAsmPrinter &printer) { printViewLike(*this, printer, false); }
LogicalResult ViewOp::verify() { return verifyViewLike(*this, false); }

ParseResult GatherOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseViewLike(parser, result, true);
}
void GatherOp::print(OpAsmPrinter &printer) { printViewLike(*this, printer, true); }
LogicalResult GatherOp::verify() { return verifyViewLike(*this, true); }

//===----------------------------------------------------------------------===//
// update, scatter
//===----------------------------------------------------------------------===//

/// `%dest[...] = %source[labels]`, common to update and scatter. Leaves the
/// destination as the last indexed operand.
static ParseResult parseAssignment(IndexedParser &indexed, OpAsmParser::UnresolvedOperand &source) {
  return failure(indexed.parseOperand(false) || indexed.parser.parseEqual() ||
                 indexed.parser.parseOperand(source) || indexed.parseLabels());
}

ParseResult UpdateOp::parse(OpAsmParser &parser, OperationState &result) {
  IndexedParser indexed(parser);
  OpAsmParser::UnresolvedOperand source;
  Type destType, sourceType;
  if (parseAssignment(indexed, source) || parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(destType) || parser.parseComma() || parser.parseType(sourceType))
    return failure();
  indexed.finish(result, /*withCoords=*/false);
  result.addTypes(destType);
  return failure(parser.resolveOperand(indexed.operands[0].operand, destType, result.operands) ||
                 parser.resolveOperand(source, sourceType, result.operands));
}

void UpdateOp::print(OpAsmPrinter &printer) {
  SmallVector<StringRef> ranks = strings(getRanks());
  printer << ' ' << getDest();
  printIndices(printer, getMap(0), ranks, symbolNames({}, 1, getSymbols()));
  printer << " = " << getSource();
  printLabels(printer, ranks);
  printer.printOptionalAttrDict((*this)->getAttrs(), {"ranks", "maps", "symbols"});
  printer << " : " << getDest().getType() << ", " << getSource().getType();
}

template <typename Op> static LogicalResult verifyAssignment(Op op) {
  TensorType dest = op.getDest().getType(), source = op.getSource().getType();
  if (op.getResult().getType() != dest)
    return op.emitOpError("expected the result to have the destination's type ")
           << dest << ", but got " << op.getResult().getType(); // update_c1
  if (dest.getElementType() != source.getElementType())
    return op.emitOpError("expected a source of ")
           << dest.getElementType() << ", but got " << source.getElementType(); // update_c1
  if (static_cast<int64_t>(op.getRanks().size()) != source.getRank())
    return op.emitOpError("expected ") << source.getRank() << " labels for the source, but got "
                                       << op.getRanks().size(); // update_c1
  return success();
}

LogicalResult UpdateOp::verify() {
  if (failed(verifyAssignment(*this)))
    return failure();
  SmallVector<ExtentAttr> free(getRanks().size());
  return verifyIndexing(*this, "update", getDest(), getMaps(), {}, getSymbols(), getRanks(), free);
}

ParseResult ScatterOp::parse(OpAsmParser &parser, OperationState &result) {
  IndexedParser indexed(parser);
  OpAsmParser::UnresolvedOperand source;
  Type destType, sourceType;
  SmallVector<Type> indexTypes;
  StringRef monoid;
  if (parseAssignment(indexed, source) || parser.parseKeyword("using") || parseUsing(indexed))
    return failure();
  SMLoc loc = parser.getCurrentLocation();
  if (succeeded(parser.parseOptionalKeyword(&monoid))) {
    std::optional<Monoid> symbol = symbolizeMonoid(monoid);
    if (!symbol)
      return parser.emitError(loc, "expected a monoid, but got '") << monoid << "'";
    result.addAttribute("monoid", MonoidAttr::get(parser.getContext(), *symbol));
  }
  if (parser.parseOptionalAttrDict(result.attributes) || parser.parseColonType(destType) ||
      parser.parseComma() || parser.parseType(sourceType) ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren,
                                     [&] { return parser.parseType(indexTypes.emplace_back()); }))
    return failure();
  if (indexTypes.size() + 1 != indexed.operands.size())
    return parser.emitError(loc, "expected ") << indexed.operands.size() - 1 << " index types";
  indexed.finish(result);
  result.addTypes(destType);
  if (parser.resolveOperand(indexed.operands.back().operand, destType, result.operands) ||
      parser.resolveOperand(source, sourceType, result.operands))
    return failure();
  for (auto [entry, type] : llvm::zip(indexed.operands, indexTypes))
    if (parser.resolveOperand(entry.operand, type, result.operands))
      return failure();
  return success();
}

void ScatterOp::print(OpAsmPrinter &printer) {
  SmallVector<StringRef> ranks = strings(getRanks());
  unsigned count = getIndices().size();
  SmallVector<StringRef> symbols = symbolNames(getCoords(), count + 1, getSymbols());
  printer << ' ' << getDest();
  printIndices(printer, getMap(count), ranks, symbols);
  printer << " = " << getSource();
  printLabels(printer, ranks);
  printer << " using (";
  for (unsigned i = 0; i < count; ++i) {
    printer << (i ? ", " : "") << getIndices()[i];
    printIndices(printer, getMap(i), ranks, symbols);
    printer << " as " << symbols[i];
  }
  printer << ')';
  if (getMonoid())
    printer << ' ' << stringifyMonoid(*getMonoid());
  printer.printOptionalAttrDict((*this)->getAttrs(),
                                {"ranks", "maps", "coords", "symbols", "monoid"});
  printer << " : " << getDest().getType() << ", " << getSource().getType() << " (";
  llvm::interleaveComma(getIndices().getTypes(), printer);
  printer << ')';
}

LogicalResult ScatterOp::verify() {
  if (failed(verifyAssignment(*this)))
    return failure();
  // Indexed operands in map order: the index operands, then the destination.
  SmallVector<Value> operands(getIndices());
  operands.push_back(getDest());
  Type element = getDest().getType().getElementType();
  if (std::optional<Monoid> monoid = getMonoid()) {
    bool integers = *monoid == Monoid::or_ || *monoid == Monoid::and_;
    if (*monoid == Monoid::argmax || *monoid == Monoid::argmin ||
        (integers && !isa<IntegerType>(element)) ||
        (*monoid == Monoid::logaddexp && !isa<FloatType>(element)))
      return emitOpError() << stringifyMonoid(*monoid) << " does not combine elements of "
                           << element; // scatter_c1
  }
  SmallVector<ExtentAttr> free(getRanks().size());
  return verifyIndexing(*this, "scatter", operands, getMaps(), getCoords(), getSymbols(),
                        getRanks(), free);
}

//===----------------------------------------------------------------------===//
// scan
//===----------------------------------------------------------------------===//

ParseResult ScanOp::parse(OpAsmParser &parser, OperationState &result) {
  IndexedParser indexed(parser);
  StringRef scanned;
  SMLoc loc;
  FunctionType type;
  if (indexed.parseOperands() || parser.parseKeyword("over"))
    return failure();
  loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&scanned) || parser.parseArrow() || indexed.parseLabels())
    return failure();
  Builder &builder = parser.getBuilder();
  auto *rank = llvm::find(indexed.ranks, builder.getStringAttr(scanned));
  if (rank == indexed.ranks.end())
    return parser.emitError(loc, "expected '") << scanned << "' among the result labels";
  result.addAttribute("scanned", builder.getI64IntegerAttr(rank - indexed.ranks.begin()));
  for (StringRef word : {"exclusive", "reverse"})
    if (succeeded(parser.parseOptionalKeyword(word)))
      result.addAttribute(word, builder.getUnitAttr());
  if (parser.parseOptionalAttrDict(result.attributes) || parser.parseColonType(type))
    return failure();
  if (type.getNumInputs() != indexed.operands.size() || type.getNumResults() != 1)
    return parser.emitError(loc, "expected a type for every operand and one result");
  indexed.finish(result);
  result.addTypes(type.getResults());
  for (auto [entry, operandType] : llvm::zip(indexed.operands, type.getInputs()))
    if (parser.resolveOperand(entry.operand, operandType, result.operands))
      return failure();
  return parser.parseRegion(*result.addRegion());
}

void ScanOp::print(OpAsmPrinter &printer) {
  SmallVector<StringRef> ranks = strings(getRanks());
  SmallVector<StringRef> symbols = symbolNames(getCoords(), getInputs().size(), getSymbols());
  printer << " (";
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    printer << (i ? ", " : "") << input;
    printIndices(printer, getMap(i), ranks, symbols);
    if (StringRef coord = cast<StringAttr>(getCoords()[i]).getValue(); !coord.empty())
      printer << " as " << coord;
  }
  printer << ") over " << ranks[getScanned()] << " -> ";
  printLabels(printer, ranks);
  if (getExclusive())
    printer << " exclusive";
  if (getReverse())
    printer << " reverse";
  printer.printOptionalAttrDict((*this)->getAttrs(), {"ranks", "maps", "coords", "symbols",
                                                      "scanned", "exclusive", "reverse"});
  printer << " : ";
  printer.printFunctionalType(*this);
  printer << ' ';
  printer.printRegion(getBody());
}

LogicalResult ScanOp::verify() {
  TensorType type = getResult().getType();
  if (static_cast<int64_t>(getRanks().size()) != type.getRank() || getInputs().empty())
    return emitOpError("expected ") << type.getRank() << " result labels and an initial state";
  uint64_t scanned = getScanned();
  if (scanned >= getRanks().size())
    return emitOpError("expected the scanned rank among ")
           << getRanks().size() << " labels, but got " << scanned; // scan_c1
  SmallVector<ExtentAttr> extents(type.getShape());
  if (failed(verifyIndexing(*this, "scan", getInputs(), getMaps(), getCoords(), getSymbols(),
                            getRanks(), extents)))
    return failure();
  for (AffineExpr index : getMap(getInputs().size() - 1).getResults())
    if (index.isFunctionOfDim(getScanned()))
      return emitOpError("the initial state carries the scanned rank '")
             << getRankName(getScanned()) << "'"; // scan_c1
  if (tensorType(getInputs().back()).getElementType() != type.getElementType())
    return emitOpError("expected an initial state of ") << type.getElementType(); // scan_c1
  Block &block = getBody().front();
  SmallVector<Type> expected;
  for (Value input : getInputs())
    expected.push_back(tensorType(input).getElementType());
  expected.push_back(type.getElementType());
  if (block.getArgumentTypes() != TypeRange(expected))
    return emitOpError("expected region arguments for the inputs and the running state");
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getNumOperands() != 1 ||
      yield.getOperand(0).getType() != type.getElementType())
    return emitOpError("expected the region to yield one ") << type.getElementType();
  return verifyBody(*this, getBody(), "scan", getRanks());
}

//===----------------------------------------------------------------------===//
// concat, topk, sort, constant, kernel
//===----------------------------------------------------------------------===//

LogicalResult ConcatOp::verify() {
  TensorType type = getResult().getType();
  int64_t dim = getDim();
  if (getInputs().empty() || dim < 0 || dim >= type.getRank())
    return emitOpError("expected operands and a dim below ") << type.getRank(); // concat_c1
  SmallVector<StringAttr> table;
  AffineExpr total = getAffineConstantExpr(0, getContext());
  for (Value input : getInputs()) {
    TensorType part = tensorType(input);
    if (part.getRank() != type.getRank() || part.getElementType() != type.getElementType())
      return emitOpError("expected operands like ") << type << ", but got " << part; // concat_c1
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (i != dim && part.getExtent(i) != type.getExtent(i))
        return emitOpError("expected extent ")
               << type.getExtent(i).str() << " in dimension " << i << ", but got "
               << part.getExtent(i).str(); // concat_c1
    total = total + part.getExtent(dim).over(table);
  }
  if (ExtentAttr sum = ExtentAttr::of(total, table); sum != type.getExtent(dim))
    return emitOpError("extents along dimension ")
           << dim << " add up to " << sum.str() << ", but the result has "
           << type.getExtent(dim).str(); // concat_c1
  return success();
}

static LogicalResult verifyOrder(Operation *op, TensorType input, int64_t dim, TensorType values,
                                 TensorType indices, ExtentAttr extent) {
  if (dim < 0 || dim >= input.getRank())
    return op->emitOpError("expected a dim below ") << input.getRank() << ", but got " << dim;
  SmallVector<ExtentAttr> shape(input.getShape());
  shape[dim] = extent;
  TensorType expected = TensorType::get(shape, input.getElementType());
  if (values != expected)
    return op->emitOpError("expected values of ") << expected << ", but got " << values;
  if (indices.getShape() != ArrayRef(shape) || !indices.getElementType().isInteger(64))
    return op->emitOpError("expected i64 coordinates shaped like the values, but got ") << indices;
  return success();
}

AffineMap TopKOp::getInputMap() {
  unsigned rank = getInput().getType().getRank();
  SmallVector<AffineExpr> indices;
  for (unsigned i = 0; i < rank; ++i)
    indices.push_back(getAffineDimExpr(i == getDim() ? rank : i, getContext()));
  return AffineMap::get(rank + 1, 0, indices, getContext());
}

LogicalResult TopKOp::verify() {
  TensorType input = getInput().getType();
  int64_t dim = getDim(), k = getK();
  if (k < 0 ||
      (dim >= 0 && dim < input.getRank() && k > input.getExtent(dim).getLiteral().value_or(k)))
    return emitOpError("expected k within the extent, but got ") << k; // topk_c1
  if (!getBest().empty() && getBest().getTypes() != getResultTypes())
    return emitOpError(
        "expected values and coordinates of the results' types behind 'from'"); // topk_c2
  if (getRanks() && static_cast<int64_t>(getRanks()->size()) != input.getRank() + 1)
    return emitOpError("expected ")
           << input.getRank() + 1 << " labels, but got " << getRanks()->size(); // topk_c2
  return verifyOrder(*this, input, dim, getValues().getType(), getIndices().getType(),
                     ExtentAttr::literal(getContext(), k)); // topk_c1
}

LogicalResult SortOp::verify() {
  TensorType input = getInput().getType();
  int64_t dim = getDim();
  ExtentAttr extent = dim >= 0 && dim < input.getRank() ? input.getExtent(dim) : ExtentAttr();
  return verifyOrder(*this, input, dim, getValues().getType(), getIndices().getType(),
                     extent); // sort_c1
}

LogicalResult ConstantOp::verify() {
  auto shaped = cast<ShapedType>(getValue().getType());
  TensorType type = getResult().getType();
  bool same =
      shaped.getElementType() == type.getElementType() && shaped.getRank() == type.getRank();
  for (int64_t i = 0; same && i < type.getRank(); ++i)
    same = type.getExtent(i).getLiteral() == shaped.getDimSize(i);
  return same ? success()
              : emitOpError("the literal is ") << shaped << ", but the result is " << type;
}

std::optional<unsigned> KernelOp::getInPlaceOperand(unsigned result) {
  auto yield = cast<YieldOp>(getBody().front().getTerminator());
  Operation *op = yield.getValues()[result].getDefiningOp();
  if (!op || !isa<UpdateOp, ScatterOp>(op))
    return std::nullopt;
  auto dest = dyn_cast<BlockArgument>(op->getOperand(0));
  return dest ? std::optional<unsigned>(dest.getArgNumber()) : std::nullopt;
}

bool KernelOp::isUpdated(unsigned operand) {
  return llvm::any_of(llvm::seq<unsigned>(0, getNumResults()),
                      [&](unsigned result) { return getInPlaceOperand(result) == operand; });
}

SmallVector<int64_t> KernelOp::getPartSizes() {
  if (std::optional<ArrayRef<int64_t>> parts = getParts())
    return SmallVector<int64_t>(*parts);
  return {static_cast<int64_t>(getNumResults())};
}

SmallVector<Operation *> KernelOp::getOpsOf(unsigned first, unsigned count) {
  llvm::SmallPtrSet<Operation *, 16> needed;
  Operation *yield = getBody().front().getTerminator();
  SmallVector<Value> work(yield->getOperands().slice(first, count));
  while (!work.empty())
    if (Operation *maker = work.pop_back_val().getDefiningOp();
        maker && needed.insert(maker).second)
      llvm::append_range(work, maker->getOperands());
  SmallVector<Operation *> ops;
  for (Operation &op : getBody().front().without_terminator())
    if (needed.contains(&op))
      ops.push_back(&op);
  return ops;
}

LogicalResult KernelOp::verify() {
  Block &block = getBody().front();
  if (block.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("expected region arguments with the types of the operands");
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getValues().getTypes() != getResults().getTypes())
    return emitOpError("expected the region to yield the results");
  int64_t sum = 0;
  SmallVector<int64_t> sizes = getPartSizes();
  for (int64_t size : sizes)
    sum += size;
  if (getParts() &&
      (sum != getNumResults() || llvm::any_of(sizes, [](int64_t n) { return n < 1; })))
    return emitOpError("expected parts of at least one result, ")
           << getNumResults() << " together, but got " << sum; // kernel_c1
  return success();
}

} // namespace einfall::ein
