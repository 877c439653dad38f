//===- IrNumber.h - Recipes that write IR -----------------------*- C++ -*-===//
//
// The number type of lib/Elementary/Number.h whose operations build `arith`
// on scalars or vectors of any length.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CODEGEN_COMMON_MATH_IRNUMBER_H
#define EINFALL_CODEGEN_COMMON_MATH_IRNUMBER_H

#include "lib/Elementary/Number.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace einfall::codegen {

/// Where a recipe is written, and how it may multiply and add.
struct IrSite {
  mlir::OpBuilder &builder;
  mlir::Location loc;
  bool fma;   ///< the target has the instruction
  bool fuses; ///< `mad` may use it

  mlir::Value literal(mlir::Type type, mlir::TypedAttr scalar) const;
  mlir::Value real(mlir::Type type, double value) const;
  mlir::Value integer(mlir::Type type, int64_t value) const;
  /// Words of a constant table at `index` (i64 or a vector of them).
  mlir::Value lookUp(llvm::ArrayRef<uint64_t> table, mlir::Value index) const;
  /// True if any of the mask is.
  mlir::Value any(mlir::Value mask) const;
  llvm::SmallVector<mlir::Value> branch(mlir::Value condition,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>()> inside,
                                        llvm::ArrayRef<mlir::Value> otherwise) const;
};

/// `type` with other elements.
mlir::Type withElement(mlir::Type type, mlir::Type element);

struct IrMask {
  const IrSite *site;
  mlir::Value v;
  template <typename Op> IrMask binary(IrMask other) const {
    return {site, Op::create(site->builder, site->loc, v, other.v)};
  }
  friend IrMask operator&(IrMask a, IrMask b) { return a.binary<mlir::arith::AndIOp>(b); }
  friend IrMask operator|(IrMask a, IrMask b) { return a.binary<mlir::arith::OrIOp>(b); }
  friend IrMask operator~(IrMask a) {
    return a.binary<mlir::arith::XOrIOp>({a.site, a.site->integer(a.v.getType(), 1)});
  }
  friend IrMask operator==(IrMask a, IrMask b) { return ~a.binary<mlir::arith::XOrIOp>(b); }
};

struct IrBits {
  using IntegerTag = void;
  const IrSite *site;
  mlir::Value v;

  IrBits like(int64_t value) const { return {site, site->integer(v.getType(), value)}; }
  template <typename Op> IrBits binary(IrBits other) const {
    return {site, Op::create(site->builder, site->loc, v, other.v)};
  }
  IrMask compare(mlir::arith::CmpIPredicate predicate, IrBits other) const {
    return {site, mlir::arith::CmpIOp::create(site->builder, site->loc, predicate, v, other.v)};
  }
  friend IrBits operator+(IrBits a, IrBits b) { return a.binary<mlir::arith::AddIOp>(b); }
  friend IrBits operator-(IrBits a, IrBits b) { return a.binary<mlir::arith::SubIOp>(b); }
  friend IrBits operator*(IrBits a, IrBits b) { return a.binary<mlir::arith::MulIOp>(b); }
  friend IrBits operator&(IrBits a, IrBits b) { return a.binary<mlir::arith::AndIOp>(b); }
  friend IrBits operator|(IrBits a, IrBits b) { return a.binary<mlir::arith::OrIOp>(b); }
  friend IrBits operator^(IrBits a, IrBits b) { return a.binary<mlir::arith::XOrIOp>(b); }
  friend IrBits operator<<(IrBits a, IrBits b) { return a.binary<mlir::arith::ShLIOp>(b); }
  friend IrBits operator>>(IrBits a, IrBits b) { return a.binary<mlir::arith::ShRSIOp>(b); }
  friend IrBits logicalShiftRight(IrBits a, IrBits b) { return a.binary<mlir::arith::ShRUIOp>(b); }
  friend IrBits remainderUnsigned(IrBits a, IrBits b) { return a.binary<mlir::arith::RemUIOp>(b); }
  friend IrMask operator==(IrBits a, IrBits b) {
    return a.compare(mlir::arith::CmpIPredicate::eq, b);
  }
  friend IrMask operator<(IrBits a, IrBits b) {
    return a.compare(mlir::arith::CmpIPredicate::slt, b);
  }
  friend IrBits select(IrMask m, IrBits a, IrBits b) {
    return {a.site, mlir::arith::SelectOp::create(a.site->builder, a.site->loc, m.v, a.v, b.v)};
  }
};

