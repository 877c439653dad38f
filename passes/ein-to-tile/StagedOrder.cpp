//===- StagedOrder.cpp - The k best of chunk after chunk ------------------===//
#include "passes/ein-to-tile/StagedLowering.h"

using namespace mlir;

namespace einfall {

namespace {
/// A list of the best elements of a row, and its coordinates, best ones first.
struct BestList {
  OpBuilder &builder;
  Location loc;
  Value values, places;                               // memory
  Value firstValue, valueStep, firstPlace, placeStep; // offsets
  IntegerType bits;

  Value offset(Value first, Value step, Value at) {
    Value moved = builder.createOrFold<arith::MulIOp>(loc, at, step);
    return builder.createOrFold<arith::AddIOp>(loc, first, moved);
  }
  Value get(Type type, Value memory, Value at) {
    return tile::LoadOp::create(builder, loc, type, memory, at, ValueRange(), Value(), Value());
  }
  void put(Value value, Value memory, Value at) {
    tile::StoreOp::create(builder, loc, value, memory, at, ValueRange(), Value(), Value());
  }
  Value value(Value at) { return get(bits, values, offset(firstValue, valueStep, at)); }
  void set(Value at, Value value, Value place) {
    put(value, values, offset(firstValue, valueStep, at));
    put(place, places, offset(firstPlace, placeStep, at));
  }
  void move(Value from, Value to) {
    set(to, value(from), get(builder.getI64Type(), places, offset(firstPlace, placeStep, from)));
  }
};
} // namespace

/// Offers the chunk's elements of each row to the list of the best before. They
/// come in order of their coordinates, so of equal ones the first is in front,
/// and the list holds as many as have come, up to k.
void StagedLowering::emitOrder(ein::TopKOp op) {
  tiles.space = TileSpace();
  schedule.lanes = -1;
  unsigned dim = op.getDim(), rank = op.getInput().getType().getRank();
  Type element = op.getInput().getType().getElementType(), index = builder.getIndexType();
  auto bits = builder.getIntegerType(storageType(element).getIntOrFloatBitWidth());
  OpBuilder::InsertionGuard guard(builder);
  Operation *after = builder.create(OperationState(loc, tile::BarrierOp::getOperationName()));
  builder.setInsertionPoint(after);
  SmallVector<Value> row(rank);
  const Box &chunk = boxes.find(op.getOrderedRank())->second;
  Value zero = constant(0), one = constant(1), k = constant(op.getK()),
        last = constant(op.getK() - 1);
  for (unsigned i = 0; i < rank; ++i) {
    if (i == dim)
      continue;
    const Box &box = boxes.find(op.getRankName(i))->second;
    auto rows = scf::ForOp::create(builder, loc, box.begin, box.end, one);
    rows->setAttr(tile::kParallel, builder.getUnitAttr());
    builder.setInsertionPointToStart(rows.getBody());
    row[i] = rows.getInductionVar();
  }
  auto reach = [&](Value tensor, Value at) {
    Access access =
        accessAll(cast<ein::TensorType>(tensor.getType()), symbols, &localOf(tensor).layout);
    SmallVector<Value> dims(row);
    dims[dim] = at;
    return std::pair(expand(access.offset, dims), expand(access.stride(dim), dims));
  };
  BestList list{builder, loc, bufferOf(op.getBest()[0]), bufferOf(op.getBest()[1]), {}, {}, {},
                {},      bits};
  std::tie(list.firstValue, list.valueStep) = reach(op.getBest()[0], zero);
  std::tie(list.firstPlace, list.placeStep) = reach(op.getBest()[1], zero);
  auto [first, step] = reach(op.getInput(), chunk.begin);
  Value input = bufferOf(op.getInput());
  auto keyOf = [&](Value raw) { return orderKey({raw, 0}, element).value; };
  auto is = [&](arith::CmpIPredicate predicate, Value a, Value b) -> Value {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  };
  using arith::CmpIPredicate;
  Value worst = keyOf(list.value(last));
  auto loop = scf::ForOp::create(builder, loc, chunk.begin, chunk.end, one, worst);
  builder.setInsertionPointToStart(loop.getBody());
  Value place = loop.getInductionVar();
  Value number = arith::SubIOp::create(builder, loc, place, chunk.begin);
  Value raw = list.get(bits, input, list.offset(first, step, number)), key = keyOf(raw);
  Value takes = arith::OrIOp::create(builder, loc, is(CmpIPredicate::slt, place, k),
                                     is(CmpIPredicate::sgt, key, loop.getRegionIterArgs()[0]));
  auto branch = scf::IfOp::create(builder, loc, TypeRange(bits), takes, /*withElse=*/true);
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, loop.getRegionIterArgs()[0]);
  builder.setInsertionPointToStart(branch.thenBlock());
  Value end = arith::MinSIOp::create(builder, loc, place, last);
  auto search = scf::WhileOp::create(builder, loc, TypeRange{index}, ValueRange{end});
  {
    OpBuilder::InsertionGuard inner(builder);
    Block *before = builder.createBlock(&search.getBefore(), {}, {index}, {loc});
    Value hole = before->getArgument(0);
    Value left = arith::SubIOp::create(builder, loc, hole, one);
    left = arith::MaxSIOp::create(builder, loc, left, zero);
    Value beats = is(CmpIPredicate::sgt, key, keyOf(list.value(left)));
    Value more = arith::AndIOp::create(builder, loc, is(CmpIPredicate::sgt, hole, zero), beats);
    scf::ConditionOp::create(builder, loc, more, ValueRange{hole});
    Block *after = builder.createBlock(&search.getAfter(), {}, {index}, {loc});
    Value from = arith::SubIOp::create(builder, loc, after->getArgument(0), one);
    list.move(from, after->getArgument(0));
    scf::YieldOp::create(builder, loc, from);
  }
  list.set(search.getResult(0), raw,
           arith::IndexCastOp::create(builder, loc, builder.getI64Type(), place));
  scf::YieldOp::create(builder, loc, keyOf(list.value(last)));
  builder.setInsertionPointAfter(branch);
  scf::YieldOp::create(builder, loc, branch.getResults());
}

} // namespace einfall
