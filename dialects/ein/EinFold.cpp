//===- EinFold.cpp - ein.fold ---------------------------------------------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;

namespace einfall::ein {

static constexpr StringLiteral regionNames[] = {"init", "step", "merge", "finish"};

int64_t FoldOp::findRank(StringRef name) {
  SmallVector<StringRef> names = strings(getRanks());
  auto *it = llvm::find(names, name);
  return it == names.end() ? -1 : it - names.begin();
}

ExtentAttr FoldOp::getRankExtent(int64_t rank) {
  if (isFolded(rank))
    return cast<ExtentAttr>(getExtents()[rank - getNumFree()]);
  for (unsigned result = 0; result < getNumResults(); ++result)
    for (auto [dim, label] : llvm::enumerate(getLabels(result)))
      if (label == rank)
        return cast<TensorType>(getResult(result).getType()).getExtent(dim);
  return {};
}

//===----------------------------------------------------------------------===//
// What a result depends on
//===----------------------------------------------------------------------===//

/// The block arguments that `value` depends on.
static void collectArguments(Value value, llvm::SmallBitVector &arguments,
                             llvm::DenseSet<Value> &seen) {
  if (!seen.insert(value).second)
    return;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    arguments.set(argument.getArgNumber());
    return;
  }
  for (Value operand : value.getDefiningOp()->getOperands())
    collectArguments(operand, arguments, seen);
}

static llvm::SmallBitVector argumentsOf(Block &block, unsigned yielded) {
  llvm::SmallBitVector arguments(block.getNumArguments());
  llvm::DenseSet<Value> seen;
  collectArguments(block.getTerminator()->getOperand(yielded), arguments, seen);
  return arguments;
}

/// States and operands, as arguments of a step, that a result depends on.
static llvm::SmallBitVector slice(FoldOp op, unsigned result) {
  unsigned states = op.getStateTypes().size();
  llvm::SmallBitVector used = argumentsOf(op.getFinish().front(), result);
  llvm::SmallBitVector done(states);
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned state = 0; state < states; ++state) {
      if (!used.test(state) || done.test(state))
        continue;
      done.set(state);
      changed = true;
      used |= argumentsOf(op.getStep().front(), state);
      llvm::SmallBitVector merged = argumentsOf(op.getMerge().front(), state);
      for (unsigned i : merged.set_bits())
        used.set(i < 2 * states ? i % states : i - states);
    }
  }
  return used;
}

llvm::SmallBitVector FoldOp::getStatesOf(unsigned result) {
  llvm::SmallBitVector used = slice(*this, result);
  used.resize(getStateTypes().size());
  return used;
}

llvm::SmallBitVector FoldOp::getOperandsOf(unsigned result) {
  llvm::SmallBitVector used = slice(*this, result), operands(getInputs().size());
  unsigned states = getStateTypes().size();
  for (unsigned i = operands.size(); i-- > 0;) {
    if (used.test(states + i))
      operands.set(i);
    if (!operands.test(i))
      continue;
    for (AffineExpr index : getMap(i).getResults()) // coordinates stand before
      index.walk([&](AffineExpr sub) {
        auto symbol = dyn_cast<AffineSymbolExpr>(sub);
        if (symbol && symbol.getPosition() < i)
          used.set(states + symbol.getPosition());
      });
  }
  return operands;
}

