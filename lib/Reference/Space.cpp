//===- Space.cpp - Walking an iteration space by rows ---------------------===//
#include "lib/Reference/Space.h"
#include "dialects/ein/EinBounds.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace einfall::reference {

/// Floor and ceiling division, and remainder, as affine expressions define them.
static int64_t divide(AffineExprKind kind, int64_t a, int64_t b) {
  if (kind == AffineExprKind::FloorDiv)
    return llvm::divideFloorSigned(a, b);
  return kind == AffineExprKind::CeilDiv ? llvm::divideCeilSigned(a, b) : llvm::mod(a, b);
}

bool Access::makeLinear(AffineExpr expr, Linear &linear) const {
  linear.coefficients.assign(steps.size(), 0);
  linear.start = 0;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    linear.start = constant.getValue();
    return true;
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    linear.coefficients[dim.getPosition()] = 1;
    return true;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    if (symbol.getPosition() < numCoords)
      return false;
    linear.start = symbols[symbol.getPosition() - numCoords];
    return true;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Linear a, b;
  if (!makeLinear(binary.getLHS(), a) || !makeLinear(binary.getRHS(), b))
    return false;
  auto isConstant = [](const Linear &side) {
    return llvm::all_of(side.coefficients, [](int64_t c) { return c == 0; });
  };
  if (expr.getKind() == AffineExprKind::Add) {
    linear.start = a.start + b.start;
    for (auto [to, x, y] : llvm::zip(linear.coefficients, a.coefficients, b.coefficients))
      to = x + y;
    return true;
  }
  if (expr.getKind() == AffineExprKind::Mul) {
    if (!isConstant(b))
      std::swap(a, b);
    if (!isConstant(b))
      return false;
    linear.start = a.start * b.start;
    for (auto [to, x] : llvm::zip(linear.coefficients, a.coefficients))
      to = x * b.start;
    return true;
  }
  if (!isConstant(a) || !isConstant(b) || b.start < 1)
    return false;
  linear.start = divide(expr.getKind(), a.start, b.start);
  return true;
}

LogicalResult Access::makeGeneral(Operation *op, AffineExpr expr, General &index) const {
  Linear linear;
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    index.steps.push_back({Step::rank, dim.getPosition()});
    return success();
  }
  if (makeLinear(expr, linear) &&
      llvm::all_of(linear.coefficients, [](int64_t c) { return c == 0; })) {
    index.steps.push_back({Step::constant, linear.start});
    return success();
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    index.steps.push_back({Step::gathered, symbol.getPosition()});
    return success();
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  bool divides = expr.getKind() != AffineExprKind::Add && expr.getKind() != AffineExprKind::Mul;
  if (divides) {
    Linear divisor;
    if (!makeLinear(binary.getRHS(), divisor) ||
        !llvm::all_of(divisor.coefficients, [](int64_t c) { return c == 0; }))
      return op->emitError("an index divides by what is not an extent");
    if (divisor.start < 1)
      return op->emitError("an index divides by ") << divisor.start << ", expected at least 1";
  }
  if (failed(makeGeneral(op, binary.getLHS(), index)) ||
      failed(makeGeneral(op, binary.getRHS(), index)))
    return failure();
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    index.steps.push_back({Step::add, 0});
    break;
  case AffineExprKind::Mul:
    index.steps.push_back({Step::mul, 0});
    break;
  case AffineExprKind::FloorDiv:
    index.steps.push_back({Step::floordiv, 0});
    break;
  case AffineExprKind::CeilDiv:
    index.steps.push_back({Step::ceildiv, 0});
    break;
  default:
    index.steps.push_back({Step::mod, 0});
    break;
  }
  return success();
}

FailureOr<Access> Access::create(Operation *op, AffineMap map, ArrayRef<int64_t> shape,
                                 ArrayRef<int64_t> extents, ArrayRef<int64_t> symbols,
                                 unsigned numCoords) {
  Access access;
  access.numCoords = numCoords;
  access.symbols.assign(symbols.begin(), symbols.end());
  access.steps.assign(extents.size(), 0);
  SmallVector<int64_t> strides = stridesOf(shape);
  for (auto [expr, extent, stride] : llvm::zip(map.getResults(), shape, strides)) {
    Linear linear;
    if (!access.makeLinear(expr, linear)) {
      General &index = access.general.emplace_back();
      index.extent = extent;
      index.stride = stride;
      if (failed(access.makeGeneral(op, expr, index)))
        return failure();
      continue;
    }
    // The least and the greatest value over the whole space.
    int64_t least = linear.start, greatest = linear.start;
    access.start += linear.start * stride;
    for (auto [rank, coefficient] : llvm::enumerate(linear.coefficients)) {
      access.steps[rank] += coefficient * stride;
      int64_t reach = coefficient * (extents[rank] - 1);
      (reach < 0 ? least : greatest) += reach;
    }
    if (least < 0 || greatest >= extent) {
      linear.extent = extent;
      linear.stride = stride;
      access.checked.push_back(std::move(linear));
    }
  }
  return access;
}

