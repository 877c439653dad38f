//===- Inlining.cpp - One einsum from two ---------------------------------===//
#include "passes/ein/Inlining.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {

bool isCoordinate(EinsumOp op, unsigned operand) {
  return !cast<StringAttr>(op.getCoords()[operand]).getValue().empty();
}

bool readsOnce(EinsumOp reader, unsigned operand) {
  AffineMap map = reader.getMap(operand);
  for (int64_t rank = 0, e = reader.getNumRanks(); rank < e; ++rank)
    if (reader.getRankExtent(rank).getLiteral() != 1 && !map.isFunctionOfDim(rank))
      return false;
  return true;
}

bool isGuarded(EinsumOp reader, unsigned operand) {
  return reader.getFill(operand) && !readsInside(reader, operand);
}

bool repeatsGuards(EinsumOp reader, unsigned operand) {
  auto producer = reader.getInputs()[operand].getDefiningOp<EinsumOp>();
  bool mayMiss = (producer && producer.getFills()) || isGuarded(reader, operand);
  return mayMiss && !reader.getMonoids().empty() && !readsOnce(reader, operand);
}

/// True if a relabelling reads its own operand outside wherever `reader` reads
/// it outside, so that the value there may move to that operand.
static bool keepsOutside(EinsumOp reader, unsigned operand, EinsumOp producer) {
  TypedAttr own = producer.isRelabelling() ? producer.getFill(0) : TypedAttr();
  if (!producer.isRelabelling() || (own && own != reader.getFill(operand)))
    return false;
  auto from = cast<TensorType>(producer.getInputs()[0].getType());
  for (auto [dim, bounds] : llvm::enumerate(boundsOf(reader, operand)))
    if (!(bounds.low && bounds.high) &&
        plainExtent(producer.getMap(0), from, dim) != producer.getResult().getType().getExtent(dim))
      return false;
  return true;
}

bool canInline(EinsumOp reader, unsigned operand) {
  auto producer = reader.getInputs()[operand].getDefiningOp<EinsumOp>();
  bool guarded = isGuarded(reader, operand);
  if (!producer || !producer.getMonoids().empty() || !(guarded || readsInside(reader, operand)))
    return false;
  // The coordinate that later indices read has to stay an operand.
  if (isCoordinate(reader, operand) &&
      (!producer.isRelabelling() || (guarded && !keepsOutside(reader, operand, producer))))
    return false;
  for (unsigned i = 0, e = producer.getInputs().size(); i < e; ++i)
    if (!existsEverywhere(producer, i))
      return false;
  // Behind a guard the body also runs where its operands are not: on zeros.
  return !guarded || llvm::all_of(producer.getBody().front().without_terminator(),
                                  [](Operation &inner) { return isSpeculatable(&inner); });
}

static SmallVector<StringAttr> symbolList(EinsumOp op) {
  return llvm::map_to_vector(op.getSymbols(), [](Attribute a) { return cast<StringAttr>(a); });
}

//===----------------------------------------------------------------------===//
// Coordinates in bodies
//===----------------------------------------------------------------------===//

Value expandIndex(OpBuilder &builder, Location loc, AffineExpr index, ValueRange dims,
                  ValueRange symbols) {
  bool isPlain = true;
  index.walk([&](AffineExpr sub) {
    AffineExprKind kind = sub.getKind();
    if (kind == AffineExprKind::FloorDiv || kind == AffineExprKind::CeilDiv ||
        kind == AffineExprKind::Mod)
      isPlain &= isa<AffineConstantExpr>(cast<AffineBinaryOpExpr>(sub).getRHS());
  });
  if (isPlain)
    return affine::expandAffineExpr(builder, loc, index, dims, symbols);
  auto binary = cast<AffineBinaryOpExpr>(index);
  Value a = expandIndex(builder, loc, binary.getLHS(), dims, symbols);
  Value b = expandIndex(builder, loc, binary.getRHS(), dims, symbols);
  switch (index.getKind()) {
  case AffineExprKind::Add:
    return arith::AddIOp::create(builder, loc, a, b);
  case AffineExprKind::Mul:
    return arith::MulIOp::create(builder, loc, a, b);
  case AffineExprKind::FloorDiv:
    return arith::FloorDivSIOp::create(builder, loc, a, b);
  case AffineExprKind::CeilDiv:
    return arith::CeilDivSIOp::create(builder, loc, a, b);
  default: {
    Value quotient = arith::FloorDivSIOp::create(builder, loc, a, b);
    Value multiple = arith::MulIOp::create(builder, loc, quotient, b);
    return arith::SubIOp::create(builder, loc, a, multiple);
  }
  }
}

