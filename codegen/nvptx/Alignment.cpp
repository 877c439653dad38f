//===- Alignment.cpp - Which accesses move several elements ---------------===//
#include "codegen/nvptx/Alignment.h"
#include "codegen/common/Held.h"
#include "codegen/common/Unroller.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace einfall::nvptx {
namespace {

/// As much as any access asks for.
constexpr int64_t kMost = 4096;

int64_t powerIn(int64_t number) {
  return number == 0 ? kMost : std::min<int64_t>(kMost, number & -number);
}

/// What an access moves, without the types it is of.
struct Move {
  Value buffer, offset, limit;
  ValueRange strides;
  Type tile;
  bool masked;
};

std::optional<Move> moveOf(Operation *op) {
  if (auto load = dyn_cast<tile::LoadOp>(op))
    return Move{load.getBuffer(),  load.getOffset(),           load.getLimit(),
                load.getStrides(), load.getResult().getType(), load.getWhere() != nullptr};
  if (auto store = dyn_cast<tile::StoreOp>(op))
    return Move{store.getBuffer(),  store.getOffset(),          store.getLimit(),
                store.getStrides(), store.getValue().getType(), store.getWhere() != nullptr};
  return std::nullopt;
}

/// True if lanes load or store elements of an argument.
bool isOfArgument(Operation *op) {
  if (auto gather = dyn_cast<tile::GatherOp>(op))
    return isa<BlockArgument>(gather.getBuffer()) && tile::hasLanes(gather.getResult().getType());
  if (auto scatter = dyn_cast<tile::ScatterOp>(op))
    return isa<BlockArgument>(scatter.getBuffer()) && tile::hasLanes(scatter.getValue().getType());
  std::optional<Move> move = moveOf(op);
  return move && isa<BlockArgument>(move->buffer) && tile::hasLanes(move->tile);
}

int64_t bytesOf(Type tile) {
  return codegen::alignmentOf(codegen::heldType(getElementTypeOrSelf(tile)));
}

bool isOne(Value value) { return getConstantIntValue(value) == 1; }

} // namespace

Alignment::Alignment(func::FuncOp program, int64_t threads) : threads(threads) {
  bool multiplies = false;
  program.walk([&](Operation *op) {
    multiplies |= isa<tile::MmaOp>(op);
    numOuter += isOfArgument(op);
    if (std::optional<Move> move = moveOf(op); move && tile::hasLanes(move->tile) && !move->masked)
      accesses.push_back(op);
  });
  // What copies operands to the block's memory finds out by itself how they lie.
  if (multiplies)
    return;
  int64_t narrowest = kAccessBytes;
  for (Operation *op : accesses)
    if (isa<BlockArgument>(moveOf(op)->buffer))
      narrowest = std::min(narrowest, bytesOf(moveOf(op)->tile));
  longest = kAccessBytes / narrowest;
  if (longest == 1)
    return;
  auto arguments = program.getArguments().drop_back();
  for (BlockArgument argument : arguments)
    if (argument.getType().isIndex())
      multiples.insert(argument.getAsOpaquePointer());
  widths = measure();
  // Of the extents, those that something hangs on.
  for (BlockArgument argument : arguments) {
    if (!multiples.erase(argument.getAsOpaquePointer()))
      continue;
    if (measure() == widths)
      continue;
    multiples.insert(argument.getAsOpaquePointer());
    needed.push_back(argument);
  }
  llvm::SmallPtrSet<void *, 8> buffers;
  int64_t wide = 0;
  for (Operation *op : accesses)
    if (auto buffer = dyn_cast<BlockArgument>(moveOf(op)->buffer); buffer && widths[op] > 1) {
      ++wide;
      if (buffers.insert(buffer.getAsOpaquePointer()).second)
        needed.push_back(buffer);
    }
  // Where most accesses are as before, a second program is code for little.
  if (wide == 0 || 2 * wide < numOuter)
    longest = 1;
  widths = measure();
  program.walk([&](tile::ReduceOp op) {
    if (op.getLimit())
      widths[op] = std::min(longest, divisorOf(op.getLimit()));
  });
}

llvm::DenseMap<Operation *, int64_t> Alignment::measure() {
  known.clear();
  llvm::DenseMap<Operation *, int64_t> result;
  for (Operation *op : accesses)
    result[op] = computeWidth(op);
  return result;
}

int64_t Alignment::computeWidth(Operation *op) {
  Move move = *moveOf(op);
  if (!isOne(move.strides.back()))
    return 1;
  // A thread has no more elements of it.
  int64_t own = cast<RankedTensorType>(move.tile).getShape().back() / threads;
  int64_t width = std::min(powerIn(std::max<int64_t>(1, own)), kAccessBytes / bytesOf(move.tile));
  width = std::min(width, divisorOf(move.offset));
  for (Value stride : move.strides.drop_back())
    width = std::min(width, divisorOf(stride));
  return move.limit ? std::min(width, divisorOf(move.limit)) : width;
}

int64_t Alignment::divisorOf(Value value) {
  if (auto it = known.find(value); it != known.end())
    return it->second;
  known[value] = 1; // what leads back to itself
  int64_t divisor = computeDivisor(value);
  return known[value] = divisor;
}

int64_t Alignment::computeDivisor(Value value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return powerIn(*constant);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (loop && argument == loop.getInductionVar())
      return std::min(divisorOf(loop.getLowerBound()), divisorOf(loop.getStep()));
    return multiples.contains(argument.getAsOpaquePointer()) ? longest : 1;
  }
  auto least = [&](ValueRange values) {
    int64_t divisor = kMost;
    for (Value one : values)
      divisor = std::min(divisor, divisorOf(one));
    return divisor;
  };
  return llvm::TypeSwitch<Operation *, int64_t>(value.getDefiningOp())
      .Case<arith::AddIOp, arith::SubIOp, arith::MinSIOp, arith::MaxSIOp, arith::RemSIOp,
            arith::RemUIOp>([&](Operation *op) { return least(op->getOperands()); })
      .Case([&](arith::SelectOp op) { return least({op.getTrueValue(), op.getFalseValue()}); })
      .Case([&](arith::MulIOp op) {
        return std::min(kMost, divisorOf(op.getLhs()) * divisorOf(op.getRhs()));
      })
      .Case([&](arith::IndexCastOp op) { return divisorOf(op.getIn()); })
      .Case([&](scf::IfOp op) {
        unsigned number = cast<OpResult>(value).getResultNumber();
        return std::min(divisorOf(op.thenYield().getOperand(number)),
                        divisorOf(op.elseYield().getOperand(number)));
      })
      .Default(int64_t(1));
}

} // namespace einfall::nvptx
