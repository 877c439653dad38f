//===- StagedStrips.cpp - The stages of a chunk, strip by strip -----------===//
//
// Products by tiles read factors from memory and leave sums there: what passes between the
// stages of a chunk has to stay in the first-level cache. So a block runs all of them for a strip
// of its rows after the other. What does not depend on the rows is computed, and packed, once for
// all strips: the more rows a block has, the less it costs.
//
//===----------------------------------------------------------------------===//
#include "dialects/ein/EinBounds.h"
#include "passes/ein-to-tile/StagedLowering.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

/// Packs what the stage reads and what is the same for all strips.
void StagedLowering::packStage(const Stage &current) {
  packsAhead = true;
  nextOperands.clear();
  emitPart(current);
  packsAhead = false;
}

/// Memory for what a reduction's stage makes on the way. Sums that nobody else reads are
/// replaced by what is made of them.
void StagedLowering::placeInside(const Stage &current) {
  for (ein::EinsumOp op : current.inside) {
    Value tensor = op.getResult();
    if (storedAs.count(tensor) || locals.count(tensor))
      continue;
    auto type = cast<ein::TensorType>(tensor.getType());
    bool isStored = isNeeded(tensor);
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      auto sums = input.getDefiningOp<ein::EinsumOp>();
      bool isOnly =
          isStored && sums && !sums.getMonoids().empty() && sums.getNumFree() == op.getNumFree() &&
          op.getMap(i).isIdentity() && locals.count(input) &&
          cast<ein::TensorType>(input.getType()).getElementType() == type.getElementType() &&
          plan.labelsOf(input) == plan.labelsOf(tensor) &&
          llvm::all_of(input.getUsers(),
                       [&](Operation *user) { return llvm::is_contained(current.inside, user); });
      if (!isOnly || llvm::any_of(storedAs, [&](auto &entry) { return entry.second == input; }))
        continue;
      storedAs[tensor] = input;
      break;
    }
    if (storedAs.count(tensor))
      continue;
    Local &local = locals[tensor];
    local.layout = plan.layoutOf(tensor, symbols.numExtents, builder.getContext());
    if (isStored)
      local.memory = tile::LocalOp::create(
          builder, loc, MemRefType::get({plan.sizeOf(tensor)}, storageType(type.getElementType())));
  }
}

/// What is made on the way at the current tile, stored as far as others read it.
TileValue StagedLowering::readInside(Value reduced) {
  for (ein::EinsumOp op : stage->inside) {
    TileValue value = evaluate(op);
    results[op.getResult()] = value;
  }
  for (ein::EinsumOp op : stage->inside)
    if (Value tensor = op.getResult(); isNeeded(tensor)) {
      Local &local = localOf(tensor);
      store(accessAll(op.getResult().getType(), symbols, &local.layout), local.memory,
            results[tensor], {});
    }
  TileValue value = results[reduced];
  for (ein::EinsumOp op : stage->inside)
    results.erase(op.getResult()); // the next tile has its own
  return value;
}

/// The sums of a product that nothing follows stay where tiles leave them.
std::optional<EinsumLowering::PackedMemory> StagedLowering::sumsInPlace(unsigned columns,
                                                                        int64_t width) {
  Value tensor = root.getResult();
  auto isYielded = [](Operation *user) { return isa<ein::YieldOp>(user); };
  if (!epilogue.empty() || stage->update || storedAs.count(tensor) || !locals.count(tensor) ||
      llvm::any_of(tensor.getUsers(), isYielded) ||
      root.getResult().getType().getElementType() != root.getYielded().getType() ||
      plan.partFor(root, root.getRankName(columns)) % width)
    return std::nullopt;
  const Local &local = locals.find(tensor)->second;
  if (local.layout.strides[columns] != 1)
    return std::nullopt;
  PackedMemory sums;
  sums.packed.value = root.getYielded();
  llvm::append_range(sums.packed.ranks, llvm::seq<unsigned>(0, root.getNumFree()));
  sums.strides.assign(local.layout.strides.begin(), local.layout.strides.end());
  sums.buffer = local.memory;
  for (AffineExpr begin : local.layout.begin)
    sums.begins.push_back(expand(begin, {}));
  return sums;
}

/// True if the stage is what a stream has carried to its end, as it is, for others of the kernel.
bool StagedLowering::isLeftInPlace(const Stage &current) {
  ein::EinsumOp root = current.root;
  if (!plan.strip || !root || current.update || !current.epilogue.empty() ||
      !root.getMonoids().empty() || root.getInputs().size() != 1 ||
      !root.getInputs()[0].getDefiningOp<ein::StreamOp>())
    return false;
  Value result = root.getResult();
  return root.getYielded() == root.getBody().front().getArgument(0) &&
         result.getType() == root.getInputs()[0].getType() && root.getMap(0).isIdentity() &&
         !ein::fillOf(root, 0) && llvm::all_of(result.getUsers(), llvm::IsaPred<ein::EinsumOp>);
}

void StagedLowering::emitStrips(const Stage &current, Value again) {
  ein::StreamOp stream = current.stream;
  Block &body = stream.getBody().front();
  Stage inStrips;
  inStrips.stream = stream;
  for (const Stage &inner : current.body) {
    ein::EinsumOp root = inner.root;
    if (root.findRank(plan.strips) < 0)
      emitStage(inner);
    else
      inStrips.body.push_back(inner);
  }
  const Box rows = boxes.find(plan.strips)->second;
  for (const Stage &inner : inStrips.body)
    makeLocals(inner);
  for (const Stage &inner : inStrips.body)
    packStage(inner);
  Value &stripBegin = symbolValues[symbols.numExtents + plan.ranks.size()];
  ein::EinsumOp root = inStrips.body.front().root;
  Value step = constant(plan.partFor(root, plan.strips));
  llvm::StringMap<Bounds> boundsOutside = knownBounds;
  auto loop = scf::ForOp::create(builder, loc, rows.begin, rows.end, step);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    stripBegin = loop.getInductionVar();
    Value end = arith::AddIOp::create(builder, loc, stripBegin, step);
    boxes[plan.strips] = {stripBegin, arith::MinSIOp::create(builder, loc, end, rows.end)};
    if (Value visited = mayHold(body, again)) {
      auto branch = scf::IfOp::create(builder, loc, visited, /*withElse=*/false);
      builder.setInsertionPointToStart(branch.thenBlock());
    }
    emitChunkOf(inStrips);
  }
  forgetPacked();
  knownBounds = std::move(boundsOutside);
  boxes[plan.strips] = rows;
}

} // namespace einfall
