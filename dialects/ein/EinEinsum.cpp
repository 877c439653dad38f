//===- EinEinsum.cpp - ein.einsum -----------------------------------------===//
#include "dialects/ein/EinIndexing.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

void EinsumOp::build(OpBuilder &builder, OperationState &state, TensorType type, ValueRange inputs,
                     ArrayRef<StringRef> ranks, ArrayRef<AffineMap> maps, ArrayRef<Monoid> monoids,
                     ArrayRef<ExtentAttr> extents, ArrayRef<StringAttr> symbols,
                     function_ref<Value(OpBuilder &, Location, ValueRange)> body,
                     ArrayRef<TypedAttr> fills) {
  state.addOperands(inputs);
  state.addTypes(type);
  state.addAttribute("ranks", builder.getStrArrayAttr(ranks));
  state.addAttribute("maps", builder.getAffineMapArrayAttr(maps));
  state.addAttribute("symbols",
                     builder.getArrayAttr(SmallVector<Attribute>(symbols.begin(), symbols.end())));
  state.addAttribute("coords", coordinateNames(builder, maps));
  SmallVector<int32_t> codes;
  for (Monoid monoid : monoids)
    codes.push_back(static_cast<int32_t>(monoid));
  state.addAttribute("monoids", builder.getDenseI32ArrayAttr(codes));
  state.addAttribute("extents",
                     builder.getArrayAttr(SmallVector<Attribute>(extents.begin(), extents.end())));
  if (ArrayAttr attr = fillsAttr(builder, fills))
    state.addAttribute("fills", attr);
  SmallVector<ExtentAttr> all(type.getShape());
  llvm::append_range(all, extents);
  if (coversPart(inputs, maps, all))
    state.addAttribute("partial", builder.getUnitAttr());
  OpBuilder::InsertionGuard guard(builder);
  Region *region = state.addRegion();
  Block *block = builder.createBlock(region);
  for (Value input : inputs)
    block->addArgument(cast<TensorType>(input.getType()).getElementType(), state.location);
  Value yielded = body(builder, state.location, block->getArguments());
  YieldOp::create(builder, state.location, yielded);
}

int64_t EinsumOp::findRank(StringRef name) {
  SmallVector<StringRef> names = strings(getRanks());
  auto *it = llvm::find(names, name);
  return it == names.end() ? -1 : it - names.begin();
}

ExtentAttr EinsumOp::getRankExtent(int64_t rank) {
  if (rank < getNumFree())
    return getResult().getType().getExtent(rank);
  return cast<ExtentAttr>(getExtents()[rank - getNumFree()]);
}

TypedAttr EinsumOp::getFill(unsigned i) {
  return getFills() ? dyn_cast<TypedAttr>((*getFills())[i]) : TypedAttr();
}

SmallVector<TypedAttr> EinsumOp::getFillList() {
  return llvm::map_to_vector(llvm::seq<unsigned>(0, getInputs().size()),
                             [&](unsigned i) { return getFill(i); });
}

bool EinsumOp::isRelabelling() {
  Block &block = getBody().front();
  return getInputs().size() == 1 && getMonoids().empty() && llvm::hasSingleElement(block) &&
         getYielded() == block.getArgument(0) &&
         getCoords()[0] == StringAttr::get(getContext(), "");
}

static Value multiply(OpBuilder &builder, Location loc, Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return arith::MulFOp::create(builder, loc, a, b);
  return arith::MulIOp::create(builder, loc, a, b);
}

