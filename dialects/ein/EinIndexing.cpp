//===- EinIndexing.cpp - Operands with index lists ------------------------===//
#include "dialects/ein/EinIndexing.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {

ParseResult IndexedParser::parseOperand(bool withCoord) {
  IndexedOperand &entry = operands.emplace_back();
  auto parseIndex = [&] { return parseIndexExpr(parser, names, entry.indices.emplace_back()); };
  if (parser.parseOperand(entry.operand) ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseIndex))
    return failure();
  StringRef coord;
  if (withCoord && succeeded(parser.parseOptionalKeyword("as"))) {
    if (parser.parseKeyword(&coord))
      return failure();
    entry.coord = StringAttr::get(parser.getContext(), coord);
  }
  if (withFills && succeeded(parser.parseOptionalKeyword("else"))) {
    entry.fillLoc = parser.getCurrentLocation();
    return parser.parseAttribute(entry.fill);
  }
  return success();
}

ParseResult IndexedParser::parseOperands() {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren,
                                        [&] { return parseOperand(true); });
}

ParseResult IndexedParser::parseLabels() {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() -> ParseResult {
    StringRef name;
    if (parser.parseKeyword(&name))
      return failure();
    ranks.push_back(StringAttr::get(parser.getContext(), name));
    return success();
  });
}

void IndexedParser::finish(OperationState &result, bool withCoords) {
  MLIRContext *context = parser.getContext();
  Builder &builder = parser.getBuilder();
  unsigned numOperands = operands.size();
  SmallVector<AffineExpr> replacement;
  SmallVector<StringAttr> symbols;
  for (StringAttr name : names) {
    auto *rank = llvm::find(ranks, name);
    auto *coord = llvm::find_if(operands, [&](IndexedOperand &o) { return o.coord == name; });
    if (rank != ranks.end()) {
      replacement.push_back(getAffineDimExpr(rank - ranks.begin(), context));
    } else if (coord != operands.end()) {
      replacement.push_back(getAffineSymbolExpr(coord - operands.begin(), context));
    } else {
      replacement.push_back(getAffineSymbolExpr(numOperands + symbols.size(), context));
      symbols.push_back(name);
    }
  }
  SmallVector<Attribute> maps, coords;
  for (IndexedOperand &entry : operands) {
    SmallVector<AffineExpr> indices;
    for (AffineExpr index : entry.indices)
      indices.push_back(simplifyIndex(index.replaceSymbols(replacement), ranks.size(),
                                      numOperands + symbols.size()));
    maps.push_back(AffineMapAttr::get(
        AffineMap::get(ranks.size(), numOperands + symbols.size(), indices, context)));
    coords.push_back(entry.coord ? entry.coord : builder.getStringAttr(""));
  }
  auto toArray = [&](ArrayRef<StringAttr> list) {
    return builder.getArrayAttr(SmallVector<Attribute>(list.begin(), list.end()));
  };
  result.addAttribute("ranks", toArray(ranks));
  result.addAttribute("maps", builder.getArrayAttr(maps));
  if (withCoords)
    result.addAttribute("coords", builder.getArrayAttr(coords));
  result.addAttribute("symbols", toArray(symbols));
}

TypedAttr numberOf(Attribute value, SMLoc loc, Type element) {
  auto integer = dyn_cast<IntegerAttr>(value);
  if (auto number = dyn_cast<FloatAttr>(value); number && isa<FloatType>(element))
    return FloatAttr::get(element, number.getValueAsDouble());
  if (integer && isa<IntegerType>(element))
    return IntegerAttr::get(element, integer.getInt());
  auto real = dyn_cast<FloatType>(element);
  if (!real || !integer || StringRef(loc.getPointer(), 2) != "0x")
    return {};
  return FloatAttr::get(element,
                        APFloat(real.getFloatSemantics(),
                                integer.getValue().zextOrTrunc(real.getIntOrFloatBitWidth())));
}

ArrayAttr fillsAttr(Builder &builder, ArrayRef<TypedAttr> fills) {
  if (llvm::none_of(fills, [](TypedAttr fill) { return static_cast<bool>(fill); }))
    return {};
  return builder.getArrayAttr(llvm::map_to_vector(fills, [&](TypedAttr fill) {
    return fill ? Attribute(fill) : Attribute(builder.getUnitAttr());
  }));
}

void printFill(OpAsmPrinter &printer, TypedAttr fill) {
  if (!fill)
    return;
  printer << " else ";
  printer.printAttributeWithoutType(fill);
}

