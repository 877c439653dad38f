//===- StagedLowering.cpp - Kernels of several stages ---------------------===//
//
// In a kernel, equal labels are one rank. Some ranks are the grid: a block has a
// part of each. A stream's rank is walked in chunks. All others are whole in a
// block. So a block's part of any tensor is a box, and the kernel's own tensors
// are boxes in memory of static size.
//
//===----------------------------------------------------------------------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/BlockPlan.h"
#include "passes/ein-to-tile/BoxPredicate.h"
#include "passes/ein-to-tile/EinsumLowering.h"
#include "passes/ein-to-tile/Stages.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {
namespace {

class StagedLowering : EinsumLowering {
public:
  using EinsumLowering::EinsumLowering;
  FailureOr<func::FuncOp> run(StringRef name);

private:
  /// A tensor of the kernel's own, in memory of the block's.
  struct Local {
    Value memory;
    LocalLayout layout;
  };
  struct Box {
    Value begin, end;
  };

  void emit(const std::vector<Stage> &stages);
  void emitStage(const Stage &stage);
  void emitStream(const Stage &stage);
  void emitCopy(ein::StreamOp stream, unsigned carried);
  std::optional<Bounds> boundsOf(ein::EinsumOp mask, BlockArgument argument);
  Value mayHold(Block &body);
  void enterBox(StringRef label, Value begin, Value end);
  Value outside(Value tensor) const;
  Local &localOf(Value tensor);
  bool passesInPlace(ein::StreamOp stream, unsigned carried, const std::vector<Stage> &stages);
  bool isNeeded(Value tensor) const;

  Access access(Operation *op, unsigned number) override;
  Value bufferOf(Value tensor) override;
  void storeTile() override;
  SmallVector<int64_t> blockParts() override;

  BlockPlan plan;
  const Stage *stage = nullptr;
  llvm::StringMap<Box> boxes;
  DenseMap<Value, Local> locals;
  DenseMap<Value, Value> captured; // arguments of streams' bodies
  DenseMap<Value, Value> storedAs; // in whose memory a tensor is stored instead
};

} // namespace

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
  if (argument && argument.getOwner() == &kernel.getBody().front())
    return accessOf(op, number, symbols);
  return accessOf(op, number, symbols, &localOf(tensor).layout);
}

void StagedLowering::enterBox(StringRef label, Value begin, Value end) {
  boxes[label] = {begin, end};
  symbolValues[symbols.numExtents + plan.ranks.find(label)->second.number] = begin;
}