int64_t Access::enterRow(const int64_t *point, int64_t &lo, int64_t &hi) const {
  size_t last = steps.size() - 1;
  for (const Linear &index : checked) {
    int64_t at = index.start, c = index.coefficients[last];
    for (size_t rank = 0; rank < last; ++rank)
      at += index.coefficients[rank] * point[rank];
    // 0 <= at + c * i < extent
    if (c == 0) {
      if (at < 0 || at >= index.extent)
        hi = lo;
    } else if (c > 0) {
      lo = std::max(lo, llvm::divideCeilSigned(-at, c));
      hi = std::min(hi, llvm::divideCeilSigned(index.extent - at, c));
    } else {
      lo = std::max(lo, llvm::divideFloorSigned(at - index.extent, -c) + 1);
      hi = std::min(hi, llvm::divideFloorSigned(at, -c) + 1);
    }
  }
  int64_t offset = start;
  for (size_t rank = 0; rank < last; ++rank)
    offset += steps[rank] * point[rank];
  return offset;
}

int64_t Access::evaluate(const General &index, const int64_t *point, const int64_t *gathered) {
  SmallVector<int64_t, 8> stack;
  for (const Step &step : index.steps) {
    if (step.kind <= Step::gathered) {
      stack.push_back(step.kind == Step::constant ? step.value
                      : step.kind == Step::rank   ? point[step.value]
                                                  : gathered[step.value]);
      continue;
    }
    int64_t b = stack.pop_back_val(), &a = stack.back();
    // Gathered coordinates are any integers: sums and products wrap.
    switch (step.kind) {
    case Step::add:
      a = static_cast<int64_t>(uint64_t(a) + uint64_t(b));
      break;
    case Step::mul:
      a = static_cast<int64_t>(uint64_t(a) * uint64_t(b));
      break;
    case Step::floordiv:
      a = llvm::divideFloorSigned(a, b);
      break;
    case Step::ceildiv:
      a = llvm::divideCeilSigned(a, b);
      break;
    default:
      a = llvm::mod(a, b);
      break;
    }
  }
  return stack.back();
}

int64_t Access::locate(const int64_t *point, const int64_t *gathered) const {
  int64_t offset = start;
  for (size_t rank = 0, e = steps.size(); rank < e; ++rank)
    offset += steps[rank] * point[rank];
  for (const General &index : general) {
    int64_t at = evaluate(index, point, gathered);
    if (at < 0 || at >= index.extent)
      return -1;
    offset += at * index.stride;
  }
  return offset;
}

FailureOr<Space> Space::create(Operation *op, ArrayRef<int64_t> extents, ArrayAttr maps,
                               Inputs operands, ArrayAttr symbolNames, const Context &context,
                               ArrayRef<unsigned> numbers) {
  Space space;
  space.extents.assign(extents.begin(), extents.end());
  if (extents.empty())
    space.extents.push_back(1);
  space.point.assign(space.extents.size(), 0);
  space.starts.assign(space.extents.size(), 0);
  FailureOr<SmallVector<int64_t>> symbols = context.values(op, symbolNames);
  if (failed(symbols))
    return failure();
  for (auto [i, map, operand] : llvm::enumerate(maps, operands)) {
    FailureOr<Access> access =
        Access::create(op, cast<AffineMapAttr>(map).getValue(), operand->shape, space.extents,
                       *symbols, operands.size());
    if (failed(access))
      return failure();
    Filled &fill = space.filled.emplace_back();
    if (TypedAttr value = ein::fillOf(op, numbers.empty() ? i : numbers[i]))
      fill.value = scalarOf(value);
    space.linear &= access->isLinear() && !fill.value;
    space.accesses.push_back(std::move(*access));
    space.data.push_back(operand->data.data());
    space.integer.push_back(!operand->isFloat());
  }
  space.offsets.assign(operands.size(), 0);
  space.at.assign(operands.size(), 0);
  space.gathered.assign(operands.size(), 0);
  return space;
}

bool Space::enterRow() {
  lo = starts.back();
  hi = extents.back();
  for (auto [access, fill, offset] : llvm::zip(accesses, filled, offsets)) {
    if (!fill.value) {
      offset = access.enterRow(point.data(), lo, hi);
      continue;
    }
    fill.lo = 0;
    fill.hi = extents.back();
    offset = access.enterRow(point.data(), fill.lo, fill.hi);
  }
  return lo < hi;
}

Scalar Space::first(unsigned operand, Scalar none) {
  point.back() = 0;
  for (unsigned k = 0;; ++k) {
    int64_t from = 0, to = 1;
    int64_t where = accesses[k].isLinear() ? accesses[k].enterRow(point.data(), from, to)
                                           : accesses[k].locate(point.data(), gathered.data());
    bool exists = where >= 0 && from < to;
    Scalar value = exists ? data[k][where] : filled[k].value.value_or(none);
    if (k == operand)
      return value;
    gathered[k] = integer[k] && (exists || filled[k].value) ? value.i : -1;
  }
}

} // namespace einfall::reference
