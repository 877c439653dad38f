//===- MatrixTiles.cpp - Products by AMX ----------------------------------===//
//
// Eight registers of up to 16 rows of 64 bytes, whose sizes are set before they are used. Tiles 0
// to 3 are sums (16 rows by 16 columns each), 4 and 5 rows of the left factor, 6 and 7 of the right
// one. All of `tile.multiply` is one function of the module for each kind of product, so that its
// code is there once; it sets sizes only where they are others than the last call's.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/Held.h"
#include "codegen/cpu/Unroller.h"

using namespace mlir;

namespace einfall::cpu {
using namespace codegen;

namespace {

/// Rows of a register, bytes of one of them, and groups of 32 bits there.
constexpr int64_t kRows = 16, kBytes = 64, kGroups = 16;
/// Lines that one request brings.
constexpr int64_t kTogether = 4;
/// Of what describes sizes to the machine: where bytes of rows (16 bits each) and numbers of rows
/// (8 bits each) of the registers are.
constexpr int64_t kConfigBytes = 64, kColumnsAt = 16, kRowsAt = 48;
/// Behind it: sizes as one number, 0 before the first ones are set.
constexpr int64_t kKeyAt = kConfigBytes, kStateBytes = 128;

/// Writes the function.
class TileCode {
public:
  TileCode(OpBuilder &builder, Location loc, int64_t columns, StringRef product)
      : builder(builder), loc(loc), columns(columns / kRows), product(product) {}

  void write(LLVM::LLVMFuncOp function) {
    Block *entry = function.addEntryBlock(builder);
    builder.setInsertionPointToStart(entry);
    sums = {entry->getArgument(0), entry->getArgument(1)};
    left = {entry->getArgument(2), entry->getArgument(3)};
    right = {entry->getArgument(4), entry->getArgument(5)};
    rows = entry->getArgument(6);
    Value groups = entry->getArgument(7);
    fresh = entry->getArgument(8);
    ahead = entry->getArgument(9);
    aheadLines = entry->getArgument(10);
    next = {entry->getArgument(11), entry->getArgument(12)};
    linesOfRow = entry->getArgument(13);
    state = entry->getArgument(14);
    Value whole = arith::ShRUIOp::create(builder, loc, groups, number(4));
    Value rest = arith::AndIOp::create(builder, loc, groups, number(kGroups - 1));
    // Sums of no groups are stored, too, where they are fresh.
    Value some = compare(arith::CmpIPredicate::ne, whole, number(0));
    Value none = compare(arith::CmpIPredicate::eq, groups, number(0));
    writeIf(arith::OrIOp::create(builder, loc, some, none),
            [&] { writePass(number(0), whole, number(kGroups)); });
    writeIf(compare(arith::CmpIPredicate::ne, rest, number(0)), [&] {
      Value next = arith::AddIOp::create(builder, loc, whole, number(1));
      Value first = compare(arith::CmpIPredicate::eq, whole, number(0));
      fresh = arith::AndIOp::create(builder, loc, fresh, first);
      writePass(whole, next, rest);
    });
    LLVM::ReturnOp::create(builder, loc, ValueRange());
  }

private:
  struct Matrix {
    Value pointer, stride; // bytes
  };

  Value number(int64_t value) {
    return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
  }
  Value tile(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI8IntegerAttr(value));
  }
  Value compare(arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  }
  void writeIf(Value condition, function_ref<void()> then, function_ref<void()> otherwise = {}) {
    auto branch = scf::IfOp::create(builder, loc, condition, bool(otherwise));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    then();
    if (!otherwise)
      return;
    builder.setInsertionPointToStart(branch.elseBlock());
    otherwise();
  }
  void call(StringRef name, ValueRange operands) {
    LLVM::CallIntrinsicOp::create(builder, loc, builder.getStringAttr(name), operands);
  }
  Value offset(Value pointer, Value bytes) {
    return LLVM::GEPOp::create(builder, loc, pointer.getType(), builder.getI8Type(), pointer,
                               ArrayRef<LLVM::GEPArg>{bytes});
  }
  Value offset(Value pointer, int64_t bytes) { return offset(pointer, number(bytes)); }
  /// Where the rows of the second register of a pair begin.
  Value below(const Matrix &matrix) {
    Value bytes = arith::MulIOp::create(builder, loc, matrix.stride, number(kRows));
    return offset(matrix.pointer, bytes);
  }

  void store(Type type, Value value, int64_t at) {
    value = arith::TruncIOp::create(builder, loc, type, value);
    LLVM::StoreOp::create(builder, loc, value, offset(state, at), /*alignment=*/1);
  }