/// True if somebody reads the tensor from memory.
bool StagedLowering::isNeeded(Value tensor) const {
  return llvm::any_of(tensor.getUsers(), [&](Operation *user) {
    return !(user == stage->update || llvm::is_contained(stage->epilogue, user) ||
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

/// Of a rank that is walked in chunks, a chunk.
SmallVector<int64_t> StagedLowering::blockParts() {
  SmallVector<int64_t> parts = partsOf(root, schedule);
  for (auto [rank, part] : llvm::enumerate(parts))
    if (const BlockPlan::Rank &cut = plan.ranks.find(root.getRankName(rank))->second;
        cut.isStreamed)
      part = cut.part;
  return parts;
}

void StagedLowering::emitStage(const Stage &current) {
  stage = &current;
  beginRoot(current.root);
  epilogue = current.epilogue;
  SmallVector<Value> stored{root.getResult()};
  for (ein::EinsumOp op : current.epilogue)
    stored.push_back(op.getResult());
  for (Value tensor : stored)
    if (isNeeded(tensor) && !storedAs.count(tensor) && !locals.count(tensor)) {
      auto type = cast<ein::TensorType>(tensor.getType());
      Local &local = locals[tensor];
      local.layout = plan.layoutOf(tensor, symbols.numExtents, builder.getContext());
      auto memory = MemRefType::get({plan.sizeOf(tensor)}, storageType(type.getElementType()));
      local.memory = tile::LocalOp::create(builder, loc, memory);
    }
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
  for (unsigned rank = 0; rank < numRanks; ++rank) {
    StringRef label = root.getRankName(rank);
    const Box &box = boxes.find(label)->second;
    schedule.ranks[rank].block = plan.ranks.find(label)->second.part;
    if (rank < numFree) {
      at[rank] = box.begin;
      ends[rank] = box.end;
    } else if (plan.ranks.find(label)->second.isStreamed) {
      starts[rank] = box.begin;
      ends[rank] = box.end;
    }
  }
  // One coordinate is no vector.
  if (schedule.lanes >= 0 && schedule.lanes < (int)numFree &&
      schedule.ranks[schedule.lanes].block == 1) {
    schedule.ranks[schedule.lanes].tiles = {1};
    schedule.lanes = -1;
  }
  planPacking(root, reads, write, target, schedule, blockParts());
  emitRoot(reads);
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
  auto user = dyn_cast<ein::EinsumOp>(*before.getUsers().begin());
  if (!user || !user.getMonoids().empty())
    return false;
  for (const Stage &inner : stages)
    if (inner.root && inner.computes(now))
      return inner.computes(user.getResult()) &&
             user.getMap(before.getUses().begin()->getOperandNumber()).isIdentity();
  return false;
}

/// An Einsum that copies `tensor`, of these labels.
static ein::EinsumOp copyOf(OpBuilder &builder, Value tensor, ArrayRef<StringRef> labels) {
  auto type = cast<ein::TensorType>(tensor.getType());
  AffineMap map = AffineMap::get(
      type.getRank(), 1,
      AffineMap::getMultiDimIdentityMap(type.getRank(), type.getContext()).getResults(),
      type.getContext());
  return ein::EinsumOp::create(builder, tensor.getLoc(), type, tensor, labels, map,
                               ArrayRef<ein::Monoid>(), ArrayRef<ein::ExtentAttr>(),
                               ArrayRef<StringAttr>(),
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

/// What an operand of a guard's mask is all over the block's part, if it does not
/// vary there.
std::optional<Bounds> StagedLowering::boundsOf(ein::EinsumOp mask, BlockArgument argument) {
  unsigned number = argument.getArgNumber();
  bool isInput =
      isa<BlockArgument>(outside(mask.getInputs()[number])) && isa<IntegerType>(argument.getType());
  if (!isInput || !ein::readsInside(mask, number))
    return std::nullopt;
  Access read = access(mask, number);
  at.assign(mask.getNumRanks(), Value());
  active.assign(mask.getNumRanks(), 1);
  for (int64_t rank = 0; rank < mask.getNumRanks(); ++rank) {
    StringRef label = mask.getRankName(rank);
    if (read.dependsOn(rank) && plan.ranks.find(label)->second.part != 1)
      return std::nullopt;
    at[rank] = boxes.find(label)->second.begin;
  }
  if (read.fromCoordinate)
    return std::nullopt;
  tiles.space = TileSpace();
  schedule.lanes = -1;
  TileValue exists;
  SmallVector<TileValue> none(mask.getInputs().size());
  Value value = toIndex(load(read, mask.getInputs()[number], none, exists)).value;
  return Bounds{value, value};
}

/// Whether some guard may hold somewhere in the chunk; null if nothing is known.
Value StagedLowering::mayHold(Block &body) {
  Value result;
  for (auto guard : body.getOps<ein::GuardOp>()) {
    auto mask = guard.getMask().getDefiningOp<ein::EinsumOp>();
    if (!mask)
      continue;
    auto boxOf = [&](StringRef label) {
      const Box &box = boxes.find(label)->second;
      Value last = arith::SubIOp::create(builder, loc, box.end, constant(1));
      return Bounds{box.begin, last};
    };
    auto extentValue = [&](ein::ExtentAttr extent) { return expand(symbols.expr(extent), {}); };
    BoxPredicate predicate(builder, loc, boxOf, extentValue,
                           [&](BlockArgument argument) { return boundsOf(mask, argument); });
    Value none = predicate.of(mask.getYielded()).none;
    if (!none)
      continue;
    Value some = arith::XOrIOp::create(
        builder, loc, none, arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true)));
    result = result ? Value(arith::AndIOp::create(builder, loc, result, some)) : some;
  }
  return result;
}

void StagedLowering::emitStream(const Stage &current) {
  ein::StreamOp stream = current.stream;
  Block &body = stream.getBody().front();
  unsigned carried = stream.getNumResults();
  SmallVector<bool> inPlace;
  for (unsigned i = 0, e = stream.getInputs().size(); i < e; ++i)
    captured[body.getArgument(i)] = stream.getInputs()[i];
  for (unsigned i = 0; i < carried; ++i) {
    inPlace.push_back(passesInPlace(stream, i, current.body));
    if (inPlace.back())
      storedAs[body.getTerminator()->getOperand(i)] = stream.getInputs()[i];
    storedAs[stream.getResult(i)] = stream.getInputs()[i];
  }
  StringRef label = stream.getRank();
  const BlockPlan::Rank &rank = plan.ranks.find(label)->second;
  Value zero = constant(0), step = constant(rank.part);
  Value extent = expand(symbols.expr(stream.getExtent()), {});
  auto loop = scf::ForOp::create(builder, loc, zero, extent, step);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value begin = loop.getInductionVar();
    Value end = arith::AddIOp::create(builder, loc, begin, step);
    enterBox(label, begin, arith::MinSIOp::create(builder, loc, end, extent));
    if (Value visited = mayHold(body)) {
      auto branch = scf::IfOp::create(builder, loc, visited, /*withElse=*/false);
      builder.setInsertionPointToStart(branch.thenBlock());
    }
    emit(current.body);
    for (unsigned i = 0; i < carried; ++i)
      if (!inPlace[i])
        emitCopy(stream, i);
  }
  enterBox(label, zero, extent);
}

void StagedLowering::emit(const std::vector<Stage> &stages) {
  for (const Stage &current : stages)
    current.stream ? emitStream(current) : emitStage(current);
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
      auto now = inner->getOperand(i).getDefiningOp<ein::EinsumOp>();
      if (!now || now->getParentOp() != stream) {
        inner->emitOpError("operand #") << i << " is made by no einsum of the stream";
        return WalkResult::interrupt();
      }
      Value start = stream.getInputs()[i];
      if (start.hasOneUse() && start.getDefiningOp<ein::EinsumOp>())
        continue;
      SmallVector<StringRef> labels;
      for (int64_t rank = 0; rank < now.getNumFree(); ++rank)
        labels.push_back(now.getRankName(rank));
      OpBuilder builder(stream);
      stream->setOperand(i, copyOf(builder, start, labels).getResult());
    }
    return WalkResult::advance();
  });
  return failure(walked.wasInterrupted());
}

