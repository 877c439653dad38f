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

/// What a program's tiles are spread over, and where its body is written to.
struct Body {
  OpBuilder &builder;
  func::FuncOp program;
  LLVM::LLVMFuncOp kernel;
  const SharedMemory &memory;
  int64_t threads; // of a team
  Value shared, scratch;

  LogicalResult write(const Alignment *alignment);
  Value holds(const Alignment &alignment);

private:
  Value special(StringRef name) {
    Value number =
        callIntrinsic(builder, program.getLoc(), ("llvm.nvvm.read.ptx.sreg." + name).str(),
                      builder.getI32Type(), {});
    return arith::IndexCastOp::create(builder, program.getLoc(), builder.getIndexType(), number);
  }
};

/// The body, relying on `alignment` unless it is null.
LogicalResult Body::write(const Alignment *alignment) {
  Location loc = program.getLoc();
  ThreadUnroller unroller(builder, memory, shared, threads);
  unroller.scratch = scratch;
  unroller.warps = program->getAttrOfType<IntegerAttr>(tile::kWarps).getInt();
  unroller.alignment = alignment;
  unroller.run = alignment ? alignment->run() : 1;
  Value number = special("tid.x");
  Value team = arith::ConstantIndexOp::create(builder, loc, threads);
  unroller.thread = arith::RemUIOp::create(builder, loc, number, team);
  unroller.warp = arith::DivUIOp::create(builder, loc, number, team);
  Block &body = program.front();
  Block &entry = kernel.getBody().front();
  for (BlockArgument argument : body.getArguments().drop_back()) {
    Value value = entry.getArgument(argument.getArgNumber());
    if (!isa<MemRefType>(argument.getType()))
      value = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value);
    unroller.map[argument] = {value};
  }
  unroller.map[body.getArguments().back()] = {special("ctaid.x")};
  return unroller.block(body);
}

/// Whether the arguments are such multiples as `alignment` assumes.
Value Body::holds(const Alignment &alignment) {
  Location loc = program.getLoc();
  Type wide = builder.getI64Type();
  Value bits = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0));
  for (BlockArgument argument : alignment.assumed()) {
    Value value = kernel.getBody().front().getArgument(argument.getArgNumber());
    bool isBuffer = isa<MemRefType>(argument.getType());
    if (isBuffer)
      value = LLVM::PtrToIntOp::create(builder, loc, wide, value);
    int64_t multiple = isBuffer ? kAccessBytes : alignment.run();
    Value low = arith::AndIOp::create(
        builder, loc, value,
        arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(multiple - 1)));
    bits = arith::OrIOp::create(builder, loc, bits, low);
  }
  Value none = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0));
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, bits, none);
}

/// Threads of teams that should share a multiprocessor: half of what it holds, more where
/// one keeps no more than so many bytes, unless it is of so few that each has a long part.
/// While those of one row wait for memory, or for each other, those of other rows move on.
constexpr int64_t kTeamThreads = 1024, kLightTeamThreads = 1280, kLight = 128, kSmallTeam = 4;

/// The same where a loop asks for all that several of its steps read: with as many threads as
/// a multiprocessor has room for by itself, the assembler finds no registers for it.
constexpr int64_t kAskingThreads = 512;

/// A program of more operations is not written twice.
constexpr int64_t kMostTwice = 1000;

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
  // A team's warps meet in memory of their own.
  auto given = program->getAttrOfType<IntegerAttr>(tile::kTeam);
  int64_t team = given ? given.getInt() : 1, scratchAt = memory.bytes;
  if (team > 1) {
    memory.bytes += team * 16;
    auto held = program->getAttrOfType<IntegerAttr>(tile::kHeld);
    int64_t together =
        held && held.getInt() <= kLight && team > kSmallTeam ? kLightTeamThreads : kTeamThreads;
    kernel->setAttr(kBlocks, builder.getI64IntegerAttr(together / (team * kWarp)));
  } else if (program
                 .walk([](scf::ForOp loop) {
                   return loop->hasAttr(tile::kWrittenOut) ? WalkResult::interrupt()
                                                           : WalkResult::advance();
                 })
                 .wasInterrupted()) {
    int64_t blocks = std::max<int64_t>(1, kAskingThreads / (warps.getInt() * kWarp));
    kernel->setAttr(kBlocks, builder.getI64IntegerAttr(blocks));
  }
  kernel->setAttr(kThreads, builder.getI64IntegerAttr(warps.getInt() * kWarp));
  kernel->setAttr(kShared, builder.getI64IntegerAttr(memory.bytes));
  if (Attribute numerics = program->getAttr(ein::kNumerics))
    kernel->setAttr(ein::kNumerics, numerics);
  OpBuilder::InsertionGuard guard(builder);
  Block *entry = kernel.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  Value shared;
  if (memory.bytes) {
    LLVM::GlobalOp global = declareShared(builder, kernel);
    Value near = LLVM::AddressOfOp::create(builder, loc, LLVM::LLVMPointerType::get(context, 3),
                                           global.getName());
    shared = LLVM::AddrSpaceCastOp::create(builder, loc, pointer, near);
  }
  Value scratch;
  if (team > 1)
    scratch = LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), shared,
                                  ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(scratchAt)});
  Body body{builder, program, kernel, memory, team * kWarp, shared, scratch};
  Alignment alignment(program, team * kWarp);
  int64_t size = 0;
  program.walk([&](Operation *) { ++size; });
  if (alignment.run() == 1 || size > kMostTwice) {
    if (failed(body.write(nullptr)))
      return failure();
  } else {
    auto branch = scf::IfOp::create(builder, loc, body.holds(alignment), /*withElse=*/true);
    OpBuilder::InsertionGuard inner(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    if (failed(body.write(&alignment)))
      return failure();
    builder.setInsertionPointToStart(branch.elseBlock());
    if (failed(body.write(nullptr)))
      return failure();
  }
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  return kernel;
}

} // namespace einfall::nvptx
