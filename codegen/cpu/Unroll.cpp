//===- Unroll.cpp - Tile programs as vector code --------------------------===//
#include "codegen/cpu/Unroll.h"
#include "codegen/common/Held.h"
#include "codegen/cpu/Unroller.h"
#include "dialects/ein/EinNumerics.h"
#include "einfall/counters.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::cpu {
using namespace codegen;

Shape::Shape(Type type) : unit(heldType(type)) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return;
  lead.assign(tensor.getShape().begin(), tensor.getShape().end());
  unit = tensor.getElementType();
  if (tile::hasLanes(type)) {
    lanes = lead.pop_back_val();
    count = elements();
    unit = VectorType::get(lanes, unit);
  } else {
    packed = elements();
    unit = VectorType::get(packed, unit);
  }
  unit = heldType(unit);
}

int64_t Shape::elements() const { return llvm::product_of(lead); }

SmallVector<int64_t> Shape::place(int64_t number) const {
  SmallVector<int64_t> at(lead.size());
  for (int64_t i = lead.size(); i-- > 0; number /= lead[i])
    at[i] = number % lead[i];
  return at;
}

/// Memory on the stack, made once for all blocks that a call runs.
void Unroller::local(tile::LocalOp op) {
  auto type = cast<MemRefType>(op.getResult().getType());
  auto function = builder.getBlock()->getParent()->getParentOfType<LLVM::LLVMFuncOp>();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getBody().front());
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value count =
      arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(type.getNumElements()));
  map[op.getResult()] = {
      LLVM::AllocaOp::create(builder, loc, pointer, type.getElementType(), count, 64)};
}

/// Counters are the program's own, found by name in what is linked. Blocks count
/// on several threads.
void Unroller::count(tile::CountOp op) {
  static_assert(std::size(tile::kCounterNames) == EINF_COUNTERS);
  auto function = builder.getBlock()->getParent()->getParentOfType<LLVM::LLVMFuncOp>();
  auto type = LLVM::LLVMArrayType::get(builder.getI64Type(), EINF_COUNTERS);
  std::string name = ("einf_counts_" + counters).str();
  if (!SymbolTable::lookupNearestSymbolFrom(function->getParentOp(), builder.getStringAttr(name))) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(function);
    auto global = LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/false,
                                         LLVM::Linkage::External, name, Attribute(), 8);
    global.getInitializer().emplaceBlock();
    builder.setInsertionPointToStart(&global.getInitializer().front());
    LLVM::ReturnOp::create(builder, loc, LLVM::ZeroOp::create(builder, loc, type).getResult());
  }
  auto number = llvm::find(tile::kCounterNames, op.getCounter()) - tile::kCounterNames;
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value base = LLVM::AddressOfOp::create(builder, loc, pointer, name);
  Value place = LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), base,
                                    ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(number)});
  Value one = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(1));
  LLVM::AtomicRMWOp::create(builder, loc, LLVM::AtomicBinOp::add, place, one,
                            LLVM::AtomicOrdering::monotonic);
}

/// Blocks of a call are in order.
void Unroller::previous(tile::PreviousOp op) {
  Value isFirst =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, thisBlock, firstBlock);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value none = arith::ConstantIndexOp::create(builder, loc, -1);
  Value before = arith::SubIOp::create(builder, loc, map[op.getNumber()].front(), one);
  map[op.getResult()] = {arith::SelectOp::create(builder, loc, isFirst, none, before)};
}

LogicalResult Unroller::check(Operation &op) const {
  if (auto reduced = dyn_cast<tile::ReduceOp>(op); reduced && reduced.getLimit())
    return op.emitOpError("with a limit has no form on a CPU");
  if (isa<tile::PreviousOp>(op) && !thisBlock)
    return op.emitOpError("has no block before it where the program walks its blocks itself");
  return success();
}

LogicalResult Unroller::special(Operation &op) {
  if (auto dot = dyn_cast<tile::DotOp>(op))
    return this->dot(dot);
  if (auto join = dyn_cast<tile::JoinOp>(op))
    this->join(join);
  else if (auto numbers = dyn_cast<tile::AreNumbersOp>(op))
    areNumbers(numbers);
  else if (auto extend = dyn_cast<tile::ExtendPairsOp>(op))
    extendPairs(extend);
  else if (auto round = dyn_cast<tile::RoundPairsOp>(op))
    roundPairs(round);
  else if (auto multiply = dyn_cast<tile::MultiplyOp>(op))
    this->multiply(multiply);
  else if (auto count = dyn_cast<tile::CountOp>(op))
    this->count(count);
  else if (auto previous = dyn_cast<tile::PreviousOp>(op))
    this->previous(previous);
  else if (auto prefetch = dyn_cast<tile::PrefetchOp>(op))
    this->prefetch(prefetch);
  else if (!isa<tile::BarrierOp>(op)) // a block is one thread
    return op.emitOpError("has no vector form");
  return success();
}

