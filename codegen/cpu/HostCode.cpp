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

/// The kernel that copies buffers, in blocks of this many bytes.
constexpr llvm::StringLiteral kCopyKernel = "einf_copy";
constexpr int64_t kCopyBlock = 1 << 16, kCopyUnit = 64;

/// Byte offsets of fields of runtime/include/einfall/abi.h.
enum : int64_t {
  kServices = 0,
  kPool = 8,
  kSymbols = 16,
  kBuffers = 24,
  kLaunch = 8,
  kLaunchDevice = 16,
  kCopyDevice = 24
};

/// Reads and writes of memory by byte offset.
struct Emitter {
  Emitter(OpBuilder &builder, Location loc)
      : builder(builder), loc(loc), pointer(LLVM::LLVMPointerType::get(builder.getContext())) {}

  Value at(Value base, LLVM::GEPArg bytes) {
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                               ArrayRef<LLVM::GEPArg>{bytes});
  }
  Value field(Value base, int64_t bytes, Type type) {
    return LLVM::LoadOp::create(builder, loc, type, at(base, static_cast<int32_t>(bytes)));
  }
  Value toI64(Value index) {
    return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
  }
  Value toIndex(Value number) {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), number);
  }
  Value constant(int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); }
  Value i32(int32_t value) {
    return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(value));
  }
  /// Moves `type` from source to target for every offset in [from, to).
  void moveLoop(Value source, Value target, Value from, Value to, int64_t step, Type type) {
    auto loop = scf::ForOp::create(builder, loc, from, to, constant(step));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value offset = toI64(loop.getInductionVar());
    Value value = LLVM::LoadOp::create(builder, loc, type, at(source, offset), step);
    LLVM::StoreOp::create(builder, loc, value, at(target, offset), step);
  }

  OpBuilder &builder;
  Location loc;
  LLVM::LLVMPointerType pointer;
};

/// The kernel of `run.copy`; its frame is source, target, bytes.
void emitCopyKernel(OpBuilder &builder, Location loc) {
  OpBuilder::InsertionGuard guard(builder);
  Emitter emit(builder, loc);
  Type i64 = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                          {emit.pointer, i64, i64});
  auto function =
      LLVM::LLVMFuncOp::create(builder, loc, kCopyKernel, type, LLVM::Linkage::Internal);
  Block *block = function.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  Value frame = block->getArgument(0);
  Value source = emit.field(frame, 0, emit.pointer), target = emit.field(frame, 8, emit.pointer);
  Value bytes = emit.toIndex(emit.field(frame, 16, i64));
  auto bound = [&](Value blocks) {
    Value at = arith::MulIOp::create(builder, loc, emit.toIndex(blocks), emit.constant(kCopyBlock));
    return arith::MinSIOp::create(builder, loc, at, bytes).getResult();
  };
  Value from = bound(block->getArgument(1)), to = bound(block->getArgument(2));
  Value rest = arith::RemUIOp::create(builder, loc, to, emit.constant(kCopyUnit));
  Value whole = arith::SubIOp::create(builder, loc, to, rest);
  emit.moveLoop(source, target, from, whole, kCopyUnit,
                VectorType::get(kCopyUnit / 4, builder.getI32Type()));
  emit.moveLoop(source, target, whole, to, 1, builder.getI8Type());
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

/// Writes the steps of one entry.
class EntryEmitter {
public:
  EntryEmitter(OpBuilder &builder, run::EntryOp entry)
      : entry(entry), builder(builder), emit(builder, entry.getLoc()) {}

