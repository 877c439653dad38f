//===- EinSimplify.cpp - Simpler indices ----------------------------------===//
//
// MLIR's own simplification adds up terms by the dimension and the symbol that they are made of, so
// that `d0 mod s0 * 32 + d0 floordiv s0 * 8` becomes `d0 mod s0 * 40` (LLVM 22). Here quotients and
// remainders of symbols are coordinates of their own while the rest is simplified.
//
//===----------------------------------------------------------------------===//
#include "dialects/ein/EinIndexing.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {
namespace {

bool isDivision(AffineExpr expr) {
  return expr.getKind() == AffineExprKind::Mod || expr.getKind() == AffineExprKind::FloorDiv ||
         expr.getKind() == AffineExprKind::CeilDiv;
}

bool dividesBySymbol(AffineExpr expr) {
  WalkResult found = expr.walk([](AffineExpr sub) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(sub);
    bool bySymbol = binary && isDivision(sub) && !isa<AffineConstantExpr>(binary.getRHS());
    return bySymbol ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found.wasInterrupted();
}

std::string text(AffineExpr expr) {
  std::string result;
  llvm::raw_string_ostream os(result);
  os << expr;
  return result;
}

/// An expression whose products and divisions of what is no constant are dimensions.
class Isolated {
public:
  Isolated(AffineExpr expr, unsigned numDims, unsigned numSymbols)
      : numDims(numDims), numSymbols(numSymbols) {
    isolate(expr, [&](AffineExpr part) {
      if (!llvm::is_contained(parts, part))
        parts.push_back(part);
      return part;
    });
    // Equal sums are one expression, in whatever order their terms were written.
    llvm::sort(parts, [](AffineExpr a, AffineExpr b) { return text(a) < text(b); });
    whole = isolate(expr, [&](AffineExpr part) {
      return getAffineDimExpr(numDims + (llvm::find(parts, part) - parts.begin()),
                              part.getContext());
    });
  }

  AffineExpr simplify() const {
    AffineExpr simple = simplifyAffineExpr(whole, numDims + parts.size(), numSymbols);
    SmallVector<AffineExpr> dims;
    for (unsigned i = 0; i < numDims; ++i)
      dims.push_back(getAffineDimExpr(i, whole.getContext()));
    llvm::append_range(dims, parts);
    return simple.replaceDims(dims);
  }

private:
  AffineExpr isolate(AffineExpr expr, function_ref<AffineExpr(AffineExpr)> name) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
    if (!binary)
      return expr;
    AffineExpr left = binary.getLHS(), right = binary.getRHS();
    bool isLinear = expr.getKind() == AffineExprKind::Add || isa<AffineConstantExpr>(right);
    if (isLinear)
      return getAffineBinaryOpExpr(expr.getKind(), isolate(left, name), isolate(right, name));
    AffineExpr simple =
        getAffineBinaryOpExpr(expr.getKind(), simplifyIndex(left, numDims, numSymbols),
                              simplifyIndex(right, numDims, numSymbols));
    // Simpler sides may leave nothing to divide.
    auto rest = dyn_cast<AffineBinaryOpExpr>(simple);
    bool isPart =
        rest && rest.getKind() == expr.getKind() && !isa<AffineConstantExpr>(rest.getRHS());
    return isPart ? name(simple) : isolate(simple, name);
  }

  unsigned numDims, numSymbols;
  SmallVector<AffineExpr> parts;
  AffineExpr whole;
};

} // namespace

AffineExpr simplifyIndex(AffineExpr index, unsigned numDims, unsigned numSymbols) {
  if (!dividesBySymbol(index))
    return simplifyAffineExpr(index, numDims, numSymbols);
  return Isolated(index, numDims, numSymbols).simplify();
}

AffineMap simplifyIndices(AffineMap map) {
  SmallVector<AffineExpr> indices;
  for (AffineExpr index : map.getResults())
    indices.push_back(simplifyIndex(index, map.getNumDims(), map.getNumSymbols()));
  return AffineMap::get(map.getNumDims(), map.getNumSymbols(), indices, map.getContext());
}

} // namespace einfall::ein
