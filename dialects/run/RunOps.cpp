//===- RunOps.cpp - Buffers, launches, copies -----------------------------===//
#include "dialects/ein/EinIndexing.h"
#include "dialects/ein/EinPanels.h"
#include "dialects/run/RunDialect.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace einfall;
using namespace einfall::run;

static ParseResult parseExtents(OpAsmParser &parser, ArrayAttr &extents) {
  SmallVector<Attribute> list;
  auto parseOne = [&]() -> ParseResult {
    ein::ExtentAttr extent;
    if (ein::parseExtent(parser, extent))
      return failure();
    list.push_back(extent);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
    return failure();
  extents = parser.getBuilder().getArrayAttr(list);
  return success();
}

static void printExtents(OpAsmPrinter &printer, Operation *, ArrayAttr extents) {
  printer << '[';
  llvm::interleaveComma(extents, printer,
                        [&](Attribute extent) { printer << cast<ein::ExtentAttr>(extent).str(); });
  printer << ']';
}

#define GET_OP_CLASSES
#include "dialects/run/RunOps.cpp.inc"

/// Why nothing may be stored to `buffer`; empty if it may.
static StringRef whyReadOnly(Value buffer) {
  if (auto argument = dyn_cast<BlockArgument>(buffer)) {
    auto entry = dyn_cast<EntryOp>(argument.getOwner()->getParentOp());
    return entry && !entry.isOutput(argument.getArgNumber()) ? "an input" : "";
  }
  if (buffer.getDefiningOp<WeightOp>())
    return "a weight";
  return buffer.getDefiningOp<ConstantOp>() ? "a constant" : "";
}

static LogicalResult verifyWritable(Operation *op, Value buffer) {
  StringRef reason = whyReadOnly(buffer);
  if (reason.empty())
    return success();
  return op->emitOpError("stores to ") << reason << ", which is read only"; // store_c1
}

static LogicalResult verifyName(Operation *op, StringRef name) {
  return name.empty() ? op->emitOpError("expected a name, but got none") : success(); // buffer_c1
}

LogicalResult WeightOp::verify() {
  for (ein::ExtentAttr extent : getResult().getType().getShape())
    if (!extent.getLiteral())
      return emitOpError("expected literal extents, but got ") << extent.str(); // weight_c1
  if (std::optional<ArrayRef<int64_t>> order = getOrder();
      order &&
      (order->size() != getResult().getType().getShape().size() || !isPermutationVector(*order)))
    return emitOpError("expected each dimension once in order, but got ")
           << getOrderAttr(); // weight_c2
  if (DenseI64ArrayAttr panels = getPanelsAttr();
      panels && !ein::liesInPanels(getResult().getType().getShape(), panels))
    return emitOpError("expected whole panels and groups of a matrix, but got ")
           << panels; // weight_c3
  return verifyName(*this, getName());
}

LogicalResult StateOp::verify() { return verifyName(*this, getName()); }

LogicalResult ConstantOp::verify() {
  BufferType type = getResult().getType();
  auto value = cast<ShapedType>(getValue().getType());
  bool same = value.getElementType() == type.getElementType() &&
              value.getRank() == static_cast<int64_t>(type.getShape().size());
  for (auto [size, extent] : llvm::zip(value.getShape(), type.getShape()))
    same = same && extent.getLiteral() == size;
  if (!same)
    return emitOpError("expected a value of the buffer's shape and element type, ")
           << type << ", but got " << value; // constant_c1
  return success();
}

LogicalResult AllocOp::verify() {
  if (failed(verifyName(*this, getName())))
    return failure();
  if (!getAlive())
    return success();
  ArrayRef<int64_t> alive = *getAlive();
  if (alive.size() != 2 || alive[0] < 0 || alive[0] > alive[1])
    return emitOpError("expected the first and the last step, but got [")
           << alive << "]"; // alloc_c1
  for (auto [step, op] : llvm::enumerate(cast<EntryOp>((*this)->getParentOp()).getSteps()))
    if (llvm::is_contained(op->getOperands(), getResult()) &&
        (static_cast<int64_t>(step) < alive[0] || static_cast<int64_t>(step) > alive[1]))
      return emitOpError("is alive in steps ")
             << alive[0] << " to " << alive[1] << ", but step " << step << " uses it"; // alloc_c2
  return success();
}

LogicalResult AssumeOp::verify() {
  if (std::optional<int64_t> literal = getExtent().getLiteral(); literal && *literal < 0)
    return emitOpError("can never hold: the extent is ") << *literal; // assume_c1
  return success();
}

LogicalResult LaunchOp::verify() {
  int64_t last = -1;
  for (int64_t position : getWrites()) {
    if (position <= last || position >= static_cast<int64_t>(getBuffers().size()))
      return emitOpError("expected ascending positions of its ")
             << getBuffers().size() << " buffers in writes, but got " << position; // launch_c1
    last = position;
    if (failed(verifyWritable(*this, getBuffers()[position])))
      return failure();
    // Blocks run in any order, so what one of them reads no other may store.
    if (llvm::count(getBuffers(), getBuffers()[position]) != 1)
      return emitOpError("buffer #")
             << position << " is stored to and also passed at another place"; // launch_c2
  }
  if (getDevice().empty())
    return emitOpError("expected the name of a device, but got none"); // launch_c3
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto program = symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getProgramAttr());
  if (!program || !program->hasAttr(tile::kProgram))
    return emitOpError("'") << getProgram() << "' is no tile program of this module"; // launch_c4
  // Its arguments: buffers, sizes, the number of the block, or of the first one and behind the
  // last.
  ArrayRef<Type> types = program.getArgumentTypes();
  size_t buffers = getBuffers().size(), numbers = program->hasAttr(tile::kWalksBlocks) ? 2 : 1;
  if (types.size() != buffers + getSizes().size() + numbers ||
      !llvm::all_of(types.take_front(buffers), llvm::IsaPred<MemRefType>) ||
      !llvm::all_of(types.drop_front(buffers), llvm::IsaPred<IndexType>)) {
    InFlightDiagnostic diag = emitOpError("passes ")
                              << buffers << " buffers and " << getSizes().size()
                              << " sizes, but the program takes others";
    diag.attachNote(program.getLoc()) << program.getFunctionType(); // launch_c5
    return diag;
  }
  return success();
}

LogicalResult CopyOp::verify() {
  if (getSource().getType() != getTarget().getType())
    return emitOpError("expected a target of type ")
           << getSource().getType() << ", but got " << getTarget().getType(); // copy_c1
  if (getSource() == getTarget())
    return emitOpError("copies a buffer onto itself"); // copy_c2
  return verifyWritable(*this, getTarget());
}
