//===- StagedFragments.cpp - Stages whose tensors are registers -----------===//
#include "passes/ein-to-tile/Monoids.h"
#include "passes/ein-to-tile/StagedLowering.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

/// Dimensions of a fragment, as sets of them are written.
static constexpr uint32_t kRowBit = 1, kColumnBit = 2;

/// Bytes of the widest access: rows so far apart lie in banks of their own.
static constexpr int64_t kAccessBytes = 16;

/// Coordinates of a rank that a fragment has.
int64_t StagedLowering::fragmentSize(ein::EinsumOp op, int rank) {
  return rank < 0 ? 1 : llvm::alignTo(plan.partFor(op, op.getRankName(rank)), kMatrixStep);
}

/// Stands at the block's part of `op`, whose rank `columns` runs along columns.
void StagedLowering::enterFragment(ein::EinsumOp op, int columns) {
  const FragmentOp &own = fragments->ops.find(op)->second;
  beginRoot(op);
  epilogue.clear();
  extents.clear();
  unsigned numRanks = op.getNumRanks();
  at.assign(numRanks, Value());
  ends.assign(numRanks, Value());
  active.assign(numRanks, 1);
  schedule = Schedule();
  schedule.ranks.resize(numRanks);
  schedule.lanes = -1;
  for (unsigned rank = 0; rank < numRanks; ++rank) {
    const Box &box = boxes.find(op.getRankName(rank))->second;
    extents.push_back(op.getRankExtent(rank));
    at[rank] = box.begin;
    ends[rank] = box.end;
    if (op.isReduced(rank))
      starts[rank] = box.begin;
  }
  constexpr unsigned kNone = ~0u;
  tiles.space = TileSpace();
  tiles.space.sizes = {fragments->rowBlock, fragmentSize(op, columns)};
  tiles.space.ranks = {own.rows < 0 ? kNone : own.rows, columns < 0 ? kNone : columns};
  tiles.space.fragment = tile::FragmentAttr::get(builder.getContext(), target.warps, 1, true, true);
  accumulators = tiles.space;
  edges.assign(2, TileValue());
  for (auto [dim, rank] : llvm::enumerate(ArrayRef{own.rows, columns})) {
    if (rank < 0)
      continue;
    int64_t size = tiles.space.sizes[dim];
    active[rank] = size;
    const BlockPlan::Rank &cut = plan.ranks.find(op.getRankName(rank))->second;
    bool isPart = rank == own.rows && cut.part < size; // of a group
    if (isPart || (!divides(rank, size) && (!cut.isStreamed || isRagged)))
      edges[dim] = compare(arith::CmpIPredicate::slt, coordinate(rank), {ends[rank], 0});
  }
  if (fragments->rows.empty()) { // the others hold what nobody reads
    Type type = tiles.space.type(kRowBit, builder.getIndexType());
    TileValue row = {tile::IotaOp::create(builder, loc, type, constant(0)), kRowBit};
    edges[0] = compare(arith::CmpIPredicate::slt, row, {constant(1), 0});
  }
}

/// The op's values over the block's part, in registers.
void StagedLowering::emitFragment(ein::EinsumOp op) {
  FragmentOp own = fragments->ops.find(op)->second;
  TileValue value;
  if (own.total)
    return; // is made there
  if (own.product) {
    unsigned input = own.product.getResult().getUses().begin()->getOperandNumber();
    enterFragment(op, own.columns);
    TileValue exists;
    isPacked = true; // the product is not there yet
    TileValue addend = evaluate(op, addendOf(op, input), exists).front();
    isPacked = false;
    value = multiplyFragments(own.product, addend);
  } else if (own.isProduct) {
    value = multiplyFragments(op, {});
  } else {
    enterFragment(op, own.reduced < 0 ? own.columns : own.reduced);
    value = own.reduced < 0 ? evaluate(op) : reduceFragment(op);
  }
  enterFragment(op, own.columns);
  results[op.getResult()] = value;
  for (OpOperand &use : op.getResult().getUses())
    if (isa<ein::YieldOp>(use.getOwner()) && isa<ein::KernelOp>(use.getOwner()->getParentOp()))
      storeFragment(op, outputs[use.getOperandNumber()], value);
}

