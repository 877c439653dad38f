//===- StagedChunks.cpp - Which chunks of a stream warps compute, and how -===//
//
// A kernel in fragments walks its streams chunk by chunk (StagedFragments.cpp). Chunks that
// count for nothing are passed over, by the block or by a warp alone, and where conditions
// are settled a chunk is computed without them.
//
//===----------------------------------------------------------------------===//
#include "passes/ein-to-tile/StagedLowering.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

/// What `look` finds in the rows of a warp, of which fewer conditions are open than in those
/// of its block. A warp past the block's last row may be told anything: nobody reads its rows.
Value StagedLowering::ofWarp(llvm::function_ref<Value()> look) {
  int64_t rows = fragments->rowBlock / target.warps;
  if (fragments->rows.empty() || target.warps == 1 ||
      plan.ranks.find(fragments->rows)->second.part <= rows)
    return withOwnPlace(look);
  const Box block = boxes.find(fragments->rows)->second;
  Value warp = tile::WarpOp::create(builder, loc, builder.getIndexType());
  Value begin = arith::AddIOp::create(builder, loc, block.begin,
                                      arith::MulIOp::create(builder, loc, warp, constant(rows)));
  Value end = arith::AddIOp::create(builder, loc, begin, constant(rows));
  rowsOfWarp = {begin, arith::MinSIOp::create(builder, loc, end, block.end)};
  Value found = withOwnPlace(look);
  rowsOfWarp = {};
  return found;
}

/// What is proven of the chunk from `begin` on, in the rows of each warp: scans of what
/// conditions read take all of the block, so no warp may branch before.
StagedLowering::SettledChunk
StagedLowering::settleChunk(ein::StreamOp stream, const std::vector<Stage> &stages, Value begin) {
  const BlockPlan::Rank &rank = plan.ranks.find(stream.getRank())->second;
  std::optional<int64_t> literal = rank.extent.getLiteral();
  SettledChunk chunk;
  chunk.isEven = literal && *literal % rank.part == 0;
  auto require = [&](Value holds) {
    chunk.fast = chunk.fast ? Value(arith::AndIOp::create(builder, loc, chunk.fast, holds)) : holds;
  };
  if (target.warps > 1)
    chunk.some = ofWarp([&] { return mayHold(stream.getBody().front(), Value()); });
  for (const Stage &inner : stages) {
    SmallVector<SettledCondition> own;
    Value holds = ofWarp([&] { return settle(inner, own); });
    if (!holds)
      continue;
    ++chunk.stages;
    require(holds);
    llvm::append_range(chunk.conditions, own);
  }
  for (auto op : stream.getBody().front().getOps<ein::EinsumOp>()) {
    SmallVector<StringRef> ranks = ranksMadeReal(op);
    if (ranks.empty() || !fragments->ops.count(op))
      continue;
    chunk.measuring.push_back(op);
    for (StringRef rank : ranks)
      require(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle,
                                    boxes.find(rank)->second.end, constant(kSmallCoordinate)));
  }
  if (!chunk.isEven) {
    Value end = arith::AddIOp::create(builder, loc, begin, constant(rank.part));
    Value extent = expand(symbols.expr(stream.getExtent()), {});
    require(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle, end, extent));
  }
  return chunk;
}

/// As emitChunk; where conditions are settled, the chunk is whole and coordinates are
/// small, without them and in f32.
SmallVector<Value> StagedLowering::emitSettled(ein::StreamOp stream, const SettledChunk &chunk,
                                               ArrayRef<TileValue> state) {
  isRagged = !chunk.isEven;
  if (!chunk.fast)
    return emitChunk(stream, state);
  auto types = llvm::map_to_vector(state, [](TileValue value) { return value.value.getType(); });
  auto branch = scf::IfOp::create(builder, loc, types, chunk.fast, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  auto emit = [&](Block *block, StringRef counter) {
    builder.setInsertionPointToStart(block);
    for (unsigned i = 0; i < chunk.stages; ++i)
      count(counter);
    SmallVector<Value> next = emitChunk(stream, state);
    scf::YieldOp::create(builder, loc, next);
  };
  emit(branch.elseBlock(), "masked");
  isRagged = false;
  WithoutConditions bodies(chunk.conditions);
  WithRealCoordinates reals(chunk.measuring);
  emit(branch.thenBlock(), "unmasked");
  return branch.getResults();
}

/// As emitSettled; a warp passes over a chunk that counts for others of the block only.
SmallVector<Value> StagedLowering::emitVisited(ein::StreamOp stream,
                                               const std::vector<Stage> &stages,
                                               ArrayRef<TileValue> state, Value begin) {
  SettledChunk chunk = settleChunk(stream, stages, begin);
  if (!chunk.some)
    return emitSettled(stream, chunk, state);
  auto before = llvm::map_to_vector(state, [](TileValue value) { return value.value; });
  auto branch =
      scf::IfOp::create(builder, loc, ValueRange(before).getTypes(), chunk.some, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, before);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, loc, emitSettled(stream, chunk, state));
  return branch.getResults();
}

/// So many chunks are passed over together where none of them counts.
static constexpr int64_t kFarChunks = 16;

/// The first chunk from `begin` on that may count; `extent` or more if there is none.
Value StagedLowering::firstVisited(ein::StreamOp stream, Value begin, Value step, Value extent) {
  llvm::StringMap<Bounds> outside = knownBounds;
  Type index = builder.getIndexType();
  auto search = scf::WhileOp::create(builder, loc, TypeRange{index}, ValueRange{begin});
  OpBuilder::InsertionGuard guard(builder);
  Value now = builder.createBlock(&search.getBefore(), {}, {index}, {loc})->getArgument(0);
  Value exists = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, now, extent);
  auto branch = scf::IfOp::create(builder, loc, builder.getI1Type(), exists, /*withElse=*/true);
  scf::ConditionOp::create(builder, loc, branch.getResult(0), ValueRange{now});
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, exists);
  builder.setInsertionPointToStart(branch.thenBlock());
  count("chunks");
  bool reads = false;
  // Whether some of the chunks up to `end` may count.
  auto mayCount = [&](Value end) {
    enterBox(stream.getRank(), now, arith::MinSIOp::create(builder, loc, end, extent));
    Value some = withOwnPlace([&] { return mayHold(stream.getBody().front(), Value()); });
    reads |= knownBounds.size() > outside.size();
    knownBounds = outside;
    return some;
  };
  Value some = mayCount(arith::AddIOp::create(builder, loc, now, step));
  if (!some) {
    search.erase();
    return begin;
  }
  Value passes = arith::XOrIOp::create(
      builder, loc, some, arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true)));
  scf::YieldOp::create(builder, loc, passes);
  builder.setInsertionPointToStart(builder.createBlock(&search.getAfter(), {}, {index}, {loc}));
  now = search.getAfterArguments().front();
  Value next = arith::AddIOp::create(builder, loc, now, step);
  if (reads) {
    scf::YieldOp::create(builder, loc, next);
    return search.getResult(0);
  }
  // Of a long rank most are far from what counts.
  Value far = arith::AddIOp::create(
      builder, loc, now, arith::MulIOp::create(builder, loc, step, constant(kFarChunks)));
  next = arith::SelectOp::create(builder, loc, mayCount(far), next, far);
  scf::YieldOp::create(builder, loc, next);
  return search.getResult(0);
}

} // namespace einfall
