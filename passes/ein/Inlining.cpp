//===- Inlining.cpp - One einsum from two ---------------------------------===//
#include "passes/ein/Inlining.h"
#include "dialects/ein/EinBounds.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {

static bool isCoordinate(EinsumOp op, unsigned operand) {
  return !cast<StringAttr>(op.getCoords()[operand]).getValue().empty();
}

bool canInline(EinsumOp reader, unsigned operand) {
  auto producer = reader.getInputs()[operand].getDefiningOp<EinsumOp>();
  if (!producer || !producer.getMonoids().empty() || !readsInside(reader, operand))
    return false;
  // The coordinate that later indices read has to stay an operand.
  if (isCoordinate(reader, operand) && !producer.isRelabelling())
    return false;
  for (unsigned i = 0, e = producer.getInputs().size(); i < e; ++i)
    if (!readsInside(producer, i))
      return false;
  return true;
}

static SmallVector<StringAttr> symbolList(EinsumOp op) {
  return llvm::map_to_vector(op.getSymbols(), [](Attribute a) { return cast<StringAttr>(a); });
}

namespace {
/// Collects operands, maps and symbols of a new einsum over `ranks`.
struct Assembly {
  SmallVector<Value> inputs;
  SmallVector<SmallVector<AffineExpr>> indices;
  SmallVector<StringAttr> symbols;
  unsigned numOperands; // of the finished einsum: extents are symbols from here

  AffineExpr symbol(StringAttr name) {
    auto *it = llvm::find(symbols, name);
    if (it == symbols.end())
      it = symbols.insert(it, name);
    return getAffineSymbolExpr(numOperands + (it - symbols.begin()), name.getContext());
  }
};
} // namespace

/// Rewrites `op`'s bookkeeping from `assembly` and `body`.
static EinsumOp rebuild(RewriterBase &rewriter, EinsumOp op, Assembly &assembly,
                        function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  MLIRContext *context = op.getContext();
  unsigned numSymbols = assembly.numOperands + assembly.symbols.size();
  SmallVector<AffineMap> maps;
  for (SmallVector<AffineExpr> &list : assembly.indices) {
    for (AffineExpr &index : list)
      index = simplifyAffineExpr(index, op.getNumRanks(), numSymbols);
    maps.push_back(AffineMap::get(op.getNumRanks(), numSymbols, list, context));
  }
  SmallVector<StringRef> ranks;
  SmallVector<Monoid> monoids;
  SmallVector<ExtentAttr> extents;
  for (int64_t i = 0, e = op.getNumRanks(); i < e; ++i) {
    ranks.push_back(op.getRankName(i));
    if (op.isReduced(i)) {
      monoids.push_back(op.getMonoid(i));
      extents.push_back(op.getRankExtent(i));
    }
  }
  rewriter.setInsertionPoint(op);
  auto result = EinsumOp::create(rewriter, op.getLoc(), op.getResult().getType(), assembly.inputs,
                                 ranks, maps, monoids, extents, assembly.symbols, body);
  rewriter.replaceOp(op, result.getResult());
  return result;
}

/// The coordinates that `indices` (over the ranks and symbols of a new einsum
/// with block `arguments`) stand for, as values of its body.
static SmallVector<Value> materialize(OpBuilder &builder, Location loc, EinsumOp op,
                                      ArrayRef<AffineExpr> indices, Assembly &assembly,
                                      ValueRange arguments) {
  SmallVector<Value> dims(op.getNumRanks()),
      symbols(assembly.numOperands + assembly.symbols.size());
  for (AffineExpr index : indices)
    index.walk([&](AffineExpr sub) {
      if (auto dim = dyn_cast<AffineDimExpr>(sub)) {
        Value &slot = dims[dim.getPosition()];
        if (!slot)
          slot = IndexOp::create(builder, loc, builder.getIndexType(),
                                 builder.getStringAttr(op.getRankName(dim.getPosition())));
      } else if (auto symbol = dyn_cast<AffineSymbolExpr>(sub)) {
        unsigned position = symbol.getPosition();
        Value &slot = symbols[position];
        if (slot)
          return;
        if (position < assembly.numOperands)
          slot =
              arith::IndexCastOp::create(builder, loc, builder.getIndexType(), arguments[position]);
        else
          slot = ExtentOp::create(
              builder, loc, builder.getIndexType(),
              ExtentAttr::symbol(builder.getContext(),
                                 assembly.symbols[position - assembly.numOperands]));
      }
    });
  return llvm::map_to_vector(indices, [&](AffineExpr index) {
    return affine::expandAffineExpr(builder, loc, index, dims, symbols);
  });
}

