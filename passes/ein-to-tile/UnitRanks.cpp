//===- UnitRanks.cpp - What a kernel yields has ranks of one coordinate ---===//
//
// What is computed lacks ranks of one coordinate, which the last op adds (a batch of one,
// the row of a token). For memory that is nothing, but ops of other ranks are stages of
// their own: with these ranks all of the kernel is one.
//
//===----------------------------------------------------------------------===//
#include "passes/ein-to-tile/Stages.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {
namespace {

class Widening {
public:
  explicit Widening(ein::EinsumOp last) : last(last) {}

  /// Whether all of `others` have the ranks of the last op but those of one coordinate.
  bool find(ArrayRef<ein::EinsumOp> others) {
    for (int64_t rank = 0; rank < last.getNumFree(); ++rank) {
      bool isUnit =
          last.getRankExtent(rank).getLiteral() == 1 && llvm::all_of(others, [&](ein::EinsumOp op) {
            return op.findRank(last.getRankName(rank)) < 0;
          });
      isUnit ? units.push_back(rank) : rest.push_back(rank);
    }
    return !units.empty() && llvm::all_of(others, [&](ein::EinsumOp op) {
      return op.getNumFree() == (int64_t)rest.size() &&
             llvm::all_of(llvm::seq<unsigned>(0, rest.size()), [&](unsigned i) {
               return op.getRankName(i) == last.getRankName(rest[i]);
             });
    });
  }

  /// Adds these ranks to `op`, and their indices to what it reads of `others`.
  void widen(ein::EinsumOp op, ArrayRef<ein::EinsumOp> others) {
    MLIRContext *context = op.getContext();
    Builder builder(context);
    bool isLast = op == last;
    unsigned free = last.getNumFree();
    SmallVector<AffineExpr> dims; // of its ranks as they were
    for (int64_t rank = 0; rank < op.getNumRanks(); ++rank)
      dims.push_back(getAffineDimExpr(isLast                   ? rank
                                      : rank < op.getNumFree() ? rest[rank]
                                                               : free + rank - op.getNumFree(),
                                      context));
    unsigned numRanks = op.getNumRanks() + (isLast ? 0 : units.size());
    SmallVector<Attribute> maps, ranks;
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      AffineMap map = op.getMap(i);
      auto indices = llvm::map_to_vector(map.getResults(),
                                         [&](AffineExpr index) { return index.replaceDims(dims); });
      if (llvm::is_contained(others, input.getDefiningOp<ein::EinsumOp>()))
        for (unsigned rank : units)
          indices.insert(indices.begin() + rank, getAffineDimExpr(rank, context));
      maps.push_back(
          AffineMapAttr::get(AffineMap::get(numRanks, map.getNumSymbols(), indices, context)));
    }
    op.setMapsAttr(builder.getArrayAttr(maps));
    if (isLast)
      return;
    for (unsigned rank = 0; rank < free; ++rank)
      ranks.push_back(last.getRanks()[rank]);
    llvm::append_range(ranks, op.getRanks().getValue().drop_front(op.getNumFree()));
    op->setAttr("ranks", builder.getArrayAttr(ranks));
    auto type = cast<ein::TensorType>(last.getResult().getType());
    op.getResult().setType(ein::TensorType::get(
        type.getShape(), cast<ein::TensorType>(op.getResult().getType()).getElementType()));
  }

private:
  ein::EinsumOp last;
  SmallVector<unsigned> units, rest; // its free ranks
};

} // namespace

void shareUnitRanks(ein::KernelOp kernel) {
  Block &block = kernel.getBody().front();
  auto last = kernel.getNumResults() == 1
                  ? block.getTerminator()->getOperand(0).getDefiningOp<ein::EinsumOp>()
                  : ein::EinsumOp();
  SmallVector<ein::EinsumOp> others;
  for (Operation &op : block.without_terminator()) {
    auto einsum = dyn_cast<ein::EinsumOp>(op);
    if (!einsum || !op.hasOneUse())
      return;
    if (einsum != last)
      others.push_back(einsum);
  }
  if (!last || !last.getMonoids().empty())
    return;
  Widening widening(last);
  if (!widening.find(others))
    return;
  for (ein::EinsumOp op : others)
    widening.widen(op, others);
  widening.widen(last, others);
}

} // namespace einfall