bool FoldOp::isFoldedOperand(unsigned i) {
  for (AffineExpr index : getMap(i).getResults()) {
    for (int64_t rank = getNumFree(); rank < getNumRanks(); ++rank)
      if (index.isFunctionOfDim(rank))
        return true;
    bool through = false;
    index.walk([&](AffineExpr sub) {
      auto symbol = dyn_cast<AffineSymbolExpr>(sub);
      through |= symbol && symbol.getPosition() < i && isFoldedOperand(symbol.getPosition());
    });
    if (through)
      return true;
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

namespace {
/// `over [m in t, n]`: labels, and extents where they are given.
struct Folded {
  SmallVector<StringAttr> labels;
  SmallVector<ExtentAttr> extents;

  ParseResult parse(OpAsmParser &parser) {
    return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() -> ParseResult {
      StringRef label;
      if (parser.parseKeyword(&label))
        return failure();
      labels.push_back(parser.getBuilder().getStringAttr(label));
      extents.emplace_back();
      if (failed(parser.parseOptionalKeyword("in")))
        return success();
      NameTable names;
      AffineExpr expr;
      if (parseIndexExpr(parser, names, expr))
        return failure();
      extents.back() = ExtentAttr::of(expr, names);
      return success();
    });
  }
};
} // namespace

ParseResult FoldOp::parse(OpAsmParser &parser, OperationState &result) {
  IndexedParser indexed(parser);
  indexed.withFills = true;
  Builder &builder = parser.getBuilder();
  Folded folded;
  SmallVector<Attribute> labels;
  FunctionType type;
  if (indexed.parseOperands() || parser.parseKeyword("over") || folded.parse(parser) ||
      parser.parseArrow())
    return failure();
  auto parseResult = [&]() -> ParseResult {
    SmallVector<StringAttr> ranks = std::move(indexed.ranks);
    indexed.ranks.clear();
    if (indexed.parseLabels())
      return failure();
    SmallVector<int64_t> positions;
    for (StringAttr label : indexed.ranks) {
      auto *it = llvm::find(ranks, label);
      positions.push_back(it - ranks.begin());
      if (it == ranks.end())
        ranks.push_back(label);
    }
    indexed.ranks = std::move(ranks);
    labels.push_back(builder.getDenseI64ArrayAttr(positions));
    return success();
  };
  if (parser.parseCommaSeparatedList(parseResult))
    return failure();
  unsigned numFree = indexed.ranks.size();
  llvm::append_range(indexed.ranks, folded.labels);
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOptionalAttrDict(result.attributes) || parser.parseColonType(type))
    return failure();
  if (type.getNumInputs() != indexed.operands.size() ||
      !llvm::all_of(type.getInputs(), llvm::IsaPred<TensorType>) ||
      !llvm::all_of(type.getResults(), llvm::IsaPred<TensorType>))
    return parser.emitError(loc, "expected an ein tensor as type for each of ")
           << indexed.operands.size() << " operands and for each result"; // fold_c1
  indexed.finish(result);
  if (indexed.parsedFills(result, type.getInputs()))
    return failure();
  auto maps = cast<ArrayAttr>(result.attributes.get("maps"));
  SmallVector<Attribute> extents;
  for (auto [i, extent] : llvm::enumerate(folded.extents)) {
    for (auto [map, operand] : llvm::zip(maps, type.getInputs()))
      if (AffineMap indices = cast<AffineMapAttr>(map).getValue();
          !extent && indices.getNumResults() == cast<TensorType>(operand).getShape().size())
        extent = plainExtent(indices, cast<TensorType>(operand), numFree + i);
    if (!extent)
      return parser.emitError(loc, "no operand tells the extent of rank '")
             << folded.labels[i].getValue() << "': write `in EXTENT` behind it"; // fold_c3
    extents.push_back(extent);
  }
  result.addAttribute("extents", builder.getArrayAttr(extents));
  result.addAttribute("labels", builder.getArrayAttr(labels));
  result.addTypes(type.getResults());
  for (auto [entry, operandType] : llvm::zip(indexed.operands, type.getInputs()))
    if (parser.resolveOperand(entry.operand, operandType, result.operands))
      return failure();
  for (StringRef name : regionNames)
    if (parser.parseKeyword(name) || parser.parseRegion(*result.addRegion()))
      return failure();
  return success();
}

