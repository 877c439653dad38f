//===- EmptySteps.cpp - Which masks make an element count nothing ---------===//
#include "passes/ein/EmptySteps.h"
#include "dialects/ein/EinMonoids.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>
#include <map>

using namespace mlir;

namespace einfall {

namespace {

/// What is known of a scalar: a constant, or a name that equal values share.
struct Known {
  Attribute constant;
  unsigned name = 0;
  bool isMask = false; // an infinity that stands for a finite number

  bool operator==(const Known &other) const {
    return constant == other.constant && name == other.name;
  }
  std::optional<double> number() const {
    auto attr = dyn_cast_or_null<FloatAttr>(constant);
    return attr ? std::optional(attr.getValueAsDouble()) : std::nullopt;
  }
  bool is(double value) const { return number() == value; }
  bool infinite() const { return std::isinf(number().value_or(0)); }
  std::optional<bool> truth() const {
    auto attr = dyn_cast_or_null<IntegerAttr>(constant);
    return attr && attr.getType().isInteger(1) ? std::optional(!attr.getValue().isZero())
                                               : std::nullopt;
  }
};

/// Which infinities a named float never is; if there is one, it is not NaN either.
struct Never {
  bool low = false, high = false;
  /// An infinity of the program went into it; else it is infinite as data are.
  bool made = false;

  Never swapped() const { return {high, low}; }
  bool finite() const { return low && high; }
  bool ordered() const { return low || high; }
  friend Never operator&(Never a, Never b) { return {a.low && b.low, a.high && b.high}; }
};

/// Evaluates a body with what is known of its values.
class Evaluator {
public:
  Evaluator(Block &body, const EmptyRules &rules) : body(body), rules(rules) {
    for (BlockArgument argument : body.getArguments()) {
      Known name = named({reinterpret_cast<uintptr_t>(argument.getAsOpaquePointer())});
      values[argument] = name;
      // A score may be masked; it is not +inf.
      never[name.name] = {rules.neverMinusInfinity && rules.neverMinusInfinity(argument), true};
    }
  }

  void set(BlockArgument argument, Attribute constant) { values[argument] = {constant}; }
  void setFinite(BlockArgument argument) { never[values[argument].name] = {true, true}; }
  void assume(Value condition, bool holds);
  void assume(Known value, Attribute constant) { assumed[value.name] = constant; }
  void run();
  Known of(Value value) { return values.lookup(value); }

private:
  Known named(const std::vector<uintptr_t> &key);
  Known known(Attribute constant) const;
  Known evaluate(Operation &op);
  bool shrinksMask(Operation &op, ArrayRef<Known> args) const;
  std::optional<Known> folded(Operation &op, ArrayRef<Known> args);
  std::optional<Known> byLaws(Operation &op, ArrayRef<Known> args);
  std::optional<Known> addition(Type type, Known a, Known b, bool negate);
  std::optional<Known> multiplication(Known a, Known b);
  std::optional<Known> division(Type type, Known a, Known b);
  std::optional<Known> extremum(Known a, Known b, double identity);
  std::optional<Known> comparison(arith::CmpFOp op, Known a, Known b);
  std::optional<Known> truths(Operation &op, Known a, Known b);
  Never neverOf(Known value) const;
  Never derive(Operation &op, ArrayRef<Known> args) const;
  Known number(Type type, double value) const { return {FloatAttr::get(type, value)}; }