/// Rows leave by way of the block's memory, where they find room in that of the chunks: written
/// out, they are as much code as a chunk.
void StagedLowering::storeFragment(ein::EinsumOp op, Value buffer, TileValue value) {
  const FragmentOp &own = fragments->ops.find(op)->second;
  Access access = accessAll(op.getResult().getType(), symbols);
  Type element = storageType(getElementTypeOrSelf(value.value.getType()));
  const int64_t rows = fragments->rowBlock, columns = fragmentSize(op, own.columns);
  const int64_t width = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  const int64_t stride = columns + kAccessBytes / width;
  const bool hasRows = own.rows >= 0 || fragments->rows.empty(); // of no rank there is one
  const bool isRows = hasRows && own.columns >= 0 && (element.isF32() || width == 2) &&
                      getElementTypeOrSelf(value.value.getType()) == element &&
                      access.isUnitStride(own.columns);
  if (!isRows || rows * stride * width > fragments->bytes)
    return store(access, buffer, value, {});
  SmallVector<Value> dims(at.begin(), at.begin() + access.numRanks);
  auto left = [&](unsigned rank) -> Value {
    return arith::SubIOp::create(builder, loc, ends[rank], at[rank]);
  };
  tile::BarrierOp::create(builder, loc); // no warp is in a chunk any more
  Value memory = tile::LocalOp::create(builder, loc, MemRefType::get({rows * stride}, element));
  tile::StoreOp::create(builder, loc, tiles.broadcast(value, kRowBit | kColumnBit).value, memory,
                        constant(0), ValueRange{constant(stride), constant(1)}, Value(), Value());
  tile::WarpBarrierOp::create(builder, loc);
  Value apart = own.rows < 0 ? constant(0) : expand(access.stride(own.rows), dims, {});
  tile::StoreRowsOp::create(builder, loc, memory, buffer, expand(access.offset, dims, {}), apart,
                            own.rows < 0 ? constant(1) : left(own.rows), left(own.columns),
                            builder.getDenseI64ArrayAttr({rows, columns}),
                            builder.getI64IntegerAttr(stride));
}