/// True if the body is what an omitted region stands for.
static bool hasDefaultBody(EinsumOp op) {
  Block &block = op.getBody().front();
  if (block.getNumArguments() == 0)
    return false;
  Value running = block.getArgument(0);
  auto it = block.begin();
  for (Value next : block.getArguments().drop_front()) {
    if (!isa<arith::MulFOp, arith::MulIOp>(*it) || it->getOperand(0) != running ||
        it->getOperand(1) != next || next.getType() != running.getType())
      return false;
    if (auto mul = dyn_cast<arith::MulFOp>(*it);
        mul && mul.getFastmath() != arith::FastMathFlags::none)
      return false;
    running = (it++)->getResult(0);
  }
  return op.getYielded() == running && &*it == block.getTerminator();
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

ParseResult EinsumOp::parse(OpAsmParser &parser, OperationState &result) {
  IndexedParser indexed(parser);
  indexed.withFills = true;
  Builder &builder = parser.getBuilder();
  if (indexed.parseOperands() || parser.parseArrow() || indexed.parseLabels())
    return failure();
  unsigned numFree = indexed.ranks.size();

  SmallVector<int32_t> monoids;
  SmallVector<ExtentAttr> given;
  auto parseReduced = [&]() -> ParseResult {
    StringRef label, monoid;
    given.emplace_back();
    if (parser.parseKeyword(&label))
      return failure();
    if (llvm::is_contained(indexed.ranks, builder.getStringAttr(label)))
      return parser.emitError(parser.getCurrentLocation(), "expected distinct ranks, but '")
             << label << "' stands twice"; // einsum_c2, einsum_c4
    indexed.ranks.push_back(builder.getStringAttr(label));
    if (succeeded(parser.parseOptionalKeyword("in"))) {
      NameTable names;
      AffineExpr expr;
      if (parseIndexExpr(parser, names, expr))
        return failure();
      given.back() = ExtentAttr::of(expr, names);
    }
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseColon() || parser.parseKeyword(&monoid))
      return failure();
    std::optional<Monoid> symbol = symbolizeMonoid(monoid);
    if (!symbol)
      return parser.emitError(loc, "expected add, mul, max, min, or, and, "
                                   "argmax, argmin or logaddexp, but got '")
             << monoid << "'";
    monoids.push_back(static_cast<int32_t>(*symbol));
    return success();
  };
  if (succeeded(parser.parseOptionalKeyword("reduce")) &&
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseReduced))
    return failure();

  FunctionType type;
  SMLoc typeLoc = parser.getCurrentLocation();
  if (parser.parseOptionalAttrDict(result.attributes) || parser.parseColonType(type))
    return failure();
  if (type.getNumResults() != 1 || !isa<TensorType>(type.getResult(0)) ||
      !llvm::all_of(type.getInputs(), llvm::IsaPred<TensorType>))
    return parser.emitError(typeLoc, "expected ein tensors as types");
  if (type.getNumInputs() != indexed.operands.size())
    return parser.emitError(typeLoc, "expected ")
           << indexed.operands.size() << " operand types, but got " << type.getNumInputs();
  indexed.finish(result);
  if (indexed.parsedFills(result, type.getInputs()))
    return failure();

  // Extents of reduced ranks come from plain indices unless given.
  auto maps = cast<ArrayAttr>(result.attributes.get("maps"));
  SmallVector<Attribute> extents;
  for (auto [i, extent] : llvm::enumerate(given)) {
    for (auto [map, operand] : llvm::zip(maps, type.getInputs()))
      if (!extent && cast<AffineMapAttr>(map).getValue().getNumResults() ==
                         cast<TensorType>(operand).getShape().size())
        extent = plainExtent(cast<AffineMapAttr>(map).getValue(), cast<TensorType>(operand),
                             numFree + i);
    if (!extent)
      return parser.emitError(typeLoc, "no operand tells the extent of rank '")
             << indexed.ranks[numFree + i].getValue()
             << "': write `in EXTENT` behind it"; // einsum_c4
    extents.push_back(extent);
  }
  result.addAttribute("monoids", builder.getDenseI32ArrayAttr(monoids));
  result.addAttribute("extents", builder.getArrayAttr(extents));
  result.addTypes(type.getResults());
  for (auto [entry, operandType] : llvm::zip(indexed.operands, type.getInputs()))
    if (parser.resolveOperand(entry.operand, operandType, result.operands))
      return failure();

  Region *region = result.addRegion();
  OptionalParseResult body = parser.parseOptionalRegion(*region);
  if (body.has_value())
    return *body;
  if (type.getNumInputs() == 0)
    return parser.emitError(typeLoc, "an einsum without operands needs a region");
  Block &block = region->emplaceBlock();
  OpBuilder bodyBuilder(parser.getContext());
  bodyBuilder.setInsertionPointToEnd(&block);
  for (Type operandType : type.getInputs())
    block.addArgument(cast<TensorType>(operandType).getElementType(), result.location);
  Value running = block.getArgument(0);
  for (Value next : block.getArguments().drop_front()) {
    if (next.getType() != running.getType())
      return parser.emitError(typeLoc, "operands of different element types "
                                       "need a region with explicit casts");
    running = multiply(bodyBuilder, result.location, running, next);
  }
  YieldOp::create(bodyBuilder, result.location, running);
  return success();
}

