//===- ShareShifted.cpp - Subexpressions equal but for a shift ------------===//
//
// `a[i] * b[i] + a[i + 1] * b[i + 1]` holds one product at two places. It becomes
// a tensor of its own, `t[i] = a[i] * b[i]`, one longer, and `t[i] + t[i + 1]`
// reads it twice: each product is computed once.
//
//===----------------------------------------------------------------------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/CastInterfaces.h"
#include "passes/ein/BlockCosts.h"
#include "passes/ein/Inlining.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINSHARESHIFTED
#include "passes/ein/Passes.h.inc"

namespace {

/// By how much each rank of an Einsum moves.
using Shift = SmallVector<int64_t>;

/// Compares two values of one body.
class Comparison {
public:
  explicit Comparison(EinsumOp op)
      : op(op), shift(op.getNumRanks()), isFixed(op.getNumRanks(), false) {}

  /// The shift by which `a` becomes `b`; none, and where nothing moves, nothing.
  std::optional<Shift> between(Value a, Value b) {
    if (!match(a, b) || !solve() || llvm::all_of(shift, [](int64_t d) { return d == 0; }))
      return std::nullopt;
    return shift;
  }

private:
  bool match(Value a, Value b);
  bool solve();

  EinsumOp op;
  Shift shift;
  SmallVector<bool> isFixed; // the shift of this rank is known
  SmallVector<std::pair<unsigned, unsigned>> reads;
};

bool Comparison::match(Value a, Value b) {
  auto left = dyn_cast<BlockArgument>(a), right = dyn_cast<BlockArgument>(b);
  if (left && right) {
    unsigned i = left.getArgNumber(), j = right.getArgNumber();
    if (op.getInputs()[i] != op.getInputs()[j] || op.getFill(i) != op.getFill(j))
      return false;
    reads.push_back({i, j});
    return true;
  }
  if (left || right)
    return false;
  Operation *x = a.getDefiningOp(), *y = b.getDefiningOp();
  if (x->getName() != y->getName() || x->getAttrDictionary() != y->getAttrDictionary() ||
      x->getResultTypes() != y->getResultTypes() || x->getNumOperands() != y->getNumOperands() ||
      x->getNumRegions() || x->getNumResults() != 1)
    return false;
  if (auto index = dyn_cast<IndexOp>(x)) {
    int64_t rank = op.findRank(index.getRank());
    isFixed[rank] = true;
    return shift[rank] == 0;
  }
  size_t before = reads.size();
  auto matchAll = [&](auto others) {
    reads.truncate(before);
    return llvm::all_of(llvm::zip(x->getOperands(), others),
                        [&](auto pair) { return match(std::get<0>(pair), std::get<1>(pair)); });
  };
  return matchAll(y->getOperands()) ||
         (x->hasTrait<OpTrait::IsCommutative>() && matchAll(llvm::reverse(y->getOperands())));
}

/// Finds the one shift by which all of the first reads become the second ones.
bool Comparison::solve() {
  for (auto [i, j] : reads)
    for (auto [from, to] : llvm::zip(op.getMap(i).getResults(), op.getMap(j).getResults())) {
      auto a = shiftedLabel(from), b = shiftedLabel(to);
      if (!a || !b || a->label != b->label)
        continue;
      int64_t distance = b->shift - a->shift;
      if (isFixed[a->label] && shift[a->label] != distance)
        return false;
      isFixed[a->label] = true;
      shift[a->label] = distance;
    }
  SmallVector<AffineExpr> moved;
  for (auto [rank, distance] : llvm::enumerate(shift))
    moved.push_back(getAffineDimExpr(rank, op.getContext()) + distance);
  return llvm::all_of(reads, [&](auto pair) {
    AffineMap from = op.getMap(pair.first), to = op.getMap(pair.second);
    return simplifyIndices(from.replaceDimsAndSymbols(moved, {}, from.getNumDims(),
                                                      from.getNumSymbols())) == to;
  });
}

/// What `value` is computed from, in the order of the body, itself last.
llvm::SetVector<Operation *> makersOf(Value value) {
  llvm::SetVector<Operation *> makers;
  std::function<void(Value)> add = [&](Value v) {
    Operation *maker = v.getDefiningOp();
    if (!maker || makers.contains(maker))
      return;
    llvm::for_each(maker->getOperands(), add);
    makers.insert(maker);
  };
  add(value);
  return makers;
}

/// The operands of the Einsum that `makers` read.
llvm::SetVector<unsigned> leavesOf(const llvm::SetVector<Operation *> &makers) {
  llvm::SetVector<unsigned> leaves;
  for (Operation *maker : makers)
    for (Value operand : maker->getOperands())
      if (auto argument = dyn_cast<BlockArgument>(operand))
        leaves.insert(argument.getArgNumber());
  return leaves;
}

/// The ranks that they depend on.
SmallVector<int64_t> ranksOf(EinsumOp op, const llvm::SetVector<Operation *> &makers) {
  llvm::SetVector<unsigned> leaves = leavesOf(makers);
  auto isNeeded = [&](int64_t rank) {
    return llvm::any_of(leaves, [&](unsigned i) { return op.getMap(i).isFunctionOfDim(rank); }) ||
           llvm::any_of(makers, [&](Operation *maker) {
             auto index = dyn_cast<IndexOp>(maker);
             return index && op.findRank(index.getRank()) == rank;
           });
  };
  return llvm::to_vector(
      llvm::make_filter_range(llvm::seq<int64_t>(0, op.getNumRanks()), isNeeded));
}

/// Additions that are saved where `value` is computed once less; conversions are
/// parts of loads.
unsigned savingOf(Value value) {
  unsigned cost = 0;
  for (Operation *maker : makersOf(value))
    if (!isa<CastOpInterface>(maker))
      cost += costOf(*maker);
  return cost;
}

/// One subexpression of a body, and where else it is, shifted.
struct Shared {
  Value value;
  SmallVector<std::pair<Value, Shift>> places; // with `value` itself, by 0
};

/// A number of each value of the body by what computes it. Values that are equal but for a shift
/// have equal ones: only those are compared, which takes a walk through all they are made of.
llvm::DenseMap<Value, size_t> formsOf(EinsumOp op) {
  llvm::DenseMap<Value, size_t> forms;
  Block &body = op.getBody().front();
  for (auto [i, argument] : llvm::enumerate(body.getArguments()))
    forms[argument] =
        llvm::hash_combine(op.getInputs()[i].getAsOpaquePointer(), Attribute(op.getFill(i)));
  for (Operation &maker : body) {
    bool anyOrder = maker.hasTrait<OpTrait::IsCommutative>();
    size_t operands = 0;
    for (Value operand : maker.getOperands()) {
      size_t form = forms.lookup(operand);
      operands = anyOrder ? operands + form : size_t(llvm::hash_combine(operands, form));
    }
    for (Value result : maker.getResults())
      forms[result] = llvm::hash_combine(maker.getName(), maker.getAttrDictionary(), operands,
                                         result.getType());
  }
  return forms;
}

/// Those that are worth a tensor of their own, larger ones first.
SmallVector<Shared> candidates(EinsumOp op) {
  // A block computes what it shares for itself; where it cannot, a reduction, it
  // has to be stored.
  constexpr unsigned worthStoring = 16;
  bool isStored = isStrict(op) || !op.getMonoids().empty();
  unsigned least = isStored ? worthStoring : 1;
  llvm::DenseMap<Value, size_t> forms = formsOf(op);
  SmallVector<Shared> found;
  for (Operation &last : llvm::reverse(op.getBody().front().without_terminator())) {
    if (last.getNumResults() != 1 || savingOf(last.getResult(0)) < least)
      continue;
    Shared shared{last.getResult(0), {{last.getResult(0), Shift(op.getNumRanks())}}};
    for (Operation &other : op.getBody().front().without_terminator())
      if (&other != &last && other.getNumResults() == 1 &&
          forms.lookup(other.getResult(0)) == forms.lookup(shared.value))
        if (auto shift = Comparison(op).between(shared.value, other.getResult(0)))
          shared.places.push_back({other.getResult(0), *shift});
    if (shared.places.size() > 1)
      found.push_back(std::move(shared));
  }
  return found;
}

struct ShareShiftedPass : impl::EinShareShiftedBase<ShareShiftedPass> {
  void runOnOperation() override {
    if (getOperation().isDeclaration())
      return;
    IRRewriter rewriter(&getContext());
    for (EinsumOp op : llvm::make_early_inc_range(getOperation().getOps<EinsumOp>()))
      for (EinsumOp rest = op; rest;)
        rest = share(rewriter, rest);
  }