TileValue StagedLowering::reduceFragment(ein::EinsumOp op) {
  ein::Monoid monoid = op.getMonoid(op.getNumFree());
  Type element = op.getYielded().getType();
  TileValue exists, value = evaluate(op, op.getYielded(), exists).front();
  exists = both(exists, edges[1]);
  if (exists.value)
    value = tiles.create<arith::SelectOp>(
        element, {exists, value, tiles.constant(ein::identityOf(monoid, element))});
  value = tiles.broadcast(value, value.mask | kColumnBit);
  uint32_t mask = value.mask & ~kColumnBit;
  return {tile::ReduceOp::create(builder, loc, tiles.space.type(mask, element), value.value,
                                 stringifyMonoid(monoid)),
          mask};
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// How `op` multiplies, given the factors of its body as it is now.
Matrix StagedLowering::matrixOf(ein::EinsumOp op, ArrayRef<Access> reads) {
  const FragmentOp &own = fragments->ops.find(op)->second;
  Factors factors = *factorsOf(op);
  Matrix matrix;
  matrix.lhs.value = own.rowsAreLeft ? factors.lhs : factors.rhs;
  matrix.rhs.value = own.rowsAreLeft ? factors.rhs : factors.lhs;
  matrix.rows = own.rows;
  matrix.columns = own.columns;
  matrix.depth = own.reduced;
  matrix.rowBlock = fragments->rowBlock;
  matrix.columnBlock = fragmentSize(op, own.columns);
  matrix.rowWarps = target.warps;
  matrix.columnWarps = 1;
  matrix.part = fragmentSize(op, own.reduced);
  matrix.slots = fragments->slots;
  matrix.setElements(op);
  matrix.lhs.place(matrix.rows, matrix.depth, reads);
  matrix.rhs.place(matrix.columns, matrix.depth, reads);
  matrix.setParts();
  return matrix;
}

/// Where operands of `op` lie that are not in registers.
SmallVector<Access> StagedLowering::readsOf(ein::EinsumOp op) {
  return llvm::map_to_vector(llvm::seq<unsigned>(0, op.getInputs().size()),
                             [&](unsigned i) { return accessOf(op, i, symbols); });
}

/// Begins to bring to memory what of a product's factors is the same in all chunks.
void StagedLowering::prepareProduct(ein::EinsumOp op) {
  const FragmentOp &own = fragments->ops.find(op)->second;
  FragmentProduct &product = products[op];
  SmallVector<Access> reads = readsOf(op);
  Matrix matrix = matrixOf(op, reads);
  enterFragment(op, -1);
  edges.clear();
  product.rightAligned = copiesAligned(matrix.rhs, reads, {});
  // Its place is its own throughout: warps need not be in the same chunk, nor in the same branch.
  if (own.inRegisters && matrix.isFused())
    product.leftMemory = tile::LocalOp::create(
        builder, loc, MemRefType::get({matrix.lhs.size()}, matrix.lhs.element));
  if (own.inRegisters)
    return;
  Value ring = openRing("left", /*depth=*/1, /*ahead=*/0, matrix.lhs);
  auto put = tile::ArefPutOp::create(builder, loc, ring, constant(0));
  fillProduct(op, /*left=*/true, put.getMemory().front(), copiesAligned(matrix.lhs, reads, {}));
  tile::ArefCommitOp::create(builder, loc, ring, constant(0));
  product.leftRing = ring;
}

/// Waits for what prepareProduct asked for.
void StagedLowering::takeLeft(ein::EinsumOp op) {
  FragmentProduct &product = products[op];
  if (!product.leftRing)
    return;
  Matrix matrix = matrixOf(op, readsOf(op));
  enterFragment(op, -1);
  edges.clear();
  product.leftMemory =
      tile::ArefGetOp::create(builder, loc, product.leftRing, constant(0)).getMemory().front();
  if (fragments->rereadsLeft)
    return;
  for (int64_t from = 0; from < matrix.part; from += kMatrixStep)
    llvm::append_range(product.left,
                       loadTerms(matrix, /*left=*/true, product.leftMemory, constant(from)));
  finishProduct(op);
}

/// What is the same in all chunks is not read any more.
void StagedLowering::finishProduct(ein::EinsumOp op) {
  Value ring = std::exchange(products[op].leftRing, Value());
  if (!ring)
    return;
  tile::ArefReleaseOp::create(builder, loc, ring, constant(0));
  tile::ArefCloseOp::create(builder, loc, ring);
}

/// Begins to bring one factor of the part where the block stands to `memory`.
void StagedLowering::fillProduct(ein::EinsumOp op, bool left, Value memory, Value aligned) {
  SmallVector<Access> reads = readsOf(op);
  auto fill = [&](Filling filling) {
    Matrix matrix = matrixOf(op, reads);
    enterFragment(op, -1);
    edges.clear();
    schedule.matrix = matrix;
    fillFactor(left ? matrix.lhs : matrix.rhs, reads, memory, filling, {});
  };
  if (!aligned)
    return fill(Filling::plain);
  auto branch = scf::IfOp::create(builder, loc, aligned, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  fill(Filling::aligned);
  builder.setInsertionPointToStart(branch.elseBlock());
  fill(Filling::plain);
}

/// A fragment in the block's memory as a left factor: each warp reads the rows that it has there.
void StagedLowering::keepFactor(const Matrix &matrix, Value fragment, Value memory) {
  const Factor &factor = matrix.lhs;
  bool along = factor.minor == matrix.depth;
  Value apart = constant(factor.stride()), next = constant(1);
  tile::StoreOp::create(builder, loc, fragment, memory, constant(0),
                        along ? ValueRange{apart, next} : ValueRange{next, apart}, Value(),
                        Value());
  tile::WarpBarrierOp::create(builder, loc);
}

/// Products of f32 are long: a few steps are written out, not all of the depth, up to so many
/// products of a thread.
Value StagedLowering::multiplyFused(const Matrix &matrix, Value sums, Value left, Value right) {
  constexpr int64_t kMostWritten = 256;
  const int64_t own = matrix.rowBlock * matrix.columnBlock / (target.warps * target.warpLanes);
  int64_t turn = matrix.step();
  while (turn < kMatrixStep && 2 * turn * own <= kMostWritten) // of which the depth is a multiple
    turn *= 2;
  auto loop =
      scf::ForOp::create(builder, loc, constant(0), constant(matrix.part), constant(turn), sums);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value total = loop.getRegionIterArg(0);
  for (int64_t step = 0; step < turn; step += matrix.step()) {
    Value from = arith::AddIOp::create(builder, loc, loop.getInductionVar(), constant(step));
    Value a = loadTerms(matrix, /*left=*/true, left, from).front();
    Value b = loadTerms(matrix, /*left=*/false, right, from).front();
    total = tile::MmaOp::create(builder, loc, total.getType(), total, a, b);
  }
  scf::YieldOp::create(builder, loc, total);
  return loop.getResult(0);
}

/// The product, added to `addend` if there is one.
TileValue StagedLowering::multiplyFragments(ein::EinsumOp op, TileValue addend) {
  const FragmentOp &own = fragments->ops.find(op)->second;
  bool isAlone = !products.count(op); // outside of streams
  Value ring;
  if (isAlone) {
    prepareProduct(op);
    ring = openRing("right", /*depth=*/1, /*ahead=*/0, matrixOf(op, readsOf(op)).rhs);
    auto put = tile::ArefPutOp::create(builder, loc, ring, constant(0));
    fillProduct(op, /*left=*/false, put.getMemory().front(), products[op].rightAligned);
    tile::ArefCommitOp::create(builder, loc, ring, constant(0));
    takeLeft(op);
    products[op].right =
        tile::ArefGetOp::create(builder, loc, ring, constant(0)).getMemory().front();
  }
  const FragmentProduct &product = products[op];
  Matrix matrix = matrixOf(op, readsOf(op));
  Type element = matrix.rhs.element;
  constexpr uint32_t kAll = kRowBit | kColumnBit;
  SmallVector<Value> terms;
  if (own.inRegisters) {
    enterFragment(op, own.reduced);
    TileValue exists;
    isPacked = true; // the other factor is elsewhere
    TileValue factor = evaluate(op, matrix.lhs.value, exists).front();
    isPacked = false;
    exists = both(exists, edges[1]);
    Type own = matrix.lhs.value.getType();
    if (exists.value)
      factor = tiles.create<arith::SelectOp>(
          own, {exists, factor, tiles.constant(builder.getZeroAttr(own))});
    if (matrix.isFused())
      keepFactor(matrix, tiles.broadcast(factor, kAll).value, product.leftMemory);
    else if (matrix.lhs.terms == 1) // is rounded on the way
      terms = {tiles.broadcast(factor, kAll).value};
    else
      for (TileValue term : splitTerms(factor, matrix.lhs.terms, element))
        terms.push_back(tiles.broadcast(term, kAll).value);
  }
  enterFragment(op, own.columns);
  Value sums =
      addend.value ? tiles.broadcast(addend, kAll).value : splat(builder.getF32FloatAttr(0), kAll);
  const bool isFused = matrix.isFused();
  if (isFused)
    sums = multiplyFused(matrix, sums, product.leftMemory, product.right);
  // Else a step is a matrix instruction for each term of the left factor.
  for (int64_t from = 0, end = isFused ? 0 : matrix.part; from < end; from += kMatrixStep) {
    Value right = loadTerms(matrix, /*left=*/false, product.right, constant(from)).front();
    SmallVector<Value> left;
    for (Value term : terms)
      left.push_back(
          tile::AsFactorOp::create(builder, loc, matrix.stepType(/*left=*/true), term, from));
    if (!own.inRegisters)
      left.push_back(
          product.left.empty()
              ? loadTerms(matrix, /*left=*/true, product.leftMemory, constant(from)).front()
              : product.left[from / kMatrixStep]);
    for (Value term : left)
      sums = tile::MmaOp::create(builder, loc, sums.getType(), sums, term, right);
  }
  if (isAlone) {
    tile::ArefReleaseOp::create(builder, loc, ring, constant(0));
    tile::ArefCloseOp::create(builder, loc, ring);
    finishProduct(op);
  }
  return {sums, kAll};
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

void StagedLowering::emitFragments(Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (auto einsum = dyn_cast<ein::EinsumOp>(op); einsum && fragments->ops.count(einsum))
      emitFragment(einsum);
    else if (auto stream = dyn_cast<ein::StreamOp>(op))
      streamFragments(stream);
  }
}

/// The state that the chunk's body makes of `state`.
SmallVector<Value> StagedLowering::emitChunk(ein::StreamOp stream, ArrayRef<TileValue> state) {
  Block &body = stream.getBody().front();
  for (auto [i, value] : llvm::enumerate(state))
    results[body.getArgument(i)] = value;
  emitFragments(body);
  SmallVector<Value> next;
  for (auto [i, value] : llvm::enumerate(state)) {
    TileValue now = results[body.getTerminator()->getOperand(i)];
    auto op = body.getTerminator()->getOperand(i).getDefiningOp<ein::EinsumOp>();
    enterFragment(op, fragments->ops.find(op)->second.columns);
    next.push_back(tiles.broadcast(now, value.mask).value);
  }
  return next;
}

/// Walks the chunks with the state in registers. What the next chunk multiplies comes to
/// memory while this one is computed; chunks that count for nothing are passed over.
void StagedLowering::streamFragments(ein::StreamOp stream) {
  Block &body = stream.getBody().front();
  unsigned carried = stream.getNumResults();
  StringRef label = stream.getRank();
  for (unsigned i = 0, e = stream.getInputs().size(); i < e; ++i) {
    captured[body.getArgument(i)] = stream.getInputs()[i];
    if (auto it = results.find(outside(stream.getInputs()[i])); it != results.end())
      results[body.getArgument(i)] = it->second;
  }
  std::vector<Stage> stages = *stagesOf(body);
  Value zero = constant(0), step = constant(plan.ranks.find(label)->second.part);
  Box walked = walkedBox(stream);
  Value extent = walked.end;
  enterBox(label, walked.begin, extent);
  SmallVector<ein::EinsumOp> multiplied;
  SmallVector<Factor> factors;
  for (auto op : body.getOps<ein::EinsumOp>())
    if (auto it = fragments->ops.find(op); it != fragments->ops.end() && it->second.isProduct) {
      prepareProduct(op);
      multiplied.push_back(op);
      factors.push_back(matrixOf(op, readsOf(op)).rhs);
    }
  Value ring = openRing("chunks", fragments->slots, fragments->slots - 2, factors);
  SmallVector<TileValue> state;
  SmallVector<Value> init;
  for (unsigned i = 0; i < carried; ++i) {
    auto op = body.getTerminator()->getOperand(i).getDefiningOp<ein::EinsumOp>();
    const FragmentOp &own = fragments->ops.find(op)->second;
    bool hasRows = own.rows >= 0 || fragments->rows.empty();
    uint32_t mask = (hasRows ? kRowBit : 0) | (own.columns < 0 ? 0 : kColumnBit);
    enterFragment(op, own.columns);
    state.push_back(tiles.broadcast(results[outside(stream.getInputs()[i])], mask));
    init.push_back(state.back().value);
  }
  Block *outer = std::exchange(chunk, &body);
  withOwnPlace([&] {
    boundBefore(stream);
    return Value();
  });
  auto isThere = [&](Value begin) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, begin, extent);
  };
  // Begins to bring what the chunk at `begin` multiplies; the block stands there then.
  auto bring = [&](Value begin, Value number) {
    enterBox(label, begin,
             arith::MinSIOp::create(builder, loc, arith::AddIOp::create(builder, loc, begin, step),
                                    extent));
    auto branch = scf::IfOp::create(builder, loc, isThere(begin), /*withElse=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    auto put = tile::ArefPutOp::create(builder, loc, ring, number);
    for (auto [op, memory] : llvm::zip_equal(multiplied, put.getMemory()))
      fillProduct(op, /*left=*/false, memory, products[op].rightAligned);
    tile::ArefCommitOp::create(builder, loc, ring, number);
  };
  // Chunks on their way beside the one that is multiplied.
  const int64_t ahead = fragments->slots - 1;
  for (int64_t i = 0; i < ahead; ++i) {
    Value from =
        i == 0 ? walked.begin : Value(arith::AddIOp::create(builder, loc, init.back(), step));
    init.push_back(firstVisited(stream, from, step, extent));
    bring(init.back(), constant(i));
  }
  init.push_back(zero);
  // Of the first chunk, too, nothing waits for what all chunks have.
  llvm::for_each(multiplied, [&](ein::EinsumOp op) { takeLeft(op); });
  auto loop = scf::WhileOp::create(builder, loc, ValueRange(init).getTypes(), init);
  {
    OpBuilder::InsertionGuard guard(builder);
    auto types = loop.getResultTypes();
    SmallVector<Location> places(types.size(), loc);
    Block *before = builder.createBlock(&loop.getBefore(), {}, types, places);
    scf::ConditionOp::create(builder, loc, isThere(before->getArgument(carried)),
                             before->getArguments());
    ValueRange now = builder.createBlock(&loop.getAfter(), {}, types, places)->getArguments();
    Value begin = now[carried], number = now[carried + ahead];
    for (unsigned i = 0; i < carried; ++i)
      state[i].value = now[i];
    auto got = tile::ArefGetOp::create(builder, loc, ring, number);
    for (auto [op, memory] : llvm::zip_equal(multiplied, got.getMemory()))
      products[op].right = memory;
    Value end = arith::AddIOp::create(builder, loc, begin, step);
    Value beyond = arith::AddIOp::create(builder, loc, now[carried + ahead - 1], step);
    Value next = firstVisited(stream, beyond, step, extent);
    if (next == beyond) // nothing is searched
      count("chunks");
    bring(next, arith::AddIOp::create(builder, loc, number, constant(ahead)));
    enterBox(label, begin, arith::MinSIOp::create(builder, loc, end, extent));
    count("visited");
    llvm::StringMap<Bounds> outside = knownBounds;
    SmallVector<Value> yielded = emitVisited(stream, stages, state, begin);
    knownBounds = std::move(outside);
    tile::ArefReleaseOp::create(builder, loc, ring, number);
    llvm::append_range(yielded, now.slice(carried + 1, ahead - 1));
    yielded.push_back(next);
    yielded.push_back(arith::AddIOp::create(builder, loc, number, constant(1)));
    scf::YieldOp::create(builder, loc, yielded);
  }
  chunk = outer;
  for (unsigned i = 0; i < carried; ++i)
    results[stream.getResult(i)] = {loop.getResult(i), state[i].mask};
  enterBox(label, zero, expand(symbols.expr(stream.getExtent()), {}));
  tile::ArefCloseOp::create(builder, loc, ring);
  for (ein::EinsumOp op : multiplied)
    finishProduct(op);
}

} // namespace einfall
