//===- DeferFactors.cpp - What waits for a reduction ----------------------===//
#include "dialects/ein/EinNumerics.h"
#include "lib/Algebra/Factor.h"
#include "mlir/IR/Remarks.h"
#include "passes/ein/AlgebraBridge.h"
#include "passes/ein/BlockCosts.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using einfall::algebra::Expr;

namespace einfall::ein {
#define GEN_PASS_DEF_EINDEFER
#include "passes/ein/Passes.h.inc"

namespace {

/// How far an operand's makers are looked through for a factor.
constexpr unsigned maxDepth = 4;

/// Columns from which dots save more than it costs to store their operand: each saves half of its
/// products, a pass over the operand takes as long as a few do.
constexpr int64_t kFewestDotColumns = 64;

/// True if a reduction made `tensor`, perhaps followed by maps.
bool isReduced(Value tensor) {
  auto maker = tensor.getDefiningOp<EinsumOp>();
  if (!maker || !maker.getMonoids().empty())
    return static_cast<bool>(maker);
  return llvm::any_of(maker.getInputs(), isReduced);
}

class Deferral {
public:
  Deferral(RewriterBase &rewriter, EinsumOp op, unsigned depth, int64_t storedRows,
           ArrayRef<std::string> dots)
      : rewriter(rewriter), op(op), depth(depth), storedRows(storedRows), dots(dots), frame(op) {}
  /// Replaces the einsum by a reduction and a map; null if no factor leaves.
  EinsumOp run();

private:
  bool isCandidate();
  bool isDot();
  bool keepsFactors();
  bool repeatsFunctions(Expr inner);
  llvm::SmallBitVector spanOf(Expr e) const;
  Type elementOfMaker() const;
  struct Lacking;
  std::optional<Lacking> lacking(Expr product, unsigned missing) const;
  Expr premultiply(Expr inner);
  EinsumOp reduce(Expr inner);
  void finish(EinsumOp reduced, const algebra::Factorisation &split);