LogicalResult verifyFills(Operation *op, ArrayAttr fills, ValueRange operands) {
  if (!fills)
    return success();
  unsigned count = operands.size();
  if (fills.size() != count ||
      !llvm::all_of(fills, [](Attribute a) { return isa<UnitAttr, FloatAttr, IntegerAttr>(a); }))
    return op->emitOpError("expected a number or unit for each of ")
           << count << " operands as fills, but got " << fills; // einsum_c10, fold_c8
  if (llvm::all_of(fills, llvm::IsaPred<UnitAttr>))
    return op->emitOpError("expected no fills, as no operand has one"); // einsum_c11, fold_c8
  for (unsigned i = 0; i < count; ++i) {
    Type element = cast<TensorType>(operands[i].getType()).getElementType();
    if (auto fill = dyn_cast<TypedAttr>(fills[i]); fill && fill.getType() != element)
      return op->emitOpError("operand #")
             << i << ": expected a value of type " << element << " behind 'else', but got "
             << fill; // einsum_c12, fold_c8
  }
  return success();
}

ParseResult IndexedParser::parsedFills(OperationState &result, TypeRange types) {
  SmallVector<TypedAttr> fills(operands.size());
  for (auto [entry, fill, type] : llvm::zip(operands, fills, types)) {
    if (!entry.fill)
      continue;
    Type element = cast<TensorType>(type).getElementType();
    fill = numberOf(entry.fill, entry.fillLoc, element);
    if (!fill)
      return parser.emitError(entry.fillLoc, "expected a value of type ")
             << element << " behind 'else'"; // einsum_c12
  }
  if (ArrayAttr attr = fillsAttr(parser.getBuilder(), fills))
    result.addAttribute("fills", attr);
  return success();
}

SmallVector<StringRef> strings(ArrayAttr attr) {
  return llvm::map_to_vector(attr, [](Attribute a) { return cast<StringAttr>(a).getValue(); });
}

SmallVector<StringRef> symbolNames(ArrayAttr coords, unsigned numOperands, ArrayAttr symbols) {
  SmallVector<StringRef> names = coords ? strings(coords) : SmallVector<StringRef>(numOperands, "");
  llvm::append_range(names, strings(symbols));
  return names;
}

ArrayAttr coordinateNames(Builder &builder, ArrayRef<AffineMap> maps) {
  SmallVector<Attribute> names(maps.size(), builder.getStringAttr(""));
  for (AffineMap map : maps)
    for (AffineExpr index : map.getResults())
      index.walk([&](AffineExpr sub) {
        auto symbol = dyn_cast<AffineSymbolExpr>(sub);
        if (symbol && symbol.getPosition() < names.size())
          names[symbol.getPosition()] =
              builder.getStringAttr("at" + std::to_string(symbol.getPosition()));
      });
  return builder.getArrayAttr(names);
}

void printLabels(OpAsmPrinter &printer, ArrayRef<StringRef> labels) {
  printer << '[';
  llvm::interleaveComma(labels, printer);
  printer << ']';
}

void printIndices(OpAsmPrinter &printer, AffineMap map, ArrayRef<StringRef> ranks,
                  ArrayRef<StringRef> symbols) {
  printer << '[';
  llvm::interleaveComma(map.getResults(), printer, [&](AffineExpr index) {
    printIndexExpr(printer.getStream(), index, ranks, symbols);
  });
  printer << ']';
}

bool movesAlong(Operation *op, unsigned number, unsigned rank) {
  auto maps = op->getAttrOfType<ArrayAttr>("maps");
  AffineMap map = cast<AffineMapAttr>(maps[number]).getValue();
  if (map.isFunctionOfDim(rank))
    return true;
  unsigned sources = std::min<unsigned>(maps.size(), map.getNumSymbols());
  return llvm::any_of(llvm::seq(sources), [&](unsigned source) {
    return map.isFunctionOfSymbol(source) && movesAlong(op, source, rank);
  });
}

ExtentAttr plainExtent(AffineMap map, TensorType type, unsigned rank) {
  for (auto [index, extent] : llvm::zip(map.getResults(), type.getShape()))
    if (auto dim = dyn_cast<AffineDimExpr>(index); dim && dim.getPosition() == rank)
      return extent;
  return {};
}

std::optional<ShiftedLabel> shiftedLabel(AffineExpr index) {
  if (auto dim = dyn_cast<AffineDimExpr>(index))
    return ShiftedLabel{dim.getPosition(), 0};
  auto sum = dyn_cast<AffineBinaryOpExpr>(index);
  if (!sum || sum.getKind() != AffineExprKind::Add)
    return std::nullopt;
  auto dim = dyn_cast<AffineDimExpr>(sum.getLHS());
  auto shift = dyn_cast<AffineConstantExpr>(sum.getRHS());
  if (!dim || !shift)
    return std::nullopt;
  return ShiftedLabel{dim.getPosition(), shift.getValue()};
}

bool coversPart(ValueRange operands, ArrayRef<AffineMap> maps, ArrayRef<ExtentAttr> extents) {
  for (auto [operand, map] : llvm::zip(operands, maps))
    for (auto [index, extent] :
         llvm::zip(map.getResults(), cast<TensorType>(operand.getType()).getShape()))
      if (auto dim = dyn_cast<AffineDimExpr>(index); dim && extents[dim.getPosition()] != extent)
        return true;
  return false;
}

