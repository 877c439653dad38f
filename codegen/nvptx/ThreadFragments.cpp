//===- ThreadFragments.cpp - Fragments on their way to memory -------------===//
//
// Of eight neighbouring columns of a fragment's row, its four threads hold two each. Elements
// of 32 bits go to memory two by two then: the four of a row write a sector. Of 16 bits
// that would be half of one, so the four exchange words until each has the eight columns of
// every fourth group: 16 bytes.
//
//===----------------------------------------------------------------------===//
#include "codegen/nvptx/ThreadUnroller.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace einfall::nvptx {
using namespace codegen;

namespace {

/// Threads that hold a row of a fragment, and neighbouring columns that they hold of it.
constexpr int64_t kQuad = 4, kGroup = 8;

} // namespace

bool ThreadUnroller::isRowByRow(tile::StoreOp op, const Shape &shape) {
  if (!shape.warpRows || !shape.warpColumns || !shape.lead.empty() ||
      getConstantIntValue(op.getStrides().back()) != 1 ||
      !(shape.unit.isInteger(16) || shape.unit.isF32()))
    return false;
  if (!op.getWhere())
    return true;
  // All columns of a row are stored, or none.
  int64_t columns = shape.columnRegisters();
  Units where = map.lookup(op.getWhere());
  for (int64_t i = 0, e = shape.count(); i < e; ++i)
    if (where[i] != where[i / columns * columns])
      return false;
  return true;
}

Value ThreadUnroller::rowsAreAligned(tile::StoreOp op, const Shape &shape) {
  Type wide = builder.getI64Type();
  int64_t bytes = alignmentOf(shape.unit);
  Value start = address(op.getBuffer(), shape.unit, one(op.getOffset()));
  Value bits = LLVM::PtrToIntOp::create(builder, loc, wide, start);
  Value stride = i64(times(one(op.getStrides().front()), bytes));
  bits = arith::OrIOp::create(builder, loc, bits, stride);
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
  };
  Value low = arith::AndIOp::create(builder, loc, bits, number(kAccessBytes - 1));
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, low, number(0));
}

/// Word i of the four that `words` has, of group i; after it word i is of the quad's thread
/// i, and all four are of the group that has this thread's number.
void ThreadUnroller::transposeInQuad(MutableArrayRef<Value> words) {
  auto isSet = [&](int64_t bit) -> Value {
    Value number = remainder(quotient(thread, bit), 2);
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, number, index(0));
  };
  // Of each two words `bit` apart a thread keeps one, and has the partner's for the other.
  for (int64_t bit : {1, 2}) {
    Value upper = isSet(bit);
    for (int64_t i = 0; i < kQuad; ++i) {
      if (i & bit)
        continue;
      Value low = words[i], high = words[i + bit];
      Value given = exchange32(arith::SelectOp::create(builder, loc, upper, low, high), bit);
      words[i] = arith::SelectOp::create(builder, loc, upper, given, low);
      words[i + bit] = arith::SelectOp::create(builder, loc, upper, high, given);
    }
  }
}

void ThreadUnroller::storeRows(tile::StoreOp op, const Shape &shape) {
  Units units = map.lookup(op.getValue());
  int64_t columns = shape.columnRegisters(), groups = columns / 2;
  bool halves = shape.unit.isInteger(16);
  Value inQuad = remainder(thread, kQuad);
  for (int64_t row = 0; row < shape.rowRegisters(); ++row) {
    Value start = arith::AddIOp::create(
        builder, loc, one(op.getOffset()),
        arith::MulIOp::create(builder, loc, rowOf(shape, row), one(op.getStrides().front())));
    start = arith::AddIOp::create(builder, loc, start, warpColumn(shape));
    auto write = [&](Value group, Value column, ArrayRef<Value> words) {
      Value at = arith::AddIOp::create(builder, loc, start, times(group, kGroup));
      at = arith::AddIOp::create(builder, loc, at, column);
      auto type = VectorType::get(words.size(), words.front().getType());
      Value all = vector::FromElementsOp::create(builder, loc, type, words);
      auto store = [&] {
        LLVM::StoreOp::create(builder, loc, all, address(op.getBuffer(), shape.unit, at),
                              4 * words.size());
      };
      Value where = op.getWhere() ? map.lookup(op.getWhere())[row * columns] : Value();
      where ? guarded(where, store) : store();
    };
    SmallVector<Value> own(ArrayRef(units).slice(row * columns, columns));
    if (!halves) {
      for (int64_t group = 0; group < groups; ++group)
        write(index(group), times(inQuad, 2), ArrayRef(own).slice(2 * group, 2));
      continue;
    }
    SmallVector<Value> words;
    for (int64_t group = 0; group < groups; ++group)
      words.push_back(joinHalves(own[2 * group], own[2 * group + 1], ein::isStrict(op)));
    int64_t whole = groups / kQuad * kQuad;
    for (int64_t group = 0; group < whole; group += kQuad) {
      MutableArrayRef<Value> four = MutableArrayRef(words).slice(group, kQuad);
      transposeInQuad(four);
      write(plus(inQuad, group), index(0), four);
    }
    for (int64_t group = whole; group < groups; ++group)
      write(index(group), times(inQuad, 2), words[group]);
  }
}

} // namespace einfall::nvptx
