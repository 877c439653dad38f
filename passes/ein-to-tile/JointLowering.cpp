//===- JointLowering.cpp - Several grids in one program -------------------===//
#include "dialects/ein/EinPanels.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "passes/ein-to-tile/BlockLowering.h"

using namespace mlir;

namespace einfall {
namespace {

/// One part's program, and where its arguments are among those of all.
struct Part {
  func::FuncOp program;
  SmallVector<unsigned> buffers;
  SmallVector<unsigned> symbols; ///< numbers of its symbols
  AffineExpr grid, work;         ///< over the symbols of all
};

class JointLowering {
public:
  JointLowering(OpBuilder &builder, ein::KernelOp kernel, const TileTarget &target)
      : builder(builder), kernel(kernel), target(target), loc(kernel.getLoc()),
        symbols(KernelSymbols::of(kernel)) {
    // The parts are one program, whose blocks have one size.
    this->target.teams = this->target.walksBlocks = this->target.fewerWarps = false;
  }
  FailureOr<func::FuncOp> run(StringRef name);

private:
  ein::KernelOp partOf(unsigned first, unsigned count);
  FailureOr<Part> lower(unsigned first, unsigned count, StringRef name, Attribute schedule);
  void emit(ArrayRef<Part> parts, Value number);
  Value expand(AffineExpr expr) {
    return affine::expandAffineExpr(builder, loc, expr, {}, symbolValues);
  }

  OpBuilder &builder;
  ein::KernelOp kernel;
  TileTarget target;
  Location loc;
  KernelSymbols symbols;
  SmallVector<Value> symbolValues;
  func::FuncOp program;
};

} // namespace

/// A kernel beside this one that makes these results alone.
ein::KernelOp JointLowering::partOf(unsigned first, unsigned count) {
  OpBuilder beside(kernel);
  auto part =
      ein::KernelOp::create(beside, loc, TypeRange(kernel.getResultTypes()).slice(first, count),
                            kernel.getInputs(), kernel.getName(), Attribute(), DenseI64ArrayAttr());
  if (Attribute panels = kernel->getAttr(ein::kPanels))
    part->setAttr(ein::kPanels, panels);
  Block *block = beside.createBlock(&part.getBody());
  IRMapping mapping;
  for (BlockArgument argument : kernel.getBody().getArguments())
    mapping.map(argument, block->addArgument(argument.getType(), argument.getLoc()));
  for (Operation *op : kernel.getOpsOf(first, count))
    beside.clone(*op, mapping);
  SmallVector<Value> yielded;
  for (Value value : kernel.getBody().front().getTerminator()->getOperands().slice(first, count))
    yielded.push_back(mapping.lookup(value));
  ein::YieldOp::create(beside, loc, yielded);
  return part;
}

FailureOr<Part> JointLowering::lower(unsigned first, unsigned count, StringRef name,
                                     Attribute schedule) {
  ein::KernelOp alone = partOf(first, count);
  if (isa_and_nonnull<tile::ScheduleAttr>(schedule))
    alone->setAttr(tile::kSchedule, schedule);
  FailureOr<func::FuncOp> lowered = lowerKernel(builder, alone, name, target);
  alone.erase();
  if (failed(lowered))
    return failure();
  Part part;
  part.program = *lowered;
  unsigned next = kernel.getInputs().size();
  for (unsigned i = 0; i < next; ++i)
    part.buffers.push_back(i);
  for (unsigned i = 0, e = kernel.getNumResults(); i < e; ++i) {
    if (kernel.getInPlaceOperand(i))
      continue;
    if (i >= first && i < first + count)
      part.buffers.push_back(next);
    ++next;
  }
  SmallVector<AffineExpr> values;
  for (Attribute symbol : part.program->getAttrOfType<ArrayAttr>(tile::kSymbols)) {
    part.symbols.push_back(llvm::find(symbols.names, symbol) - symbols.names.begin());
    values.push_back(builder.getAffineSymbolExpr(part.symbols.back()));
  }
  auto over = [&](StringRef key) {
    return part.program->getAttrOfType<AffineMapAttr>(key).getValue().getResult(0).replaceSymbols(
        values);
  };
  part.grid = over(tile::kGrid);
  part.work = over(tile::kWork);
  return part;
}

/// The block is of the first part whose grid holds its number.
void JointLowering::emit(ArrayRef<Part> parts, Value number) {
  Part part = parts.front();
  auto body = [&] {
    IRMapping mapping;
    Block &from = part.program.getBody().front();
    unsigned next = 0;
    for (unsigned buffer : part.buffers)
      mapping.map(from.getArgument(next++), program.getArgument(buffer));
    for (unsigned symbol : part.symbols)
      mapping.map(from.getArgument(next++), symbolValues[symbol]);
    mapping.map(from.getArgument(next), number);
    for (Operation &op : from.without_terminator())
      builder.clone(op, mapping);
  };
  if (parts.size() == 1)
    return body();
  Value size = expand(part.grid);
  Value isOwn = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, number, size);
  auto branch = scf::IfOp::create(builder, loc, isOwn, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  body();
  builder.setInsertionPointToStart(branch.elseBlock());
  emit(parts.drop_front(), arith::SubIOp::create(builder, loc, number, size));
}

FailureOr<func::FuncOp> JointLowering::run(StringRef name) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Part> parts;
  unsigned first = 0;
  // One a part; what is no schedule leaves its part alone.
  Attribute written = kernel->getAttr(tile::kSchedule);
  auto given = dyn_cast_or_null<ArrayAttr>(written);
  if (written && (!given || given.size() != kernel.getPartSizes().size()))
    return kernel.emitOpError("cannot follow its schedule: expected an array of ")
           << kernel.getPartSizes().size() << ", one a part, but got " << written;
  SmallVector<Attribute> schedules;
  for (int64_t count : kernel.getPartSizes()) {
    FailureOr<Part> part = lower(first, count, (name + "_part" + Twine(parts.size())).str(),
                                 given ? given[parts.size()] : Attribute());
    if (failed(part))
      return failure();
    Attribute schedule = part->program->getAttr(tile::kSchedule);
    schedules.push_back(schedule ? schedule : builder.getUnitAttr());
    parts.push_back(std::move(*part));
    first += count;
  }
  program = declareProgram(builder, kernel, symbols, name);
  builder.setInsertionPointToStart(&program.getBody().front());
  auto arguments = program.getArguments().drop_back();
  symbolValues.assign(arguments.end() - symbols.numExtents, arguments.end());
  emit(parts, program.getArguments().back());
  func::ReturnOp::create(builder, loc);
  AffineExpr grid = parts.front().grid, work = parts.front().work;
  for (const Part &part : ArrayRef(parts).drop_front()) {
    grid = grid + part.grid;
    work = work + part.work;
  }
  describeProgram(program, symbols, grid, work.floorDiv(parts.size()));
  program->setAttr(tile::kSchedule, builder.getArrayAttr(schedules));
  for (Part &part : parts)
    part.program.erase();
  return program;
}

FailureOr<func::FuncOp> lowerJoint(OpBuilder &builder, ein::KernelOp kernel, StringRef name,
                                   const TileTarget &target) {
  return JointLowering(builder, kernel, target).run(name);
}

} // namespace einfall
