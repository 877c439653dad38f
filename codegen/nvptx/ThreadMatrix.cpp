//===- ThreadMatrix.cpp - Fragments, and what multiplies them -------------===//
#include "codegen/common/Held.h"
#include "codegen/nvptx/ThreadUnroller.h"

using namespace mlir;

namespace einfall::nvptx {
using namespace codegen;

namespace {

constexpr int64_t kChunk = 16; // bytes that a thread copies at once

} // namespace

Value ThreadUnroller::plus(Value value, int64_t number) {
  return number == 0 ? value : Value(arith::AddIOp::create(builder, loc, value, index(number)));
}

Value ThreadUnroller::times(Value value, int64_t number) {
  return number == 1 ? value : Value(arith::MulIOp::create(builder, loc, value, index(number)));
}

Value ThreadUnroller::quotient(Value value, int64_t number) {
  return arith::DivUIOp::create(builder, loc, value, index(number));
}

Value ThreadUnroller::remainder(Value value, int64_t number) {
  return arith::RemUIOp::create(builder, loc, value, index(number));
}

/// Where the warp's part of a fragment begins.
Value ThreadUnroller::warpRow(const Shape &shape) {
  return times(quotient(warp, shape.fragment.getColumnWarps()), shape.warpRows);
}

Value ThreadUnroller::warpColumn(const Shape &shape) {
  return times(remainder(warp, shape.fragment.getColumnWarps()), shape.warpColumns);
}

Value ThreadUnroller::rowOf(const Shape &shape, int64_t number) {
  Value own = arith::AddIOp::create(builder, loc, warpRow(shape), quotient(thread, 4));
  return plus(own, number * 8);
}

Value ThreadUnroller::columnOf(const Shape &shape, int64_t number) {
  Value own =
      arith::AddIOp::create(builder, loc, warpColumn(shape), times(remainder(thread, 4), 2));
  return plus(own, number / 2 * 8 + number % 2);
}

Value ThreadUnroller::offsetOf(const Shape &shape, int64_t unit, Value base, ValueRange strides) {
  int64_t n = shape.perPlace(), inside = unit % n;
  Value offset = offsetAt(base, shape.place(unit / n), strides);
  auto add = [&](Value place, Value stride) {
    Value far = builder.createOrFold<arith::MulIOp>(loc, place, one(stride));
    offset = arith::AddIOp::create(builder, loc, offset, far);
  };
  if (shape.lanes)
    add(lane(shape, inside), strides.back());
  if (shape.warpRows)
    add(rowOf(shape, inside / shape.columnRegisters()), strides[shape.lead.size()]);
  if (shape.warpColumns)
    add(columnOf(shape, inside % shape.columnRegisters()), strides.back());
  return offset;
}

Value ThreadUnroller::inSpace(Value pointer, unsigned space) {
  auto type = LLVM::LLVMPointerType::get(builder.getContext(), space);
  return LLVM::AddrSpaceCastOp::create(builder, loc, type, pointer);
}

/// Four matrices of 8 by 8: `free` goes along rows of the left factor or columns of
/// the right one. Of both orders in memory comes the same order in registers.
SmallVector<Value> ThreadUnroller::loadMatrices(Value address, bool transposed) {
  Type i32 = builder.getI32Type();
  auto result = LLVM::LLVMStructType::getLiteral(builder.getContext(), {i32, i32, i32, i32});
  StringRef name = transposed ? "llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.trans.b16"
                              : "llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16";
  Value loaded = callIntrinsic(builder, loc, name, result, inSpace(address, 3));
  SmallVector<Value> values;
  for (int64_t i = 0; i < 4; ++i)
    values.push_back(LLVM::ExtractValueOp::create(builder, loc, loaded, i));
  return values;
}

void ThreadUnroller::mma(tile::MmaOp op) {
  Shape shape(op.getAcc().getType());
  Type element = op.getLhs().getType().getElementType();
  bool bfloat = element.isBF16();
  int64_t rows = shape.warpRows / 16, columns = shape.warpColumns / 16, n = shape.columnRegisters();
  Value matrix = quotient(thread, 8), line = remainder(thread, 8);
  Value low = times(remainder(matrix, 2), 8), high = times(quotient(matrix, 2), 8);

  struct Side {
    Value base;
    int64_t free, deep;
    bool transposed;
  };
  // Of the left factor, registers go along rows first, of the right one along the depth.
  auto side = [&](Value buffer, Value offset, ArrayRef<int64_t> strides, Value part,
                  Value alongFree, Value alongDepth) {
    Side side{{}, strides[0], strides[1], strides[1] != 1};
    Value &moving = side.transposed ? alongDepth : alongFree;
    moving = arith::AddIOp::create(builder, loc, moving, line);
    Value place = arith::AddIOp::create(builder, loc, part, alongFree);
    Value start = arith::AddIOp::create(builder, loc, one(offset), times(place, side.free));
    start = arith::AddIOp::create(builder, loc, start, times(alongDepth, side.deep));
    side.base = address(buffer, heldType(element), start);
    return side;
  };
  Side lhs = side(op.getLhs(), op.getLhsOffset(), op.getLhsStrides(), warpRow(shape), low, high);
  Side rhs = side(op.getRhs(), op.getRhsOffset(), op.getRhsStrides(), warpColumn(shape), high, low);
  auto at = [&](const Side &side, int64_t free, int64_t depth) {
    auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
    int64_t far = 16 * (free * side.free + depth * side.deep);
    Value address = LLVM::GEPOp::create(builder, loc, pointer, heldType(element), side.base,
                                        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(far)});
    return loadMatrices(address, side.transposed);
  };

