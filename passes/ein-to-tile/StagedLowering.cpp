//===- StagedLowering.cpp - Kernels of several stages ---------------------===//
//
// In a kernel, equal labels are one rank. Some ranks are the grid: a block has a
// part of each. A stream's rank is walked in chunks. All others are whole in a
// block. So a block's part of any tensor is a box, and the kernel's own tensors
// are boxes in memory of static size.
//
//===----------------------------------------------------------------------===//
#include "passes/ein-to-tile/StagedLowering.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/tile/TileDialect.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;

namespace einfall {

/// What a stream's argument is outside of it.
Value StagedLowering::outside(Value tensor) const {
  for (auto it = captured.find(tensor); it != captured.end(); it = captured.find(tensor))
    tensor = it->second;
  return tensor;
}

StagedLowering::Local &StagedLowering::localOf(Value tensor) {
  tensor = outside(tensor);
  if (Value other = storedAs.lookup(tensor))
    return localOf(other);
  auto it = locals.find(tensor);
  assert(it != locals.end() && "a tensor was read before it was computed");
  return it->second;
}

Value StagedLowering::bufferOf(Value tensor) {
  tensor = outside(tensor);
  auto argument = dyn_cast<BlockArgument>(tensor);
  if (argument && argument.getOwner() == &kernel.getBody().front())
    return buffers[argument.getArgNumber()];
  return localOf(tensor).memory;
}

Access StagedLowering::access(Operation *op, unsigned number) {
  Value tensor = outside(cast<ein::EinsumOp>(op).getInputs()[number]);
  auto argument = dyn_cast<BlockArgument>(tensor);
  if (argument && argument.getOwner() == &kernel.getBody().front()) {
    Access read = ofGroup(op, accessOf(op, number, symbols));
    setPanels(read, op, number, argument);
    return read;
  }
  return accessOf(op, number, symbols, &localOf(tensor).layout);
}

/// Of `h floordiv 4`, the block that has part of a rank whose parts divide 4 has one value:
/// that at its first coordinate.
Access StagedLowering::ofGroup(Operation *op, Access access) {
  if (target.warps)
    return access;
  auto names = op->getAttrOfType<ArrayAttr>("ranks").getAsValueRange<StringAttr>();
  DenseMap<AffineExpr, AffineExpr> ofBlock;
  for (auto [rank, label] : llvm::enumerate(names)) {
    if (!llvm::is_contained(plan.grid, label))
      continue;
    const BlockPlan::Rank &cut = plan.ranks.find(label)->second;
    AffineExpr at = builder.getAffineDimExpr(rank);
    AffineExpr begin = builder.getAffineSymbolExpr(symbols.numExtents + cut.number);
    access.offset.walk([&](AffineExpr inner) {
      auto quotient = dyn_cast<AffineBinaryOpExpr>(inner);
      if (!quotient || quotient.getKind() != AffineExprKind::FloorDiv || quotient.getLHS() != at)
        return;
      auto by = dyn_cast<AffineConstantExpr>(quotient.getRHS());
      if (by && by.getValue() % cut.part == 0)
        ofBlock[inner] = begin.floorDiv(by.getValue());
    });
  }
  auto moved = [&](AffineExpr expr) { return expr.replace(ofBlock); };
  access.offset = moved(access.offset);
  for (AffineExpr &index : access.indices)
    index = moved(index);
  return access;
}

void StagedLowering::enterBox(StringRef label, Value begin, Value end) {
  boxes[label] = {begin, end};
  symbolValues[symbols.numExtents + plan.ranks.find(label)->second.number] = begin;
}

/// True if somebody reads the tensor from memory.
bool StagedLowering::isNeeded(Value tensor) const {
  return tensor == scanned || llvm::any_of(tensor.getUsers(), [&](Operation *user) {
           bool isInside = stage->computes(tensor) && llvm::is_contained(stage->inside, user);
           bool isReduced =
               user == stage->root && llvm::is_contained(stage->inside, tensor.getDefiningOp());
           return !(user == stage->update || llvm::is_contained(stage->epilogue, user) ||
                    isInside || isReduced ||
                    (isa<ein::YieldOp>(user) && isa<ein::KernelOp>(user->getParentOp())));
         });
}

void StagedLowering::storeTile() {
  auto keep = [&](ein::EinsumOp op) {
    Value tensor = op.getResult();
    TileValue value = results[tensor];
    if (isNeeded(tensor)) {
      Local &local = localOf(tensor);
      store(accessAll(op.getResult().getType(), symbols, &local.layout), local.memory, value, {});
    }
    for (OpOperand &use : tensor.getUses())
      if (isa<ein::YieldOp>(use.getOwner()) && isa<ein::KernelOp>(use.getOwner()->getParentOp()))
        store(accessAll(op.getResult().getType(), symbols), outputs[use.getOperandNumber()], value,
              {});
  };
  keep(root);
  llvm::for_each(stage->epilogue, keep);
  ein::UpdateOp update = stage->update;
  if (!update)
    return;
  SmallVector<TileValue> none(1);
  store(accessOf(update, 0, symbols), bufferOf(update.getDest()),
        results[stage->last().getResult()], none);
}

bool StagedLowering::mayRepeat() {
  auto isInPlace = [&](ein::EinsumOp op) { return storedAs.count(op.getResult()); };
  return EinsumLowering::mayRepeat() && !stage->update && !isInPlace(root) &&
         llvm::none_of(epilogue, isInPlace) && llvm::none_of(stage->inside, isInPlace);
}

/// What follows another rank is clipped anywhere.
int64_t StagedLowering::fewestOf(unsigned rank) {
  bool isClipped = !plan.ranks.find(root.getRankName(rank))->second.follows.empty();
  return isClipped ? 1 : EinsumLowering::fewestOf(rank);
}

/// Tensors of the block's own have room for whole parts, and who reads them stops at the end.
bool StagedLowering::mayRunBeyond(unsigned rank, int64_t tile) {
  StringRef label = root.getRankName(rank);
  const BlockPlan::Rank &cut = plan.ranks.find(label)->second;
  if (stage->update || cut.part % tile != 0 || !cut.follows.empty())
    return false;
  auto isOwn = [&](ein::EinsumOp op) {
    return plan.partFor(op, label) % tile == 0 &&
           llvm::none_of(op.getResult().getUsers(), [](Operation *user) {
             return isa<ein::YieldOp>(user) && isa<ein::KernelOp>(user->getParentOp());
           });
  };
  auto isMade = [&](Value input) {
    return input == root.getResult() ||
           llvm::any_of(epilogue, [&](ein::EinsumOp op) { return op.getResult() == input; });
  };
  return isOwn(root) && llvm::all_of(epilogue, [&](ein::EinsumOp op) {
           int64_t along = op.findRank(label);
           for (auto [i, input] : llvm::enumerate(op.getInputs()))
             if (!isMade(input) && along >= 0 && access(op, i).dependsOn(along))
               return false;
           return isOwn(op);
         });
}

/// Of a rank that is walked in chunks, a chunk.
SmallVector<int64_t> StagedLowering::blockParts() {
  SmallVector<int64_t> parts = partsOf(root, schedule);
  for (auto [rank, part] : llvm::enumerate(parts))
    if (StringRef label = root.getRankName(rank); plan.ranks.find(label)->second.isStreamed)
      part = plan.partFor(root, label);
  return parts;
}

/// Memory for what others read of the stage.
void StagedLowering::makeLocals(const Stage &current) {
  llvm::SaveAndRestore known(stage, &current);
  ein::EinsumOp first = current.root;
  SmallVector<Value> stored{first.getResult()};
  for (ein::EinsumOp op : current.epilogue)
    stored.push_back(op.getResult());
  placeInside(current);
  for (Value tensor : stored)
    if (isNeeded(tensor) && !storedAs.count(tensor) && !locals.count(tensor)) {
      auto type = cast<ein::TensorType>(tensor.getType());
      Local &local = locals[tensor];
      local.layout = plan.layoutOf(tensor, symbols.numExtents, builder.getContext());
      auto memory = MemRefType::get({plan.sizeOf(tensor)}, storageType(type.getElementType()));
      local.memory = tile::LocalOp::create(builder, loc, memory);
    }
}

/// True if the stage reads each element of an operand once: the block's part of what it lacks
/// is one tile.
bool StagedLowering::readsOnce(const Access &read) {
  for (unsigned rank = 0; rank < root.getNumFree(); ++rank)
    if (!read.dependsOn(rank) && schedule.ranks[rank].block > schedule.ranks[rank].tile())
      return false;
  return !schedule.packed;
}

/// Memory has something to do while the block's part is in the cache. Of rows that several
/// stages read, the last one asks for those of the next block; what a chunk reads once is asked
/// for some way ahead, over its end too: the machine loses the stream there.
void StagedLowering::planNext(ArrayRef<Access> reads) {
  constexpr int64_t kAheadBytes = 8192;
  nextOperands.clear();
  if (rowsAtOnce)
    return planNextRow(reads);
  if (target.warpLanes || fragments || (!chunk && plan.grid.empty()))
    return;
  StringRef label = chunk ? cast<ein::StreamOp>(chunk->getParentOp()).getRank() : plan.grid.back();
  nextRank = root.findRank(label);
  if (nextRank < 0)
    return;
  int64_t part = plan.partFor(root, label);
  for (auto [input, read] : llvm::zip(root.getInputs(), reads)) {
    auto argument = dyn_cast<BlockArgument>(outside(input));
    auto step = dyn_cast_or_null<AffineConstantExpr>(read.stride(nextRank));
    if (!argument || !step || step.getValue() == 0)
      continue;
    Type element = cast<ein::TensorType>(input.getType()).getElementType();
    int64_t bytes = std::abs(step.getValue()) * std::max(1u, element.getIntOrFloatBitWidth() / 8);
    bool isWorth = chunk && root.getInputs().size() > 1 && readsOnce(read);
    int64_t ahead = part;
    if (chunk) {
      ahead = std::min(part, std::max<int64_t>(1, kAheadBytes / bytes));
    } else {
      isWorth = !argument.hasOneUse() && bytes * part <= target.localBytes / 4;
      for (Operation *user : argument.getUsers())
        isWorth &=
            user == root || (user->getBlock() == root->getBlock() && user->isBeforeInBlock(root));
    }
    if (isWorth)
      nextOperands[buffers[argument.getArgNumber()]] = ahead;
  }
}

/// The loops of a stage over the block's part.
void StagedLowering::emitPart(const Stage &current) {
  llvm::SaveAndRestore known(stage, &current);
  beginRoot(current.root);
  epilogue = current.epilogue;
  unsigned numRanks = root.getNumRanks(), numFree = root.getNumFree();
  extents.clear();
  at.assign(numRanks, Value());
  ends.assign(numRanks, Value());
  active.assign(numRanks, 1);
  SmallVector<Access> reads;
  for (unsigned i = 0, e = root.getInputs().size(); i < e; ++i)
    reads.push_back(access(root, i));
  for (unsigned rank = 0; rank < numRanks; ++rank)
    extents.push_back(root.getRankExtent(rank));
  Access write = current.update ? accessOf(current.update, 0, symbols)
                                : accessAll(root.getResult().getType(), symbols);
  schedule = planSchedule(root, reads, write, target);
  schedule.cutsSums = false; // blocks are the kernel's
  for (unsigned rank = 0; rank < numRanks; ++rank) {
    StringRef label = root.getRankName(rank);
    const Box &box = boxes.find(label)->second;
    const BlockPlan::Rank &cut = plan.ranks.find(label)->second;
    bool isPart = cut.isStreamed || plan.isInStrips(root, label);
    schedule.ranks[rank].block = isPart ? plan.partFor(root, label) : cut.part;
    if (rowsAtOnce && (int)rank == schedule.lanes && !llvm::is_contained(plan.grid, label))
      schedule.ranks[rank].tiles = {rowsAtOnce->tile};
    if (rank < numFree) {
      at[rank] = box.begin;
      ends[rank] = box.end;
    } else if (cut.isStreamed || llvm::is_contained(plan.grid, label)) {
      starts[rank] = box.begin;
      ends[rank] = box.end;
    }
  }
  // Of a few rows there are no larger tiles, and of whole parts no rest.
  for (unsigned rank = 0; rank < numFree; ++rank) {
    RankSchedule &cut = schedule.ranks[rank];
    if ((int)rank == schedule.lanes || cut.tiles.empty() || target.warpLanes)
      continue;
    while (cut.tiles.size() > 1 && cut.tiles.front() > cut.block)
      cut.tiles.erase(cut.tiles.begin());
    std::optional<int64_t> extent = extents[rank].getLiteral();
    bool isClipped = !plan.ranks.find(root.getRankName(rank))->second.follows.empty();
    if (isClipped || !extent || *extent % cut.block != 0 || cut.block % cut.tiles.front() != 0)
      continue;
    cut.tiles.truncate(1);
    if (schedule.narrow == (int)rank && cut.block > 1)
      schedule.narrow = schedule.widened = -1;
  }
  // One coordinate is no vector.
  if (schedule.lanes >= 0 && schedule.lanes < (int)numFree &&
      schedule.ranks[schedule.lanes].block == 1) {
    schedule.ranks[schedule.lanes].tiles = {1};
    schedule.lanes = -1;
  }
  // Nor is more than a part one.
  if (schedule.lanes >= 0 && !rowsAtOnce &&
      (target.warpLanes
           ? schedule.lanes < (int)numFree || starts[schedule.lanes]
           : schedule.lanes >= (int)numFree && starts[schedule.lanes] && !schedule.dot)) {
    RankSchedule &along = schedule.ranks[schedule.lanes];
    const int64_t least = target.warpLanes ? target.warpLanes : target.lanesOf(4);
    for (int64_t &tile : along.tiles)
      while (tile > least && tile / 2 >= along.block)
        tile /= 2;
  }
  planPacking(root, reads, write, target, schedule, blockParts());
  if (packsAhead)
    return packAhead(reads, blockParts(), root.findRank(plan.strips));
  planNext(reads);
  auto isOperand = [&](unsigned i) { return isa<BlockArgument>(outside(root.getInputs()[i])); };
  unsigned cut = 0; // of the reduced ranks
  for (unsigned rank = numFree; rank < numRanks; ++rank)
    cut += starts[rank] ? 1 : 0;
  if (cut == 0 || numRanks == numFree + 1)
    schedule.matrix = planMatrixOver(blockParts(), target.matrixBytes - localBytes(), isOperand,
                                     root, reads, write, target);
  planRests();
  overOthers(0, [&] { emitRoot(reads); });
  lasts.clear();
  lanesHaveRoom = false;
  tile::BarrierOp::create(builder, loc);
}

/// Of a product of matrices, `inner` for each of the block's coordinates of the free ranks
/// from `rank` on that are neither its rows nor its columns.
void StagedLowering::overOthers(unsigned rank, function_ref<void()> inner) {
  if (!schedule.matrix || rank == root.getNumFree())
    return inner();
  const Matrix &matrix = *schedule.matrix;
  if (rank == matrix.rows || rank == matrix.columns || blockParts()[rank] == 1)
    return overOthers(rank + 1, inner);
  Value begin = at[rank];
  auto each = scf::ForOp::create(builder, loc, begin, ends[rank], constant(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(each.getBody());
  at[rank] = each.getInductionVar();
  tile::BarrierOp::create(builder, loc);
  overOthers(rank + 1, inner);
  at[rank] = begin;
}

/// Bytes of the block's own tensors so far.
int64_t StagedLowering::localBytes() {
  int64_t bytes = 0;
  for (auto &[tensor, local] : locals) {
    if (!local.memory)
      continue; // passes in registers
    auto type = cast<MemRefType>(local.memory.getType());
    bytes += type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  }
  return bytes;
}

/// True if a carried tensor's new value may be stored where the old one is: only
/// the new one's own point reads that.
bool StagedLowering::passesInPlace(ein::StreamOp stream, unsigned carried,
                                   const std::vector<Stage> &stages) {
  Block &body = stream.getBody().front();
  Value before = body.getArgument(carried);
  Value now = body.getTerminator()->getOperand(carried);
  if (!before.hasOneUse())
    return false;
  if (now.getDefiningOp<ein::TopKOp>())
    return true; // moves within its lists
  auto user = dyn_cast<ein::EinsumOp>(*before.getUsers().begin());
  if (!user || !user.getMonoids().empty())
    return false;
  for (const Stage &inner : stages)
    if (inner.root && inner.computes(now))
      return inner.computes(user.getResult()) &&
             user.getMap(before.getUses().begin()->getOperandNumber()).isIdentity();
  return false;
}

/// An Einsum that is `tensor`, of these labels.
static ein::EinsumOp copyOf(OpBuilder &builder, Value tensor, ArrayRef<StringRef> labels) {
  auto type = cast<ein::TensorType>(tensor.getType());
  return einsumOver(builder, type, tensor, labels, {},
                    [](OpBuilder &, Location, ValueRange v) { return v[0]; });
}

/// Copies what is carried on to where it is carried.
void StagedLowering::emitCopy(ein::StreamOp stream, unsigned carried) {
  Operation *yield = stream.getBody().front().getTerminator();
  OpBuilder inner(yield);
  Value now = yield->getOperand(carried);
  Stage copying;
  copying.root = copyOf(inner, now, plan.labelsOf(now));
  yield->setOperand(carried, copying.root.getResult()); // who reads it
  storedAs[copying.root.getResult()] = stream.getInputs()[carried];
  emitStage(copying);
}

void StagedLowering::emitStream(const Stage &current, ArrayRef<Stage> stages) {
  ein::StreamOp stream = current.stream;
  Block &body = stream.getBody().front();
  unsigned carried = stream.getNumResults();
  for (unsigned i = 0, e = stream.getInputs().size(); i < e; ++i)
    captured[body.getArgument(i)] = stream.getInputs()[i];
  for (unsigned i = 0; i < carried; ++i) {
    if (passesInPlace(stream, i, current.body))
      storedAs[body.getTerminator()->getOperand(i)] = stream.getInputs()[i];
    storedAs[stream.getResult(i)] = stream.getInputs()[i];
  }
  Block *outer = std::exchange(chunk, &body);
  boundBefore(stream);
  chunk = outer;
  bool mayWalkAgain = llvm::any_of(body.getOps<ein::GuardOp>(),
                                   [](ein::GuardOp guard) { return guard.getSeen().has_value(); });
  if (!mayWalkAgain) {
    walk(current, Value());
    return;
  }
  Value zero = constant(0), one = constant(1);
  Value yes = arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true));
  auto walks = scf::ForOp::create(builder, loc, zero, constant(2), one, yes);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(walks.getBody());
  Value again =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, walks.getInductionVar(), zero);
  auto wanted = scf::IfOp::create(builder, loc, yes.getType(), walks.getRegionIterArgs()[0],
                                  /*withElse=*/true);
  scf::YieldOp::create(builder, loc, wanted.getResults());
  builder.setInsertionPointToStart(wanted.elseBlock());
  scf::YieldOp::create(builder, loc, walks.getRegionIterArgs()[0]);
  builder.setInsertionPointToStart(wanted.thenBlock());
  auto restart = scf::IfOp::create(builder, loc, again, /*withElse=*/false);
  builder.setInsertionPointToStart(restart.thenBlock());
  for (const Stage &start : stages)
    if (start.root && llvm::any_of(stream.getInputs().take_front(carried),
                                   [&](Value input) { return start.computes(input); }))
      emitStage(start);
  builder.setInsertionPointAfter(restart);
  walk(current, again);
  Value unseen =
      arith::XOrIOp::create(builder, loc, hasSeen(stream),
                            arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true)));
  scf::YieldOp::create(builder, loc, unseen);
}

