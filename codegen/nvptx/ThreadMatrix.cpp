//===- ThreadMatrix.cpp - Fragments, and what multiplies them -------------===//
#include "codegen/common/Held.h"
#include "codegen/nvptx/ThreadUnroller.h"
#include "lib/Layout/Banks.h"
#include "lib/Layout/Fragments.h"

using namespace mlir;

namespace einfall::nvptx {
using namespace codegen;

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

Value ThreadUnroller::ofLane(const layout::LinearLayout &map, StringRef out) {
  auto scaleOf = [&](unsigned bit) { return map.basis(layout::dimLane, bit, out); };
  unsigned begin = 0, end = layout::warpBits;
  while (begin < end && scaleOf(begin) == 0)
    ++begin;
  while (begin < end && scaleOf(end - 1) == 0)
    --end;
  assert(begin < end && "lanes do not tell this coordinate");
  for (unsigned bit = begin; bit < end; ++bit)
    assert(scaleOf(bit) == scaleOf(begin) << (bit - begin) && "lanes are no run of bits");
  Value bits = begin ? quotient(thread, int64_t(1) << begin) : thread;
  if (end < layout::warpBits)
    bits = remainder(bits, int64_t(1) << (end - begin));
  return times(bits, scaleOf(begin));
}

Value ThreadUnroller::rowOf(const Shape &shape, int64_t number) {
  Value own =
      arith::AddIOp::create(builder, loc, warpRow(shape), ofLane(layout::mmaAccumulator(), "m"));
  return plus(own, Shape::rowFar(number));
}

Value ThreadUnroller::columnOf(const Shape &shape, int64_t number) {
  Value own =
      arith::AddIOp::create(builder, loc, warpColumn(shape), ofLane(layout::mmaAccumulator(), "n"));
  return plus(own, Shape::columnFar(number));
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

Value ThreadUnroller::partOf(tile::FactorAttr factor, int64_t part) {
  int64_t columnWarps = factor.getColumnWarps();
  return times(factor.getLeft() ? quotient(warp, columnWarps) : remainder(warp, columnWarps), part);
}

Value ThreadUnroller::inSpace(Value pointer, unsigned space) {
  auto type = LLVM::LLVMPointerType::get(builder.getContext(), space);
  return LLVM::AddrSpaceCastOp::create(builder, loc, type, pointer);
}

/// By four matrices of 8 by 8 at once. Of a left factor, registers go along the free
/// dimension first, of a right one along the depth. Where the depth is not contiguous,
/// the instruction transposes.
void ThreadUnroller::loadFactor(tile::LoadFactorOp op) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  if (type.getElementType().isF32())
    return loadWideFactor(op);
  tile::FactorAttr factor = tile::factorOf(type);
  int64_t freeStride = op.getStrides()[0], depthStride = op.getStrides()[1];
  bool transposed = depthStride != 1;
  int64_t part =
      type.getDimSize(0) / (factor.getLeft() ? factor.getRowWarps() : factor.getColumnWarps());
  Value own = partOf(factor, part);
  const layout::LinearLayout addresses = layout::matrixAddresses(2);
  Value matrix = ofLane(addresses, "matrix"), line = ofLane(addresses, "row");
  Value alongFree = times(remainder(matrix, 2), 8), alongDepth = times(quotient(matrix, 2), 8);
  // Of a right factor it is two instructions' registers, the next eight columns behind the depth.
  const bool left = factor.getLeft();
  const layout::LinearLayout held =
      left ? layout::mmaA(16)
           : layout::mmaB(16) * layout::LinearLayout::identity(1, layout::dimRegister, "n");
  if (held.basis(layout::dimRegister, 1, left ? "m" : "n") == 0)
    std::swap(alongFree, alongDepth);
  Value &moving = transposed ? alongDepth : alongFree;
  moving = arith::AddIOp::create(builder, loc, moving, line);
  Value place = arith::AddIOp::create(
      builder, loc, times(arith::AddIOp::create(builder, loc, own, alongFree), freeStride),
      times(alongDepth, depthStride));
  Type element = heldType(type.getElementType()), i32 = builder.getI32Type();
  Value base = address(op.getBuffer(), element,
                       arith::AddIOp::create(builder, loc, one(op.getOffset()), place));
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto result = LLVM::LLVMStructType::getLiteral(builder.getContext(), {i32, i32, i32, i32});
  StringRef name = transposed ? "llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.trans.b16"
                              : "llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16";
  Units units;
  for (int64_t depth = 0; depth < type.getDimSize(1); depth += 16)
    for (int64_t free = 0; free < part; free += 16) {
      auto far = static_cast<int32_t>(free * freeStride + depth * depthStride);
      Value from =
          LLVM::GEPOp::create(builder, loc, pointer, element, base, ArrayRef<LLVM::GEPArg>{far});
      Value four = callIntrinsic(builder, loc, name, result, inSpace(from, 3));
      for (int64_t i = 0; i < 4; ++i)
        units.push_back(LLVM::ExtractValueOp::create(builder, loc, four, i));
    }
  map[op.getResult()] = units;
}

/// The registers of two neighbouring columns of a sum are one of the factor's.
void ThreadUnroller::asFactor(tile::AsFactorOp op) {
  Shape shape(op.getSource().getType());
  auto type = cast<RankedTensorType>(op.getResult().getType());
  Type element = type.getElementType();
  bool rounds = getElementTypeOrSelf(op.getSource().getType()) != element;
  Units source = map.lookup(op.getSource()), units;
  int64_t n = shape.columnRegisters(), first = op.getFrom() / 4;
  auto pair = [&](int64_t at) -> Value {
    Value low = source[at], high = source[at + 1];
    Type i32 = builder.getI32Type();
    if (rounds && element.isBF16()) {
      auto two = VectorType::get(2, element);
      Value both = callIntrinsic(builder, loc, "llvm.nvvm.ff2bf16x2.rn", two, {high, low});
      return LLVM::BitcastOp::create(builder, loc, i32, both);
    }
    if (rounds) {
      low = narrowHeld(builder, loc, low, element);
      high = narrowHeld(builder, loc, high, element);
    }
    Value half = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(16));
    high =
        arith::ShLIOp::create(builder, loc, arith::ExtUIOp::create(builder, loc, i32, high), half);
    return arith::OrIOp::create(builder, loc, high, arith::ExtUIOp::create(builder, loc, i32, low));
  };
  for (int64_t depth = 0; depth < type.getDimSize(1) / 16; ++depth)
    for (int64_t row = 0; row < shape.rowRegisters(); row += 2)
      for (int64_t half = 0; half < 2; ++half)
        for (int64_t below = 0; below < 2; ++below)
          units.push_back(pair((row + below) * n + first + 4 * depth + 2 * half));
  map[op.getResult()] = units;
}

