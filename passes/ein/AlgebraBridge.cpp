//===- AlgebraBridge.cpp - From bodies to expressions ---------------------===//
#include "passes/ein/AlgebraBridge.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "mlir/IR/Matchers.h"
#include "passes/ein/Inlining.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using einfall::algebra::Expr;

namespace einfall::ein {

algebra::Monoid toAlgebra(Monoid monoid) {
  switch (monoid) {
  case Monoid::add:
    return algebra::Monoid::add;
  case Monoid::mul:
    return algebra::Monoid::mul;
  case Monoid::max:
    return algebra::Monoid::max;
  case Monoid::min:
    return algebra::Monoid::min;
  case Monoid::or_:
    return algebra::Monoid::or_;
  case Monoid::and_:
    return algebra::Monoid::and_;
  case Monoid::argmax:
    return algebra::Monoid::argmax;
  case Monoid::argmin:
    return algebra::Monoid::argmin;
  case Monoid::logaddexp:
    return algebra::Monoid::logaddexp;
  }
  return algebra::Monoid::add;
}

Frame::Frame(EinsumOp op, Existence existence)
    : numFree(op.getNumFree()), context(op.getContext()), existence(existence) {
  ranks = strings(op.getRanks());
  for (int64_t i = 0, e = op.getNumRanks(); i < e; ++i)
    extents.push_back(op.getRankExtent(i));
}

SmallVector<AffineExpr> Frame::identity() const {
  return llvm::map_to_vector(llvm::seq<unsigned>(0, ranks.size()),
                             [&](unsigned i) { return getAffineDimExpr(i, context); });
}

FloatType Frame::workingType() const {
  return wide ? FloatType(Float64Type::get(context)) : FloatType(Float32Type::get(context));
}

AffineExpr Frame::symbol(StringAttr name) {
  auto *it = llvm::find_if(symbols, [&](Symbol &s) { return s.name == name; });
  if (it == symbols.end())
    it = symbols.insert(it, Symbol{name, 0});
  return getAffineSymbolExpr(it - symbols.begin(), context);
}

AffineExpr Frame::symbol(unsigned leaf) {
  auto *it = llvm::find_if(symbols, [&](Symbol &s) { return !s.name && s.leaf == leaf; });
  if (it == symbols.end())
    it = symbols.insert(it, Symbol{StringAttr(), leaf});
  return getAffineSymbolExpr(it - symbols.begin(), context);
}

unsigned Frame::dependenceOf(AffineExpr index) const {
  unsigned depends = algebra::onRow;
  index.walk([&](AffineExpr sub) {
    if (auto dim = dyn_cast<AffineDimExpr>(sub); dim && dim.getPosition() >= numFree)
      depends = algebra::onElement;
    if (auto used = dyn_cast<AffineSymbolExpr>(sub); used && !symbols[used.getPosition()].name)
      if (leaves[symbols[used.getPosition()].leaf].variable->depends & algebra::onElement)
        depends = algebra::onElement;
  });
  return depends;
}

AffineExpr Frame::rebase(EinsumOp op, AffineExpr index, ArrayRef<AffineExpr> at,
                         ArrayRef<unsigned> coordinates) {
  SmallVector<AffineExpr> replacement;
  for (unsigned leaf : coordinates)
    replacement.push_back(leaf == ~0u ? getAffineConstantExpr(0, context) : symbol(leaf));
  for (Attribute name : op.getSymbols())
    replacement.push_back(symbol(cast<StringAttr>(name)));
  return simplifyIndex(index.replaceDimsAndSymbols(at, replacement), ranks.size(), symbols.size());
}

Expr Frame::leaf(Value tensor, ArrayRef<AffineExpr> indices, TypedAttr fill, bool mayMiss) {
  for (Leaf &old : leaves)
    if (old.tensor == tensor && ArrayRef(old.indices) == indices && old.fill == fill) {
      old.mayMiss |= mayMiss;
      return old.variable;
    }
  unsigned depends = algebra::onRow;
  for (AffineExpr index : indices)
    if (dependenceOf(index) == algebra::onElement)
      depends = algebra::onElement;
  wide |= cast<TensorType>(tensor.getType()).getElementType().isF64();
  // Errors call a tensor by its user's name, or by the ranks that it is read at.
  Operation *maker = tensor.getDefiningOp();
  std::string name;
  if (auto given = maker ? maker->getAttrOfType<StringAttr>("ein.name") : StringAttr())
    name = given.str();
  llvm::raw_string_ostream os(name);
  os << '[';
  SmallVector<StringRef> symbolNames;
  for (Symbol &s : symbols)
    symbolNames.push_back(s.name ? s.name.getValue() : StringRef("?"));
  llvm::interleaveComma(indices, os,
                        [&](AffineExpr index) { printIndexExpr(os, index, ranks, symbolNames); });
  os << ']';
  Expr variable = terms.variable(name, static_cast<algebra::Dependence>(depends));
  leaves.push_back({tensor, SmallVector<AffineExpr>(indices), variable, fill, mayMiss});
  return variable;
}

Expr Frame::extent(ExtentAttr extent) {
  if (std::optional<int64_t> literal = extent.getLiteral())
    return terms.constant(*literal);
  for (auto &[variable, known] : extentOf)
    if (known == extent)
      return variable;
  Expr variable = terms.variable("'" + extent.str() + "'", algebra::onRow);
  extentOf[variable] = extent;
  return variable;
}

algebra::Interval Frame::rangeOf(Expr e) const {
  if (extentOf.contains(e))
    return {0, HUGE_VAL};
  if (e->kind != algebra::Kind::apply)
    return {};
  StringRef name = terms.functionName(e->symbol);
  if (name.starts_with("math.sin") || name.starts_with("math.cos") ||
      name.starts_with("math.erf ") || name.starts_with("math.tanh"))
    return {-1, 1};
  auto it = opaque.find(e->symbol);
  if (it != opaque.end() && it->second.result.isInteger(1))
    return {0, 1};
  return {};
}

SmallVector<Expr> Frame::insideOf(EinsumOp op, unsigned operand, ArrayRef<AffineExpr> indices) {
  SmallVector<Expr> conditions;
  auto type = cast<TensorType>(op.getInputs()[operand].getType());
  for (auto [dim, bounds] : llvm::enumerate(boundsOf(op, operand))) {
    if (bounds.low && bounds.high)
      continue;
    Expr index = coordinate(indices[dim], "index");
    if (!bounds.low)
      conditions.push_back(compare(arith::CmpIPredicate::sge, index, terms.constant(0)));
    if (!bounds.high)
      conditions.push_back(compare(arith::CmpIPredicate::slt, index, extent(type.getExtent(dim))));
  }
  return conditions;
}

Expr Frame::where(ArrayRef<Expr> conditions, Expr e, double none) {
  for (Expr condition : llvm::reverse(conditions))
    e = terms.select(condition, e, terms.constant(none));
  return e;
}

/// True if the body of what makes an operand may stand for it.
bool Frame::mayLookInto(EinsumOp op, unsigned operand) const {
  auto maker = op.getInputs()[operand].getDefiningOp<EinsumOp>();
  if (!maker || !maker.getMonoids().empty() || isCoordinate(op, operand))
    return false;
  if (existence == Existence::implied)
    return !maker.getFills() && readsInside(op, operand) && canInline(op, operand);
  bool missing = !readsInside(op, operand);
  for (unsigned i = 0; i < maker.getInputs().size(); ++i)
    missing |= !readsInside(maker, i);
  // Then its body also runs where the operands are not, and a condition chooses.
  return !missing || (isa<FloatType>(maker.getYielded().getType()) &&
                      llvm::all_of(maker.getBody().front().without_terminator(),
                                   [](Operation &inner) { return isSpeculatable(&inner); }));
}

/// What an operand that is no coordinate is; conditions under which the point
/// exists go to `exists`.
Expr Frame::read(EinsumOp op, unsigned operand, ArrayRef<AffineExpr> indices, Reader reader,
                 Look look, unsigned depth, SmallVectorImpl<Expr> &exists) {
  Value tensor = op.getInputs()[operand];
  Expr value = reader(tensor, indices);
  if (!value && mayLookInto(op, operand) && look(op, operand, depth)) {
    value = translate(tensor.getDefiningOp<EinsumOp>(), indices, reader, look, depth + 1);
    if (!value)
      return nullptr;
  }
  bool inside = readsInside(op, operand);
  TypedAttr fill = inside ? TypedAttr() : op.getFill(operand);
  if (!value)
    value = leaf(tensor, indices, fill, !inside && !fill);
  else if (fill)
    return where(insideOf(op, operand, indices), value, cast<FloatAttr>(fill).getValueAsDouble());
  if (!inside && !fill)
    llvm::append_range(existence == Existence::explicit_ ? exists : conditions,
                       insideOf(op, operand, indices));
  return value;
}

Expr Frame::translate(EinsumOp op, ArrayRef<AffineExpr> at, Reader reader, Look look,
                      unsigned depth) {
  llvm::DenseMap<Value, Expr> values;
  // Names of extents are symbols behind those of all operands.
  SmallVector<unsigned> coordinates(op.getInputs().size(), ~0u);
  SmallVector<Expr> exists;
  Block &body = op.getBody().front();
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
    SmallVector<AffineExpr> indices;
    for (AffineExpr index : op.getMap(i).getResults())
      indices.push_back(rebase(op, index, at, coordinates));
    bool isCoordinateOf = isCoordinate(op, i);
    auto none = [](Value, ArrayRef<AffineExpr>) { return Expr(); };
    Expr value = read(op, i, indices, isCoordinateOf ? Reader(none) : reader, look, depth, exists);
    if (!value)
      return nullptr;
    if (isCoordinateOf)
      coordinates[i] =
          llvm::find_if(leaves, [&](Leaf &l) { return l.variable == value; }) - leaves.begin();
    values[body.getArgument(i)] = value;
  }
  for (Operation &inner : body.without_terminator()) {
    Expr value = operation(inner, values, at, op);
    if (!value) {
      problem = ("'" + inner.getName().getStringRef() + "' has no scalar expression").str();
      return nullptr;
    }
    values[inner.getResult(0)] = value;
  }
  wide |= op.getYielded().getType().isF64();
  Expr value = values.lookup(op.getYielded());
  if (exists.empty())
    return value;
  std::optional<double> identity = 0;
  if (!op.getMonoids().empty())
    identity = algebra::factsOf(toAlgebra(op.getMonoid(op.getNumFree()))).identity;
  if (!identity) {
    problem = "a point may be missing, and no number stands for that in its reduction";
    return nullptr;
  }
  return where(exists, value, *identity);
}