/// What of its rank a stream walks: all, or the part where the block stands.
StagedLowering::Box StagedLowering::walkedBox(ein::StreamOp stream) {
  Value extent = expand(symbols.expr(stream.getExtent()), {});
  if (!stream.getPartRank())
    return {constant(0), extent};
  Value length = expand(symbols.expr(*stream.getPartLength()), {});
  Value begin = arith::MulIOp::create(builder, loc, boxes[*stream.getPartRank()].begin, length);
  Value end = arith::AddIOp::create(builder, loc, begin, length);
  return {begin, arith::MinSIOp::create(builder, loc, end, extent)};
}

/// The stages of a stream's chunk, and what it carries on.
void StagedLowering::emitChunkOf(const Stage &current) {
  ein::StreamOp stream = current.stream;
  Operation *yield = stream.getBody().front().getTerminator();
  emit(current.body);
  chunk = nullptr;
  for (unsigned i = 0, e = stream.getNumResults(); i < e; ++i)
    if (storedAs.lookup(yield->getOperand(i)) != stream.getInputs()[i])
      emitCopy(stream, i);
}

/// Visits the chunks of a stream's rank; `again` is null or an i1.
void StagedLowering::walk(const Stage &current, Value again) {
  ein::StreamOp stream = current.stream;
  Block &body = stream.getBody().front();
  StringRef label = stream.getRank();
  const BlockPlan::Rank &rank = plan.ranks.find(label)->second;
  Value step = constant(rank.part);
  Box walked = walkedBox(stream);
  chunk = &body;
  llvm::StringMap<Bounds> boundsOutside = knownBounds;
  auto loop = scf::ForOp::create(builder, loc, walked.begin, walked.end, step);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value begin = loop.getInductionVar();
    Value end = arith::AddIOp::create(builder, loc, begin, step);
    enterBox(label, begin, arith::MinSIOp::create(builder, loc, end, walked.end));
    count("chunks");
    if (Value visited = mayHold(body, again)) {
      auto branch = scf::IfOp::create(builder, loc, visited, /*withElse=*/false);
      builder.setInsertionPointToStart(branch.thenBlock());
    }
    count("visited");
    if (plan.strip)
      emitStrips(current, again);
    else
      emitChunkOf(current);
    knownBounds = std::move(boundsOutside);
  }
  enterBox(label, constant(0), expand(symbols.expr(stream.getExtent()), {}));
}