  LogicalResult run();

private:
  void readCall(Value call);
  Value brokenAssumption();
  void allocateFrame();
  void launch(run::LaunchOp op);
  void copy(run::CopyOp op);
  void call(StringRef kernel, Value blocks, Value grain);
  void serve(Value function, ArrayRef<Type> types, ArrayRef<Value> operands);
  Value evaluate(ein::ExtentAttr extent) {
    SmallVector<Value> values;
    for (StringAttr name : extent.getSymbols())
      values.push_back(indices[entry.findSymbol(name.getValue())]);
    return affine::expandAffineExpr(builder, emit.loc, extent.getExpr(), {}, values);
  }
  void put(unsigned slot, Value value) {
    LLVM::StoreOp::create(builder, emit.loc, value, emit.at(frame, static_cast<int32_t>(8 * slot)));
  }
  void putBuffer(unsigned slot, Value buffer) {
    put(slot, emit.field(bufferArray, 8 * positions.lookup(buffer), emit.pointer));
  }

  run::EntryOp entry;
  OpBuilder &builder;
  Emitter emit;
  DenseMap<Value, int64_t> positions;
  SmallVector<Value> indices; // of the entry's symbols
  bool device = entry.usesDevice();
  Value pool, bufferArray, launchFunction, launchDevice, copyDevice, frame;
};

void EntryEmitter::readCall(Value call) {
  Value services = emit.field(call, kServices, emit.pointer);
  pool = emit.field(call, kPool, emit.pointer);
  Value symbolArray = emit.field(call, kSymbols, emit.pointer);
  bufferArray = emit.field(call, kBuffers, emit.pointer);
  launchFunction = emit.field(services, kLaunch, emit.pointer);
  launchDevice = emit.field(services, kLaunchDevice, emit.pointer);
  copyDevice = emit.field(services, kCopyDevice, emit.pointer);
  for (unsigned i = 0, e = entry.getSymbols().size(); i < e; ++i)
    indices.push_back(emit.toIndex(emit.field(symbolArray, 8 * i, builder.getI64Type())));
  for (auto [i, buffer] : llvm::enumerate(entry.getBuffers()))
    positions[buffer] = i;
}

/// The number of the first assumption that does not hold, or 0. A later one may
/// divide by what an earlier one asks for: it is not computed where that fails.
Value EntryEmitter::brokenAssumption() {
  OpBuilder::InsertionGuard guard(builder);
  Value first;
  auto give = [&](Value broken) {
    if (first)
      scf::YieldOp::create(builder, emit.loc, broken);
    else
      first = broken;
  };
  int32_t number = 0;
  for (run::AssumeOp assumption : entry.getBody().getOps<run::AssumeOp>()) {
    Value bad = arith::CmpIOp::create(builder, emit.loc, arith::CmpIPredicate::slt,
                                      evaluate(assumption.getExtent()), emit.constant(0));
    auto branch = scf::IfOp::create(builder, emit.loc, builder.getI32Type(), bad,
                                    /*withElse=*/true);
    give(branch.getResult(0));
    builder.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(builder, emit.loc, emit.i32(++number));
    builder.setInsertionPointToStart(branch.elseBlock());
  }
  give(emit.i32(0));
  return first;
}

void EntryEmitter::allocateFrame() {
  int64_t slots = 3;
  for (auto op : entry.getBody().getOps<run::LaunchOp>())
    slots = std::max<int64_t>(slots, op.getBuffers().size() + op.getSizes().size());
  Value count = arith::ConstantOp::create(builder, emit.loc, builder.getI64IntegerAttr(slots));
  frame = LLVM::AllocaOp::create(builder, emit.loc, emit.pointer, builder.getI64Type(), count, 8);
}

/// Calls a service of the device's.
void EntryEmitter::serve(Value function, ArrayRef<Type> types, ArrayRef<Value> operands) {
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), types);
  SmallVector<Value> all = {function};
  all.append(operands.begin(), operands.end());
  LLVM::CallOp::create(builder, emit.loc, type, all);
}

void EntryEmitter::call(StringRef kernel, Value blocks, Value grain) {
  Type i64 = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                          {emit.pointer, emit.pointer, emit.pointer, i64, i64});
  Value address = LLVM::AddressOfOp::create(builder, emit.loc, emit.pointer, kernel);
  LLVM::CallOp::create(
      builder, emit.loc, type,
      ValueRange{launchFunction, pool, address, frame, emit.toI64(blocks), emit.toI64(grain)});
}

