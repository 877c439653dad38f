//===- OrderLowering.cpp - ein.topk and ein.sort as tile programs ---------===//
//
// A block orders one fiber, by keys: integers that compare as the elements do,
// every NaN the greatest and -0 equal to +0. Only coordinates move; elements
// are fetched through them, so their bits come out as they went in.
//
// Top-k streams over the fiber once with a heap of the best k coordinates, its
// root the worst of them. Whole vectors of elements that do not beat the root
// are passed over by one comparison. Sorting is by insertion for a few
// elements, else a radix sort by bytes of the key from the lowest up, which is
// stable; a byte in which all keys agree costs one pass over them.
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/ein-to-tile/BlockLowering.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using arith::CmpIPredicate;

namespace einfall {
namespace {

/// At most so many elements are sorted by insertion.
constexpr int64_t kFew = 32;
constexpr int64_t kDigits = 256;

/// A fiber in a buffer.
struct Fiber {
  Value buffer, base, stride;
};

class OrderLowering : BlockLowering {
public:
  OrderLowering(OpBuilder &builder, ein::KernelOp kernel, const TileTarget &target)
      : BlockLowering(builder, kernel, target), op(&kernel.getBody().front().front()) {
    sort = dyn_cast<ein::SortOp>(op);
    topk = dyn_cast<ein::TopKOp>(op);
    dim = sort ? sort.getDim() : topk.getDim();
    element = cast<ein::TensorType>(op->getOperand(0).getType()).getElementType();
    bits = builder.getIntegerType(storageType(element).getIntOrFloatBitWidth());
  }
  FailureOr<func::FuncOp> run(StringRef name);

private:
  // Scalars.
  Value add(Value a, Value b) { return builder.createOrFold<arith::AddIOp>(loc, a, b); }
  Value sub(Value a, Value b) { return builder.createOrFold<arith::SubIOp>(loc, a, b); }
  Value mul(Value a, Value b) { return builder.createOrFold<arith::MulIOp>(loc, a, b); }
  Value is(CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  }
  Value bitsOf(int64_t value) {
    return arith::ConstantOp::create(builder, loc, builder.getIntegerAttr(bits, value));
  }
  Value get(Type type, Value buffer, Value offset) {
    return tile::LoadOp::create(builder, loc, type, buffer, offset, ValueRange(), Value(), Value());
  }
  void put(Value value, Value buffer, Value offset) {
    tile::StoreOp::create(builder, loc, value, buffer, offset, ValueRange(), Value(), Value());
  }
  Value place(const Fiber &fiber, Value at) { return add(fiber.base, mul(at, fiber.stride)); }
  Value getIndex(const Fiber &fiber, Value at) {
    Value value = get(builder.getI64Type(), fiber.buffer, place(fiber, at));
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value);
  }
  void putIndex(Value index, const Fiber &fiber, Value at) {
    put(arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index), fiber.buffer,
        place(fiber, at));
  }
  void each(Value from, Value to, function_ref<void(Value)> body);

  Fiber fiberOf(Value buffer, ein::TensorType type, ArrayRef<Value> dims, unsigned along);
  TileValue keyOf(TileValue raw) { return orderKey(raw, element); }
  Value keyAt(Value at) { return keyOf({get(bits, input.buffer, place(input, at)), 0}).value; }
  void fetch(const Fiber &coordinates);

  void emitTopK();
  void siftDown(Value from, Value size);
  Value offer(Value at, Value worst);
  Value streamVectors(Value from, Value worst, Value &rest);

  void emitSort(const Fiber &scratch);
  void insertionSort(const Fiber &scratch);
  Value radixSort(const Fiber &scratch);
  Value radixPass(const Fiber &scratch, Value from, Value to, Value shift, Value counters);
  Value digitOf(Value key, Value shift);

  Operation *op;
  ein::SortOp sort; // one of the two
  ein::TopKOp topk;
  unsigned dim;
  Type element;
  IntegerType bits; // of elements and keys
  Value extent;
  Fiber input, values, indices;
};

