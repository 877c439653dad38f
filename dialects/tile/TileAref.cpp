//===- TileAref.cpp - Verifiers of asynchronous references ----------------===//
#include "dialects/tile/TileDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace einfall::tile;

LogicalResult ArefType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t depth,
                               ArrayRef<Type> slot) {
  if (depth < 1)
    return emitError() << "expected a ring of at least 1 slot, but got " << depth;
  if (slot.empty())
    return emitError() << "expected memory in a slot";
  for (Type type : slot) {
    auto memory = dyn_cast<MemRefType>(type);
    if (!memory || memory.getRank() != 1 || !memory.hasStaticShape())
      return emitError() << "expected flat memory of static size in a slot, but got " << type;
  }
  return success();
}

LogicalResult ArefCreateOp::verify() {
  int64_t depth = getRing().getType().getDepth(), ahead = getAhead(), lag = getLag();
  if (ahead < 0 || lag < 0)
    return emitOpError("expected numbers that are not negative, but ring '")
           << getName() << "' has ahead " << ahead << " and lag " << lag;
  if (lag >= depth)
    return emitOpError("ring '")
           << getName() << "' waits for ever: all of its " << depth
           << " slots are held when the next item is got; expected a lag below " << depth
           << ", but got " << lag;
  if (ahead + lag >= depth)
    return emitOpError("ring '") << getName() << "' waits for ever: items " << ahead
                                 << " ahead and a lag of " << lag << " need " << ahead + lag + 1
                                 << " slots, but it has " << depth;
  unsigned closes = llvm::count_if(getRing().getUsers(), llvm::IsaPred<ArefCloseOp>);
  if (closes != 1)
    return emitOpError("expected one tile.aref.close of ring '")
           << getName() << "', but got " << closes;
  for (Operation *user : getRing().getUsers()) {
    if (!isa<ArefCloseOp>(user) || user->getBlock() == (*this)->getBlock())
      continue;
    InFlightDiagnostic diag = emitOpError("expected the close of ring '")
                              << getName() << "' in the block that creates it";
    diag.attachNote(user->getLoc()) << "it is closed here";
    return diag;
  }
  return success();
}

static LogicalResult verifyMemory(Operation *op, ArefType ring) {
  if (llvm::equal(op->getResultTypes(), ring.getSlot()))
    return success();
  InFlightDiagnostic diag = op->emitOpError("expected the memory of a slot of ")
                            << ring << ", but got ";
  llvm::interleaveComma(op->getResultTypes(), diag);
  return diag;
}

LogicalResult ArefPutOp::verify() { return verifyMemory(*this, getRing().getType()); }
LogicalResult ArefGetOp::verify() { return verifyMemory(*this, getRing().getType()); }
LogicalResult ArefSlotOp::verify() { return verifyMemory(*this, getRing().getType()); }