Expr Frame::coordinate(AffineExpr index, StringRef name) {
  if (auto constant = dyn_cast<AffineConstantExpr>(index))
    return terms.constant(constant.getValue());
  for (auto &[variable, known] : coordinates)
    if (known == index)
      return variable;
  Expr variable = terms.variable(name, static_cast<algebra::Dependence>(dependenceOf(index)));
  coordinates[variable] = index;
  return variable;
}

Expr Frame::compare(arith::CmpIPredicate predicate, Expr a, Expr b) {
  Builder builder(context);
  auto attribute = arith::CmpIPredicateAttr::get(context, predicate);
  unsigned function = terms.function(("index " + arith::stringifyCmpIPredicate(predicate)).str());
  Type index = builder.getIndexType();
  opaque.try_emplace(function,
                     Opaque{OperationName(arith::CmpIOp::getOperationName(), context),
                            builder.getDictionaryAttr(builder.getNamedAttr("predicate", attribute)),
                            {index, index},
                            builder.getI1Type()});
  return terms.apply(function, {a, b});
}

Expr Frame::operation(Operation &op, llvm::DenseMap<Value, Expr> &values, ArrayRef<AffineExpr> at,
                      EinsumOp owner) {
  if (op.getNumResults() != 1)
    return nullptr;
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
      return terms.constant(number.getValueAsDouble());
    if (auto number = dyn_cast<IntegerAttr>(constant.getValue()))
      return terms.constant(number.getType().isInteger(1) ? number.getValue().getZExtValue()
                                                          : number.getInt());
    return nullptr;
  }
  if (auto index = dyn_cast<IndexOp>(op))
    return coordinate(at[owner.findRank(index.getRank())], index.getRank());
  if (auto size = dyn_cast<ExtentOp>(op))
    return extent(size.getExtent());
  SmallVector<Expr> args;
  for (Value operand : op.getOperands())
    args.push_back(values.lookup(operand));
  if (llvm::is_contained(args, nullptr))
    return nullptr;
  if (Expr known = arithmetic(op, args))
    return known;
  return opaqueCall(op, args);
}