EinsumOp inlineProducer(RewriterBase &rewriter, EinsumOp reader, unsigned operand) {
  auto producer = reader.getInputs()[operand].getDefiningOp<EinsumOp>();
  MLIRContext *context = reader.getContext();
  unsigned readerCount = reader.getInputs().size();
  unsigned producerCount = producer.getInputs().size();
  Assembly assembly;
  assembly.numOperands = readerCount - 1 + producerCount;

  // The producer's operands take the place of `operand`.
  auto moved = [&](unsigned i) { return i < operand ? i : i + producerCount - 1; };
  SmallVector<AffineExpr> readerSymbols;
  for (unsigned i = 0; i < readerCount; ++i)
    // A coordinate read through a relabelling comes from its only operand.
    readerSymbols.push_back(getAffineSymbolExpr(i == operand ? operand : moved(i), context));
  for (StringAttr name : symbolList(reader))
    readerSymbols.push_back(assembly.symbol(name));
  SmallVector<AffineExpr> at;
  for (AffineExpr index : reader.getMap(operand).getResults())
    at.push_back(index.replaceSymbols(readerSymbols));
  SmallVector<AffineExpr> producerSymbols;
  for (unsigned i = 0; i < producerCount; ++i)
    producerSymbols.push_back(getAffineSymbolExpr(operand + i, context));
  for (StringAttr name : symbolList(producer))
    producerSymbols.push_back(assembly.symbol(name));

  for (unsigned i = 0; i < readerCount; ++i) {
    if (i != operand) {
      assembly.inputs.push_back(reader.getInputs()[i]);
      SmallVector<AffineExpr> &list = assembly.indices.emplace_back();
      for (AffineExpr index : reader.getMap(i).getResults())
        list.push_back(index.replaceSymbols(readerSymbols));
      continue;
    }
    for (unsigned j = 0; j < producerCount; ++j) {
      assembly.inputs.push_back(producer.getInputs()[j]);
      SmallVector<AffineExpr> &list = assembly.indices.emplace_back();
      for (AffineExpr index : producer.getMap(j).getResults())
        list.push_back(index.replaceDimsAndSymbols(at, producerSymbols));
    }
  }

  return rebuild(
      rewriter, reader, assembly, [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        IRMapping mapping;
        Block &from = producer.getBody().front();
        for (unsigned j = 0; j < producerCount; ++j)
          mapping.map(from.getArgument(j), arguments[operand + j]);
        SmallVector<Value> coordinates;
        for (Operation &inner : from.without_terminator()) {
          if (auto index = dyn_cast<IndexOp>(inner)) {
            if (coordinates.empty())
              coordinates = materialize(builder, loc, reader, at, assembly, arguments);
            mapping.map(index.getResult(), coordinates[producer.findRank(index.getRank())]);
            continue;
          }
          builder.clone(inner, mapping);
        }
        Block &into = reader.getBody().front();
        for (unsigned i = 0; i < readerCount; ++i)
          mapping.map(into.getArgument(i),
                      i == operand ? mapping.lookup(producer.getYielded()) : arguments[moved(i)]);
        for (Operation &inner : into.without_terminator())
          builder.clone(inner, mapping);
        return mapping.lookup(reader.getYielded());
      });
}

EinsumOp mergeOperands(RewriterBase &rewriter, EinsumOp op) {
  unsigned count = op.getInputs().size();
  SmallVector<unsigned> target(count), kept;
  for (unsigned i = 0; i < count; ++i) {
    auto *same = llvm::find_if(kept, [&](unsigned k) {
      return op.getInputs()[k] == op.getInputs()[i] && op.getMap(k) == op.getMap(i);
    });
    bool unused = op.getBody().front().getArgument(i).use_empty() && !isCoordinate(op, i) &&
                  readsInside(op, i);
    target[i] = same - kept.begin();
    if (same == kept.end() && !unused)
      kept.push_back(i);
  }
  if (kept.size() == count)
    return op;
  Assembly assembly;
  assembly.numOperands = kept.size();
  SmallVector<AffineExpr> symbols;
  for (unsigned i = 0; i < count; ++i)
    symbols.push_back(getAffineSymbolExpr(target[i], op.getContext()));
  for (StringAttr name : symbolList(op))
    symbols.push_back(assembly.symbol(name));
  for (unsigned k : kept) {
    assembly.inputs.push_back(op.getInputs()[k]);
    SmallVector<AffineExpr> &list = assembly.indices.emplace_back();
    for (AffineExpr index : op.getMap(k).getResults())
      list.push_back(index.replaceSymbols(symbols));
  }
  return rebuild(rewriter, op, assembly, [&](OpBuilder &builder, Location, ValueRange arguments) {
    IRMapping mapping;
    Block &from = op.getBody().front();
    for (unsigned i = 0; i < count; ++i)
      if (target[i] < kept.size())
        mapping.map(from.getArgument(i), arguments[target[i]]);
    for (Operation &inner : from.without_terminator())
      builder.clone(inner, mapping);
    return mapping.lookup(op.getYielded());
  });
}

} // namespace einfall::ein