  Type f32 = builder.getF32Type();
  auto sums = LLVM::LLVMStructType::getLiteral(builder.getContext(), {f32, f32, f32, f32});
  StringRef name =
      bfloat ? "llvm.nvvm.mma.m16n8k16.row.col.bf16" : "llvm.nvvm.mma.m16n8k16.row.col.f32.f32";
  auto factor = [&](Value bits) -> Value {
    if (bfloat)
      return bits;
    return LLVM::BitcastOp::create(builder, loc, VectorType::get(2, builder.getF16Type()), bits);
  };
  Units units = map.lookup(op.getAcc());
  for (int64_t depth = 0; depth < static_cast<int64_t>(op.getDepth()) / 16; ++depth) {
    SmallVector<SmallVector<Value>> left, right;
    for (int64_t i = 0; i < rows; ++i)
      left.push_back(at(lhs, i, depth));
    for (int64_t j = 0; j < columns; ++j)
      right.push_back(at(rhs, j, depth));
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < 2 * columns; ++j) {
        int64_t places[] = {2 * i * n + 2 * j, 2 * i * n + 2 * j + 1, (2 * i + 1) * n + 2 * j,
                            (2 * i + 1) * n + 2 * j + 1};
        SmallVector<Value> operands;
        for (Value value : left[i])
          operands.push_back(factor(value));
        for (int64_t k : {0, 1})
          operands.push_back(factor(right[j / 2][2 * (j % 2) + k]));
        for (int64_t place : places)
          operands.push_back(units[place]);
        Value sum = callIntrinsic(builder, loc, name, sums, operands);
        for (auto [k, place] : llvm::enumerate(places))
          units[place] = LLVM::ExtractValueOp::create(builder, loc, sum, k);
      }
  }
  map[op.getResult()] = units;
}