void StagedLowering::emit(ArrayRef<Stage> stages) {
  for (const Stage &current : stages)
    if (isLeftInPlace(current))
      storedAs[current.root->getResult(0)] = current.root->getOperand(0);
    else if (current.order)
      emitOrder(current.order);
    else
      current.stream ? emitStream(current, stages) : emitStage(current);
}

/// Each carried tensor starts in memory of its own: a stage's, which nobody else
/// reads. Emits an error where an op outside of the form stands in the way.
static LogicalResult separateStarts(ein::KernelOp kernel) {
  Operation *yield = kernel.getBody().front().getTerminator();
  for (Value result : yield->getOperands())
    if (result.getDefiningOp<ein::StreamOp>())
      return yield->emitOpError("yields what a stream carries: expected an einsum that reads it");
  WalkResult walked = kernel.getBody().walk([](ein::StreamOp stream) {
    Operation *inner = stream.getBody().front().getTerminator();
    for (unsigned i = 0, e = stream.getNumResults(); i < e; ++i) {
      Operation *now = inner->getOperand(i).getDefiningOp();
      if (!isa_and_nonnull<ein::EinsumOp, ein::TopKOp>(now) || now->getParentOp() != stream) {
        inner->emitOpError("operand #") << i << " is made by no einsum of the stream";
        return WalkResult::interrupt();
      }
      Value start = stream.getInputs()[i];
      if (start.hasOneUse() && start.getDefiningOp<ein::EinsumOp>())
        continue;
      SmallVector<StringRef> labels;
      auto names = now->getAttrOfType<ArrayAttr>("ranks").getAsValueRange<StringAttr>();
      int64_t count = cast<ein::TensorType>(start.getType()).getRank();
      for (StringRef name : llvm::make_range(names.begin(), std::next(names.begin(), count)))
        labels.push_back(name);
      OpBuilder builder(stream);
      stream->setOperand(i, copyOf(builder, start, labels).getResult());
    }
    return WalkResult::advance();
  });
  return failure(walked.wasInterrupted());
}