/// The operand of a select that is chosen unless it is infinite, the other one
/// being 0: `m == -inf ? 0 : m`. That of the other sign is left as it is by the
/// program; as a maximum it makes NaN of finite elements either way. 0: none.
static int settledOperand(arith::SelectOp select) {
  auto compare = select.getCondition().getDefiningOp<arith::CmpFOp>();
  APFloat number(0.0);
  if (!compare || !matchPattern(compare.getRhs(), m_ConstantFloat(&number)) || !number.isInfinity())
    return 0;
  Value tested = compare.getLhs();
  if (auto size = tested.getDefiningOp<math::AbsFOp>())
    tested = size.getOperand();
  using Predicate = arith::CmpFPredicate;
  int kept = 0;
  switch (compare.getPredicate()) {
  case Predicate::OEQ:
  case Predicate::UEQ:
    kept = 2;
    break;
  case Predicate::ONE:
  case Predicate::UNE:
    kept = 1;
    break;
  case Predicate::OLT:
  case Predicate::ULT:
    kept = tested != compare.getLhs() ? 1 : 0; // |m| < inf
    break;
  default:
    break;
  }
  if (kept == 0 || select->getOperand(kept) != tested)
    return 0;
  return matchPattern(select->getOperand(3 - kept), m_AnyZeroFloat()) ? kept : 0;
}

