//===- Picks.cpp - Lanes that are neighbours in another order -------------===//
#include "passes/ein-to-tile/Picks.h"
#include "dialects/ein/EinIndexing.h"
#include "passes/ein-to-tile/BlockLowering.h"
#include <numeric>

using namespace mlir;

namespace einfall {

/// The least common multiple of what coordinates of `rank` are divided by in `expr`; 0 if that is
/// no number.
static int64_t periodOf(AffineExpr expr, unsigned rank) {
  int64_t period = 1;
  expr.walk([&](AffineExpr inner) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(inner);
    if (!binary || inner.getKind() == AffineExprKind::Add ||
        inner.getKind() == AffineExprKind::Mul || !inner.isFunctionOfDim(rank))
      return;
    auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
    period = divisor && divisor.getValue() > 0 ? std::lcm(period, divisor.getValue()) : 0;
  });
  return period;
}

/// How much more `expr` is at each of `lanes` coordinates of `rank`, from a multiple of `period`
/// on, than at the first; nothing where that is not the same everywhere.
static SmallVector<int64_t> stepsAlong(const Access &access, AffineExpr expr, unsigned rank,
                                       int64_t lanes, int64_t period) {
  AffineExpr dim = getAffineDimExpr(rank, expr.getContext()), first;
  SmallVector<int64_t> steps;
  for (int64_t i = 0; i < lanes; ++i) {
    AffineExpr at = expr.replace(dim, dim * period + i);
    first = i == 0 ? at : first;
    auto apart = dyn_cast<AffineConstantExpr>(
        ein::simplifyIndex(at - first, access.numRanks, access.numSymbols));
    if (!apart)
      return {};
    steps.push_back(apart.getValue());
  }
  return steps;
}

std::optional<LanePicks> picksAlong(const Access &access, unsigned rank, int64_t lanes) {
  LanePicks run;
  run.period = periodOf(access.offset, rank);
  if (lanes < 2 || run.period < 1 || lanes % run.period != 0)
    return std::nullopt;
  run.picks = stepsAlong(access, access.offset, rank, lanes, run.period);
  if (run.picks.empty())
    return std::nullopt;
  auto [least, most] = std::minmax_element(run.picks.begin(), run.picks.end());
  if (*most - *least >= 2 * lanes)
    return std::nullopt;
  run.first = *least;
  for (int64_t &pick : run.picks)
    pick -= run.first;
  return run;
}

std::optional<std::pair<int64_t, int64_t>>
spreadAlong(const Access &access, unsigned number, unsigned rank, int64_t lanes, int64_t period) {
  AffineExpr index = access.indices[number];
  if (int64_t own = periodOf(index, rank); own < 1 || period % own != 0)
    return std::nullopt;
  SmallVector<int64_t> steps = stepsAlong(access, index, rank, lanes, period);
  if (steps.empty())
    return std::nullopt;
  auto [least, most] = std::minmax_element(steps.begin(), steps.end());
  return std::pair(*least, *most);
}

/// True if `value` is one of `period` whatever the block and the loops around it.
static bool isMultipleOf(Value value, int64_t period) {
  if (period == 1)
    return true;
  if (std::optional<int64_t> number = getConstantIntValue(value))
    return *number % period == 0;
  auto both = [&](Value a, Value b) { return isMultipleOf(a, period) && isMultipleOf(b, period); };
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    return loop && argument == loop.getInductionVar() && both(loop.getLowerBound(), loop.getStep());
  }
  Operation *op = value.getDefiningOp();
  if (isa<arith::AddIOp, arith::SubIOp, arith::MinSIOp, arith::MaxSIOp, arith::MinUIOp,
          arith::MaxUIOp>(op))
    return both(op->getOperand(0), op->getOperand(1));
  if (auto product = dyn_cast<arith::MulIOp>(op))
    return isMultipleOf(product.getLhs(), period) || isMultipleOf(product.getRhs(), period);
  if (auto choice = dyn_cast<arith::SelectOp>(op))
    return both(choice.getTrueValue(), choice.getFalseValue());
  return false;
}

/// Neighbours along lanes that are read in another order, as one run. Where some of them may not be
/// there, it is found before whether all or none is; only else each is looked at by itself.
TileValue BlockLowering::loadPicks(const Access &access, Value buffer, Type stored,
                                   const Reach &where, ArrayRef<TileValue> coordinates) {
  if (target.warpLanes || limit || staysInside || where.edge.value ||
      !(where.mask & tiles.space.laneBit()))
    return {};
  const unsigned lanes = tiles.space.ranks.back();
  // Along other ranks it moves by strides, and what is there is the same.
  for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks))
    if (rank != lanes && rank < access.numRanks && active[rank] > 1 &&
        ((where.mask & (1u << dim) && !access.stride(rank)) ||
         llvm::any_of(access.indices,
                      [&, rank = rank](AffineExpr index) { return index.isFunctionOfDim(rank); })))
      return {};
  if (llvm::any_of(coordinates, [](TileValue value) { return value.value && value.mask; }))
    return {};
  const int64_t count = tiles.space.sizes.back();
  std::optional<LanePicks> run = picksAlong(access, lanes, count);
  if (!run || !isMultipleOf(at[lanes], run->period))
    return {};
  SmallVector<Value> dims(at.begin(), at.begin() + access.numRanks), extra;
  for (TileValue value : coordinates)
    extra.push_back(value.value);
  Value all, some;
  auto also = [&](Value &conditions, arith::CmpIPredicate predicate, Value a, Value b) {
    Value next = arith::CmpIOp::create(builder, loc, predicate, a, b);
    conditions = conditions ? arith::AndIOp::create(builder, loc, conditions, next) : next;
  };
  for (auto [i, index] : llvm::enumerate(access.indices)) {
    auto spread = spreadAlong(access, i, lanes, count, run->period);
    if (!spread)
      return {};
    Value least = expand(index + spread->first, dims, extra);
    Value most = expand(index + spread->second, dims, extra);
    Value extent = expand(access.extents[i], {}, extra);
    also(all, arith::CmpIPredicate::sge, least, constant(0));
    also(all, arith::CmpIPredicate::slt, most, extent);
    also(some, arith::CmpIPredicate::sge, most, constant(0));
    also(some, arith::CmpIPredicate::slt, least, extent);
  }
  Type type = tiles.space.type(where.mask, stored);
  auto whole = [&]() -> Value {
    SmallVector<Value> strides;
    for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks))
      if (where.mask & (1u << dim))
        strides.push_back(rank == lanes ? constant(1) : expand(access.stride(rank), dims, extra));
    auto load = tile::LoadOp::create(builder, loc, type, buffer,
                                     expand(access.offset + run->first, dims, extra), strides,
                                     Value(), Value());
    load.setPicks(run->picks);
    return load;
  };
  if (!all)
    return {whole(), where.mask};
  auto choose = [&](Value condition, function_ref<Value()> yes, function_ref<Value()> no) -> Value {
    auto branch = scf::IfOp::create(builder, loc, TypeRange(type), condition, true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(builder, loc, ValueRange{yes()});
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, loc, ValueRange{no()});
    return branch.getResult(0);
  };
  auto each = [&] {
    return tiles.broadcast(gather(access, buffer, stored, where, coordinates), where.mask).value;
  };
  auto none = [&] {
    return tiles.broadcast(tiles.constant(builder.getZeroAttr(stored)), where.mask).value;
  };
  return {choose(all, whole, [&] { return choose(some, each, none); }), where.mask};
}

} // namespace einfall
