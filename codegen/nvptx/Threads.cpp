//===- Threads.cpp - Tile programs as code of threads ---------------------===//
#include "codegen/nvptx/Threads.h"
#include "codegen/nvptx/ThreadUnroller.h"
#include "dialects/ein/EinNumerics.h"

using namespace mlir;

namespace einfall::nvptx {
namespace {

/// Shared memory of the launch's size. Each kernel names its own: texts are joined.
LLVM::GlobalOp declareShared(OpBuilder &builder, LLVM::LLVMFuncOp kernel) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel);
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), 0);
  return LLVM::GlobalOp::create(builder, kernel.getLoc(), type, /*isConstant=*/false,
                                LLVM::Linkage::External, (kernel.getName() + "_shared").str(),
                                Attribute(), /*alignment=*/128, /*addrSpace=*/3);
}

} // namespace

FailureOr<LLVM::LLVMFuncOp> writeThreads(OpBuilder &builder, func::FuncOp program) {
  Location loc = program.getLoc();
  MLIRContext *context = builder.getContext();
  auto warps = program->getAttrOfType<IntegerAttr>(tile::kWarps);
  if (!warps)
    return program.emitOpError("does not say how many warps run it: expected ") << tile::kWarps;
  auto pointer = LLVM::LLVMPointerType::get(context);
  SmallVector<Type> types;
  for (Type type : program.getArgumentTypes().drop_back())
    types.push_back(isa<MemRefType>(type) ? Type(pointer) : builder.getI64Type());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), types);
  auto kernel = LLVM::LLVMFuncOp::create(builder, loc, program.getName(), type);
  kernel.setCConv(LLVM::cconv::CConv::PTX_Kernel);
  SharedMemory memory = placeLocals(program.getBody());
  kernel->setAttr(kThreads, builder.getI64IntegerAttr(warps.getInt() * kWarp));
  kernel->setAttr(kShared, builder.getI64IntegerAttr(memory.bytes));
  if (Attribute numerics = program->getAttr(ein::kNumerics))
    kernel->setAttr(ein::kNumerics, numerics);
  OpBuilder::InsertionGuard guard(builder);
  Block *entry = kernel.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  auto index = [&](Value value) -> Value {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value);
  };
  auto special = [&](StringRef name) {
    return index(callIntrinsic(builder, loc, ("llvm.nvvm.read.ptx.sreg." + name).str(),
                               builder.getI32Type(), {}));
  };
  Value shared;
  if (memory.bytes) {
    LLVM::GlobalOp global = declareShared(builder, kernel);
    Value near = LLVM::AddressOfOp::create(builder, loc, LLVM::LLVMPointerType::get(context, 3),
                                           global.getName());
    shared = LLVM::AddrSpaceCastOp::create(builder, loc, pointer, near);
  }
  ThreadUnroller unroller(builder, memory, shared);
  unroller.warps = warps.getInt();
  Value number = special("tid.x");
  Value warp = arith::ConstantIndexOp::create(builder, loc, kWarp);
  unroller.thread = arith::RemUIOp::create(builder, loc, number, warp);
  unroller.warp = arith::DivUIOp::create(builder, loc, number, warp);
  Block &body = program.front();
  for (BlockArgument argument : body.getArguments().drop_back()) {
    Value value = entry->getArgument(argument.getArgNumber());
    unroller.map[argument] = {isa<MemRefType>(argument.getType()) ? value : index(value)};
  }
  unroller.map[body.getArguments().back()] = {special("ctaid.x")};
  if (failed(unroller.block(body)))
    return failure();
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  return kernel;
}

} // namespace einfall::nvptx
