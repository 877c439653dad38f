//===- EinText.cpp - Index expressions as text ----------------------------===//
#include "dialects/ein/EinText.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace mlir;

namespace einfall::ein {

unsigned positionIn(NameTable &table, StringAttr name) {
  auto it = llvm::find(table, name);
  if (it == table.end())
    it = table.insert(table.end(), name);
  return it - table.begin();
}

static ParseResult parseFactor(AsmParser &parser, NameTable &names, AffineExpr &expr) {
  if (succeeded(parser.parseOptionalLParen()))
    return failure(parseIndexExpr(parser, names, expr) || parser.parseRParen());
  // Before integers, which would take the sign of a name for theirs.
  if (succeeded(parser.parseOptionalMinus())) {
    if (parseFactor(parser, names, expr))
      return failure();
    expr = -expr;
    return success();
  }
  int64_t literal;
  OptionalParseResult integer = parser.parseOptionalInteger(literal);
  if (integer.has_value()) {
    expr = getAffineConstantExpr(literal, parser.getContext());
    return *integer;
  }
  StringRef name;
  if (failed(parser.parseOptionalKeyword(&name)))
    return parser.emitError(parser.getCurrentLocation(),
                            "expected an integer, a name or '(' in an index expression");
  auto attr = StringAttr::get(parser.getContext(), name);
  expr = getAffineSymbolExpr(positionIn(names, attr), parser.getContext());
  return success();
}

static ParseResult parseTerm(AsmParser &parser, NameTable &names, AffineExpr &expr) {
  if (parseFactor(parser, names, expr))
    return failure();
  while (true) {
    AffineExprKind kind;
    if (succeeded(parser.parseOptionalStar()))
      kind = AffineExprKind::Mul;
    else if (succeeded(parser.parseOptionalKeyword("floordiv")))
      kind = AffineExprKind::FloorDiv;
    else if (succeeded(parser.parseOptionalKeyword("ceildiv")))
      kind = AffineExprKind::CeilDiv;
    else if (succeeded(parser.parseOptionalKeyword("mod")))
      kind = AffineExprKind::Mod;
    else
      return success();
    SMLoc loc = parser.getCurrentLocation();
    AffineExpr rhs;
    if (parseFactor(parser, names, rhs))
      return failure();
    auto literal = dyn_cast<AffineConstantExpr>(rhs);
    if (kind != AffineExprKind::Mul && literal && literal.getValue() <= 0)
      return parser.emitError(loc, "expected a positive divisor, got ") << literal.getValue();
    expr = getAffineBinaryOpExpr(kind, expr, rhs);
  }
}

ParseResult parseIndexExpr(AsmParser &parser, NameTable &names, AffineExpr &expr) {
  if (parseTerm(parser, names, expr))
    return failure();
  while (true) {
    bool minus = succeeded(parser.parseOptionalMinus());
    if (!minus && failed(parser.parseOptionalPlus()))
      return success();
    AffineExpr rhs;
    if (parseTerm(parser, names, rhs))
      return failure();
    expr = minus ? expr - rhs : expr + rhs;
  }
}

namespace {
enum Precedence { Sum, Product, Factor };

struct Printer {
  llvm::raw_ostream &os;
  ArrayRef<StringRef> dims, symbols;

  void print(AffineExpr expr, Precedence outer) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      os << dims[dim.getPosition()];
    } else if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
      os << symbols[symbol.getPosition()];
    } else if (auto literal = dyn_cast<AffineConstantExpr>(expr)) {
      os << literal.getValue();
    } else {
      auto binary = cast<AffineBinaryOpExpr>(expr);
      Precedence own = expr.getKind() == AffineExprKind::Add ? Sum : Product;
      if (own < outer)
        os << '(';
      own == Sum ? printSum(binary) : printProduct(binary);
      if (own < outer)
        os << ')';
    }
  }

  /// The addends of a sum; MLIR keeps `a - b` as `b * -1 + a`.
  static void collectAddends(AffineExpr expr, SmallVectorImpl<AffineExpr> &out) {
    auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
    if (!sum || sum.getKind() != AffineExprKind::Add)
      return out.push_back(expr);
    collectAddends(sum.getLHS(), out);
    collectAddends(sum.getRHS(), out);
  }

  static bool isNegative(AffineExpr expr) {
    if (auto product = dyn_cast<AffineBinaryOpExpr>(expr);
        product && product.getKind() == AffineExprKind::Mul)
      expr = product.getRHS();
    auto literal = dyn_cast<AffineConstantExpr>(expr);
    return literal && literal.getValue() < 0;
  }

  void printSum(AffineBinaryOpExpr sum) {
    SmallVector<AffineExpr> addends;
    collectAddends(sum, addends);
    std::stable_partition(addends.begin(), addends.end(),
                          [](AffineExpr e) { return !isNegative(e); });
    for (auto [i, addend] : llvm::enumerate(addends)) {
      bool minus = i != 0 && isNegative(addend);
      if (i != 0)
        os << (minus ? " - " : " + ");
      print(minus ? -addend : addend, i == 0 ? Sum : Product);
    }
  }

  void printProduct(AffineBinaryOpExpr product) {
    static constexpr StringLiteral words[] = {" + ", " * ", " mod ", " floordiv ", " ceildiv "};
    print(product.getLHS(), Product);
    os << words[static_cast<int>(product.getKind())];
    print(product.getRHS(), Factor);
  }
};
} // namespace

void printIndexExpr(llvm::raw_ostream &os, AffineExpr expr, ArrayRef<StringRef> dims,
                    ArrayRef<StringRef> symbols) {
  static_assert(static_cast<int>(AffineExprKind::Mul) == 1 &&
                static_cast<int>(AffineExprKind::Mod) == 2 &&
                static_cast<int>(AffineExprKind::FloorDiv) == 3 &&
                static_cast<int>(AffineExprKind::CeilDiv) == 4);
  Printer{os, dims, symbols}.print(expr, Sum);
}

} // namespace einfall::ein