FailureOr<func::FuncOp> StagedLowering::run(StringRef name) {
  if (failed(separateStarts(kernel)))
    return failure();
  std::optional<std::vector<Stage>> stages = stagesOf(kernel.getBody().front());
  if (!stages)
    return kernel.emitOpError("holds an op that has no tile lowering among others");
  FailureOr<BlockPlan> planned = planBlock(kernel, *stages, target);
  if (failed(planned))
    return failure();
  plan = std::move(*planned);
  for (auto &[label, rank] : plan.inOrder())
    symbols.names.push_back(builder.getStringAttr("begin of " + label));
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
  AffineExpr grid = placeBlock(program.getArguments().back(), work);
  SmallVector<Value> place(at);
  for (auto [number, label] : llvm::enumerate(plan.grid)) {
    Value end = endOfBlock(number);
    enterBox(label, place[number], end);
  }
  for (auto &[label, rank] : plan.inOrder()) {
    if (llvm::is_contained(plan.grid, label))
      continue;
    enterBox(label, constant(0), expand(symbols.expr(rank.extent), {}));
    work = work * symbols.expr(rank.extent);
  }
  emit(*stages);
  finish(program, grid, work);
  return program;
}

FailureOr<func::FuncOp> lowerStaged(OpBuilder &builder, ein::KernelOp kernel, StringRef name,
                                    const TileTarget &target) {
  return StagedLowering(builder, kernel, target).run(name);
}

} // namespace einfall