/// The program takes a range of blocks: its last arguments are the first one's number and
/// that behind the last.
static Value addEndOfBlocks(func::FuncOp program) {
  Builder builder(program.getContext());
  program->setAttr(tile::kWalksBlocks, builder.getUnitAttr());
  Value end = program.front().addArgument(builder.getIndexType(), program.getLoc());
  program.setType(builder.getFunctionType(program.front().getArgumentTypes(), {}));
  return end;
}

func::FuncOp StagedLowering::run(StringRef name, const std::vector<Stage> &stages,
                                 BlockPlan planned, std::optional<FragmentPlan> inFragments) {
  plan = std::move(planned);
  fragments = std::move(inFragments);
  if (!fragments)
    rowsAtOnce = planRowsAtOnce(kernel, stages, plan, target);
  if (rowsAtOnce)
    plan.ranks.find(rowsAtOnce->rows)->second.part = 1;
  for (auto &[label, rank] : plan.inOrder())
    symbols.names.push_back(builder.getStringAttr("begin of " + label));
  if (plan.strip)
    symbols.names.push_back(builder.getStringAttr("begin of the strip"));
  // The grid's own ranks, for its place.
  for (StringRef label : plan.grid) {
    const BlockPlan::Rank &rank = plan.ranks.find(label)->second;
    schedule.order.push_back(extents.size());
    RankSchedule cut;
    cut.block = rank.part;
    schedule.ranks.push_back(cut);
    extents.push_back(rank.extent);
  }
  OpBuilder::InsertionGuard guard(builder);
  func::FuncOp program = begin(name);
  AffineExpr work = builder.getAffineConstantExpr(1);
  Value first = program.getArguments().back();
  AffineExpr grid = placeBlock(first, work);
  SmallVector<Value> place(at);
  for (auto [number, label] : llvm::enumerate(plan.grid)) {
    Value end = endOfBlock(number);
    enterBox(label, place[number], end);
  }
  for (auto &[label, rank] : plan.inOrder()) {
    if (llvm::is_contained(plan.grid, label) || !rank.follows.empty())
      continue;
    enterBox(label, constant(0), expand(symbols.expr(rank.extent), {}));
    work = work * symbols.expr(rank.extent);
  }
  for (auto &[label, rank] : plan.inOrder()) {
    if (rank.follows.empty())
      continue;
    Value zero = constant(0), extent = expand(symbols.expr(rank.extent), {});
    const Box &box = boxes.find(rank.follows)->second;
    auto moved = [&](Value at, int64_t by) -> Value {
      return arith::AddIOp::create(builder, loc, at, constant(by));
    };
    Value begin = arith::MaxSIOp::create(builder, loc, moved(box.begin, rank.first), zero);
    Value end =
        arith::MinSIOp::create(builder, loc, moved(box.end, rank.first + rank.span), extent);
    enterBox(label, begin, arith::MaxSIOp::create(builder, loc, begin, end));
  }
  if (fragments)
    emitFragments(kernel.getBody().front());
  else if (std::optional<HeldRow> row =
               target.team ? planHeldRow(kernel, plan, target) : std::nullopt) {
    emitRow(*row, stages);
    program->setAttr(tile::kHeld, builder.getI64IntegerAttr(row->bytes));
  } else if (rowsAtOnce) {
    emitRowsAtOnce(stages, first, addEndOfBlocks(program));
  } else {
    emit(ArrayRef(stages).drop_front(emitKept(stages)));
  }
  finish(program, grid, work);
  if (!target.warps)
    program->setAttr(tile::kSchedule, plan.toAttr(builder.getContext()));
  if (fragments)
    program->setAttr(tile::kWarps, builder.getI64IntegerAttr(target.warps));
  if (target.team)
    program->setAttr(tile::kTeam, builder.getI64IntegerAttr(target.warps));
  return program;
}