  /// Sets the sizes for these rows and so many groups, if they are not set. Registers lose what
  /// they hold.
  void writeSizes(Value groups) {
    Value key = arith::ShLIOp::create(builder, loc, rows, number(8));
    key = arith::OrIOp::create(builder, loc, key, groups);
    Value known =
        LLVM::LoadOp::create(builder, loc, builder.getI64Type(), offset(state, kKeyAt), 8);
    writeIf(compare(arith::CmpIPredicate::ne, key, known), [&] {
      LLVM::StoreOp::create(builder, loc, key, offset(state, kKeyAt), 8);
      Value all = number(kRows);
      Value upper = arith::MinUIOp::create(builder, loc, rows, all);
      Value lower = arith::SubIOp::create(builder, loc, rows, upper);
      // A register without rows is not there, and is not used.
      Value bytes = arith::ShLIOp::create(builder, loc, groups, number(2));
      Value rowsOf[] = {upper, upper, lower, lower, upper, lower, groups, groups};
      for (auto [i, count] : llvm::enumerate(rowsOf)) {
        Value wide = i == 4 || i == 5 ? bytes : number(kBytes);
        if (count == lower)
          wide = arith::SelectOp::create(
              builder, loc, compare(arith::CmpIPredicate::ne, lower, number(0)), wide, number(0));
        store(builder.getI16Type(), wide, kColumnsAt + 2 * i);
        store(builder.getI8Type(), count, kRowsAt + i);
      }
      call("llvm.x86.ldtilecfg", {state});
    });
  }

  /// Adds steps `from` to `to` of the depth, of so many groups each.
  void writePass(Value from, Value to, Value groups) {
    writeSizes(groups);
    writeIf(
        compare(arith::CmpIPredicate::ugt, rows, number(kRows)), [&] { writeTiles(2, from, to); },
        [&] { writeTiles(1, from, to); });
  }

  /// Asks for lines of what comes next, which is so many lines of each of its rows.
  /// They go to the second-level cache: until they are used, as many bytes as the first one holds
  /// pass by. Of neighbours the machine fetches those that follow, and has room for few requests.
  void writeAhead(Value step) {
    Value line = arith::AddIOp::create(builder, loc, ahead,
                                       arith::MulIOp::create(builder, loc, step, aheadLines));
    Value row = arith::DivUIOp::create(builder, loc, line, linesOfRow);
    Value column = arith::SubIOp::create(builder, loc, line,
                                         arith::MulIOp::create(builder, loc, row, linesOfRow));
    Value place =
        arith::AddIOp::create(builder, loc, arith::MulIOp::create(builder, loc, row, next.stride),
                              arith::MulIOp::create(builder, loc, column, number(kBytes)));
    auto lines = scf::ForOp::create(builder, loc, number(0), aheadLines, number(kTogether));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(lines.getBody());
    Value along = arith::MulIOp::create(builder, loc, lines.getInductionVar(), number(kBytes));
    along = arith::AddIOp::create(builder, loc, place, along);
    LLVM::Prefetch::create(builder, loc, offset(next.pointer, along), /*rw=*/0, /*hint=*/2,
                           /*cache=*/1);
  }

  void writeTiles(int64_t high, Value from, Value to) {
    Value upper = sums.pointer, lower = high > 1 ? below(sums) : Value();
    auto forSums = [&](StringRef name) {
      for (int64_t i = 0; i < high; ++i)
        for (int64_t j = 0; j < columns; ++j)
          call(name, {tile(2 * i + j), offset(i ? lower : upper, kBytes * j), sums.stride});
    };
    auto clearSums = [&] {
      for (int64_t i = 0; i < high; ++i)
        for (int64_t j = 0; j < columns; ++j)
          call("llvm.x86.tilezero", {tile(2 * i + j)});
    };
    writeIf(fresh, clearSums, [&] { forSums("llvm.x86.tileloadd64"); });
    Value second = high > 1 ? below(left) : Value();
    auto loop = scf::ForOp::create(builder, loc, from, to, number(1));
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(loop.getBody());
      Value step = loop.getInductionVar();
      writeAhead(step);
      Value along = arith::MulIOp::create(builder, loc, step, number(kBytes));
      Value down = arith::MulIOp::create(
          builder, loc, step, arith::MulIOp::create(builder, loc, right.stride, number(kGroups)));
      Value panel = offset(right.pointer, down);
      auto multiply = [&](int64_t i, int64_t j) {
        call(product, {tile(2 * i + j), tile(4 + i), tile(6 + j)});
      };
      for (int64_t i = 0; i < high; ++i) {
        call("llvm.x86.tileloadd64",
             {tile(4 + i), offset(i ? second : left.pointer, along), left.stride});
        for (int64_t j = 0; j < columns; ++j) {
          if (i == 0)
            call("llvm.x86.tileloadd64", {tile(6 + j), offset(panel, kBytes * j), right.stride});
          multiply(i, j);
        }
      }
    }
    forSums("llvm.x86.tilestored64");
  }

  OpBuilder &builder;
  Location loc;
  int64_t columns; // registers
  StringRef product;
  Matrix sums, left, right, next;
  Value rows, fresh, ahead, aheadLines, linesOfRow, state;
};