  RewriterBase &rewriter;
  EinsumOp op;
  unsigned depth;
  int64_t storedRows;
  ArrayRef<std::string> dots;
  Frame frame;
};

} // namespace

bool Deferral::isCandidate() {
  if (op.getMonoids().empty() || !isa<FloatType>(op.getYielded().getType()))
    return false;
  Monoid monoid = op.getMonoid(op.getNumFree());
  return monoid != Monoid::argmax && monoid != Monoid::argmin && llvm::all_equal(op.getMonoids());
}

/// The ranks of the frame that `e` depends on.
llvm::SmallBitVector Deferral::spanOf(Expr e) const {
  llvm::SmallBitVector span(frame.ranks.size());
  llvm::DenseSet<Expr> seen;
  std::function<void(Expr)> visit = [&](Expr part) {
    if (!seen.insert(part).second)
      return;
    auto add = [&](AffineExpr index) {
      for (unsigned rank = 0; rank < span.size(); ++rank)
        if (index.isFunctionOfDim(rank))
          span.set(rank);
    };
    if (auto it = frame.coordinates.find(part); it != frame.coordinates.end())
      add(it->second);
    for (const Leaf &leaf : frame.leaves)
      if (leaf.variable == part)
        llvm::for_each(leaf.indices, add);
    for (auto [weight, arg] : part->args)
      visit(arg);
  };
  visit(e);
  return span;
}

/// The type in which the program passes the operand that was looked through.
Type Deferral::elementOfMaker() const {
  for (Value input : EinsumOp(op).getInputs()) {
    Type element = cast<TensorType>(input.getType()).getElementType();
    bool isLeaf = llvm::any_of(frame.leaves, [&](const Leaf &l) { return l.tensor == input; });
    if (!isLeaf && input.getDefiningOp<EinsumOp>() && isa<FloatType>(element))
      return element;
  }
  return frame.workingType();
}

/// The factors of a product that lack a free rank which other factors have.
struct Deferral::Lacking {
  SmallVector<std::pair<Expr, double>> factors, others;
  llvm::SmallBitVector span;
  bool isDynamic = false; // its extents are known at run time only: activations
  int64_t elements = 1;
};

std::optional<Deferral::Lacking> Deferral::lacking(Expr product, unsigned missing) const {
  Lacking result;
  result.span.resize(frame.ranks.size());
  for (auto [exponent, base] : product->args) {
    llvm::SmallBitVector own = spanOf(base);
    bool has = own.test(missing);
    (has ? result.others : result.factors).push_back({base, exponent});
    if (!has)
      result.span |= own;
  }
  bool isInside = result.span.any() && result.span.find_last() >= (int)frame.numFree;
  if (result.others.empty() || result.factors.size() < 2 || !isInside)
    return std::nullopt;
  for (unsigned rank : result.span.set_bits()) {
    std::optional<int64_t> literal = frame.extents[rank].getLiteral();
    result.isDynamic |= !literal;
    result.elements *= literal.value_or(1);
  }
  return result;
}

/// Factors of a contraction that all lack a free rank which others have are
/// multiplied once, by a map: not again for each coordinate of that rank. Scales
/// go to activations, never to weights while there is a choice.
Expr Deferral::premultiply(Expr inner) {
  std::optional<Lacking> best;
  for (unsigned missing = 0; inner->kind == algebra::Kind::product && missing < frame.numFree;
       ++missing) {
    std::optional<Lacking> found = lacking(inner, missing);
    if (found && (!best || std::pair(best->isDynamic, -best->elements) <
                               std::pair(found->isDynamic, -found->elements)))
      best = std::move(found);
  }
  if (!best)
    return inner;
  Expr product = frame.terms.product(best->factors);
  Operands operands(frame, product);
  operands.fillMissing(frame);
  SmallVector<AffineExpr> dims(frame.ranks.size(), rewriter.getAffineConstantExpr(0)), indices;
  SmallVector<StringRef> names;
  SmallVector<ExtentAttr> shape;
  for (unsigned rank : best->span.set_bits()) {
    dims[rank] = rewriter.getAffineDimExpr(names.size());
    indices.push_back(rewriter.getAffineDimExpr(rank));
    names.push_back(frame.ranks[rank]);
    shape.push_back(frame.extents[rank]);
  }
  SmallVector<AffineMap> maps;
  for (AffineMap map : operands.maps)
    maps.push_back(map.replaceDimsAndSymbols(dims, {}, names.size(), map.getNumSymbols()));
  Type element = elementOfMaker();
  auto map = EinsumOp::create(
      rewriter, op.getLoc(), TensorType::get(op.getContext(), shape, element), operands.values,
      names, maps, {}, {}, operands.symbols,
      [&](OpBuilder &builder, Location loc, ValueRange v) {
        Emitter emitter(frame, builder, loc);
        operands.bind(frame, emitter, v);
        return emitter.emit(product, element);
      },
      operands.fills);
  best->others.push_back({frame.leaf(map.getResult(), indices), 1});
  return frame.terms.product(best->others);
}

/// The reduction of what stays inside.
EinsumOp Deferral::reduce(Expr inner) {
  Operands operands(frame, inner);
  SmallVector<Monoid> monoids;
  for (int64_t rank = op.getNumFree(); rank < op.getNumRanks(); ++rank)
    monoids.push_back(op.getMonoid(rank));
  return EinsumOp::create(
      rewriter, op.getLoc(), op.getResult().getType(), operands.values, frame.ranks, operands.maps,
      monoids, ArrayRef(frame.extents).drop_front(frame.numFree), operands.symbols,
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        Emitter emitter(frame, builder, loc);
        operands.bind(frame, emitter, arguments);
        return emitter.emit(inner, op.getYielded().getType());
      },
      operands.fills);
}