Value Coordinates::expand(AffineExpr index) {
  index.walk([&](AffineExpr sub) {
    if (auto dim = dyn_cast<AffineDimExpr>(sub)) {
      Value &slot = dims[dim.getPosition()];
      if (!slot)
        slot = IndexOp::create(builder, loc, builder.getIndexType(),
                               builder.getStringAttr(ranks[dim.getPosition()]));
      return;
    }
    auto symbol = dyn_cast<AffineSymbolExpr>(sub);
    if (!symbol || values[symbol.getPosition()])
      return;
    Value &slot = values[symbol.getPosition()];
    if (symbol.getPosition() >= arguments.size()) {
      StringAttr name = symbols[symbol.getPosition() - arguments.size()];
      slot = ExtentOp::create(builder, loc, builder.getIndexType(),
                              ExtentAttr::symbol(builder.getContext(), name));
    } else if (Value read = arguments[symbol.getPosition()]; read.getType().isInteger(1)) {
      slot = arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(), read);
    } else {
      slot = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), read);
    }
  });
  return expandIndex(builder, loc, index, dims, values);
}

/// Appends the addends of `e` by sign, negative ones negated.
static void split(AffineExpr e, AffineExpr &positive, AffineExpr &negative) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(e);
  if (binary && e.getKind() == AffineExprKind::Add) {
    split(binary.getLHS(), positive, negative);
    split(binary.getRHS(), positive, negative);
    return;
  }
  AffineExpr factor = binary && e.getKind() == AffineExprKind::Mul ? binary.getRHS() : e;
  auto constant = dyn_cast<AffineConstantExpr>(factor);
  if (constant && constant.getValue() < 0)
    negative = negative - e;
  else
    positive = positive + e;
}

Value Coordinates::isNegative(AffineExpr e) {
  AffineExpr left = getAffineConstantExpr(0, builder.getContext()), right = left;
  split(simplifyIndex(e, dims.size(), values.size()), left, right);
  Value a = expand(left), b = expand(right);
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b);
}

//===----------------------------------------------------------------------===//
// Rebuilding
//===----------------------------------------------------------------------===//

namespace {
/// Collects operands, maps and symbols of a new einsum over `ranks`.
struct Assembly {
  SmallVector<Value> inputs;
  SmallVector<SmallVector<AffineExpr>> indices;
  SmallVector<TypedAttr> fills;
  SmallVector<StringAttr> symbols;
  unsigned numOperands; // of the finished einsum: extents are symbols from here

  AffineExpr symbol(StringAttr name) {
    auto *it = llvm::find(symbols, name);
    if (it == symbols.end())
      it = symbols.insert(it, name);
    return getAffineSymbolExpr(numOperands + (it - symbols.begin()), name.getContext());
  }
  AffineExpr extent(ExtentAttr extent) {
    AffineExpr value = extent.over(symbols);
    return value.shiftSymbols(symbols.size(), numOperands);
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
      index = simplifyIndex(index, op.getNumRanks(), numSymbols);
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
  auto result =
      EinsumOp::create(rewriter, op.getLoc(), op.getResult().getType(), assembly.inputs, ranks,
                       maps, monoids, extents, assembly.symbols, body, assembly.fills);
  if (ArrayAttr needed = neededFills(result))
    result.setFillsAttr(needed);
  else
    result.removeFillsAttr();
  rewriter.replaceOp(op, result.getResult());
  return result;
}

//===----------------------------------------------------------------------===//
// Inlining
//===----------------------------------------------------------------------===//

namespace {
class Inliner {
public:
  Inliner(EinsumOp reader, unsigned operand)
      : reader(reader), producer(reader.getInputs()[operand].getDefiningOp<EinsumOp>()),
        operand(operand), readerCount(reader.getInputs().size()),
        producerCount(producer.getInputs().size()), guarded(isGuarded(reader, operand)),
        kept(guarded && keepsOutside(reader, operand, producer)) {
    assembly.numOperands = readerCount - 1 + producerCount;
  }
  EinsumOp run(RewriterBase &rewriter);

private:
  /// Where operand `i` of the reader goes; the producer's take the place of `operand`.
  unsigned moved(unsigned i) const { return i <= operand ? i : i + producerCount - 1; }
  void addOperands();
  void addChecks();
  TypedAttr fillOfMoved(unsigned i);
  Value body(OpBuilder &builder, Location loc, ValueRange arguments);
  Value checked(Coordinates &coordinates, Value value);