void ThreadUnroller::mma(tile::MmaOp op) {
  Shape shape(op.getAcc().getType());
  auto type = cast<RankedTensorType>(op.getLhs().getType());
  if (type.getElementType().isF32())
    return multiplyWide(op);
  bool bfloat = type.getElementType().isBF16();
  int64_t rows = shape.warpRows / 16, columns = shape.warpColumns / 16, n = shape.columnRegisters();
  Type f32 = builder.getF32Type();
  auto sums = LLVM::LLVMStructType::getLiteral(builder.getContext(), {f32, f32, f32, f32});
  StringRef name =
      bfloat ? "llvm.nvvm.mma.m16n8k16.row.col.bf16" : "llvm.nvvm.mma.m16n8k16.row.col.f32.f32";
  auto factor = [&](Value bits) -> Value {
    if (bfloat)
      return bits;
    return LLVM::BitcastOp::create(builder, loc, VectorType::get(2, builder.getF16Type()), bits);
  };
  Units units = map.lookup(op.getAcc()), left = map.lookup(op.getLhs());
  Units right = map.lookup(op.getRhs());
  for (int64_t depth = 0; depth < type.getDimSize(1) / 16; ++depth)
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < 2 * columns; ++j) {
        int64_t first = 2 * i * n + 2 * j;
        int64_t places[] = {first, first + 1, first + n, first + n + 1};
        SmallVector<Value> operands;
        for (int64_t k = 0; k < 4; ++k)
          operands.push_back(factor(left[4 * (depth * rows + i) + k]));
        for (int64_t k = 0; k < 2; ++k)
          operands.push_back(factor(right[4 * (depth * columns + j / 2) + 2 * (j % 2) + k]));
        for (int64_t place : places)
          operands.push_back(units[place]);
        Value sum = callIntrinsic(builder, loc, name, sums, operands);
        for (auto [k, place] : llvm::enumerate(places))
          units[place] = LLVM::ExtractValueOp::create(builder, loc, sum, k);
      }
  map[op.getResult()] = units;
}

