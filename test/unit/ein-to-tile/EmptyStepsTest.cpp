//===- EmptyStepsTest.cpp - Which masks make an element count nothing -----===//
//
// Bodies of which the answer is known, and random ones: where the answer is yes,
// the body is run on random numbers and has to give the identity.
//
//===----------------------------------------------------------------------===//
#include "passes/ein/EmptySteps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace einfall;

namespace {

struct Parsed {
  explicit Parsed(const std::string &text) {
    context
        .loadDialect<ein::EinDialect, arith::ArithDialect, func::FuncDialect, math::MathDialect>();
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      llvm::report_fatal_error(("cannot read " + text).c_str());
  }
  template <typename Op> Op first() {
    Op found;
    module->walk([&](Op op) { found = found ? found : op; });
    return found;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

/// An einsum over causal pairs: `body` makes %y of %s, %t (floats), %pad (i1) and
/// the condition %c.
struct Body : Parsed {
  explicit Body(const std::string &body, const std::string &type = "f32")
      : Parsed("func.func @f(%in0: !ein.tensor<[P, M], " + type + ">, %in1: !ein.tensor<[P], " +
               type + ">, %in2: !ein.tensor<[M], i1>) -> !ein.tensor<[P, M], " + type +
               "> {\n%out = ein.einsum (%in0[p, m], %in1[p], %in2[m]) -> [p, m] : (!ein.tensor<[P, "
               "M], " +
               type + ">, !ein.tensor<[P], " + type +
               ">, !ein.tensor<[M], i1>) -> !ein.tensor<[P, M], " + type + "> {\n^bb0(%s: " + type +
               ", %t: " + type +
               ", %pad: i1):\n%p = ein.index \"p\"\n%m = ein.index \"m\"\n%low = arith.constant " +
               (type == "f32" ? "0xFF800000" : "0xFF80") + " : " + type +
               "\n%zero = arith.constant 0.0 : " + type + "\n%one = arith.constant 1.0 : " + type +
               "\n%c = arith.cmpi sle, %m, %p : index\n" + body + "ein.yield %y : " + type +
               "\n}\nreturn %out : !ein.tensor<[P, M], " + type + ">\n}\n"),
        einsum(first<ein::EinsumOp>()) {
    einsum.walk([&](arith::CmpIOp op) { condition = condition ? condition : op.getResult(); });
  }
  bool empties(ein::Monoid monoid, bool holds = false, const EmptyRules &rules = {}) {
    return emptiesWhen(Contribution{monoid, einsum.getYielded()}, condition, holds, rules);
  }

  ein::EinsumOp einsum;
  Value condition;
};

bool empties(const std::string &body, ein::Monoid monoid, const EmptyRules &rules = {}) {
  return Body(body).empties(monoid, false, rules);
}

EmptyRules finiteRows() {
  EmptyRules rules;
  rules.neverMinusInfinity = [](BlockArgument argument) { return argument.getArgNumber() == 1; };
  return rules;
}

using ein::Monoid;

TEST(EmptySteps, MaskedScores) {
  std::string masked = "%y = arith.select %c, %s, %low : f32\n";
  EXPECT_TRUE(empties(masked, Monoid::max));
  EXPECT_TRUE(empties(masked, Monoid::logaddexp));
  EXPECT_FALSE(empties(masked, Monoid::add));
  EXPECT_FALSE(empties(masked, Monoid::argmax));
  EXPECT_FALSE(Body(masked).empties(Monoid::max, /*holds=*/true));
  EXPECT_TRUE(Body("%y = arith.select %c, %low, %s : f32\n").empties(Monoid::max, /*holds=*/true));
  EXPECT_TRUE(empties("%a = arith.select %c, %zero, %low : f32\n%y = arith.addf %s, %a : f32\n",
                      Monoid::max));
  EXPECT_TRUE(Body("%y = arith.select %c, %s, %low : bf16\n", "bf16").empties(Monoid::max));
}

TEST(EmptySteps, PartsOfAConjunction) {
  std::string masked = "%b = arith.andi %pad, %c : i1\n%y = arith.select %b, %s, %zero : f32\n";
  EXPECT_TRUE(empties(masked, Monoid::add));
  EXPECT_FALSE(empties("%b = arith.ori %pad, %c : i1\n%y = arith.select %b, %s, %zero : f32\n",
                       Monoid::add));
  // The same comparison written twice is one.
  EXPECT_TRUE(empties(
      "%d = arith.cmpi sle, %m, %p : index\n%y = arith.select %d, %s, %zero : f32\n", Monoid::add));
  // A disjunction that is false has no true part, one that is true may have a false
  // one; a conjunction the other way round.
  Body both("%b = arith.ori %pad, %c : i1\n%d = arith.andi %pad, %c : i1\n"
            "%u = arith.select %c, %zero, %s : f32\n%y = arith.select %c, %s, %zero : f32\n");
  Value either, all, whereNot;
  both.einsum.walk([&](arith::OrIOp op) { either = op; });
  both.einsum.walk([&](arith::AndIOp op) { all = op; });
  both.einsum.walk([&](arith::SelectOp op) { whereNot = whereNot ? whereNot : op.getResult(); });
  Contribution where{Monoid::add, both.einsum.getYielded()}, elsewhere{Monoid::add, whereNot};
  EXPECT_TRUE(emptiesWhen(where, either, false));
  EXPECT_FALSE(emptiesWhen(elsewhere, either, true));
  EXPECT_FALSE(emptiesWhen(where, all, false));
  EXPECT_TRUE(emptiesWhen(elsewhere, all, true));
}

TEST(EmptySteps, Weights) {
  std::string masked = "%x = arith.select %c, %s, %low : f32\n";
  std::string weight = masked + "%d = arith.subf %x, %t : f32\n%y = math.exp %d : f32\n";
  // The row's maximum may be -inf, and then this is NaN.
  EXPECT_FALSE(empties(weight, Monoid::add));
  EXPECT_TRUE(empties(weight, Monoid::add, finiteRows()));
  EXPECT_TRUE(empties(masked + "%y = math.exp2 %x : f32\n", Monoid::add));
  EXPECT_TRUE(
      empties(masked + "%e = math.exp %x : f32\n%y = arith.mulf %t, %e : f32\n", Monoid::add));
  EXPECT_TRUE(
      empties("%f = arith.uitofp %c : i1 to f32\n%y = arith.mulf %f, %s : f32\n", Monoid::add));
  EXPECT_TRUE(empties("%f = arith.select %c, %s, %zero : f32\n%y = arith.divf %f, %t : f32\n",
                      Monoid::add));
  EXPECT_TRUE(empties("%y = arith.select %c, %s, %one : f32\n", Monoid::mul));
  EXPECT_FALSE(empties("%y = arith.select %c, %s, %one : f32\n", Monoid::add));
}

TEST(EmptySteps, Sigmoid) {
  std::string masked = "%x = arith.select %c, %s, %low : f32\n";
  std::string sigmoid = "%n = arith.negf %x : f32\n%e = math.exp %n : f32\n"
                        "%d = arith.addf %one, %e : f32\n%y = arith.divf %one, %d : f32\n";
  EXPECT_TRUE(empties(masked + sigmoid, Monoid::add));
  EXPECT_FALSE(empties("%x = arith.select %c, %s, %zero : f32\n" + sigmoid, Monoid::add));
}

TEST(EmptySteps, FiniteMasksAreNumbers) {
  for (std::string low : {"-3.40282347E+38", "-1.0e9", "-1.0e30"}) {
    std::string masked = "%l = arith.constant " + low +
                         " : f32\n%a = arith.select %c, %zero, %l : f32\n"
                         "%x = arith.addf %s, %a : f32\n%d = arith.subf %x, %t : f32\n"
                         "%y = math.exp %d : f32\n";
    EXPECT_FALSE(empties(masked, Monoid::add, finiteRows())) << low;
    EmptyRules rules = finiteRows();
    rules.minusInfinityFrom = -1e30;
    EXPECT_EQ(empties(masked, Monoid::add, rules), low != "-1.0e9") << low;
  }
}

TEST(EmptySteps, IntegersAndTruths) {
  Body body("%i = arith.constant 7 : i32\n%n = arith.constant 0 : i32\n"
            "%q = arith.select %c, %i, %n : i32\n%k = arith.andi %c, %pad : i1\n"
            "%y = arith.select %c, %s, %zero : f32\n");
  Value number, both;
  body.einsum.walk([&](arith::SelectOp op) {
    if (op.getType().isInteger(32))
      number = op;
  });
  body.einsum.walk([&](arith::AndIOp op) { both = op; });
  auto asks = [&](Monoid monoid, Value value) {
    return emptiesWhen(Contribution{monoid, value}, body.condition, false);
  };
  EXPECT_TRUE(asks(Monoid::add, number));
  EXPECT_TRUE(asks(Monoid::or_, number));
  EXPECT_FALSE(asks(Monoid::max, number));
  EXPECT_TRUE(asks(Monoid::max, both));
  EXPECT_TRUE(asks(Monoid::or_, both));
  EXPECT_FALSE(asks(Monoid::min, both));
}

//===----------------------------------------------------------------------===//
// Folds
//===----------------------------------------------------------------------===//

/// The fold of a softmax over masked scores, as ein-derive-folds writes it.
std::string softmaxFold(const std::string &masked, const std::string &settled,
                        const std::string &more = "") {
  return "func.func @f(%in0: !ein.tensor<[P, M], f32>, %in1: !ein.tensor<[M, F], f32>) -> "
         "!ein.tensor<[P, F], f32> {\n%out = ein.fold (%in0[p, m], %in1[m, f]) over [m] -> [p, f] "
         ": (!ein.tensor<[P, M], f32>, !ein.tensor<[M, F], f32>) -> !ein.tensor<[P, F], f32>\n"
         "init {\n%a = arith.constant 0xFF800000 : f32\n%b = arith.constant 0.0 : f32\n"
         "ein.yield %a, %b, %b : f32, f32, f32\n}\n"
         "step {\n^bb0(%max: f32, %sum: f32, %mixed: f32, %s: f32, %v: f32):\n"
         "%p = ein.index \"p\"\n%m = ein.index \"m\"\n%c = arith.cmpi sle, %m, %p : index\n"
         "%low = arith.constant 0xFF800000 : f32\n%zero = arith.constant 0.0 : f32\n"
         "%one = arith.constant 1.0 : f32\n%inf = arith.constant 0x7F800000 : f32\n" +
         masked + "%now = arith.maximumf %x, %max : f32\n%n = arith.negf %now : f32\n" + settled +
         "%d = arith.addf %x, %r : f32\n%e = math.exp %d : f32\n"
         "%g = arith.addf %max, %r : f32\n%h = math.exp %g : f32\n"
         "%sumMoved = arith.mulf %sum, %h : f32\n%sumNow = arith.addf %e, %sumMoved : f32\n"
         "%w = arith.mulf %e, %v : f32\n%mixedMoved = arith.mulf %mixed, %h : f32\n"
         "%mixedNow = arith.addf %w, %mixedMoved : f32\n" +
         (more.empty() ? "%last = arith.addf %mixedNow, %zero : f32\n" : more) +
         "ein.yield %now, %sumNow, %last : f32, f32, f32\n}\n"
         "merge {\n^bb0(%a: f32, %b: f32, %c: f32, %d: f32, %e: f32, %f: f32, %s: f32, %v: f32):\n"
         "ein.yield %a, %b, %c : f32, f32, f32\n}\n"
         "finish {\n^bb0(%a: f32, %b: f32, %c: f32, %s: f32, %v: f32):\n"
         "%q = arith.divf %c, %b : f32\nein.yield %q : f32\n}\n"
         "return %out : !ein.tensor<[P, F], f32>\n}\n";
}

const char *const settle = "%size = math.absf %n : f32\n"
                           "%finite = arith.cmpf olt, %size, %inf : f32\n"
                           "%r = arith.select %finite, %n, %zero : f32\n";
const char *const causal = "%x = arith.select %c, %s, %low : f32\n";

bool foldEmpties(const std::string &text, bool holds = false, const EmptyRules &rules = {}) {
  Parsed parsed(text);
  auto fold = parsed.first<ein::FoldOp>();
  Value condition;
  fold.getStep().walk([&](arith::CmpIOp op) { condition = op; });
  return emptiesWhen(fold, condition, holds, rules);
}

TEST(EmptySteps, Softmax) {
  EXPECT_TRUE(foldEmpties(softmaxFold(causal, settle)));
  EXPECT_FALSE(foldEmpties(softmaxFold(causal, settle), /*holds=*/true));
  EXPECT_TRUE(foldEmpties(softmaxFold("%a = arith.select %c, %zero, %low : f32\n"
                                      "%x = arith.addf %s, %a : f32\n",
                                      settle)));
  EXPECT_FALSE(foldEmpties(softmaxFold("%x = arith.select %c, %s, %zero : f32\n", settle)));
  // Without settling, what a leading masked element does is NaN.
  EXPECT_FALSE(foldEmpties(softmaxFold(causal, "%r = arith.addf %n, %zero : f32\n")));
  // A row's maximum of which nothing was seen counts as 0.
  EXPECT_TRUE(foldEmpties(softmaxFold(causal, "%unseen = arith.cmpf oeq, %now, %low : f32\n"
                                              "%top = arith.select %unseen, %zero, %now : f32\n"
                                              "%r = arith.negf %top : f32\n")));
}

TEST(EmptySteps, OtherStatesOfAFold) {
  // A count counts masked elements, too.
  EXPECT_FALSE(foldEmpties(softmaxFold(causal, settle, "%last = arith.addf %mixed, %one : f32\n")));
  // A sum of its own kind, masked by itself.
  EXPECT_TRUE(foldEmpties(softmaxFold(causal, settle,
                                      "%own = arith.select %c, %v, %zero : f32\n"
                                      "%last = arith.addf %mixed, %own : f32\n")));
  // One that is not 0 while nothing was seen must not be taken for 0.
  EXPECT_FALSE(foldEmpties(softmaxFold(causal, settle,
                                       "%kept = arith.addf %mixed, %v : f32\n"
                                       "%old = arith.mulf %mixed, %h : f32\n"
                                       "%last = arith.select %c, %kept, %old : f32\n")));
}

TEST(EmptySteps, FiniteMasksInAFold) {
  std::string text = softmaxFold("%l = arith.constant -3.40282347E+38 : f32\n"
                                 "%a = arith.select %c, %zero, %l : f32\n"
                                 "%x = arith.addf %s, %a : f32\n",
                                 settle);
  EXPECT_FALSE(foldEmpties(text));
  EmptyRules rules;
  rules.minusInfinityFrom = -1e30;
  EXPECT_TRUE(foldEmpties(text, false, rules));
}

TEST(EmptySteps, Candidates) {
  Body body("%zf = arith.cmpf ogt, %s, %t : f32\n%b = arith.andi %c, %pad : i1\n"
            "%q = arith.andi %b, %zf : i1\n%u = arith.select %q, %s, %low : f32\n"
            "%y = arith.select %zf, %u, %t : f32\n");
  SmallVector<Value> found = candidateConditions(body.einsum.getBody().front());
  ASSERT_EQ(found.size(), 4u); // q, b, c and pad; not the comparison of floats
  EXPECT_TRUE(isa<arith::AndIOp>(found[0].getDefiningOp()));
  EXPECT_TRUE(llvm::is_contained(found, body.condition));
  EXPECT_TRUE(llvm::is_contained(found, Value(body.einsum.getBody().front().getArgument(2))));
  for (Value value : found)
    EXPECT_FALSE(value.getDefiningOp<arith::CmpFOp>());
}

//===----------------------------------------------------------------------===//
// Random bodies
//===----------------------------------------------------------------------===//

/// Runs a body of floats; `wild` is set where numbers left what is ordinary.
class NumericRun {
public:
  NumericRun(Value condition, bool holds) { truths[condition] = holds; }
  void bind(Value value, double number) { numbers[value] = number; }

  double of(Value value) {
    if (auto it = numbers.find(value); it != numbers.end())
      return it->second;
    double result = compute(value.getDefiningOp());
    wild |= std::isfinite(result) && std::fabs(result) > 1e60;
    return numbers[value] = result;
  }
  bool wild = false;

private:
  double compute(Operation *op) {
    FloatAttr constant;
    if (matchPattern(op, m_Constant(&constant)))
      return constant.getValueAsDouble();
    if (auto select = dyn_cast<arith::SelectOp>(op)) {
      double yes = of(select.getTrueValue()), no = of(select.getFalseValue());
      return truths.lookup(select.getCondition()) ? yes : no;
    }
    if (isa<arith::UIToFPOp>(op))
      return truths.lookup(op->getOperand(0));
    double a = of(op->getOperand(0)), b = op->getNumOperands() > 1 ? of(op->getOperand(1)) : 0;
    wild |= isa<arith::DivFOp>(op) && b == 0;
    wild |= isa<math::ExpOp>(op) && std::isfinite(a) && a > 100;
    return llvm::TypeSwitch<Operation *, double>(op)
        .Case([&](arith::AddFOp) { return a + b; })
        .Case([&](arith::SubFOp) { return a - b; })
        .Case([&](arith::MulFOp) { return a * b; })
        .Case([&](arith::DivFOp) { return a / b; })
        .Case([&](arith::NegFOp) { return -a; })
        .Case([&](math::ExpOp) { return std::exp(a); })
        .Case([&](math::TanhOp) { return std::tanh(a); })
        .Case([&](arith::MaximumFOp) {
          return std::isnan(a) || std::isnan(b) ? NAN : std::max(a, b);
        })
        .Case([&](arith::MinimumFOp) {
          return std::isnan(a) || std::isnan(b) ? NAN : std::min(a, b);
        });
  }

  DenseMap<Value, double> numbers;
  DenseMap<Value, bool> truths;
};

std::string randomBody(std::mt19937 &random) {
  std::vector<std::string> values = {"%s", "%t", "%low", "%zero", "%one", "%s"};
  auto pick = [&](unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random); };
  std::string text;
  for (int i = 0; i < 7; ++i) {
    static const char *const operations[] = {
        "arith.addf", "arith.subf", "arith.mulf",     "arith.divf",     "arith.negf", "math.exp",
        "math.exp",   "math.tanh",  "arith.maximumf", "arith.minimumf", "select",     "select"};
    // The newest values most of all.
    auto operand = [&] {
      return values[pick(2) ? pick(values.size()) : values.size() - 1 - pick(2)];
    };
    unsigned which = i == 0 ? 10 : pick(12);
    std::string name = "%v" + std::to_string(i), a = operand(), b = operand(),
                op = operations[which];
    if (which >= 10)
      text += name + " = arith.select %c, " + a + ", " + (pick(2) ? b : pick(2) ? "%low" : "%zero");
    else if (which >= 4 && which < 8)
      text += name + " = " + op + " " + a;
    else
      text += name + " = " + op + " " + a + ", " + b;
    text += " : f32\n";
    values.push_back(name);
  }
  return text + "%y = arith.addf %v6, %zero : f32\n";
}

TEST(EmptySteps, RandomBodiesGiveTheIdentity) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> number(-3, 3);
  const std::pair<Monoid, double> monoids[] = {
      {Monoid::add, 0}, {Monoid::mul, 1}, {Monoid::max, -HUGE_VAL}, {Monoid::min, HUGE_VAL}};
  int yes = 0;
  for (int i = 0; i < 2500; ++i) {
    std::string text = randomBody(random);
    Body body(text);
    for (auto [monoid, identity] : monoids)
      for (bool holds : {false, true}) {
        if (!body.empties(monoid, holds, finiteRows()))
          continue;
        for (int j = 0; j < 5; ++j) {
          NumericRun run(body.condition, holds);
          run.bind(body.einsum.getBody().front().getArgument(0), number(random));
          run.bind(body.einsum.getBody().front().getArgument(1), number(random));
          double value = run.of(body.einsum.getYielded());
          yes += !run.wild;
          ASSERT_TRUE(run.wild || value == identity || std::fabs(value - identity) < 1e-5)
              << text << value;
        }
      }
  }
  EXPECT_GT(yes, 200);
}

} // namespace