/// Threads take chunks of rows in turn. Where rows begin at multiples of a chunk they
/// are copied past the registers, else element by element.
void ThreadUnroller::copy(tile::CopyOp op) {
  Type element = heldType(op.getSource().getType().getElementType());
  int64_t bytes = element.getIntOrFloatBitWidth() / 8, perChunk = kChunk / bytes;
  int64_t rows = op.getShape()[0], columns = op.getShape()[1], perRow = columns / perChunk;
  int64_t threads = warps * kWarp, chunks = rows * perRow, turns = (chunks + threads - 1) / threads;
  Value number = arith::AddIOp::create(builder, loc, times(warp, kWarp), thread);
  Value source = address(op.getSource(), element, one(op.getOffset()));
  Value dest = address(op.getDest(), element, one(op.getDestOffset()));
  Value stride = one(op.getStride());
  auto compare = [&](arith::CmpIPredicate predicate, Value a, Value b) -> Value {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  };
  auto far = [&](Value pointer, Value offset) -> Value {
    auto type = LLVM::LLVMPointerType::get(builder.getContext());
    return LLVM::GEPOp::create(builder, loc, type, element, pointer,
                               ArrayRef<LLVM::GEPArg>{i64(offset)});
  };
  struct Place {
    Value row, column, from, to;
  };
  auto placeOf = [&](Value chunk) {
    Place place;
    place.row = quotient(chunk, perRow);
    place.column = times(remainder(chunk, perRow), perChunk);
    place.from = arith::AddIOp::create(
        builder, loc, arith::MulIOp::create(builder, loc, place.row, stride), place.column);
    place.to =
        arith::AddIOp::create(builder, loc, times(place.row, op.getDestStride()), place.column);
    return place;
  };
  auto forTurns = [&](function_ref<void(Value)> inner) {
    for (int64_t turn = 0; turn < turns; ++turn) {
      Value chunk = plus(number, turn * threads);
      if ((turn + 1) * threads <= chunks)
        inner(chunk);
      else
        guarded(compare(arith::CmpIPredicate::slt, chunk, index(chunks)), [&] { inner(chunk); });
    }
  };
  auto bits = [&](Value pointer) -> Value {
    return LLVM::PtrToIntOp::create(builder, loc, builder.getI64Type(), pointer);
  };
  auto number64 = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
  };
  Value steps = arith::MulIOp::create(builder, loc, i64(stride), number64(bytes));
  Value odd = arith::AndIOp::create(
      builder, loc, arith::OrIOp::create(builder, loc, bits(source), steps), number64(kChunk - 1));
  auto aligned = scf::IfOp::create(
      builder, loc, compare(arith::CmpIPredicate::eq, odd, number64(0)), /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(aligned.elseBlock());
  copyElements(op, turns, threads, chunks, perRow);
  builder.setInsertionPointToStart(aligned.thenBlock());
  Value whole = arith::AndIOp::create(
      builder, loc, compare(arith::CmpIPredicate::sge, one(op.getRows()), index(rows)),
      compare(arith::CmpIPredicate::sge, one(op.getColumns()), index(columns)));
  auto branch = scf::IfOp::create(builder, loc, whole, /*withElse=*/true);
  builder.setInsertionPointToStart(branch.thenBlock());
  forTurns([&](Value chunk) {
    Place place = placeOf(chunk);
    callIntrinsic(builder, loc, "llvm.nvvm.cp.async.cg.shared.global.16", {},
                  {inSpace(far(dest, place.to), 3), inSpace(far(source, place.from), 1)});
  });
  builder.setInsertionPointToStart(branch.elseBlock());
  forTurns([&](Value chunk) {
    Place place = placeOf(chunk);
    Value left = arith::SubIOp::create(builder, loc, one(op.getColumns()), place.column);
    left = arith::MaxSIOp::create(builder, loc, left, index(0));
    left = arith::MinSIOp::create(builder, loc, left, index(perChunk));
    Value inside = compare(arith::CmpIPredicate::slt, place.row, one(op.getRows()));
    left = arith::SelectOp::create(builder, loc, inside, left, index(0));
    // What is not read is not pointed at either.
    Value some = compare(arith::CmpIPredicate::sgt, left, index(0));
    Value from = arith::SelectOp::create(builder, loc, some, place.from, index(0));
    Value size = arith::IndexCastOp::create(builder, loc, builder.getI32Type(), times(left, bytes));
    callIntrinsic(builder, loc, "llvm.nvvm.cp.async.cg.shared.global.16.s", {},
                  {inSpace(far(dest, place.to), 3), inSpace(far(source, from), 1), size});
  });
}

/// The same one element after the other, there at once.
void ThreadUnroller::copyElements(tile::CopyOp op, int64_t turns, int64_t threads, int64_t chunks,
                                  int64_t perRow) {
  Type element = heldType(op.getSource().getType().getElementType());
  int64_t perChunk = kChunk / (element.getIntOrFloatBitWidth() / 8);
  Value number = arith::AddIOp::create(builder, loc, times(warp, kWarp), thread);
  auto loop = scf::ForOp::create(builder, loc, number, index(chunks), index(threads));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value chunk = loop.getInductionVar(), row = quotient(chunk, perRow);
  Value first = times(remainder(chunk, perRow), perChunk);
  Value inRow =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, row, one(op.getRows()));
  Value start =
      arith::AddIOp::create(builder, loc, one(op.getOffset()),
                            arith::MulIOp::create(builder, loc, row, one(op.getStride())));
  Value to =
      arith::AddIOp::create(builder, loc, one(op.getDestOffset()), times(row, op.getDestStride()));
  for (int64_t i = 0; i < perChunk; ++i) {
    Value column = plus(first, i);
    Value inside = both(inRow, arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                                     column, one(op.getColumns())));
    unsigned align = alignmentOf(element);
    Value value = guarded(inside, element, [&]() -> Value {
      Value from = arith::AddIOp::create(builder, loc, start, column);
      return LLVM::LoadOp::create(builder, loc, element, address(op.getSource(), element, from),
                                  align);
    });
    Value place = arith::AddIOp::create(builder, loc, to, column);
    LLVM::StoreOp::create(builder, loc, value, address(op.getDest(), element, place), align);
  }
}

} // namespace einfall::nvptx
