//===- HostCode.cpp - Entry points as native code -------------------------===//
#include "codegen/cpu/HostCode.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace einfall::cpu {
namespace {

/// Work below which a hand-over to another thread costs more than it saves,
/// in scalar operations of a kernel (a few microseconds of vector code).
constexpr int64_t kGrainWork = 1 << 16;

/// Byte offsets of fields of runtime/include/einfall/abi.h.
enum : int64_t { kServices = 0, kPool = 8, kSymbols = 16, kBuffers = 24, kLaunch = 8 };

struct Emitter {
  OpBuilder &builder;
  Location loc;
  LLVM::LLVMPointerType pointer;

  Value field(Value base, int64_t bytes, Type type) {
    Value at = LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                                   ArrayRef<LLVM::GEPArg>{(int32_t)bytes});
    return LLVM::LoadOp::create(builder, loc, type, at);
  }
  void put(Value base, int64_t slot, Value value) {
    Value at = LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), base,
                                   ArrayRef<LLVM::GEPArg>{(int32_t)slot});
    LLVM::StoreOp::create(builder, loc, value, at);
  }
  Value toI64(Value index) {
    return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
  }
};

} // namespace

void emitEntry(OpBuilder &builder, Location loc, StringRef name, unsigned numSymbols,
               ArrayRef<Guard> guards, ArrayRef<Launch> launches) {
  MLIRContext *context = builder.getContext();
  auto pointer = LLVM::LLVMPointerType::get(context);
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  auto function = LLVM::LLVMFuncOp::create(builder, loc, ("einf_entry_" + name).str(),
                                           LLVM::LLVMFunctionType::get(i32, {pointer}));
  OpBuilder::InsertionGuard insertion(builder);
  Block *entry = function.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  Emitter emit{builder, loc, pointer};
  Value call = entry->getArgument(0);
  Value services = emit.field(call, kServices, pointer), pool = emit.field(call, kPool, pointer);
  Value symbolArray = emit.field(call, kSymbols, pointer);
  Value bufferArray = emit.field(call, kBuffers, pointer);
  Value launch = emit.field(services, kLaunch, pointer);
  SmallVector<Value> symbols, indices;
  for (unsigned i = 0; i < numSymbols; ++i) {
    symbols.push_back(emit.field(symbolArray, 8 * i, i64));
    indices.push_back(
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), symbols.back()));
  }

  // The number of the first broken guard, or 0.
  Value broken = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(0));
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  for (int64_t i = guards.size(); i-- > 0;) {
    Value value = affine::expandAffineExpr(builder, loc, guards[i], {}, indices);
    Value bad = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, value, zero);
    Value number = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(i + 1));
    broken = arith::SelectOp::create(builder, loc, bad, number, broken);
  }
  int64_t slots = 1;
  for (const Launch &each : launches)
    slots = std::max<int64_t>(slots, each.buffers.size() + each.symbols.size());
  Value count = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(slots));
  Value frame = LLVM::AllocaOp::create(builder, loc, pointer, i64, count, 8);
  Value fine =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, broken,
                            arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(0)));
  auto run = scf::IfOp::create(builder, loc, fine, /*withElse=*/false);
  LLVM::ReturnOp::create(builder, loc, broken);
  builder.setInsertionPointToStart(run.thenBlock());

  auto launchType = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                                {pointer, pointer, pointer, i64, i64});
  for (const Launch &each : launches) {
    unsigned slot = 0;
    for (unsigned buffer : each.buffers)
      emit.put(frame, slot++, emit.field(bufferArray, 8 * buffer, pointer));
    SmallVector<Value> values;
    for (unsigned symbol : each.symbols) {
      emit.put(frame, slot++, symbols[symbol]);
      values.push_back(indices[symbol]);
    }
    Value blocks = affine::expandAffineExpr(builder, loc, each.grid.getResult(0), {}, values);
    Value work = affine::expandAffineExpr(builder, loc, each.work.getResult(0), {}, values);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    work = arith::MaxSIOp::create(builder, loc, work, one);
    Value grain = arith::DivUIOp::create(
        builder, loc, arith::ConstantIndexOp::create(builder, loc, kGrainWork), work);
    grain = arith::MaxSIOp::create(builder, loc, grain, one);
    Value kernel = LLVM::AddressOfOp::create(builder, loc, pointer, each.program);
    LLVM::CallOp::create(
        builder, loc, launchType,
        ValueRange{launch, pool, kernel, frame, emit.toI64(blocks), emit.toI64(grain)});
  }
}

} // namespace einfall::cpu