/// Runs `body` for [from, to).
void OrderLowering::each(Value from, Value to, function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(builder, loc, from, to, constant(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

Fiber OrderLowering::fiberOf(Value buffer, ein::TensorType type, ArrayRef<Value> dims,
                             unsigned along) {
  Access access = accessAll(type, symbols);
  return {buffer, expand(access.offset, dims), expand(access.stride(along), dims)};
}

/// Writes the results for the coordinates that were found.
void OrderLowering::fetch(const Fiber &coordinates) {
  Value count = topk ? constant(topk.getK()) : extent;
  each(constant(0), count, [&](Value i) {
    Value from = getIndex(coordinates, i);
    if (sort)
      putIndex(from, indices, i);
    put(get(bits, input.buffer, place(input, from)), values.buffer, place(values, i));
  });
}

//===----------------------------------------------------------------------===//
// topk
//===----------------------------------------------------------------------===//

/// Moves the entry at `from` of the heap in `indices` down to its place among
/// the first `size`. Each entry is worse than both below it: of a lower key, or
/// of the same and a higher coordinate.
void OrderLowering::siftDown(Value from, Value size) {
  Value entry = getIndex(indices, from), key = keyAt(entry);
  auto worse = [&](Value keyA, Value a, Value keyB, Value b) -> Value {
    Value lower = is(CmpIPredicate::slt, keyA, keyB), equal = is(CmpIPredicate::eq, keyA, keyB);
    Value tie = arith::AndIOp::create(builder, loc, equal, is(CmpIPredicate::sgt, a, b));
    return arith::OrIOp::create(builder, loc, lower, tie);
  };
  Type index = builder.getIndexType(), truth = builder.getI1Type();
  Value two = constant(2), one = constant(1);
  // Carried: where the hole is, and whether the entry may still move down.
  Value yes = arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true));
  auto loop = scf::WhileOp::create(builder, loc, TypeRange{index, truth}, ValueRange{from, yes});
  OpBuilder::InsertionGuard guard(builder);
  Block *before = builder.createBlock(&loop.getBefore(), {}, {index, truth}, {loc, loc});
  Value child = add(mul(before->getArgument(0), two), one);
  Value more = arith::AndIOp::create(builder, loc, before->getArgument(1),
                                     is(CmpIPredicate::slt, child, size));
  scf::ConditionOp::create(builder, loc, more, before->getArguments());

  Block *after = builder.createBlock(&loop.getAfter(), {}, {index, truth}, {loc, loc});
  Value hole = after->getArgument(0);
  Value left = add(mul(hole, two), one), last = sub(size, one);
  Value right = arith::MinSIOp::create(builder, loc, add(left, one), last);
  Value a = getIndex(indices, left), b = getIndex(indices, right);
  Value keyA = keyAt(a), keyB = keyAt(b), takeB = worse(keyB, b, keyA, a);
  auto pick = [&](Value x, Value y) -> Value {
    return arith::SelectOp::create(builder, loc, takeB, x, y);
  };
  Value below = pick(b, a), keyBelow = pick(keyB, keyA), whence = pick(right, left);
  Value moves = worse(keyBelow, below, key, entry);
  putIndex(arith::SelectOp::create(builder, loc, moves, below, entry), indices, hole);
  scf::YieldOp::create(
      builder, loc, ValueRange{arith::SelectOp::create(builder, loc, moves, whence, hole), moves});
  builder.setInsertionPointAfter(loop);
  putIndex(entry, indices, loop.getResult(0));
}

/// Replaces the root by coordinate `at` if that beats the key `worst` there;
/// returns the root's key. Of equal keys the lower coordinate, which came
/// before, stays.
Value OrderLowering::offer(Value at, Value worst) {
  Value better = is(CmpIPredicate::sgt, keyAt(at), worst);
  auto branch = scf::IfOp::create(builder, loc, TypeRange(bits), better, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  putIndex(at, indices, constant(0));
  siftDown(constant(0), constant(topk.getK()));
  scf::YieldOp::create(builder, loc, keyAt(getIndex(indices, constant(0))));
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, worst);
  return branch.getResult(0);
}

/// Offers coordinates from `from` on by whole vectors; `rest` is where they end.
Value OrderLowering::streamVectors(Value from, Value worst, Value &rest) {
  int64_t lanes = 4 * target.lanesOf(bits.getWidth() / 8);
  Value count = sub(extent, from), size = constant(lanes);
  rest = sub(extent, arith::RemUIOp::create(builder, loc, count, size));
  auto loop = scf::ForOp::create(builder, loc, from, rest, size, worst);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  tiles.space.sizes = {lanes};
  tiles.space.ranks = {dim};
  tiles.space.lanes = true;
  Value start = loop.getInductionVar(), root = loop.getRegionIterArgs()[0];
  Value loaded =
      tile::LoadOp::create(builder, loc, tiles.space.type(1, bits), input.buffer,
                           place(input, start), ValueRange{constant(1)}, Value(), Value());
  TileValue better = compare(CmpIPredicate::sgt, keyOf({loaded, 1}), {root, 0});
  Value any = tile::ReduceOp::create(builder, loc, builder.getI1Type(), better.value,
                                     builder.getStringAttr("or"));
  auto branch = scf::IfOp::create(builder, loc, TypeRange(bits), any, /*withElse=*/true);
  builder.setInsertionPointToStart(branch.thenBlock());
  auto inner = scf::ForOp::create(builder, loc, start, add(start, size), constant(1), root);
  scf::YieldOp::create(builder, loc, inner.getResults());
  builder.setInsertionPointToStart(inner.getBody());
  scf::YieldOp::create(builder, loc, offer(inner.getInductionVar(), inner.getRegionIterArgs()[0]));
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, root);
  builder.setInsertionPointToEnd(loop.getBody());
  scf::YieldOp::create(builder, loc, branch.getResults());
  return loop.getResult(0);
}

