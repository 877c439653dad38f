//===- SimplifyTest.cpp - Simpler indices have the same values ------------===//
#include "dialects/ein/EinIndexing.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/MathExtras.h"
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace einfall;

namespace {

constexpr unsigned kDims = 3, kSymbols = 2;

struct Point {
  int64_t dims[kDims], symbols[kSymbols];
};

int64_t valueOf(AffineExpr expr, const Point &at) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return at.dims[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return at.symbols[symbol.getPosition()];
  if (auto literal = dyn_cast<AffineConstantExpr>(expr))
    return literal.getValue();
  auto binary = cast<AffineBinaryOpExpr>(expr);
  int64_t a = valueOf(binary.getLHS(), at), b = valueOf(binary.getRHS(), at);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return a + b;
  case AffineExprKind::Mul:
    return a * b;
  case AffineExprKind::Mod:
    return llvm::mod(a, b);
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(a, b);
  default:
    return llvm::divideCeilSigned(a, b);
  }
}

/// Random indices as views compose them: divisors are sizes or numbers, products have a size or a
/// number.
class Maker {
public:
  Maker(MLIRContext &context, unsigned seed) : context(context), random(seed) {}

  AffineExpr make(unsigned depth) {
    unsigned kind = below(depth ? 8 : 2);
    if (kind == 0)
      return getAffineDimExpr(below(kDims), &context);
    if (kind == 1)
      return getAffineConstantExpr(int64_t(below(9)) - 2, &context);
    if (kind < 5)
      return make(depth - 1) + make(depth - 1);
    AffineExpr left = make(depth - 1);
    AffineExpr right = below(2) ? getAffineSymbolExpr(below(kSymbols), &context)
                                : getAffineConstantExpr(1 + below(5), &context);
    if (kind == 5)
      return left * right;
    return kind == 6 ? left % right : left.floorDiv(right);
  }
  int64_t below(unsigned end) { return random() % end; }

private:
  MLIRContext &context;
  std::mt19937 random;
};

TEST(Simplify, KeepsValues) {
  MLIRContext context;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    Maker maker(context, seed);
    AffineExpr expr = maker.make(4), simple = ein::simplifyIndex(expr, kDims, kSymbols);
    for (unsigned i = 0; i < 20; ++i) {
      Point at;
      for (int64_t &dim : at.dims)
        dim = maker.below(30);
      for (int64_t &symbol : at.symbols)
        symbol = 1 + maker.below(9);
      std::string text;
      llvm::raw_string_ostream(text) << expr << " became " << simple;
      ASSERT_EQ(valueOf(expr, at), valueOf(simple, at)) << "seed " << seed << ": " << text;
    }
  }
}

TEST(Simplify, EqualSumsOfAnyOrderAreOneExpression) {
  MLIRContext context;
  AffineExpr d = getAffineDimExpr(0, &context), s = getAffineSymbolExpr(0, &context);
  AffineExpr rest = d % s, times = d.floorDiv(s);
  EXPECT_EQ(ein::simplifyIndex(rest * 32 + times * 8, 1, 1),
            ein::simplifyIndex(times * 3 + rest * 32 + times * 5, 1, 1));
}

} // namespace