void ThreadUnroller::isAligned(tile::IsAlignedOp op) {
  map[op.getResult()] = {beginsRuns(op.getBuffer(), op.getOffset(), op.getStrides())};
}

Value ThreadUnroller::beginsRuns(TypedValue<MemRefType> buffer, Value offset, ValueRange steps) {
  Type element = heldType(buffer.getType().getElementType());
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
  };
  Value bytes = number(alignmentOf(element));
  Value odd = LLVM::PtrToIntOp::create(builder, loc, builder.getI64Type(),
                                       address(buffer, element, one(offset)));
  for (Value step : steps)
    odd = arith::OrIOp::create(builder, loc, odd,
                               arith::MulIOp::create(builder, loc, i64(one(step)), bytes));
  odd = arith::AndIOp::create(builder, loc, odd, number(kAccessBytes - 1));
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, odd, number(0));
}

/// Threads take chunks of rows in turn. There is no branch, so that the copies can go
/// on among other work: of what is missing, 0 bytes are read.
void ThreadUnroller::copy(tile::CopyOp op) {
  if (!op.getAligned())
    return copyElements(op);
  Type element = heldType(op.getSource().getType().getElementType());
  int64_t bytes = alignmentOf(element), perChunk = kAccessBytes / bytes;
  int64_t rows = op.getShape()[0], perRow = op.getShape()[1] / perChunk, threads = warps * kWarp;
  Value number = arith::AddIOp::create(builder, loc, times(warp, kWarp), thread);
  Value source = address(op.getSource(), element, one(op.getOffset()));
  Value dest = address(op.getDest(), element, one(op.getDestOffset()));
  auto below = [&](Value a, Value b) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b);
  };
  // Bytes that exist of the chunk that begins at `column`.
  auto bytesAt = [&](Value column) -> Value {
    Value left = arith::SubIOp::create(builder, loc, one(op.getColumns()), column);
    left = arith::MaxSIOp::create(builder, loc, left, index(0));
    left = arith::MinSIOp::create(builder, loc, left, index(perChunk));
    return arith::IndexCastOp::create(builder, loc, builder.getI32Type(), times(left, bytes));
  };
  auto move = [&](Value to, Value at, Value size) {
    SmallVector<Value> operands = {inSpace(to, 3), inSpace(at, 1)};
    if (size)
      operands.push_back(size);
    callIntrinsic(builder, loc,
                  size ? "llvm.nvvm.cp.async.cg.shared.global.16.s"
                       : "llvm.nvvm.cp.async.cg.shared.global.16",
                  {}, operands);
  };
  Value none = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(0));
  // Of a whole number of rows a turn, all of a thread's chunks lie in one column, and each is as
  // far from the one before. A warp alone, which waits for memory, is 1.05 times as fast with all
  // addresses in registers, for which it has room.
  const bool isEven = warps > 1 && threads % perRow == 0;
  Value at, to, left, size, apart;
  for (int64_t first = 0; first < rows * perRow; first += threads) {
    if (!isEven || first == 0) {
      Value row = quotient(plus(number, first), perRow);
      Value column = times(remainder(plus(number, first), perRow), perChunk);
      at = from(source, element,
                arith::AddIOp::create(builder, loc,
                                      arith::MulIOp::create(builder, loc, row, one(op.getStride())),
                                      column));
      to = from(dest, element,
                arith::AddIOp::create(builder, loc, times(row, op.getDestStride()), column));
      if (op.getRows()) {
        size = bytesAt(column);
        left = arith::SubIOp::create(builder, loc, one(op.getRows()), row);
      }
      if (isEven)
        apart = times(one(op.getStride()), threads / perRow);
    }
    const int64_t turn = isEven ? first / perRow : 0; // rows behind the first
    if (turn)
      at = from(at, element, apart);
    Value place = turn ? from(to, element, index(turn * op.getDestStride())) : to;
    Value given = size;
    if (size)
      given = arith::SelectOp::create(builder, loc, below(index(turn), left), size, none);
    if (first + threads <= rows * perRow)
      move(place, at, given);
    else
      guarded(below(plus(number, first), index(rows * perRow)), [&] { move(place, at, given); });
  }
}

/// The same one element after the other, there at once.
void ThreadUnroller::copyElements(tile::CopyOp op) {
  Type element = heldType(op.getSource().getType().getElementType());
  int64_t perChunk = kAccessBytes / alignmentOf(element), perRow = op.getShape()[1] / perChunk;
  int64_t chunks = op.getShape()[0] * perRow, threads = warps * kWarp;
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