void OrderLowering::emitTopK() {
  Value zero = constant(0), one = constant(1), k = constant(topk.getK());
  each(zero, k, [&](Value i) { putIndex(i, indices, i); });
  Value half = constant(topk.getK() / 2);
  each(zero, half, [&](Value i) { siftDown(sub(sub(half, one), i), k); });
  Value worst = keyAt(getIndex(indices, zero)), from = k;
  if (dim + 1 == extents.size())
    worst = streamVectors(k, worst, from);
  auto loop = scf::ForOp::create(builder, loc, from, extent, one, worst);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(builder, loc, offer(loop.getInductionVar(), loop.getRegionIterArgs()[0]));
  }
  // The worst of what is left goes to the end, until all are in order.
  each(zero, sub(k, one), [&](Value i) {
    Value last = sub(sub(k, one), i), root = getIndex(indices, zero);
    putIndex(getIndex(indices, last), indices, zero);
    putIndex(root, indices, last);
    siftDown(zero, last);
  });
  fetch(indices);
}

//===----------------------------------------------------------------------===//
// sort
//===----------------------------------------------------------------------===//

void OrderLowering::insertionSort(const Fiber &scratch) {
  Type index = builder.getIndexType();
  Value zero = constant(0), one = constant(1);
  each(one, extent, [&](Value i) {
    Value entry = getIndex(scratch, i), key = keyAt(entry);
    auto loop = scf::WhileOp::create(builder, loc, TypeRange{index}, ValueRange{i});
    OpBuilder::InsertionGuard guard(builder);
    Block *before = builder.createBlock(&loop.getBefore(), {}, {index}, {loc});
    Value hole = before->getArgument(0);
    Value left = arith::MaxSIOp::create(builder, loc, sub(hole, one), zero);
    Value other = keyAt(getIndex(scratch, left));
    // Equal ones keep their order.
    Value after = is(sort.getDescending() ? CmpIPredicate::slt : CmpIPredicate::sgt, other, key);
    Value more = arith::AndIOp::create(builder, loc, is(CmpIPredicate::sgt, hole, zero), after);
    scf::ConditionOp::create(builder, loc, more, ValueRange{hole});
    Block *body = builder.createBlock(&loop.getAfter(), {}, {index}, {loc});
    Value from = sub(body->getArgument(0), one);
    putIndex(getIndex(scratch, from), scratch, body->getArgument(0));
    scf::YieldOp::create(builder, loc, from);
    builder.setInsertionPointAfter(loop);
    putIndex(entry, scratch, loop.getResult(0));
  });
}

Value OrderLowering::digitOf(Value key, Value shift) {
  // The lowest key has all bits 0, of a descending order the highest.
  APInt flips = APInt::getSignedMinValue(bits.getWidth());
  if (sort.getDescending())
    flips.flipAllBits();
  Value mask = arith::ConstantOp::create(builder, loc, builder.getIntegerAttr(bits, flips));
  Value digit = arith::XOrIOp::create(builder, loc, key, mask);
  digit = arith::ShRUIOp::create(builder, loc, digit, shift);
  digit = arith::AndIOp::create(builder, loc, digit, bitsOf(bits.getWidth() == 8 ? -1 : 255));
  return arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(), digit);
}