/// Operations that the algebra knows; null for the others.
Expr Frame::arithmetic(Operation &op, ArrayRef<Expr> args) {
  algebra::Terms &t = terms;
  auto isSize = [&](Expr e) { return e->isConstant() || extentOf.contains(e); };
  auto scaled = [&](double c, Expr e) { return t.scale(c, e); };
  return llvm::TypeSwitch<Operation *, Expr>(&op)
      .Case<arith::ExtFOp, arith::TruncFOp>([&](auto) { return args[0]; })
      .Case<arith::IndexCastOp, arith::IndexCastUIOp, arith::SIToFPOp, arith::UIToFPOp>(
          [&](auto) { return isSize(args[0]) ? args[0] : nullptr; })
      .Case([&](arith::AddFOp) { return t.add(args[0], args[1]); })
      .Case([&](arith::SubFOp) { return t.sub(args[0], args[1]); })
      .Case([&](arith::MulFOp) { return t.mul(args[0], args[1]); })
      .Case([&](arith::DivFOp) { return t.div(args[0], args[1]); })
      .Case([&](arith::NegFOp) { return scaled(-1, args[0]); })
      .Case([&](arith::MaximumFOp) { return t.max(args[0], args[1]); })
      .Case([&](arith::MinimumFOp) { return t.min(args[0], args[1]); })
      .Case([&](arith::SelectOp select) -> Expr {
        if (!isa<FloatType>(select.getType()))
          return nullptr;
        if (int kept = settledOperand(select))
          return t.apply(algebra::fnSettle, {args[kept]});
        return t.select(args[0], args[1], args[2]);
      })
      .Case([&](math::FmaOp) { return t.add(t.mul(args[0], args[1]), args[2]); })
      .Case([&](math::ExpOp) { return t.exp(args[0]); })
      .Case([&](math::Exp2Op) { return t.exp(scaled(M_LN2, args[0])); })
      .Case([&](math::LogOp) { return t.log(args[0]); })
      .Case([&](math::Log2Op) { return scaled(1 / M_LN2, t.log(args[0])); })
      .Case([&](math::Log10Op) { return scaled(1 / M_LN10, t.log(args[0])); })
      .Case([&](math::SqrtOp) { return t.pow(args[0], 0.5); })
      .Case([&](math::RsqrtOp) { return t.pow(args[0], -0.5); })
      .Case<math::PowFOp, math::FPowIOp>([&](auto) {
        double p = args[1]->isConstant() ? args[1]->value : NAN;
        bool known = p == std::floor(p) && std::fabs(p) <= 8;
        return known ? t.pow(args[0], p) : nullptr;
      })
      .Case([&](math::AbsFOp) { return t.apply(algebra::fnAbs, {args[0]}); })
      .Case([&](math::TanhOp) { return t.apply(algebra::fnTanh, {args[0]}); })
      .Default([](Operation *) { return nullptr; });
}

Expr Frame::opaqueCall(Operation &op, ArrayRef<Expr> args) {
  if (isa<arith::BitcastOp>(op))
    return nullptr; // bits depend on the type, which may change
  std::string name;
  llvm::raw_string_ostream os(name);
  os << op.getName() << ' ' << op.getAttrDictionary() << ' ' << op.getOperandTypes() << ' '
     << op.getResultTypes();
  unsigned function = terms.function(name);
  opaque.try_emplace(function,
                     Opaque{op.getName(), op.getAttrDictionary(),
                            SmallVector<Type>(op.getOperandTypes()), op.getResult(0).getType()});
  return terms.apply(function, args);
}

} // namespace einfall::ein
