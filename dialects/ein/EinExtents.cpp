//===- EinExtents.cpp - Extents and the tensor type -----------------------===//
#include "dialects/ein/EinIndexing.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {

static void collectSymbols(AffineExpr expr, llvm::SmallBitVector &used) {
  expr.walk([&](AffineExpr sub) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(sub))
      used.set(symbol.getPosition());
  });
}

/// `expr` over the names it uses, in ascending order of name.
static AffineExpr sortNames(AffineExpr expr, ArrayRef<StringAttr> names,
                            SmallVectorImpl<StringAttr> &sorted) {
  llvm::SmallBitVector used(names.size());
  collectSymbols(expr, used);
  for (unsigned i : used.set_bits())
    sorted.push_back(names[i]);
  llvm::sort(sorted, [](StringAttr a, StringAttr b) { return a.getValue() < b.getValue(); });
  sorted.erase(llvm::unique(sorted), sorted.end());
  SmallVector<AffineExpr> replacement(names.size());
  for (auto [i, name] : llvm::enumerate(names))
    replacement[i] = getAffineSymbolExpr(
        used.test(i) ? llvm::find(sorted, name) - sorted.begin() : 0, expr.getContext());
  return simplifyIndex(expr.replaceSymbols(replacement), 0, sorted.size());
}

ExtentAttr ExtentAttr::of(AffineExpr expr, ArrayRef<StringAttr> names) {
  SmallVector<StringAttr> sorted, needed;
  expr = sortNames(expr, names, sorted);
  // Simplification may have removed a name.
  expr = sortNames(expr, sorted, needed);
  return get(expr.getContext(), expr, needed);
}

ExtentAttr ExtentAttr::literal(MLIRContext *context, int64_t value) {
  return get(context, getAffineConstantExpr(value, context), {});
}

ExtentAttr ExtentAttr::symbol(MLIRContext *context, StringRef name) {
  return get(context, getAffineSymbolExpr(0, context), StringAttr::get(context, name));
}

std::optional<int64_t> ExtentAttr::getLiteral() const {
  if (auto literal = dyn_cast<AffineConstantExpr>(getExpr()))
    return literal.getValue();
  return std::nullopt;
}

std::optional<ExtentAttr> ExtentAttr::dividedBy(int64_t divisor) const {
  if (divisor < 1 || getExpr().getLargestKnownDivisor() % divisor != 0)
    return std::nullopt;
  ExtentAttr part = of(getExpr().floorDiv(divisor), getSymbols());
  bool isWhole = of(part.getExpr() * divisor, part.getSymbols()) == *this;
  return isWhole ? std::optional(part) : std::nullopt;
}

std::string ExtentAttr::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  SmallVector<StringRef> names;
  for (StringAttr name : getSymbols())
    names.push_back(name.getValue());
  printIndexExpr(os, getExpr(), {}, names);
  return text;
}

AffineExpr ExtentAttr::over(SmallVectorImpl<StringAttr> &table) const {
  SmallVector<AffineExpr> replacement;
  for (StringAttr name : getSymbols()) {
    auto *it = llvm::find(table, name);
    if (it == table.end())
      it = table.insert(it, name);
    replacement.push_back(getAffineSymbolExpr(it - table.begin(), getContext()));
  }
  return getExpr().replaceSymbols(replacement);
}

ParseResult parseExtent(AsmParser &parser, ExtentAttr &extent) {
  NameTable names;
  AffineExpr expr;
  if (parseIndexExpr(parser, names, expr))
    return failure();
  extent = ExtentAttr::of(expr, names);
  return success();
}

Attribute ExtentAttr::parse(AsmParser &parser, Type) {
  ExtentAttr extent;
  if (parser.parseLess() || parseExtent(parser, extent) || parser.parseGreater())
    return {};
  return extent;
}

void ExtentAttr::print(AsmPrinter &printer) const { printer << '<' << str() << '>'; }

LogicalResult TensorType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<ExtentAttr> shape, Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  bool narrow =
      isa<Float8E4M3FNType, Float8E5M2Type, Float8E4M3FNUZType, Float8E5M2FNUZType>(element);
  if (!narrow && !element.isF64() && !element.isF32() && !element.isF16() && !element.isBF16() &&
      !(integer && integer.isSignless() && integer.getWidth() <= 64))
    return emitError() << "expected a float or a signless integer of 1 to 64 "
                          "bits as element type, got "
                       << element; // tensor_c1
  for (ExtentAttr extent : shape)
    if (extent.getLiteral().value_or(0) < 0)
      return emitError() << "expected extents of at least 0, got " << extent.str(); // tensor_c2
  return success();
}

TensorType TensorType::withElement(Type element) const {
  return get(getContext(), getShape(), element);
}

ExtentAttr TensorType::getNumElements() const {
  SmallVector<StringAttr> table;
  AffineExpr product = getAffineConstantExpr(1, getContext());
  for (ExtentAttr extent : getShape())
    product = product * extent.over(table);
  return ExtentAttr::of(product, table);
}

Type TensorType::parse(AsmParser &parser) {
  SmallVector<ExtentAttr> shape;
  Type element;
  auto parseOne = [&]() -> ParseResult { return parseExtent(parser, shape.emplace_back()); };
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne) ||
      parser.parseComma() || parser.parseType(element) || parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(parser.getNameLoc()); }, parser.getContext(),
                    ArrayRef<ExtentAttr>(shape), element);
}

void TensorType::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getShape(), printer, [&](ExtentAttr extent) { printer << extent.str(); });
  printer << "], " << getElementType() << '>';
}

ParseResult ExtentOp::parse(OpAsmParser &parser, OperationState &result) {
  ExtentAttr extent;
  if (parseExtent(parser, extent) || parser.parseOptionalAttrDict(result.attributes))
    return failure();
  result.addAttribute("extent", extent);
  result.addTypes(parser.getBuilder().getIndexType());
  return success();
}

void ExtentOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getExtent().str();
  printer.printOptionalAttrDict((*this)->getAttrs(), {"extent"});
}

} // namespace einfall::ein