void EntryEmitter::launch(run::LaunchOp op) {
  unsigned slot = 0;
  for (Value buffer : op.getBuffers())
    putBuffer(slot++, buffer);
  for (Attribute size : op.getSizes())
    put(slot++, emit.toI64(evaluate(cast<ein::ExtentAttr>(size))));
  if (device) {
    Type i64 = builder.getI64Type();
    auto number = op->getAttrOfType<IntegerAttr>(run::kKernelNumber);
    Value bytes = arith::ConstantOp::create(builder, emit.loc, builder.getI64IntegerAttr(8 * slot));
    serve(launchDevice, {emit.pointer, builder.getI32Type(), emit.pointer, i64, i64},
          {pool, emit.i32(number ? number.getInt() : 0), frame, bytes,
           emit.toI64(evaluate(op.getGrid()))});
    return;
  }
  Value one = emit.constant(1);
  Value work = arith::MaxSIOp::create(builder, emit.loc, evaluate(op.getWork()), one);
  Value grain = arith::DivUIOp::create(builder, emit.loc, emit.constant(kGrainWork), work);
  call(op.getProgram(), evaluate(op.getGrid()),
       arith::MaxSIOp::create(builder, emit.loc, grain, one));
}

void EntryEmitter::copy(run::CopyOp op) {
  if (device) {
    auto buffer = [&](Value value) {
      return emit.field(bufferArray, 8 * positions.lookup(value), emit.pointer);
    };
    serve(copyDevice, {emit.pointer, emit.pointer, emit.pointer, builder.getI64Type()},
          {pool, buffer(op.getSource()), buffer(op.getTarget()),
           emit.toI64(evaluate(op.getSource().getType().getByteSize()))});
    return;
  }
  putBuffer(0, op.getSource());
  putBuffer(1, op.getTarget());
  Value bytes = evaluate(op.getSource().getType().getByteSize());
  put(2, emit.toI64(bytes));
  Value blocks = arith::CeilDivUIOp::create(builder, emit.loc, bytes, emit.constant(kCopyBlock));
  call(kCopyKernel, blocks, emit.constant(1));
}

LogicalResult EntryEmitter::run() {
  Type i32 = builder.getI32Type();
  auto function =
      LLVM::LLVMFuncOp::create(builder, emit.loc, ("einf_entry_" + entry.getName()).str(),
                               LLVM::LLVMFunctionType::get(i32, {emit.pointer}));
  OpBuilder::InsertionGuard insertion(builder);
  Block *block = function.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  readCall(block->getArgument(0));
  Value broken = brokenAssumption();
  allocateFrame();
  Value fine =
      arith::CmpIOp::create(builder, emit.loc, arith::CmpIPredicate::eq, broken, emit.i32(0));
  auto steps = scf::IfOp::create(builder, emit.loc, fine, /*withElse=*/false);
  LLVM::ReturnOp::create(builder, emit.loc, broken);
  builder.setInsertionPointToStart(steps.thenBlock());
  for (Operation *step : entry.getSteps()) {
    emit.loc = step->getLoc();
    if (auto launch = dyn_cast<run::LaunchOp>(step))
      this->launch(launch);
    else
      copy(cast<run::CopyOp>(step));
  }
  return success();
}

} // namespace

LogicalResult emitEntry(OpBuilder &builder, run::EntryOp entry) {
  auto module = cast<ModuleOp>(builder.getInsertionBlock()->getParentOp());
  if (!entry.usesDevice() && !entry.getBody().getOps<run::CopyOp>().empty() &&
      !module.lookupSymbol(kCopyKernel))
    emitCopyKernel(builder, entry.getLoc());
  return EntryEmitter(builder, entry).run();
}

} // namespace einfall::cpu