/// f64 (width 64) or f32.
template <int width> struct IrNumber {
  using NumberTag = void;
  using Bits = IrBits;
  using Mask = IrMask;
  static constexpr int mantissa = width == 64 ? 52 : 23;
  static constexpr int bias = width == 64 ? 1023 : 127;
  const IrSite *site;
  mlir::Value v;

  bool fuses() const { return site->fuses; }
  IrNumber like(double value) const { return {site, site->real(v.getType(), value)}; }
  template <typename Op> IrNumber binary(IrNumber other) const {
    return {site, Op::create(site->builder, site->loc, v, other.v)};
  }
  IrMask compare(mlir::arith::CmpFPredicate predicate, IrNumber other) const {
    return {site, mlir::arith::CmpFOp::create(site->builder, site->loc, predicate, v, other.v)};
  }
  IrNumber fused(IrNumber b, IrNumber c) const {
    return {site, mlir::math::FmaOp::create(site->builder, site->loc, v, b.v, c.v)};
  }
  friend IrNumber operator+(IrNumber a, IrNumber b) {
    return a.template binary<mlir::arith::AddFOp>(b);
  }
  friend IrNumber operator-(IrNumber a, IrNumber b) {
    return a.template binary<mlir::arith::SubFOp>(b);
  }
  friend IrNumber operator*(IrNumber a, IrNumber b) {
    return a.template binary<mlir::arith::MulFOp>(b);
  }
  friend IrNumber operator/(IrNumber a, IrNumber b) {
    return a.template binary<mlir::arith::DivFOp>(b);
  }
  friend IrNumber operator-(IrNumber a) {
    return {a.site, mlir::arith::NegFOp::create(a.site->builder, a.site->loc, a.v)};
  }
  friend IrMask operator<(IrNumber a, IrNumber b) {
    return a.compare(mlir::arith::CmpFPredicate::OLT, b);
  }
  friend IrMask operator<=(IrNumber a, IrNumber b) {
    return a.compare(mlir::arith::CmpFPredicate::OLE, b);
  }
  friend IrMask operator>(IrNumber a, IrNumber b) {
    return a.compare(mlir::arith::CmpFPredicate::OGT, b);
  }
  friend IrMask operator>=(IrNumber a, IrNumber b) {
    return a.compare(mlir::arith::CmpFPredicate::OGE, b);
  }
  friend IrMask operator==(IrNumber a, IrNumber b) {
    return a.compare(mlir::arith::CmpFPredicate::OEQ, b);
  }
  friend IrNumber sqrt(IrNumber a) {
    return {a.site, mlir::math::SqrtOp::create(a.site->builder, a.site->loc, a.v)};
  }
  friend IrNumber mad(IrNumber a, IrNumber b, IrNumber c) {
    return a.site->fuses ? a.fused(b, c) : a * b + c;
  }
  friend IrNumber select(IrMask m, IrNumber a, IrNumber b) {
    return {a.site, mlir::arith::SelectOp::create(a.site->builder, a.site->loc, m.v, a.v, b.v)};
  }
  friend IrBits bitsOf(IrNumber a) {
    mlir::Type type = withElement(a.v.getType(), a.site->builder.getIntegerType(width));
    return {a.site, mlir::arith::BitcastOp::create(a.site->builder, a.site->loc, type, a.v)};
  }
  friend IrNumber realOf(IrBits a, IrNumber shape) {
    return {a.site,
            mlir::arith::BitcastOp::create(a.site->builder, a.site->loc, shape.v.getType(), a.v)};
  }
  friend std::pair<IrNumber, IrNumber> exactProduct(IrNumber a, IrNumber b) {
    IrNumber product = a * b;
    if (a.site->fma)
      return {product, a.fused(b, -product)};
    // Dekker: halves of the factors multiply exactly.
    auto split = [](IrNumber x) {
      IrNumber big = x * x.like(width == 64 ? 134217729.0 : 4097.0), high = big - (big - x);
      return std::pair(high, x - high);
    };
    auto [ah, al] = split(a);
    auto [bh, bl] = split(b);
    return {product, ((ah * bh - product) + ah * bl + al * bh) + al * bl};
  }
  template <class F, size_t N>
  static std::array<IrNumber, N> ifAny(IrMask m, F f, std::array<IrNumber, N> otherwise) {
    llvm::SmallVector<mlir::Value> values, result;
    for (IrNumber number : otherwise)
      values.push_back(number.v);
    result = m.site->branch(
        m.site->any(m.v),
        [&] {
          llvm::SmallVector<mlir::Value> inside;
          for (IrNumber number : f())
            inside.push_back(number.v);
          return inside;
        },
        values);
    for (size_t i = 0; i < N; ++i)
      otherwise[i].v = result[i];
    return otherwise;
  }
  static IrBits lookUp(std::span<const uint64_t> table, IrBits index) {
    return {index.site, index.site->lookUp({table.data(), table.size()}, index.v)};
  }
};

} // namespace einfall::codegen

#endif
