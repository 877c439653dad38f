//===- Program.cpp - Running a register program ---------------------------===//
#include "lib/Reference/Program.h"
#include "llvm/Support/MathExtras.h"
#include <bit>
#include <cmath>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;

namespace einfall::reference {

LogicalResult Program::status() const {
  if (fault)
    return fault->emitError("divides by zero at a point of the iteration space");
  return success();
}

static double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return NAN;
  if (a == b) // +0 is above -0
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

static double minimum(double a, double b) { return -maximum(-a, -b); }

static bool compareFloats(arith::CmpFPredicate predicate, double a, double b) {
  bool unordered = std::isnan(a) || std::isnan(b);
  using P = arith::CmpFPredicate;
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::OEQ:
    return a == b;
  case P::OGT:
    return a > b;
  case P::OGE:
    return a >= b;
  case P::OLT:
    return a < b;
  case P::OLE:
    return a <= b;
  case P::ONE:
    return !unordered && a != b;
  case P::ORD:
    return !unordered;
  case P::UEQ:
    return unordered || a == b;
  case P::UGT:
    return unordered || a > b;
  case P::UGE:
    return unordered || a >= b;
  case P::ULT:
    return unordered || a < b;
  case P::ULE:
    return unordered || a <= b;
  case P::UNE:
    return unordered || a != b;
  case P::UNO:
    return unordered;
  case P::AlwaysTrue:
    return true;
  }
  return false;
}

static uint64_t unsignedOf(int64_t value, unsigned width) {
  return width >= 64 ? value : static_cast<uint64_t>(value) & ((uint64_t(1) << width) - 1);
}

/// i1 is kept as 0 or 1, but as a signed number it is 0 or -1.
static int64_t signedOf(int64_t value, unsigned width) { return width == 1 ? -value : value; }

static bool compareInts(arith::CmpIPredicate predicate, int64_t x, int64_t y, unsigned width) {
  int64_t a = signedOf(x, width), b = signedOf(y, width);
  uint64_t ua = unsignedOf(x, width), ub = unsignedOf(y, width);
  using P = arith::CmpIPredicate;
  switch (predicate) {
  case P::eq:
    return a == b;
  case P::ne:
    return a != b;
  case P::slt:
    return a < b;
  case P::sle:
    return a <= b;
  case P::sgt:
    return a > b;
  case P::sge:
    return a >= b;
  case P::ult:
    return ua < ub;
  case P::ule:
    return ua <= ub;
  case P::ugt:
    return ua > ub;
  case P::uge:
    return ua >= ub;
  }
  return false;
}

/// An integer power that wraps; negative exponents give 1/x rounded to zero.
static int64_t power(int64_t x, int64_t n) {
  if (n < 0)
    return x == 1 ? 1 : x == -1 ? (n % 2 ? -1 : 1) : 0;
  uint64_t result = 1, square = x;
  for (; n; n >>= 1, square *= square)
    if (n & 1)
      result *= square;
  return static_cast<int64_t>(result);
}

/// Toward zero; out of range saturates and NaN is 0.
static int64_t toInteger(double value, unsigned width, bool isSigned) {
  if (std::isnan(value))
    return 0;
  value = std::trunc(value);
  double top = std::ldexp(1.0, isSigned ? width - 1 : width);
  if (value >= top)
    return isSigned ? static_cast<int64_t>((uint64_t(1) << (width - 1)) - 1)
                    : static_cast<int64_t>(~uint64_t(0) >> (64 - width));
  if (value < (isSigned ? -top : 0.0))
    return isSigned ? static_cast<int64_t>(~uint64_t(0) << (width - 1)) : 0;
  return isSigned ? static_cast<int64_t>(value)
                  : static_cast<int64_t>(static_cast<uint64_t>(value));
}

/// Rounded once: f32 and f64 have conversions of their own, narrower formats
/// get a value whose low bits are rounded to odd first.
template <typename Integer> static double fromInteger(Integer value, Format format) {
  if (format == Format::none)
    return static_cast<double>(value);
  if (format == Format::f32)
    return static_cast<float>(value);
  constexpr Integer low = 0x7FF;
  if (value / (low + 1) != 0 && (value & low) != 0)
    value = (value & ~low) | (low + 1);
  return roundTo(static_cast<double>(value), format);
}