  Block &body;
  const EmptyRules &rules;
  DenseMap<Value, Known> values;
  std::map<std::vector<uintptr_t>, unsigned> names;
  std::map<unsigned, Never> never;
  DenseMap<unsigned, Attribute> assumed;
  DenseMap<unsigned, unsigned> negatives; // the name of minus the value
};

Known Evaluator::named(const std::vector<uintptr_t> &key) {
  unsigned name = names.try_emplace(key, names.size() + 1).first->second;
  if (auto it = assumed.find(name); it != assumed.end())
    return {it->second};
  return {{}, name};
}

Known Evaluator::known(Attribute constant) const {
  auto number = dyn_cast<FloatAttr>(constant);
  if (number && number.getValueAsDouble() <= rules.minusInfinityFrom) {
    FloatAttr low = FloatAttr::get(number.getType(), -HUGE_VAL);
    if (low.getValue().isInfinity()) // some types of 8 bits have none
      return {low, 0, std::isfinite(number.getValueAsDouble())};
  }
  return {constant};
}

/// What an assumed truth value implies of its parts is assumed, too.
void Evaluator::assume(Value condition, bool holds) {
  if (Known value = of(condition); value.name)
    assumed[value.name] = BoolAttr::get(condition.getContext(), holds);
  Operation *op = condition.getDefiningOp();
  if ((isa_and_nonnull<arith::AndIOp>(op) && holds) ||
      (isa_and_nonnull<arith::OrIOp>(op) && !holds)) {
    assume(op->getOperand(0), holds);
    assume(op->getOperand(1), holds);
  } else if (isa_and_nonnull<arith::XOrIOp>(op)) {
    for (unsigned i : {0, 1})
      if (std::optional<bool> other = of(op->getOperand(1 - i)).truth())
        assume(op->getOperand(i), holds != *other);
  }
}

void Evaluator::run() {
  for (auto &[value, what] : values)
    if (auto it = assumed.find(what.name); what.name && it != assumed.end())
      what = {it->second};
  for (Operation &op : body.without_terminator())
    if (op.getNumResults() == 1)
      values[op.getResult(0)] = evaluate(op);
}

/// True if the op may bring a finite mask, which counts as an infinity, near to
/// ordinary numbers, or tell two of them apart.
bool Evaluator::shrinksMask(Operation &op, ArrayRef<Known> args) const {
  auto isMask = [](Known value) { return value.isMask; };
  if (llvm::none_of(args, isMask))
    return false;
  if (isa<arith::CmpFOp>(op))
    return llvm::all_of(args, isMask);
  if (isa<arith::MulFOp>(op))
    return llvm::any_of(args, [](Known value) { return std::abs(value.number().value_or(0)) < 1; });
  return !isa<arith::AddFOp, arith::SubFOp, arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp,
              arith::SelectOp, arith::ExtFOp, arith::TruncFOp, math::AbsFOp, math::ExpOp,
              math::Exp2Op, math::TanhOp, math::ErfOp>(op);
}

Known Evaluator::evaluate(Operation &op) {
  SmallVector<Known> args;
  for (Value operand : op.getOperands())
    args.push_back(of(operand));
  bool shrinks = shrinksMask(op, args);
  for (auto rule : {&Evaluator::folded, &Evaluator::byLaws})
    if (std::optional<Known> result = shrinks ? std::nullopt : (this->*rule)(op, args)) {
      result->isMask |=
          result->infinite() && llvm::any_of(args, [](Known arg) { return arg.isMask; });
      return *result;
    }
  std::vector<uintptr_t> key = {
      reinterpret_cast<uintptr_t>(op.getName().getAsOpaquePointer()),
      reinterpret_cast<uintptr_t>(op.getAttrDictionary().getAsOpaquePointer()),
      reinterpret_cast<uintptr_t>(op.getResult(0).getType().getAsOpaquePointer())};
  for (Known arg : args) {
    key.push_back(reinterpret_cast<uintptr_t>(arg.constant.getAsOpaquePointer()));
    key.push_back(arg.name);
  }
  Known result = named(key);
  if (result.name) {
    Never &facts = never[result.name] = derive(op, args);
    facts.made =
        !facts.finite() && llvm::any_of(args, [&](Known arg) { return neverOf(arg).made; });
  }
  if (isa<arith::NegFOp>(op) && result.name && args[0].name) {
    negatives[result.name] = args[0].name;
    negatives[args[0].name] = result.name;
  }
  return result;
}

/// Operations on constants.
std::optional<Known> Evaluator::folded(Operation &op, ArrayRef<Known> args) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return known(constant.getValue());
  SmallVector<Attribute> constants;
  for (Known arg : args)
    constants.push_back(arg.constant);
  if (constants.empty() || llvm::is_contained(constants, Attribute()))
    return std::nullopt;
  if (isa<math::ExpOp, math::Exp2Op>(op) && args[0].is(-HUGE_VAL))
    return number(op.getResult(0).getType(), 0); // folded in some types only
  // A copy, as folding may change the operation.
  Operation *copy = op.clone();
  SmallVector<OpFoldResult> results;
  bool done = succeeded(copy->fold(constants, results)) && results.size() == 1;
  copy->destroy();
  if (!done)
    return std::nullopt;
  if (auto constant = dyn_cast<Attribute>(results[0]))
    return known(constant);
  auto value = cast<Value>(results[0]);
  if (llvm::is_contained(op.getOperands(), value))
    return of(value);
  return std::nullopt;
}

/// What holds with names in play.
std::optional<Known> Evaluator::byLaws(Operation &op, ArrayRef<Known> args) {
  using Result = std::optional<Known>;
  Type type = op.getResult(0).getType();
  return llvm::TypeSwitch<Operation *, Result>(&op)
      .Case([&](arith::AddFOp) { return addition(type, args[0], args[1], false); })
      .Case([&](arith::SubFOp) { return addition(type, args[0], args[1], true); })
      .Case([&](arith::MulFOp) { return multiplication(args[0], args[1]); })
      .Case([&](arith::DivFOp) { return division(type, args[0], args[1]); })
      .Case([&](math::FmaOp) -> Result {
        Result product = multiplication(args[0], args[1]);
        return product ? addition(type, *product, args[2], false) : std::nullopt;
      })
      .Case([&](arith::NegFOp) -> Result {
        unsigned negative = negatives.lookup(args[0].name);
        return negative ? Result(Known{{}, negative}) : std::nullopt;
      })
      .Case([&](arith::MaximumFOp) { return extremum(args[0], args[1], -HUGE_VAL); })
      .Case([&](arith::MinimumFOp) { return extremum(args[0], args[1], HUGE_VAL); })
      .Case([&](arith::CmpFOp compare) { return comparison(compare, args[0], args[1]); })
      .Case([&](arith::SelectOp) -> Result {
        if (std::optional<bool> taken = args[0].truth())
          return args[*taken ? 1 : 2];
        return args[1] == args[2] ? Result(args[1]) : std::nullopt;
      })
      .Case<arith::AndIOp, arith::OrIOp, arith::XOrIOp>(
          [&](Operation *) { return truths(op, args[0], args[1]); })
      .Default([](Operation *) { return std::nullopt; });
}

std::optional<Known> Evaluator::addition(Type type, Known a, Known b, bool negate) {
  if (b.is(0))
    return a;
  if (a.is(0) && !negate)
    return b;
  if (a.constant && b.constant) // one that no folder knows
    return std::nullopt;
  // An infinity wins over what is not the opposite one.
  double left = a.number().value_or(0), right = b.number().value_or(0) * (negate ? -1 : 1);
  Never ofLeft = neverOf(a), ofRight = negate ? neverOf(b).swapped() : neverOf(b);
  for (auto [limit, others] : {std::pair(left, ofRight), {right, ofLeft}})
    if (std::isinf(limit) && (limit < 0 ? others.high : others.low))
      return number(type, limit);
  bool cancels = b.name && (negate ? a == b : negatives.lookup(a.name) == b.name);
  return cancels && neverOf(a).finite() ? std::optional(number(type, 0)) : std::nullopt;
}

std::optional<Known> Evaluator::multiplication(Known a, Known b) {
  if (a.constant && b.constant)
    return std::nullopt;
  for (auto [side, other] : {std::pair(a, b), {b, a}}) {
    if (side.is(0) && !neverOf(other).made)
      return side;
    if (side.is(1))
      return other;
  }
  return std::nullopt;
}

std::optional<Known> Evaluator::division(Type type, Known a, Known b) {
  if (b.is(1))
    return a;
  if (a.constant && b.constant)
    return std::nullopt;
  if (a.is(0) && !neverOf(b).made)
    return a;
  std::optional<double> divisor = b.number();
  return divisor && std::isinf(*divisor) && neverOf(a).finite() ? std::optional(number(type, 0))
                                                                : std::nullopt;
}

std::optional<Known> Evaluator::extremum(Known a, Known b, double identity) {
  if (a == b)
    return a;
  for (auto [side, other] : {std::pair(a, b), {b, a}}) {
    if (side.is(identity))
      return other;
    if (side.is(-identity) && !neverOf(other).made) // else it may be NaN
      return side;
  }
  return std::nullopt;
}

/// A finite number lies between the infinities. What may be NaN is not finite.
std::optional<Known> Evaluator::comparison(arith::CmpFOp op, Known a, Known b) {
  std::optional<double> limit = b.number();
  if (!limit || !std::isinf(*limit) || !a.name || !neverOf(a).finite())
    return std::nullopt;
  using P = arith::CmpFPredicate;
  P predicate = op.getPredicate();
  bool below = llvm::is_contained({P::OLT, P::OLE, P::ULT, P::ULE}, predicate);
  bool above = llvm::is_contained({P::OGT, P::OGE, P::UGT, P::UGE}, predicate);
  bool differs = llvm::is_contained({P::ONE, P::UNE}, predicate);
  if (!below && !above && !differs && predicate != P::OEQ && predicate != P::UEQ)
    return std::nullopt;
  return Known{BoolAttr::get(op.getContext(), differs || (*limit > 0 ? below : above))};
}

std::optional<Known> Evaluator::truths(Operation &op, Known a, Known b) {
  if (!op.getResult(0).getType().isInteger(1))
    return std::nullopt;
  for (auto [side, other] : {std::pair(a, b), {b, a}}) {
    std::optional<bool> value = side.truth();
    if (!value)
      continue;
    if (isa<arith::XOrIOp>(op))
      return *value ? std::nullopt : std::optional(other);
    bool settles = isa<arith::OrIOp>(op) == *value;
    return settles ? side : other;
  }
  return isa<arith::XOrIOp>(op) || !(a == b) ? std::nullopt : std::optional(a);
}

Never Evaluator::neverOf(Known value) const {
  if (std::optional<double> number = value.number()) {
    bool ordinary = !std::isnan(*number);
    return {ordinary && *number != -HUGE_VAL, ordinary && *number != HUGE_VAL,
            !std::isfinite(*number)};
  }
  auto it = never.find(value.name);
  return it == never.end() ? Never() : it->second;
}

/// Overflow apart, as nowhere in the class `algebraic`.
Never Evaluator::derive(Operation &op, ArrayRef<Known> args) const {
  if (args.empty() || !isa<FloatType>(op.getResult(0).getType()))
    return {};
  Never a = neverOf(args[0]), b = args.size() > 1 ? neverOf(args[1]) : Never();
  return llvm::TypeSwitch<Operation *, Never>(&op)
      .Case<arith::SIToFPOp, arith::UIToFPOp>([](auto) { return Never{true, true}; })
      .Case<math::TanhOp, math::ErfOp>([&](auto) { return Never{a.ordered(), a.ordered()}; })
      .Case<math::SinOp, math::CosOp>([&](auto) { return Never{a.finite(), a.finite()}; })
      .Case<arith::ExtFOp, arith::TruncFOp>([&](auto) { return a; })
      .Case([&](arith::NegFOp) { return a.swapped(); })
      .Case([&](arith::AddFOp) { return a & b; })
      .Case([&](arith::SubFOp) { return a & b.swapped(); })
      .Case([&](arith::MulFOp) -> Never {
        for (auto [arg, other] : {std::pair(args[0], b), {args[1], a}})
          if (double by = arg.number().value_or(0); by != 0 && std::isfinite(by))
            return by < 0 ? other.swapped() : other;
        // Data that are -inf are scaled by no negative data; what the program masks may be.
        bool finite = a.finite() && b.finite();
        return {finite, finite || (a.high && b.high && !a.made && !b.made)};
      })
      .Case([&](arith::DivFOp) -> Never {
        if (double by = args[1].number().value_or(0); by != 0 && std::isfinite(by))
          return by < 0 ? a.swapped() : a;
        bool finite = a.finite() && b.finite();
        return {finite, finite};
      })
      .Case<math::ExpOp, math::Exp2Op>([&](auto) { return Never{a.ordered(), a.high}; })
      .Case([&](math::AbsFOp) { return Never{a.ordered(), a.finite()}; })
      .Case<arith::MaximumFOp, arith::MinimumFOp>([&](Operation *) -> Never {
        if (!a.ordered() || !b.ordered())
          return {};
        if (isa<arith::MaximumFOp>(op))
          return {a.low || b.low, a.high && b.high};
        return {a.low && b.low, a.high || b.high};
      })
      .Case([&](arith::SelectOp) { return b & neverOf(args[2]); })
      .Default([](Operation *) { return Never(); });
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Proves that a step keeps its state.
class StepProof {
public:
  StepProof(ein::FoldOp fold, const EmptyRules &rules)
      : fold(fold), step(fold.getStep().front()), rules(rules) {
    for (Value value : fold.getInit().front().getTerminator()->getOperands()) {
      Attribute constant;
      matchPattern(value, m_Constant(&constant));
      init.push_back(constant);
    }
    for (unsigned i = 0; i < init.size(); ++i)
      if (isExtremum(i))
        extrema.push_back(i);
  }

  bool keepsState(Value condition, bool holds);

private:
  bool isExtremum(unsigned state);
  llvm::SmallBitVector tiedTo(unsigned extremum);
  bool isInitial(Known value, unsigned state) {
    auto number = dyn_cast_or_null<FloatAttr>(init[state]);
    return number ? value.is(number.getValueAsDouble()) : value.constant == init[state];
  }
  Value yielded(unsigned state) { return step.getTerminator()->getOperand(state); }

  ein::FoldOp fold;
  Block &step;
  const EmptyRules &rules;
  SmallVector<Attribute> init;
  SmallVector<unsigned> extrema;
};

/// A maximum from -inf on, or a minimum from +inf: after any step it has its
/// initial value only if it had it before.
bool StepProof::isExtremum(unsigned state) {
  auto first = dyn_cast_or_null<FloatAttr>(init[state]);
  Operation *op = yielded(state).getDefiningOp();
  if (!first || !first.getValue().isInfinity() || !op)
    return false;
  bool matches =
      first.getValue().isNegative() ? isa<arith::MaximumFOp>(op) : isa<arith::MinimumFOp>(op);
  return matches && llvm::is_contained(op->getOperands(), step.getArgument(state));
}

/// States that have their initial values as long as `extremum` has.
llvm::SmallBitVector StepProof::tiedTo(unsigned extremum) {
  llvm::SmallBitVector tied(init.size());
  for (unsigned i = 0; i < init.size(); ++i)
    tied[i] = init[i] != nullptr;
  for (bool changed = true; changed;) {
    changed = false;
    Evaluator evaluator(step, rules);
    for (unsigned i : tied.set_bits())
      evaluator.set(step.getArgument(i), init[i]);
    evaluator.run();
    if (Known after = evaluator.of(yielded(extremum)); after.name) {
      evaluator.assume(after, init[extremum]);
      evaluator.run();
    }
    if (!isInitial(evaluator.of(yielded(extremum)), extremum))
      return tied; // no step leaves it there
    for (unsigned i : tied.set_bits())
      if (!isInitial(evaluator.of(yielded(i)), i)) {
        tied.reset(i);
        changed = true;
      }
  }
  return tied;
}

bool StepProof::keepsState(Value condition, bool holds) {
  if (extrema.size() > 4) // as many bits of cases
    return false;
  SmallVector<llvm::SmallBitVector> tied;
  for (unsigned extremum : extrema)
    tied.push_back(tiedTo(extremum));
  for (unsigned unseen = 0; unseen < 1u << extrema.size(); ++unseen) {
    Evaluator evaluator(step, rules);
    llvm::SmallBitVector initial(init.size());
    for (auto [i, extremum] : llvm::enumerate(extrema)) {
      if (unseen & (1u << i))
        initial |= tied[i];
      else
        evaluator.setFinite(step.getArgument(extremum));
    }
    // A case that contradicts itself needs no proof.
    bool impossible = llvm::any_of(llvm::enumerate(extrema), [&](auto entry) {
      return !(unseen & (1u << entry.index())) && initial.test(entry.value());
    });
    if (impossible)
      continue;
    for (unsigned i : initial.set_bits())
      evaluator.set(step.getArgument(i), init[i]);
    SmallVector<Known> before;
    for (unsigned i = 0; i < init.size(); ++i)
      before.push_back(evaluator.of(step.getArgument(i)));
    evaluator.run();
    evaluator.assume(condition, holds);
    evaluator.run();
    for (unsigned i = 0; i < init.size(); ++i) {
      Known after = evaluator.of(yielded(i));
      if (!(after == before[i]) && !(initial.test(i) && isInitial(after, i)))
        return false;
    }
  }
  return true;
}

} // namespace

bool emptiesWhen(ArrayRef<Contribution> contributions, Value condition, bool holds,
                 const EmptyRules &rules) {
  Evaluator evaluator(*condition.getParentBlock(), rules);
  evaluator.run();
  evaluator.assume(condition, holds);
  evaluator.run();
  return llvm::all_of(contributions, [&](const Contribution &contribution) {
    if (ein::isArg(contribution.monoid))
      return false;
    Attribute identity = ein::identityOf(contribution.monoid, contribution.value.getType());
    Known value = evaluator.of(contribution.value);
    auto number = dyn_cast<FloatAttr>(identity);
    return number ? value.is(number.getValueAsDouble()) : value.constant == identity;
  });
}

bool emptiesWhen(ein::FoldOp fold, Value condition, bool holds, const EmptyRules &rules) {
  return StepProof(fold, rules).keepsState(condition, holds);
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

/// True if `value` depends on a coordinate or on an integer that was read.
static bool dependsOnPlace(Value value, llvm::DenseSet<Value> &seen) {
  if (!seen.insert(value).second)
    return false;
  Operation *op = value.getDefiningOp();
  if (!op)
    return value.getType().isIntOrIndex();
  return isa<ein::IndexOp>(op) || llvm::any_of(op->getOperands(), [&](Value operand) {
           return dependsOnPlace(operand, seen);
         });
}

SmallVector<Value> candidateConditions(Block &body) {
  llvm::SetVector<Value> found;
  for (Operation &op : body.without_terminator())
    if (!llvm::any_of(op.getResultTypes(), [](Type type) { return type.isInteger(1); }))
      for (Value operand : op.getOperands())
        if (operand.getType().isInteger(1))
          found.insert(operand);
  for (unsigned i = 0; i < found.size(); ++i) // grows on the way
    if (isa_and_nonnull<arith::AndIOp, arith::OrIOp, arith::XOrIOp>(found[i].getDefiningOp()))
      for (Value part : found[i].getDefiningOp()->getOperands())
        found.insert(part);
  SmallVector<Value> candidates;
  for (Value value : found) {
    llvm::DenseSet<Value> seen;
    if (dependsOnPlace(value, seen))
      candidates.push_back(value);
  }
  return candidates;
}

} // namespace einfall