/// Vector operations of all iterations of a loop that is written out.
static constexpr int64_t kMostWrittenOut = 64;

/// Writes innermost loops out that are few operations in all: a few vectors along a rank of
/// known extent. What a loop costs is more than they do.
static LogicalResult writeOutShortLoops(LLVM::LLVMFuncOp kernel) {
  SmallVector<scf::ForOp> loops;
  kernel.walk([&](scf::ForOp loop) {
    std::optional<APInt> times = loop.getStaticTripCount();
    if (!times || times->ugt(kMostWrittenOut))
      return;
    int64_t work = 0;
    for (Operation &op : *loop.getBody()) {
      if (op.getNumRegions() != 0)
        return;
      auto isVector = [](Type type) { return isa<VectorType>(type); };
      work += llvm::any_of(op.getOperandTypes(), isVector) ||
              llvm::any_of(op.getResultTypes(), isVector);
    }
    if (work * times->getSExtValue() <= kMostWrittenOut)
      loops.push_back(loop);
  });
  for (scf::ForOp loop : loops)
    if (failed(loopUnrollFull(loop)))
      return failure();
  return success();
}

FailureOr<LLVM::LLVMFuncOp> unrollProgram(OpBuilder &builder, func::FuncOp program) {
  Location loc = program.getLoc();
  MLIRContext *context = builder.getContext();
  auto pointer = LLVM::LLVMPointerType::get(context);
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                          {pointer, builder.getI64Type(), builder.getI64Type()});
  auto kernel = LLVM::LLVMFuncOp::create(builder, loc, program.getName(), type);
  // Kernels are objects of their own; what is linked exports its entries only.
  kernel.setVisibility_(LLVM::Visibility::Hidden);
  if (Attribute numerics = program->getAttr(ein::kNumerics))
    kernel->setAttr(ein::kNumerics, numerics);
  if (program.isExternal())
    return kernel;
  OpBuilder::InsertionGuard guard(builder);
  Block *entry = kernel.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  Unroller unroller(builder);
  if (auto counters = program->getAttrOfType<StringAttr>(tile::kCounters))
    unroller.counters = counters.getValue();
  Block &body = program.front();
  const bool walksBlocks = program->hasAttr(tile::kWalksBlocks);
  if (body.getNumArguments() < (walksBlocks ? 2u : 1u))
    return program.emitOpError("does not take ")
           << (walksBlocks ? "the numbers of its first block and of the end" : "a block's number");
  for (BlockArgument argument : body.getArguments().drop_back(walksBlocks ? 2 : 1)) {
    Value slot =
        LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), entry->getArgument(0),
                            ArrayRef<LLVM::GEPArg>{(int32_t)argument.getArgNumber()});
    bool buffer = isa<MemRefType>(argument.getType());
    Value value =
        LLVM::LoadOp::create(builder, loc, buffer ? Type(pointer) : builder.getI64Type(), slot);
    if (!buffer)
      value = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value);
    unroller.map[argument] = {value};
  }
  auto index = [&](Value value) {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value);
  };
  Value begin = index(entry->getArgument(1)), end = index(entry->getArgument(2));
  auto arguments = body.getArguments();
  {
    OpBuilder::InsertionGuard inner(builder);
    if (walksBlocks) {
      unroller.map[arguments.drop_back().back()] = {begin};
      unroller.map[arguments.back()] = {end};
    } else {
      Value step = arith::ConstantIndexOp::create(builder, loc, 1);
      auto blocks = scf::ForOp::create(builder, loc, begin, end, step);
      unroller.firstBlock = begin;
      unroller.thisBlock = blocks.getInductionVar();
      unroller.map[arguments.back()] = {unroller.thisBlock};
      builder.setInsertionPointToStart(blocks.getBody());
    }
    if (failed(unroller.block(body)))
      return failure();
  }
  // Stores past the caches are in no order with others; who is told that this call is
  // done has to see them.
  WalkResult found = program.walk([](tile::StoreOp store) {
    return store.getPastCaches() ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (found.wasInterrupted())
    LLVM::FenceOp::create(builder, loc, LLVM::AtomicOrdering::seq_cst);
  unroller.releaseTiles();
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  if (failed(writeOutShortLoops(kernel)))
    return failure();
  return kernel;
}

} // namespace einfall::cpu