/// Moves coordinates from `from` to `to` in order of one digit. False if all
/// have the same, and nothing moved.
Value OrderLowering::radixPass(const Fiber &scratch, Value from, Value to, Value shift,
                               Value counters) {
  Value zero = constant(0), one = constant(1);
  Fiber counts{counters, zero, one};
  auto count = [&](Value digit) -> Value {
    Value old = getIndex(counts, digit);
    putIndex(add(old, one), counts, digit);
    return old;
  };
  each(zero, constant(kDigits), [&](Value i) { putIndex(zero, counts, i); });
  each(zero, extent, [&](Value i) { count(digitOf(keyAt(i), shift)); });
  Value first = getIndex(counts, digitOf(keyAt(zero), shift));
  Value differ = is(CmpIPredicate::ne, first, extent);
  auto branch = scf::IfOp::create(builder, loc, differ, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  auto loop = scf::ForOp::create(builder, loc, zero, constant(kDigits), one, zero);
  {
    OpBuilder::InsertionGuard inner(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value number = getIndex(counts, loop.getInductionVar()), sum = loop.getRegionIterArgs()[0];
    putIndex(sum, counts, loop.getInductionVar());
    scf::YieldOp::create(builder, loc, add(sum, number));
  }
  each(zero, extent, [&](Value i) {
    Value entry = getIndex(scratch, add(from, i));
    putIndex(entry, scratch, add(to, count(digitOf(keyAt(entry), shift))));
  });
  return differ;
}

/// Returns which half of `scratch` holds the coordinates in order.
Value OrderLowering::radixSort(const Fiber &scratch) {
  Type type = MemRefType::get({kDigits}, builder.getI64Type());
  Value counters = tile::LocalOp::create(builder, loc, type);
  Value passes = constant(bits.getWidth() / 8), zero = constant(0);
  auto loop = scf::ForOp::create(builder, loc, zero, passes, constant(1), ValueRange{zero, extent});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value shift = mul(loop.getInductionVar(), constant(8));
  shift = arith::IndexCastOp::create(builder, loc, bits, shift);
  Value from = loop.getRegionIterArgs()[0], to = loop.getRegionIterArgs()[1];
  Value moved = radixPass(scratch, from, to, shift, counters);
  auto pick = [&](Value a, Value b) -> Value {
    return arith::SelectOp::create(builder, loc, moved, a, b);
  };
  scf::YieldOp::create(builder, loc, ValueRange{pick(to, from), pick(from, to)});
  return loop.getResult(0);
}

void OrderLowering::emitSort(const Fiber &scratch) {
  each(constant(0), extent, [&](Value i) { putIndex(i, scratch, i); });
  Value few = is(CmpIPredicate::sle, extent, constant(kFew));
  auto branch = scf::IfOp::create(builder, loc, TypeRange(builder.getIndexType()), few, true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    insertionSort(scratch);
    scf::YieldOp::create(builder, loc, constant(0));
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, loc, radixSort(scratch));
  }
  fetch({scratch.buffer, add(scratch.base, branch.getResult(0)), scratch.stride});
}

FailureOr<func::FuncOp> OrderLowering::run(StringRef name) {
  auto typeOf = [](Value value) { return cast<ein::TensorType>(value.getType()); };
  ein::TensorType type = typeOf(op->getOperand(0));
  llvm::append_range(extents, type.getShape());
  schedule.ranks.resize(extents.size());
  for (unsigned rank = 0; rank < extents.size(); ++rank)
    if (rank != dim)
      schedule.order.push_back(rank);
  OpBuilder::InsertionGuard guard(builder);
  func::FuncOp program = begin(name);
  AffineExpr work = symbols.expr(extents[dim]) * (sort ? 32 : 1);
  AffineExpr grid = placeBlock(program.getArguments().back(), work);
  if (topk && topk.getK() == 0) {
    finish(program, builder.getAffineConstantExpr(0), work);
    return program;
  }
  at[dim] = constant(0);
  extent = extentOf(dim);
  input = fiberOf(buffers[0], type, at, dim);
  values = fiberOf(outputs[0], typeOf(kernel.getResult(0)), at, dim);
  indices = fiberOf(outputs[1], typeOf(kernel.getResult(1)), at, dim);
  if (topk) {
    emitTopK();
  } else {
    // Fibers of coordinates lie one behind the other.
    SmallVector<Value> dims;
    for (unsigned rank : schedule.order)
      dims.push_back(at[rank]);
    dims.push_back(at[dim]);
    emitSort(fiberOf(outputs[2], typeOf(kernel.getResult(2)), dims, dims.size() - 1));
  }
  finish(program, grid, work);
  return program;
}

} // namespace

FailureOr<func::FuncOp> lowerOrder(OpBuilder &builder, ein::KernelOp kernel, StringRef name,
                                   const TileTarget &target) {
  return OrderLowering(builder, kernel, target).run(name);
}

} // namespace einfall