/// The map that applies the factor. Of an empty fiber, and of one whose points
/// do not exist, it is the identity, whatever the factor is.
void Deferral::finish(EinsumOp reduced, const algebra::Factorisation &split) {
  SmallVector<AffineExpr> free = frame.identity();
  free.truncate(frame.numFree);
  Expr before = frame.leaf(reduced.getResult(), free);
  Expr after = split.times == algebra::Times::mul ? frame.terms.mul(before, split.outer)
                                                  : frame.terms.add(before, split.outer);
  Monoid monoid = op.getMonoid(op.getNumFree());
  after = frame.where(frame.conditions, after, *algebra::factsOf(toAlgebra(monoid)).identity);
  Operands operands(frame, after);
  operands.fillMissing(frame);
  SmallVector<AffineMap> maps;
  for (AffineMap map : operands.maps)
    maps.push_back(
        AffineMap::get(frame.numFree, map.getNumSymbols(), map.getResults(), op.getContext()));
  Type element = op.getYielded().getType();
  auto body = [&](OpBuilder &builder, Location loc, ValueRange arguments) {
    Emitter emitter(frame, builder, loc);
    operands.bind(frame, emitter, arguments);
    Value result = emitter.emit(after, element);
    for (ExtentAttr extent : ArrayRef(frame.extents).drop_front(frame.numFree)) {
      if (extent.getLiteral().value_or(0) > 0)
        continue;
      Value size = ExtentOp::create(builder, loc, builder.getIndexType(), extent);
      Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
      Value empty = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, size, zero);
      result = arith::SelectOp::create(builder, loc, empty, emitter.emit(before, element), result);
    }
    return result;
  };
  auto map = EinsumOp::create(rewriter, op.getLoc(), op.getResult().getType(), operands.values,
                              ArrayRef(frame.ranks).take_front(frame.numFree), maps, {}, {},
                              operands.symbols, body, operands.fills);
  map->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  rewriter.replaceOp(op, map.getResult());
}

/// Functions of elements in `e`, each of which costs as much as many products.
static unsigned countFunctions(Expr e, llvm::DenseSet<Expr> &seen) {
  if (!(e->depends & algebra::onElement) || !seen.insert(e).second)
    return 0;
  bool costly = e->kind == algebra::Kind::exp || e->kind == algebra::Kind::log ||
                (e->kind == algebra::Kind::apply &&
                 (e->symbol == algebra::fnTanh || e->symbol >= algebra::firstOpaque));
  unsigned count = costly;
  for (auto [weight, arg] : e->args)
    count += countFunctions(arg, seen);
  return count;
}

/// True if the reduction would compute functions at each of its points that now
/// are computed once, by the maker of an operand.
bool Deferral::repeatsFunctions(Expr inner) {
  auto look = [](EinsumOp, unsigned, unsigned) { return false; };
  auto reader = [](Value, ArrayRef<AffineExpr>) { return Expr(); };
  Expr own = frame.translate(op, frame.identity(), reader, look);
  llvm::DenseSet<Expr> before, after;
  return !own || countFunctions(inner, after) > countFunctions(own, before);
}

/// True if the machine adds products of these operands by dots. Without a factor of theirs they
/// would have another type, and their product half the rate.
bool Deferral::isDot() {
  Type element = cast<TensorType>(op.getInputs().front().getType()).getElementType();
  std::string name;
  llvm::raw_string_ostream(name) << element;
  return llvm::is_contained(dots, name) && llvm::all_of(op.getInputs(), [&](Value input) {
           return cast<TensorType>(input.getType()).getElementType() == element;
         });
}