  EinsumOp share(RewriterBase &rewriter, EinsumOp op);
  EinsumOp share(RewriterBase &rewriter, EinsumOp op, const Shared &shared);
  EinsumOp make(RewriterBase &rewriter, EinsumOp op, const Shared &shared, ArrayRef<int64_t> least,
                ArrayRef<int64_t> span);
};

} // namespace

static SmallVector<StringAttr> symbolsOf(EinsumOp op) {
  return llvm::map_to_vector(op.getSymbols(), [](Attribute a) { return cast<StringAttr>(a); });
}

/// The tensor of the subexpression at all places; null where it would be read
/// outside of what it is computed from.
EinsumOp ShareShiftedPass::make(RewriterBase &rewriter, EinsumOp op, const Shared &shared,
                                ArrayRef<int64_t> least, ArrayRef<int64_t> span) {
  MLIRContext *context = op.getContext();
  llvm::SetVector<Operation *> makers = makersOf(shared.value);
  llvm::SetVector<unsigned> leaves = leavesOf(makers);
  SmallVector<StringRef> labels;
  SmallVector<ExtentAttr> shape;
  SmallVector<AffineExpr> dims(op.getNumRanks(), getAffineConstantExpr(0, context));
  for (int64_t rank : ranksOf(op, makers)) {
    SmallVector<StringAttr> table;
    AffineExpr extent = op.getRankExtent(rank).over(table) + span[rank];
    dims[rank] = getAffineDimExpr(shape.size(), context) + least[rank];
    labels.push_back(op.getRankName(rank));
    shape.push_back(ExtentAttr::of(extent, table));
  }
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  SmallVector<TypedAttr> fills;
  unsigned before = op.getInputs().size(), after = leaves.size();
  for (unsigned i : leaves) {
    AffineMap map = op.getMap(i);
    SmallVector<AffineExpr> symbols;
    for (unsigned s = 0; s < map.getNumSymbols(); ++s) {
      if (s < before && map.isFunctionOfSymbol(s))
        return {}; // a coordinate that is read
      symbols.push_back(getAffineSymbolExpr(s < before ? 0 : s - before + after, context));
    }
    inputs.push_back(op.getInputs()[i]);
    maps.push_back(simplifyIndices(map.replaceDimsAndSymbols(
        dims, symbols, shape.size(), map.getNumSymbols() - before + after)));
    fills.push_back(op.getFill(i));
  }
  rewriter.setInsertionPoint(op);
  auto made = EinsumOp::create(
      rewriter, shared.value.getLoc(), TensorType::get(context, shape, shared.value.getType()),
      inputs, labels, maps, ArrayRef<Monoid>(), ArrayRef<ExtentAttr>(), symbolsOf(op),
      [&](OpBuilder &builder, Location, ValueRange arguments) {
        IRMapping mapping;
        for (auto [i, leaf] : llvm::enumerate(leaves))
          mapping.map(op.getBody().front().getArgument(leaf), arguments[i]);
        for (Operation *maker : makers)
          builder.clone(*maker, mapping);
        return mapping.lookup(shared.value);
      },
      fills);
  for (unsigned i = 0; i < after; ++i)
    if (!fills[i] && !readsInside(made, i)) {
      rewriter.eraseOp(made);
      return {};
    }
  return made;
}