/// `plan` is cut for fragments then. A block without bounds is an error elsewhere.
static std::optional<FragmentPlan> planQuietly(ein::KernelOp kernel,
                                               const std::vector<Stage> &stages, BlockPlan &plan,
                                               const TileTarget &target) {
  ScopedDiagnosticHandler quiet(kernel.getContext(), [](Diagnostic &) { return success(); });
  FailureOr<BlockPlan> planned = planBlock(kernel, stages, target);
  if (failed(planned))
    return std::nullopt;
  plan = std::move(*planned);
  return planFragments(kernel, stages, plan, KernelSymbols::of(kernel), target);
}

FailureOr<func::FuncOp> lowerStaged(OpBuilder &builder, ein::KernelOp kernel, StringRef name,
                                    const TileTarget &target) {
  if (failed(separateStarts(kernel)))
    return failure();
  std::optional<std::vector<Stage>> stages = stagesOf(kernel.getBody().front());
  if (!stages)
    return kernel.emitOpError("holds an op that has no tile lowering among others");
  if (target.matrixBytes && target.fewerWarps) {
    // Blocks of half as many warps: two of them do not wait for each other, and one
    // multiplies while the other does not.
    TileTarget fewer = target;
    fewer.warps /= 2;
    BlockPlan plan;
    std::optional<FragmentPlan> fragments = planQuietly(kernel, *stages, plan, fewer);
    // Nor more warps than there are rows for.
    if (int64_t most = fragments ? warpsFor(*fragments, plan) : 0; most && most < fewer.warps) {
      fewer.warps = most;
      fragments = planQuietly(kernel, *stages, plan, fewer);
    }
    if (fragments)
      return StagedLowering(builder, kernel, fewer).run(name, *stages, plan, fragments);
  }
  TileTarget own = isRowwise(kernel, target) ? teamFor(kernel, *stages, target) : target;
  FailureOr<BlockPlan> plan = planBlock(kernel, *stages, own);
  if (failed(plan))
    return failure();
  if (plan->strip)
    for (Stage &stage : *stages)
      fuseReductions(stage.body);
  return StagedLowering(builder, kernel, own).run(name, *stages, *plan, std::nullopt);
}

} // namespace einfall