/// True if a factor is a map that many columns read, of many rows, or that some columns read as an
/// operand of dots: it is computed with all its factors. In what is never stored anyway they would
/// wait.
bool Deferral::keepsFactors() {
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
    auto maker = op.getInputs()[i].getDefiningOp<EinsumOp>();
    if (!maker || !maker.getMonoids().empty() || !isContraction(op))
      continue;
    AffineMap map = op.getMap(i);
    Rows rows;
    int64_t columns = 1;
    for (int64_t rank = 0; rank < op.getNumFree(); ++rank)
      if (map.isFunctionOfDim(rank))
        rows.add(op.getRankExtent(rank));
      else
        columns *= op.getRankExtent(rank).getLiteral().value_or(1);
    // So few columns may be a head of attention, whose weights grow with the sequence.
    const bool isMany = columns > kMostSummed;
    const double mostGrown = isMany ? 2 : 1;
    bool isOver = false, expanded = false;
    for (auto [dim, index] : llvm::enumerate(map.getResults()))
      for (int64_t rank = op.getNumFree(); rank < op.getNumRanks(); ++rank)
        if (index.isFunctionOfDim(rank)) {
          isOver = true;
          expanded |= isExpanded(op.getInputs()[i], dim, mostGrown);
        }
    if (isOver && !expanded &&
        ((isMany && rows.areWorthStoring(storedRows)) || (columns >= kFewestDotColumns && isDot())))
      return true;
  }
  return false;
}

EinsumOp Deferral::run() {
  if (!isCandidate() || (depth > 0 && keepsFactors()))
    return nullptr;
  auto look = [&](EinsumOp, unsigned, unsigned level) { return level < depth; };
  auto reader = [](Value, ArrayRef<AffineExpr>) { return Expr(); };
  Expr body = frame.translate(op, frame.identity(), reader, look);
  if (!body)
    return nullptr;
  // A point that does not exist takes its factor with it, unless the row does.
  if (llvm::any_of(frame.conditions, [](Expr e) { return e->depends & algebra::onElement; }))
    return nullptr;
  algebra::Factorisation split =
      algebra::factor(frame.terms, toAlgebra(op.getMonoid(op.getNumFree())), body,
                      algebra::onElement, [&](Expr e) { return frame.rangeOf(e); });
  if (split.isTrivial())
    return nullptr;
  // Constants and sizes stay where they are cheap; looking into makers has to
  // pay: it frees the reduction from waiting for another.
  SmallVector<Value> rows = Operands(frame, split.outer).values;
  if (rows.empty() || (depth > 0 && llvm::none_of(rows, isReduced)))
    return nullptr;
  if (depth > 0 && repeatsFunctions(split.inner))
    return nullptr;
  rewriter.setInsertionPoint(op);
  EinsumOp reduced = reduce(depth > 0 ? premultiply(split.inner) : split.inner);
  finish(reduced, split);
  return reduced;
}

namespace {
struct DeferPass : impl::EinDeferBase<DeferPass> {
  using EinDeferBase::EinDeferBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (isStrict(function) || function.isDeclaration())
      return; // the order of the sum and its rounding stay
    IRRewriter rewriter(&getContext());
    for (EinsumOp op : llvm::to_vector(function.getOps<EinsumOp>()))
      for (unsigned depth = 0; op && depth <= maxDepth; ++depth)
        while (EinsumOp reduced = Deferral(rewriter, op, depth, storedRows, dots).run()) {
          // Values beyond the finite ones are not what distributivity is about.
          remark::passed(
              reduced.getLoc(),
              remark::RemarkOpts::name("factor").category("ein-defer").function(function.getName()))
              << ("a factor that is the same all along rank '" +
                  reduced.getRankName(reduced.getNumFree()) +
                  "' left its reduction (algebraic): where the factor, or the reduction "
                  "without it, is an infinity or NaN, the result may be another infinity or NaN")
                     .str();
          op = reduced;
          ++numDeferred;
        }
    SmallVector<EinsumOp> all = llvm::to_vector(function.getOps<EinsumOp>());
    for (EinsumOp op : llvm::reverse(all)) // makers stand before their readers
      if (op->use_empty())
        rewriter.eraseOp(op);
  }
};
} // namespace

} // namespace einfall::ein
