//===- Extent.cpp - Sizes as little programs over symbols -----------------===//
#include "einfall/extent.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace einfall::rt {

Extent Extent::binary(ExtentOp::Kind kind, const Extent &lhs, const Extent &rhs) {
  Extent result = lhs;
  result.ops.insert(result.ops.end(), rhs.ops.begin(), rhs.ops.end());
  result.ops.push_back({kind, 0});
  return result;
}

bool isWellFormed(const Extent &extent, size_t symbolCount) {
  if (extent.ops.empty() || extent.ops.size() > kExtentMaxOps)
    return false;
  unsigned depth = 0;
  for (const ExtentOp &op : extent.ops) {
    if (op.kind == ExtentOp::Const || op.kind == ExtentOp::Symbol) {
      if (op.kind == ExtentOp::Symbol && (op.value < 0 || uint64_t(op.value) >= symbolCount))
        return false;
      if (++depth > kExtentMaxDepth)
        return false;
    } else {
      if (op.kind >= kExtentOpCount || op.value != 0 || depth < 2)
        return false;
      --depth;
    }
  }
  return depth == 1;
}

namespace {

int64_t floorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Applies `kind` to two numbers; false on overflow or a divisor below one.
bool apply(ExtentOp::Kind kind, int64_t a, int64_t b, int64_t &out) {
  switch (kind) {
  case ExtentOp::Add:
    return !__builtin_add_overflow(a, b, &out);
  case ExtentOp::Sub:
    return !__builtin_sub_overflow(a, b, &out);
  case ExtentOp::Mul:
    return !__builtin_mul_overflow(a, b, &out);
  case ExtentOp::FloorDiv:
    return b > 0 && (out = floorDiv(a, b), true);
  case ExtentOp::CeilDiv:
    return b > 0 && (out = floorDiv(a, b) + (a % b != 0), true);
  case ExtentOp::Mod:
    return b > 0 && (out = a - floorDiv(a, b) * b, true);
  case ExtentOp::Max:
    return out = std::max(a, b), true;
  case ExtentOp::Min:
    return out = std::min(a, b), true;
  case ExtentOp::Const:
  case ExtentOp::Symbol:
    break;
  }
  return false;
}

/// The same over intervals. All operations but mod are monotone in each
/// argument on either side of zero, so the corners hold the extremes.
bool apply(ExtentOp::Kind kind, Interval a, Interval b, Interval &out) {
  bool divides = kind == ExtentOp::FloorDiv || kind == ExtentOp::CeilDiv || kind == ExtentOp::Mod;
  if (divides) {
    if (b.hi < 1)
      return false;
    b.lo = std::max<int64_t>(b.lo, 1);
  }
  if (kind == ExtentOp::Mod) {
    out = {0, b.hi - 1};
    if (a.lo >= 0)
      out.hi = std::min(out.hi, a.hi);
    return true;
  }
  std::array<int64_t, 4> corner;
  if (!apply(kind, a.lo, b.lo, corner[0]) || !apply(kind, a.lo, b.hi, corner[1]) ||
      !apply(kind, a.hi, b.lo, corner[2]) || !apply(kind, a.hi, b.hi, corner[3]))
    return false;
  auto [lo, hi] = std::minmax_element(corner.begin(), corner.end());
  out = {*lo, *hi};
  return true;
}

int64_t literal(int64_t value, const int64_t *) { return value; }
Interval literal(int64_t value, const Interval *) { return {value, value}; }

template <typename T> std::optional<T> run(const Extent &extent, std::span<const T> symbols) {
  std::array<T, kExtentMaxDepth> stack;
  unsigned depth = 0;
  for (const ExtentOp &op : extent.ops) {
    if (op.kind == ExtentOp::Const) {
      stack[depth++] = literal(op.value, static_cast<const T *>(nullptr));
    } else if (op.kind == ExtentOp::Symbol) {
      stack[depth++] = symbols[size_t(op.value)];
    } else {
      --depth;
      T value;
      if (!apply(op.kind, stack[depth - 1], stack[depth], value))
        return std::nullopt;
      stack[depth - 1] = value;
    }
  }
  return stack[0];
}

struct Text {
  std::string text;
  int precedence; ///< 0 atom, 1 product, 2 sum
};

std::string wrap(const Text &t, int limit) {
  return t.precedence > limit ? "(" + t.text + ")" : t.text;
}

Text combine(ExtentOp::Kind kind, const Text &a, const Text &b) {
  switch (kind) {
  case ExtentOp::Add:
    return {wrap(a, 2) + " + " + wrap(b, 2), 2};
  case ExtentOp::Sub:
    return {wrap(a, 2) + " - " + wrap(b, 1), 2};
  case ExtentOp::Mul:
    return {wrap(a, 1) + " * " + wrap(b, 0), 1};
  case ExtentOp::FloorDiv:
    return {wrap(a, 1) + " floordiv " + wrap(b, 0), 1};
  case ExtentOp::CeilDiv:
    return {wrap(a, 1) + " ceildiv " + wrap(b, 0), 1};
  case ExtentOp::Mod:
    return {wrap(a, 1) + " mod " + wrap(b, 0), 1};
  case ExtentOp::Max:
    return {"max(" + a.text + ", " + b.text + ")", 0};
  default:
    return {"min(" + a.text + ", " + b.text + ")", 0};
  }
}

} // namespace

std::optional<int64_t> evaluate(const Extent &extent, std::span<const int64_t> symbols) {
  return run<int64_t>(extent, symbols);
}

std::optional<Interval> evaluate(const Extent &extent, std::span<const Interval> symbols) {
  return run<Interval>(extent, symbols);
}

std::string toString(const Extent &extent, std::span<const std::string> names) {
  if (!isWellFormed(extent, names.size()))
    return "?";
  std::vector<Text> stack;
  for (const ExtentOp &op : extent.ops) {
    if (op.kind == ExtentOp::Const) {
      stack.push_back({std::to_string(op.value), op.value < 0 ? 2 : 0});
    } else if (op.kind == ExtentOp::Symbol) {
      stack.push_back({names[size_t(op.value)], 0});
    } else {
      Text rhs = std::move(stack.back());
      stack.pop_back();
      stack.back() = combine(op.kind, stack.back(), rhs);
    }
  }
  return stack.front().text;
}

} // namespace einfall::rt