/// True if ranks multiply or divide ranks somewhere in `index`.
static bool isNotAffine(AffineExpr index) {
  bool found = false;
  index.walk([&](AffineExpr sub) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(sub);
    if (!binary || sub.getKind() == AffineExprKind::Add)
      return;
    bool right = !binary.getRHS().isSymbolicOrConstant();
    bool left = !binary.getLHS().isSymbolicOrConstant();
    found |= right && (left || sub.getKind() != AffineExprKind::Mul);
  });
  return found;
}

LogicalResult verifyIndexing(Operation *op, StringRef name, ValueRange operands, ArrayAttr maps,
                             ArrayAttr coords, ArrayAttr symbols, ArrayAttr ranks,
                             ArrayRef<ExtentAttr> extents) {
  unsigned count = operands.size();
  if (maps.size() != count || (coords && coords.size() != count))
    return op->emitOpError("expected one index list an operand, ")
           << count << ", but got " << maps.size(); // c1
  SmallVector<StringRef> names = strings(ranks);
  for (auto [i, label] : llvm::enumerate(names))
    if (llvm::is_contained(ArrayRef(names).take_front(i), label))
      return op->emitOpError("expected distinct ranks, but '")
             << label << "' stands twice"; // einsum_c2
  unsigned numSymbols = count + symbols.size();
  for (auto [i, operand] : llvm::enumerate(operands)) {
    auto type = cast<TensorType>(operand.getType());
    AffineMap map = cast<AffineMapAttr>(maps[i]).getValue();
    if (map.getNumDims() != names.size() || map.getNumSymbols() != numSymbols)
      return op->emitOpError("operand #")
             << i << ": expected a map over " << names.size() << " ranks and " << numSymbols
             << " symbols, but got " << AffineMapAttr::get(map);
    if (map.getNumResults() != type.getRank())
      return op->emitOpError("operand #") << i << ": expected " << type.getRank() << " indices for "
                                          << type << ", but got " << map.getNumResults(); // c1
    if (llvm::any_of(map.getResults(), isNotAffine))
      return op->emitOpError("operand #")
             << i << ": expected affine indices, but ranks multiply or divide ranks"; // c1
    if (coords && !cast<StringAttr>(coords[i]).getValue().empty() &&
        !isa<IntegerType>(type.getElementType()))
      return op->emitOpError("operand #")
             << i << ": expected coordinates read from integer operands, but this holds "
             << type.getElementType(); // einsum_c5
    WalkResult walk = WalkResult::advance();
    for (AffineExpr index : map.getResults())
      index.walk([&](AffineExpr sub) {
        auto symbol = dyn_cast<AffineSymbolExpr>(sub);
        if (!symbol || symbol.getPosition() >= count)
          return;
        unsigned from = symbol.getPosition();
        auto source = cast<TensorType>(operands[from].getType());
        if (from >= i || !isa<IntegerType>(source.getElementType()))
          walk = WalkResult::interrupt();
      });
    if (walk.wasInterrupted())
      return op->emitOpError("operand #")
             << i
             << ": expected coordinates read from integer operands that "
                "stand before it"; // einsum_c5
    for (auto [index, extent] : llvm::zip(map.getResults(), type.getShape())) {
      auto dim = dyn_cast<AffineDimExpr>(index);
      if (!dim)
        continue;
      ExtentAttr expected = extents[dim.getPosition()];
      if (expected && expected != extent && !op->hasAttr("partial"))
        return op->emitOpError("rank '")
               << names[dim.getPosition()] << "' has extent " << expected.str() << ", but operand #"
               << i << " has " << extent.str() << " there"; // c3
    }
  }
  return success();
}

LogicalResult verifyBody(Operation *op, Region &body, StringRef name, ArrayAttr ranks) {
  auto isScalar = [](Type type) { return type.isIntOrIndexOrFloat(); };
  for (Operation &inner : body.front()) {
    bool known = isa<IndexOp, ExtentOp, YieldOp>(inner) ||
                 isa_and_nonnull<arith::ArithDialect, math::MathDialect>(inner.getDialect());
    if (!known || !llvm::all_of(inner.getResultTypes(), isScalar)) {
      InFlightDiagnostic diag = op->emitOpError(
          "the region may hold scalar arith, math, ein.index and ein.extent only"); // einsum_c8
      diag.attachNote(inner.getLoc()) << "found '" << inner.getName() << "'";
      return diag;
    }
    for (Value operand : inner.getOperands())
      if (operand.getParentRegion() != &body) {
        InFlightDiagnostic diag =
            op->emitOpError("the region uses a value from outside it"); // einsum_c8
        diag.attachNote(inner.getLoc()) << "used here";
        return diag;
      }
    auto index = dyn_cast<IndexOp>(inner);
    if (index && index.getRankAttr() && !llvm::is_contained(ranks, index.getRankAttr()))
      return index.emitOpError("names rank '")
             << index.getRank() << "', which the " << name << " does not have"; // einsum_c9
  }
  return success();
}

} // namespace einfall::ein