  EinsumOp reader, producer;
  unsigned operand, readerCount, producerCount;
  bool guarded, kept;
  Assembly assembly;
  SmallVector<AffineExpr> at; // where the reader reads
  /// What tells that a read is outside (or, if `inside`, inside) by being negative.
  struct Check {
    AffineExpr expr;
    bool inside;
  };
  SmallVector<Check> checks;
};
} // namespace

/// What operand `i` of the producer is outside. Behind a guard it is read at
/// points that the producer does not have; what it is there does not matter.
TypedAttr Inliner::fillOfMoved(unsigned i) {
  TypedAttr own = producer.getFill(i);
  if (kept)
    return reader.getFill(operand);
  if (own || !guarded)
    return own;
  auto type = cast<TensorType>(producer.getInputs()[i].getType());
  return Builder(reader.getContext()).getZeroAttr(type.getElementType());
}

void Inliner::addOperands() {
  MLIRContext *context = reader.getContext();
  SmallVector<AffineExpr> readerSymbols, producerSymbols;
  // A coordinate read through a relabelling comes from its only operand.
  for (unsigned i = 0; i < readerCount; ++i)
    readerSymbols.push_back(getAffineSymbolExpr(moved(i), context));
  for (StringAttr name : symbolList(reader))
    readerSymbols.push_back(assembly.symbol(name));
  for (unsigned i = 0; i < producerCount; ++i)
    producerSymbols.push_back(getAffineSymbolExpr(operand + i, context));
  for (StringAttr name : symbolList(producer))
    producerSymbols.push_back(assembly.symbol(name));
  for (AffineExpr index : reader.getMap(operand).getResults())
    at.push_back(index.replaceSymbols(readerSymbols));

  auto add = [&](Value input, TypedAttr fill) -> SmallVector<AffineExpr> & {
    assembly.inputs.push_back(input);
    assembly.fills.push_back(fill);
    return assembly.indices.emplace_back();
  };
  for (unsigned i = 0; i < readerCount; ++i) {
    if (i != operand) {
      SmallVector<AffineExpr> &list = add(reader.getInputs()[i], reader.getFill(i));
      for (AffineExpr index : reader.getMap(i).getResults())
        list.push_back(index.replaceSymbols(readerSymbols));
      continue;
    }
    for (unsigned j = 0; j < producerCount; ++j) {
      SmallVector<AffineExpr> &list = add(producer.getInputs()[j], fillOfMoved(j));
      for (AffineExpr index : producer.getMap(j).getResults())
        list.push_back(index.replaceDimsAndSymbols(at, producerSymbols));
    }
  }
}

/// What the body has to check to know where the producer's result is outside.
void Inliner::addChecks() {
  if (!guarded || kept)
    return;
  for (auto [dim, bounds] : llvm::enumerate(boundsOf(reader, operand))) {
    if (!bounds.low)
      checks.push_back({at[dim], false});
    if (!bounds.high)
      checks.push_back(
          {at[dim] - assembly.extent(producer.getResult().getType().getExtent(dim)), true});
  }
}

/// `value` inside, the reader's fill outside.
Value Inliner::checked(Coordinates &coordinates, Value value) {
  if (checks.empty())
    return value;
  OpBuilder &builder = coordinates.builder;
  Location loc = coordinates.loc;
  Value fill = arith::ConstantOp::create(builder, loc, reader.getFill(operand));
  for (const Check &check : checks) {
    Value negative = coordinates.isNegative(check.expr);
    value = arith::SelectOp::create(builder, loc, negative, check.inside ? value : fill,
                                    check.inside ? fill : value);
  }
  return value;
}

Value Inliner::body(OpBuilder &builder, Location loc, ValueRange arguments) {
  Coordinates coordinates(builder, loc, strings(reader.getRanks()), assembly.symbols, arguments);
  IRMapping mapping;
  Block &from = producer.getBody().front(), &into = reader.getBody().front();
  for (unsigned j = 0; j < producerCount; ++j)
    mapping.map(from.getArgument(j), arguments[operand + j]);
  for (Operation &inner : from.without_terminator()) {
    if (auto index = dyn_cast<IndexOp>(inner))
      mapping.map(index.getResult(), coordinates.expand(at[producer.findRank(index.getRank())]));
    else
      builder.clone(inner, mapping);
  }
  Value made = checked(coordinates, mapping.lookup(producer.getYielded()));
  for (unsigned i = 0; i < readerCount; ++i)
    mapping.map(into.getArgument(i), i == operand ? made : arguments[moved(i)]);
  for (Operation &inner : into.without_terminator())
    builder.clone(inner, mapping);
  return mapping.lookup(reader.getYielded());
}

EinsumOp Inliner::run(RewriterBase &rewriter) {
  addOperands();
  addChecks();
  return rebuild(rewriter, reader, assembly,
                 [&](OpBuilder &builder, Location loc, ValueRange arguments) {
                   return body(builder, loc, arguments);
                 });
}

EinsumOp inlineProducer(RewriterBase &rewriter, EinsumOp reader, unsigned operand) {
  return Inliner(reader, operand).run(rewriter);
}

EinsumOp mergeOperands(RewriterBase &rewriter, EinsumOp op) {
  unsigned count = op.getInputs().size();
  SmallVector<unsigned> target(count), kept;
  for (unsigned i = 0; i < count; ++i) {
    auto *same = llvm::find_if(kept, [&](unsigned k) {
      return op.getInputs()[k] == op.getInputs()[i] && op.getMap(k) == op.getMap(i) &&
             op.getFill(k) == op.getFill(i);
    });
    bool unused = op.getBody().front().getArgument(i).use_empty() && !isCoordinate(op, i) &&
                  existsEverywhere(op, i);
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
    assembly.fills.push_back(op.getFill(k));
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