StringRef productOf(tile::MultiplyOp op) {
  if (op.getElement().isBF16())
    return "llvm.x86.tdpbf16ps";
  if (op.getUnsignedLhs())
    return op.getUnsignedRhs() ? "llvm.x86.tdpbuud" : "llvm.x86.tdpbusd";
  return op.getUnsignedRhs() ? "llvm.x86.tdpbsud" : "llvm.x86.tdpbssd";
}

} // namespace

/// What describes the sizes of the registers, zeros at first.
Value Unroller::tileState() {
  if (tileSizes)
    return tileSizes;
  auto function = builder.getBlock()->getParent()->getParentOfType<LLVM::LLVMFuncOp>();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getBody().front());
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value count = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(1));
  auto type = LLVM::LLVMArrayType::get(builder.getI64Type(), kStateBytes / 8);
  tileSizes = LLVM::AllocaOp::create(builder, loc, pointer, type, count, kConfigBytes);
  Value zeros = LLVM::ZeroOp::create(builder, loc, type);
  LLVM::StoreOp::create(builder, loc, zeros, tileSizes, kConfigBytes);
  // The first byte says which registers there are.
  Value palette = arith::ConstantOp::create(builder, loc, builder.getI8IntegerAttr(1));
  LLVM::StoreOp::create(builder, loc, palette, tileSizes, 1);
  return tileSizes;
}

/// Where what `op` asks for begins, how far its rows are from each other, and how many lines of
/// each these are; `operands` are the factors of the function that multiplies.
SmallVector<Value> Unroller::nextOf(tile::MultiplyOp op, ArrayRef<Value> operands) {
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
  };
  Value groups = i64(one(op.getGroups())), count = op.getAheadRhs() ? groups : number(2 * kRows);
  Value pointer = operands[op.getAheadRhs() ? 4 : 2], stride = operands[op.getAheadRhs() ? 5 : 3];
  Value bytes = arith::MulIOp::create(builder, loc, stride, count);
  Value begin = LLVM::GEPOp::create(builder, loc, pointer.getType(), builder.getI8Type(), pointer,
                                    ArrayRef<LLVM::GEPArg>{bytes});
  if (op.getAheadRhs()) // one row
    return {begin, number(0), number(std::numeric_limits<int64_t>::max())};
  Value steps = arith::ShRUIOp::create(builder, loc, groups, number(4));
  return {begin, stride, arith::MaxUIOp::create(builder, loc, steps, number(1))};
}

void Unroller::multiply(tile::MultiplyOp op) {
  auto function = builder.getBlock()->getParent()->getParentOfType<LLVM::LLVMFuncOp>();
  auto module = function->getParentOfType<ModuleOp>();
  StringRef product = productOf(op);
  std::string name =
      ("einf_" + product.substr(sizeof("llvm.x86.") - 1) + "_" + Twine(op.getColumns())).str();
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type i64 = builder.getI64Type();
  auto callee = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
  if (!callee) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(function);
    auto type =
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                    {pointer, i64, pointer, i64, pointer, i64, i64, i64,
                                     builder.getI1Type(), i64, i64, pointer, i64, i64, pointer});
    callee = LLVM::LLVMFuncOp::create(builder, loc, name, type, LLVM::Linkage::Internal);
    callee.setNoInline(true);
    TileCode(builder, loc, op.getColumns(), product).write(callee);
  }
  SmallVector<Value> operands;
  Value zero = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0));
  auto add = [&](TypedValue<MemRefType> buffer, Value offset, Value stride) {
    Type element = heldType(buffer.getType().getElementType());
    operands.push_back(address(buffer, element, one(offset)));
    Value bytes = arith::ConstantOp::create(
        builder, loc, builder.getI64IntegerAttr(element.getIntOrFloatBitWidth() / 8));
    operands.push_back(arith::MulIOp::create(builder, loc, this->i64(one(stride)), bytes));
  };
  add(op.getSums(), op.getSumsOffset(), op.getSumsStride());
  add(op.getLhs(), op.getLhsOffset(), op.getLhsStride());
  add(op.getRhs(), op.getRhsOffset(), op.getRhsStride());
  operands.push_back(this->i64(one(op.getRows())));
  operands.push_back(this->i64(one(op.getGroups())));
  operands.push_back(one(op.getFresh()));
  for (unsigned i = 0; i < 2; ++i)
    operands.push_back(op.getAhead().empty() ? zero : this->i64(one(op.getAhead()[i])));
  llvm::append_range(operands, nextOf(op, operands));
  operands.push_back(tileState());
  LLVM::CallOp::create(builder, loc, callee, operands);
}

void Unroller::releaseTiles() {
  if (tileSizes)
    LLVM::CallIntrinsicOp::create(builder, loc, builder.getStringAttr("llvm.x86.tilerelease"),
                                  ValueRange());
}

} // namespace einfall::cpu