void FoldOp::print(OpAsmPrinter &printer) {
  SmallVector<StringRef> ranks = strings(getRanks());
  SmallVector<StringRef> symbols = symbolNames(getCoords(), getInputs().size(), getSymbols());
  printer << " (";
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    printer << (i ? ", " : "") << input;
    printIndices(printer, getMap(i), ranks, symbols);
    if (StringRef coord = cast<StringAttr>(getCoords()[i]).getValue(); !coord.empty())
      printer << " as " << coord;
    printFill(printer, fillOf(*this, i));
  }
  printer << ") over [";
  for (int64_t rank = getNumFree(); rank < getNumRanks(); ++rank) {
    ExtentAttr inferred;
    for (auto [i, input] : llvm::enumerate(getInputs()))
      if (!inferred)
        inferred = plainExtent(getMap(i), cast<TensorType>(input.getType()), rank);
    printer << (rank > getNumFree() ? ", " : "") << ranks[rank];
    if (inferred != getRankExtent(rank))
      printer << " in " << getRankExtent(rank).str();
  }
  printer << "] -> ";
  for (unsigned result = 0; result < getNumResults(); ++result) {
    printer << (result ? ", " : "");
    printLabels(printer,
                llvm::map_to_vector(getLabels(result), [&](int64_t i) { return ranks[i]; }));
  }
  printer.printOptionalAttrDict(
      (*this)->getAttrs(), {"ranks", "maps", "coords", "symbols", "extents", "labels", "fills"});
  printer << " : ";
  printer.printFunctionalType(*this);
  for (auto [name, region] : llvm::zip(regionNames, (*this)->getRegions())) {
    printer << ' ' << name << ' ';
    printer.printRegion(region);
  }
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

static LogicalResult verifyLabels(FoldOp op) {
  if (op.getLabels().size() != op.getNumResults())
    return op.emitOpError("expected labels for ")
           << op.getNumResults() << " results, but got " << op.getLabels().size(); // fold_c2
  llvm::SmallBitVector used(op.getNumRanks());
  for (unsigned result = 0; result < op.getNumResults(); ++result) {
    auto type = cast<TensorType>(op.getResult(result).getType());
    ArrayRef<int64_t> labels = op.getLabels(result);
    if (static_cast<int64_t>(labels.size()) != type.getRank())
      return op.emitOpError("result #")
             << result << ": expected " << type.getRank() << " labels for " << type << ", but got "
             << labels.size(); // fold_c2
    for (auto [dim, label] : llvm::enumerate(labels)) {
      if (label < 0 || label >= op.getNumRanks())
        return op.emitOpError("result #")
               << result << " names rank #" << label << ", which the fold does not have"; // fold_c2
      if (llvm::is_contained(labels.take_front(dim), label))
        return op.emitOpError("result #") << result << ": expected distinct labels, but '"
                                          << op.getRankName(label) << "' stands twice"; // fold_c2
      if (op.isFolded(label))
        return op.emitOpError("folds rank '")
               << op.getRankName(label) << "', which result #" << result << " has"; // fold_c3
      used.set(label);
      if (op.getRankExtent(label) != type.getExtent(dim))
        return op.emitOpError("rank '")
               << op.getRankName(label) << "' has extent " << op.getRankExtent(label).str()
               << ", but result #" << result << " has " << type.getExtent(dim).str()
               << " there"; // fold_c2
    }
  }
  for (int64_t rank = 0; rank < op.getNumFree(); ++rank)
    if (!used.test(rank))
      return op.emitOpError("rank '")
             << op.getRankName(rank) << "' is in no result and not folded"; // fold_c2
  return success();
}

bool arePaired(StringAttr rank, ExtentAttr length) {
  return !rank == !length && (!length || length.getLiteral().value_or(1) >= 1);
}

/// A rank of parts is free, in all results, and no operand is read along it.
static LogicalResult verifyParts(FoldOp op) {
  if (!arePaired(op.getPartRankAttr(), op.getPartLengthAttr()))
    return op.emitOpError("expected part_rank and, at least 1, part_length together"); // fold_c9
  if (!op.getPartRank())
    return success();
  int64_t rank = op.findRank(*op.getPartRank());
  bool everywhere = rank >= 0 && !op.isFolded(rank);
  for (unsigned result = 0; everywhere && result < op.getNumResults(); ++result)
    everywhere = llvm::is_contained(op.getLabels(result), rank);
  if (!everywhere)
    return op.emitOpError("expected part_rank '")
           << *op.getPartRank() << "' to be a rank of every result"; // fold_c9
  for (unsigned i = 0; i < op.getInputs().size(); ++i)
    if (op.getMap(i).isFunctionOfDim(rank))
      return op.emitOpError("operand #")
             << i << " is read along part_rank '" << *op.getPartRank() << '\''; // fold_c9
  return success();
}