void EinsumOp::print(OpAsmPrinter &printer) {
  SmallVector<StringRef> ranks = strings(getRanks());
  SmallVector<StringRef> symbols = symbolNames(getCoords(), getInputs().size(), getSymbols());
  printer << " (";
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    printer << (i ? ", " : "") << input;
    printIndices(printer, getMap(i), ranks, symbols);
    if (StringRef coord = cast<StringAttr>(getCoords()[i]).getValue(); !coord.empty())
      printer << " as " << coord;
    printFill(printer, getFill(i));
  }
  printer << ") -> ";
  printLabels(printer, ArrayRef(ranks).take_front(getNumFree()));
  if (!getMonoids().empty()) {
    printer << " reduce [";
    for (int64_t rank = getNumFree(), e = getNumRanks(); rank < e; ++rank) {
      ExtentAttr inferred;
      for (auto [i, input] : llvm::enumerate(getInputs()))
        if (!inferred)
          inferred = plainExtent(getMap(i), cast<TensorType>(input.getType()), rank);
      printer << (rank > getNumFree() ? ", " : "") << ranks[rank];
      if (inferred != getRankExtent(rank))
        printer << " in " << getRankExtent(rank).str();
      printer << ": " << stringifyMonoid(getMonoid(rank));
    }
    printer << ']';
  }
  printer.printOptionalAttrDict(
      (*this)->getAttrs(), {"ranks", "maps", "coords", "symbols", "monoids", "extents", "fills"});
  printer << " : ";
  printer.printFunctionalType(*this);
  if (!hasDefaultBody(*this)) {
    printer << ' ';
    printer.printRegion(getBody(), /*printEntryBlockArgs=*/true,
                        /*printBlockTerminators=*/true);
  }
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

static LogicalResult verifyMonoids(EinsumOp op, Type yielded) {
  Type element = op.getResult().getType().getElementType();
  bool arg = false;
  for (int64_t rank = op.getNumFree(), e = op.getNumRanks(); rank < e; ++rank) {
    Monoid monoid = op.getMonoid(rank);
    if (!symbolizeMonoid(static_cast<uint32_t>(monoid)))
      return op.emitOpError("monoid ") << static_cast<int32_t>(monoid) << " is not one";
    StringRef name = stringifyMonoid(monoid);
    bool isArg = monoid == Monoid::argmax || monoid == Monoid::argmin;
    arg |= isArg;
    if (isArg && op.getMonoids().size() != 1)
      return op.emitOpError() << name << " has to be the only reduced rank, '"
                              << op.getRankName(rank) << "' is not"; // einsum_c7
    if ((monoid == Monoid::or_ || monoid == Monoid::and_) && !isa<IntegerType>(yielded))
      return op.emitOpError() << name << " reduces integers, but the region "
                              << "yields " << yielded; // einsum_c7
    if (monoid == Monoid::logaddexp && !isa<FloatType>(yielded))
      return op.emitOpError() << name << " reduces floats, but the region "
                              << "yields " << yielded; // einsum_c7
  }
  if (arg ? !isa<IntegerType>(element) : yielded != element)
    return op.emitOpError("the region yields ")
           << yielded << ", but the result holds " << element; // einsum_c6
  return success();
}

LogicalResult EinsumOp::verify() {
  int64_t numFree = getNumFree();
  int64_t numLabels = static_cast<int64_t>(getRanks().size()) - getMonoids().size();
  if (numLabels != numFree)
    return emitOpError("expected ") << numFree << " result labels for " << getResult().getType()
                                    << ", but got " << numLabels; // einsum_c2
  if (getExtents().size() != getMonoids().size() ||
      !llvm::all_of(getExtents(), llvm::IsaPred<ExtentAttr>))
    return emitOpError("expected an extent for every reduced rank"); // einsum_c4
  SmallVector<ExtentAttr> extents;
  for (int64_t rank = 0, e = getNumRanks(); rank < e; ++rank)
    extents.push_back(getRankExtent(rank));
  if (failed(verifyIndexing(*this, "einsum", getInputs(), getMaps(), getCoords(), getSymbols(),
                            getRanks(), extents)) ||
      failed(verifyFills(*this, getFillsAttr(), getInputs())))
    return failure();
  Block &block = getBody().front();
  if (block.getNumArguments() != getInputs().size())
    return emitOpError("expected ") << getInputs().size() << " region arguments, but got "
                                    << block.getNumArguments(); // einsum_c6
  for (auto [argument, input] : llvm::zip(block.getArguments(), getInputs())) {
    Type element = cast<TensorType>(input.getType()).getElementType();
    if (argument.getType() != element)
      return emitOpError("expected a region argument of type ")
             << element << ", but got " << argument.getType(); // einsum_c6
  }
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getNumOperands() != 1)
    return emitOpError("expected the region to yield one value"); // einsum_c6
  if (failed(verifyBody(*this, getBody(), "einsum", getRanks())))
    return failure();
  return verifyMonoids(*this, yield.getOperand(0).getType());
}

} // namespace einfall::ein