/// `op` with one subexpression less, or null where there is none to share.
EinsumOp ShareShiftedPass::share(RewriterBase &rewriter, EinsumOp op) {
  for (const Shared &shared : candidates(op))
    if (EinsumOp rest = share(rewriter, op, shared))
      return rest;
  return {};
}

/// The same for this subexpression, or null where it cannot be a tensor.
EinsumOp ShareShiftedPass::share(RewriterBase &rewriter, EinsumOp op, const Shared &shared) {
  Shift least(op.getNumRanks()), span(op.getNumRanks());
  for (int64_t rank = 0; rank < op.getNumRanks(); ++rank) {
    for (auto &[value, shift] : shared.places) {
      least[rank] = std::min(least[rank], shift[rank]);
      span[rank] = std::max(span[rank], shift[rank]);
    }
    span[rank] -= least[rank];
    if (span[rank] && !isHalo(op.getRankExtent(rank), span[rank]))
      return {};
  }
  EinsumOp made = make(rewriter, op, shared, least, span);
  if (!made)
    return {};
  MLIRContext *context = op.getContext();
  unsigned before = op.getInputs().size(), more = shared.places.size();
  unsigned numNames = op.getSymbols().size();
  SmallVector<Value> inputs(op.getInputs());
  inputs.append(more, made.getResult());
  SmallVector<TypedAttr> fills = op.getFillList();
  fills.resize(before + more);
  SmallVector<AffineExpr> symbols;
  for (unsigned s = 0; s < before + numNames; ++s)
    symbols.push_back(getAffineSymbolExpr(s < before ? s : s + more, context));
  SmallVector<AffineMap> maps;
  for (unsigned i = 0; i < before; ++i) {
    AffineMap map = op.getMap(i);
    maps.push_back(
        map.replaceDimsAndSymbols({}, symbols, map.getNumDims(), before + more + numNames));
  }
  SmallVector<int64_t> ranks = ranksOf(op, makersOf(shared.value));
  for (auto &[value, shift] : shared.places) {
    SmallVector<AffineExpr> indices;
    for (int64_t rank : ranks)
      indices.push_back(getAffineDimExpr(rank, context) + (shift[rank] - least[rank]));
    maps.push_back(AffineMap::get(op.getNumRanks(), before + more + numNames, indices, context));
  }
  SmallVector<Monoid> monoids;
  SmallVector<ExtentAttr> extents;
  for (int64_t rank = op.getNumFree(); rank < op.getNumRanks(); ++rank) {
    monoids.push_back(op.getMonoid(rank));
    extents.push_back(op.getRankExtent(rank));
  }
  rewriter.setInsertionPoint(op);
  auto rest = EinsumOp::create(
      rewriter, op.getLoc(), op.getResult().getType(), inputs, strings(op.getRanks()), maps,
      monoids, extents, symbolsOf(op),
      [&](OpBuilder &builder, Location, ValueRange arguments) {
        IRMapping mapping;
        mapping.map(op.getBody().front().getArguments(), arguments.take_front(before));
        for (auto [k, place] : llvm::enumerate(shared.places))
          mapping.map(place.first, arguments[before + k]);
        for (Operation &inner : op.getBody().front().without_terminator())
          if (!mapping.contains(inner.getResult(0)))
            builder.clone(inner, mapping);
        return mapping.lookup(op.getYielded());
      },
      fills);
  rest->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  // What only the subexpression needed is gone from the body, then from the operands.
  SmallVector<Operation *> left;
  for (Operation &inner : rest.getBody().front())
    left.push_back(&inner);
  for (Operation *inner : llvm::reverse(left))
    if (isOpTriviallyDead(inner))
      rewriter.eraseOp(inner);
  rewriter.replaceOp(op, rest.getResult());
  ++numShared;
  return mergeOperands(rewriter, rest);
}

} // namespace einfall::ein