void Program::runInteger(const Instruction &in) {
  int64_t x = registers[in.a].i, y = registers[in.b].i, result = 0;
  unsigned w = in.width;
  int64_t a = signedOf(x, w), b = signedOf(y, w);
  uint64_t ua = unsignedOf(x, w), ub = unsignedOf(y, w);
  if (in.code >= Code::divsi && in.code <= Code::remui && ub == 0) {
    fault = in.op;
    registers[in.to].i = 0;
    return;
  }
  switch (in.code) {
  case Code::addi:
    result = ua + ub;
    break;
  case Code::subi:
    result = ua - ub;
    break;
  case Code::muli:
    result = ua * ub;
    break;
  // The least integer divided by -1 wraps.
  case Code::divsi:
    result = b == -1 ? 0 - uint64_t(a) : a / b;
    break;
  case Code::ceildivsi:
    result = b == -1 ? 0 - uint64_t(a) : a / b + (a % b != 0 && (a < 0) == (b < 0));
    break;
  case Code::floordivsi:
    result = b == -1 ? 0 - uint64_t(a) : a / b - (a % b != 0 && (a < 0) != (b < 0));
    break;
  case Code::remsi:
    result = b == -1 ? 0 : a % b;
    break;
  case Code::divui:
    result = ua / ub;
    break;
  case Code::ceildivui:
    result = ua / ub + (ua % ub != 0);
    break;
  case Code::remui:
    result = ua % ub;
    break;
  case Code::andi:
    result = x & y;
    break;
  case Code::ori:
    result = x | y;
    break;
  case Code::xori:
    result = x ^ y;
    break;
  case Code::shli:
    result = ub >= w ? 0 : ua << ub;
    break;
  case Code::shrsi:
    result = a >> std::min<uint64_t>(ub, 63);
    break;
  case Code::shrui:
    result = ub >= w ? 0 : ua >> ub;
    break;
  case Code::maxsi:
    result = a > b ? a : b;
    break;
  case Code::minsi:
    result = a < b ? a : b;
    break;
  case Code::maxui:
    result = ua > ub ? ua : ub;
    break;
  case Code::minui:
    result = ua < ub ? ua : ub;
    break;
  case Code::absi:
    result = a < 0 ? 0 - uint64_t(a) : a;
    break;
  case Code::ipowi:
    if (a == 0 && b < 0)
      fault = in.op;
    result = power(a, b);
    break;
  case Code::ctpop:
    result = std::popcount(ua);
    break;
  case Code::cttz:
    result = ua ? std::countr_zero(ua) : w;
    break;
  case Code::ctlz:
    result = std::countl_zero(ua) - (64 - static_cast<int64_t>(w));
    break;
  case Code::mulsiHigh:
    result = static_cast<int64_t>((static_cast<__int128>(a) * b) >> w);
    break;
  case Code::muluiHigh:
    result = static_cast<int64_t>((static_cast<unsigned __int128>(ua) * ub) >> w);
    break;
  case Code::adduiCarry:
    registers[in.to].i = unsignedOf(ua + ub, w) < ua;
    return;
  default:
    break;
  }
  registers[in.to].i = wrap(result, w);
}

void Program::runCast(const Instruction &in) {
  Scalar &to = registers[in.to];
  Scalar a = registers[in.a];
  switch (in.code) {
  case Code::extsi:
    to.i = wrap(signedOf(a.i, in.from), in.width);
    break;
  case Code::extui:
    to.i = wrap(unsignedOf(a.i, in.from), in.width);
    break;
  case Code::trunci:
    to.i = wrap(a.i, in.width);
    break;
  case Code::sitofp:
    to.f = fromInteger(signedOf(a.i, in.from), in.format);
    break;
  case Code::uitofp:
    to.f = fromInteger(unsignedOf(a.i, in.from), in.format);
    break;
  case Code::fptosi:
    to.i = wrap(toInteger(a.f, in.width, true), in.width);
    break;
  case Code::fptoui:
    to.i = wrap(toInteger(a.f, in.width, false), in.width);
    break;
  case Code::floatToBits:
    to.i = wrap(toBits(a.f, in.op->getOperand(0).getType()), in.width);
    break;
  default:
    to.f = fromBits(a.i, in.op->getResult(0).getType());
    break;
  }
}

void Program::run(const int64_t *point) {
  Scalar *r = registers.data();
  for (const Instruction &in : code) {
    Scalar &to = r[in.to];
    double a = r[in.a].f, b = r[in.b].f;
    switch (in.code) {
    case Code::coord:
      to.i = point[in.a];
      break;
    case Code::select:
      to = r[in.a].i ? r[in.b] : r[in.c];
      break;
    case Code::copy:
      to = r[in.a];
      break;
    case Code::addf:
      to.f = roundTo(a + b, in.format);
      break;
    case Code::subf:
      to.f = roundTo(a - b, in.format);
      break;
    case Code::mulf:
      to.f = roundTo(a * b, in.format);
      break;
    case Code::divf:
      to.f = roundTo(a / b, in.format);
      break;
    case Code::remf:
      to.f = roundTo(std::fmod(a, b), in.format);
      break;
    case Code::negf:
      to.f = -a;
      break;
    case Code::maximumf:
      to.f = maximum(a, b);
      break;
    case Code::minimumf:
      to.f = minimum(a, b);
      break;
    case Code::maxnumf:
      to.f = std::isnan(a) ? b : std::isnan(b) ? a : maximum(a, b);
      break;
    case Code::minnumf:
      to.f = std::isnan(a) ? b : std::isnan(b) ? a : minimum(a, b);
      break;
    case Code::fma:
      to.f = fmaIn(a, b, r[in.c].f, in.format);
      break;
    case Code::unary:
      to.f = roundTo(in.unary(a), in.format);
      break;
    case Code::binary:
      to.f = roundTo(in.binary(a, b), in.format);
      break;
    case Code::clampf:
      to.f = minimum(maximum(a, b), r[in.c].f);
      break;
    case Code::cmpf:
      to.i = compareFloats(static_cast<arith::CmpFPredicate>(in.predicate), a, b);
      break;
    case Code::cmpi:
      to.i = compareInts(static_cast<arith::CmpIPredicate>(in.predicate), r[in.a].i, r[in.b].i,
                         in.from);
      break;
    case Code::fpowi:
      to.f = roundTo(in.binary(a, static_cast<double>(signedOf(r[in.b].i, in.from))), in.format);
      break;
    case Code::round:
      to.f = roundTo(a, in.format);
      break;
    case Code::isfinite:
      to.i = std::isfinite(a);
      break;
    case Code::isinf:
      to.i = std::isinf(a);
      break;
    case Code::isnan:
      to.i = std::isnan(a);
      break;
    case Code::isnormal:
      to.i = std::isfinite(a) && std::fabs(a) >= smallestNormal(in.format);
      break;
    default:
      if (in.code >= Code::extsi)
        runCast(in);
      else
        runInteger(in);
    }
  }
}

} // namespace einfall::reference