/// Arguments and yields of one region.
static LogicalResult verifyRegion(FoldOp op, unsigned which, ArrayRef<Type> arguments,
                                  ArrayRef<Type> yields) {
  Region &region = op->getRegion(which);
  StringRef name = regionNames[which];
  if (region.front().getArgumentTypes() != TypeRange(arguments))
    return op.emitOpError("expected ") << name << " to take (" << arguments << "), but got ("
                                       << region.front().getArgumentTypes() << ')'; // fold_c4
  auto yield = dyn_cast_or_null<YieldOp>(&region.front().back());
  if (!yield || yield.getOperandTypes() != TypeRange(yields))
    return op.emitOpError("expected ") << name << " to yield (" << yields << ')'; // fold_c4
  return verifyBody(op, region, "fold", op.getRanks());                           // fold_c5
}

/// merge and finish run where no element is.
static LogicalResult verifyRows(FoldOp op, unsigned which, unsigned firstOperand) {
  Block &block = op->getRegion(which).front();
  for (unsigned i = 0; i < op.getInputs().size(); ++i)
    if (op.isFoldedOperand(i) && !block.getArgument(firstOperand + i).use_empty())
      return op.emitOpError("operand #") << i << " is read along a folded rank, but "
                                         << regionNames[which] << " uses it"; // fold_c6
  for (IndexOp index : block.getOps<IndexOp>())
    if (op.isFolded(op.findRank(index.getRank())))
      return index.emitOpError("names rank '")
             << index.getRank() << "', which is folded, in " << regionNames[which]; // fold_c6
  return success();
}

LogicalResult FoldOp::verify() {
  for (auto [name, region] : llvm::zip(regionNames, (*this)->getRegions()))
    if (region.front().empty() || !isa<YieldOp>(region.front().back()))
      return emitOpError("expected ") << name << " to end with ein.yield"; // fold_c4
  if (getExtents().empty() || !llvm::all_of(getExtents(), llvm::IsaPred<ExtentAttr>) ||
      getNumFree() < 0)
    return emitOpError("expected at least one folded rank, with its extent"); // fold_c3
  if (!llvm::all_of(getLabels(), llvm::IsaPred<DenseI64ArrayAttr>) || failed(verifyLabels(*this)))
    return failure();
  if (failed(verifyParts(*this)))
    return failure();
  SmallVector<ExtentAttr> known;
  for (int64_t rank = 0; rank < getNumRanks(); ++rank)
    known.push_back(getRankExtent(rank));
  if (failed(verifyIndexing(*this, "fold", getInputs(), getMaps(), getCoords(), getSymbols(),
                            getRanks(), known)) ||             // fold_c1
      failed(verifyFills(*this, getFillsAttr(), getInputs()))) // fold_c8
    return failure();
  SmallVector<Type> states(getStateTypes()), results, elements, two;
  for (Type type : getResultTypes())
    results.push_back(cast<TensorType>(type).getElementType());
  for (Value input : getInputs())
    elements.push_back(cast<TensorType>(input.getType()).getElementType());
  SmallVector<Type> one(states);
  llvm::append_range(one, elements);
  llvm::append_range(two, states);
  llvm::append_range(two, one);
  if (failed(verifyRegion(*this, 0, {}, states)) || failed(verifyRegion(*this, 1, one, states)) ||
      failed(verifyRegion(*this, 2, two, states)) || failed(verifyRegion(*this, 3, one, results)))
    return failure();
  if (failed(verifyRows(*this, 2, 2 * states.size())) ||
      failed(verifyRows(*this, 3, states.size())))
    return failure();
  for (unsigned result = 0; result < getNumResults(); ++result) {
    llvm::SmallBitVector operands = getOperandsOf(result);
    for (unsigned operand : operands.set_bits())
      for (int64_t rank = 0; rank < getNumFree(); ++rank)
        if (getMap(operand).isFunctionOfDim(rank) && !llvm::is_contained(getLabels(result), rank))
          return emitOpError("result #")
                 << result << " depends on operand #" << operand << ", which has rank '"
                 << getRankName(rank) << "', but the result has not"; // fold_c7
  }
  return success();
}

} // namespace einfall::ein
