//===- BoxPredicateTest.cpp - Verdicts against every point of a box -------===//
//
// A predicate is parsed as the body of an einsum. Its verdict code is emitted once
// and run for many random boxes; next to it the predicate itself is run at every
// point of each. Sound: what is proven holds at every point. Precise: masks
// that people use are settled wherever they could be.
//
//===----------------------------------------------------------------------===//
#include "passes/ein-to-tile/BoxPredicate.h"
#include "ScalarProgram.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace einfall;

namespace {

/// What the body reads; these are the inputs of its program, too.
enum Read { atP, atM, extent, length, count, docP, docM, padding, numReads };

/// Everything about one box: an interval for each read, and the data behind.
struct Box {
  std::array<int64_t, numReads> low, high;
  std::vector<int64_t> documents, paddings;

  std::vector<int64_t> at(int64_t p, int64_t m) const {
    return {p, m, low[extent], low[length], low[count], documents[p], documents[m], paddings[m]};
  }
};

struct Outcome {
  bool none, all;
  bool operator==(const Outcome &) const = default;
};

class Mask {
public:
  explicit Mask(const std::string &body, bool dataIsBounded = true) {
    context
        .loadDialect<ein::EinDialect, arith::ArithDialect, func::FuncDialect, math::MathDialect>();
    module = parseSourceString<ModuleOp>(textOf(body), &context);
    if (!module)
      llvm::report_fatal_error(("cannot read " + body).c_str());
    module->walk([&](ein::EinsumOp found) { einsum = found; });
    Block &block = einsum.getBody().front();
    direct.emplace(block, [](Value value) { return inputOf(value); });
    emit(dataIsBounded);
  }

  Outcome proven(const Box &box) {
    std::vector<int64_t> bounds(box.low.begin(), box.low.end());
    bounds.insert(bounds.end(), box.high.begin(), box.high.end());
    emitted->run(bounds);
    auto holds = [&](Value value) { return value && (*emitted)[value] != 0; };
    return {holds(verdict.none), holds(verdict.all)};
  }
  Outcome truth(const Box &box) {
    Outcome outcome{true, true};
    for (int64_t p = box.low[atP]; p <= box.high[atP]; ++p)
      for (int64_t m = box.low[atM]; m <= box.high[atM]; ++m) {
        direct->run(box.at(p, m));
        bool holds = (*direct)[einsum.getYielded()] != 0;
        outcome.none &= !holds;
        outcome.all &= holds;
      }
    return outcome;
  }
  bool isUnknown() const { return !verdict.none && !verdict.all; }

private:
  static std::string textOf(const std::string &body) {
    return "func.func @f(%in0: !ein.tensor<[B], i64>, %in1: !ein.tensor<[B], i32>, "
           "%in2: !ein.tensor<[S], i64>, %in3: !ein.tensor<[S], i1>) -> !ein.tensor<[B, S, S], i1> "
           "{\n"
           "%out = ein.einsum (%in0[b], %in1[b], %in2[p], %in2[m], %in3[m]) -> [b, p, m] : "
           "(!ein.tensor<[B], i64>, !ein.tensor<[B], i32>, !ein.tensor<[S], i64>, "
           "!ein.tensor<[S], i64>, !ein.tensor<[S], i1>) -> !ein.tensor<[B, S, S], i1> {\n"
           "^bb0(%length: i64, %count: i32, %docP: i64, %docM: i64, %padding: i1):\n"
           "%p = ein.index \"p\"\n%m = ein.index \"m\"\n%extent = ein.extent T\n" +
           body + "ein.yield %x : i1\n}\nreturn %out : !ein.tensor<[B, S, S], i1>\n}\n";
  }
  static int inputOf(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return length + argument.getArgNumber();
    if (auto index = value.getDefiningOp<ein::IndexOp>())
      return index.getRank() == "p" ? atP : atM;
    return value.getDefiningOp<ein::ExtentOp>() ? extent : -1;
  }
  void emit(bool dataIsBounded) {
    OpBuilder builder(&context);
    builder.setInsertionPointToEnd(module->getBody());
    Location loc = builder.getUnknownLoc();
    SmallVector<Type> types(2 * numReads, builder.getIndexType());
    function = func::FuncOp::create(builder, loc, "verdict", builder.getFunctionType(types, {}));
    Block *entry = function.addEntryBlock();
    builder.setInsertionPointToStart(entry);
    auto bounds = [entry](int read) {
      return Bounds{entry->getArgument(read), entry->getArgument(numReads + read)};
    };
    BoxPredicate box(
        builder, loc, [&](StringRef rank) { return bounds(rank == "p" ? atP : atM); },
        [&](ein::ExtentAttr) { return bounds(extent).low; },
        [&](BlockArgument argument) -> std::optional<Bounds> {
          return dataIsBounded ? std::optional(bounds(inputOf(argument))) : std::nullopt;
        });
    verdict = box.of(einsum.getYielded());
    func::ReturnOp::create(builder, loc);
    EXPECT_TRUE(succeeded(verify(*module)));
    emitted.emplace(*entry, [](Value value) {
      auto argument = dyn_cast<BlockArgument>(value);
      return argument ? static_cast<int>(argument.getArgNumber()) : -1;
    });
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  ein::EinsumOp einsum;
  func::FuncOp function;
  Verdict verdict;
  std::optional<ScalarProgram> direct, emitted;
};

class Boxes {
public:
  explicit Boxes(unsigned seed) : random(seed) {}

  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  }
  /// Mostly of the size of coordinates, now and then of the ends of `width` bits.
  int64_t number(unsigned width) {
    if (!wild || between(0, 9))
      return between(-4, 70);
    int64_t near = between(0, 3), sign = between(0, 1);
    return sign ? llvm::maxIntN(width) - near : llvm::minIntN(width) + near;
  }
  Box box() {
    constexpr int64_t size = 64;
    Box box;
    for (Read read : {atP, atM}) {
      box.low[read] = between(0, size - 1);
      box.high[read] = std::min(size - 1, box.low[read] + between(0, 9));
    }
    box.low[extent] = box.high[extent] = between(0, 80);
    box.low[length] = box.high[length] = number(64);
    box.low[count] = box.high[count] = number(32);
    for (int64_t i = 0; i < size; ++i) {
      box.documents.push_back(number(64));
      box.paddings.push_back(between(0, 3) != 0);
    }
    if (!wild)
      for (int64_t &document : box.documents)
        document /= 12;
    std::sort(box.documents.begin(), box.documents.end());
    for (auto [read, rank] : {std::pair(docP, atP), {docM, atM}}) {
      box.low[read] = box.documents[box.low[rank]];
      box.high[read] = box.documents[box.high[rank]];
    }
    auto from = box.paddings.begin() + box.low[atM], to = box.paddings.begin() + box.high[atM] + 1;
    box.low[padding] = *std::min_element(from, to);
    box.high[padding] = *std::max_element(from, to);
    return box;
  }

  bool wild = true;
  std::mt19937_64 random;
};

/// How often what could be proven was.
struct Score {
  int boxes = 0, provable = 0, proven = 0;
};

Score check(const std::string &body, int boxes, unsigned seed, bool exact, bool wild) {
  Mask mask(body);
  Boxes source(seed);
  source.wild = wild;
  Score score;
  for (; score.boxes < boxes; ++score.boxes) {
    Box box = source.box();
    Outcome proven = mask.proven(box), truth = mask.truth(box);
    bool sound = proven.none <= truth.none && proven.all <= truth.all;
    score.provable += truth.none || truth.all;
    score.proven += proven.none || proven.all;
    EXPECT_TRUE(sound && (!exact || proven == truth))
        << body << "p " << box.low[atP] << ".." << box.high[atP] << ", m " << box.low[atM] << ".."
        << box.high[atM] << ", extent " << box.low[extent] << ", length " << box.low[length]
        << ", count " << box.low[count] << ", docP " << box.low[docP] << ".." << box.high[docP]
        << ", docM " << box.low[docM] << ".." << box.high[docM] << ": proven " << proven.none
        << proven.all << ", truth " << truth.none << truth.all;
    if (testing::Test::HasFailure())
      break;
  }
  EXPECT_GT(score.provable, 0) << body;
  return score;
}

void settles(const std::string &body, bool wild = false) {
  Score score = check(body, 3000, 7, /*exact=*/true, wild);
  EXPECT_LT(score.provable, score.boxes) << "some box is mixed";
}

TEST(BoxPredicate, Causal) {
  settles("%x = arith.cmpi sle, %m, %p : index\n");
  settles("%pi = arith.index_cast %p : index to i64\n%mi = arith.index_cast %m : index to i64\n"
          "%x = arith.cmpi sge, %pi, %mi : i64\n");
  settles("%pi = arith.index_cast %p : index to i32\n%mi = arith.index_cast %m : index to i32\n"
          "%x = arith.cmpi sle, %mi, %pi : i32\n");
  settles("%x = arith.cmpi ule, %m, %p : index\n");
  // Both run backwards.
  settles("%k = arith.constant -2 : index\n%a = arith.muli %m, %k : index\n"
          "%b = arith.muli %k, %p : index\n%x = arith.cmpi sge, %a, %b : index\n");
  // Queries are the last of T positions.
  settles("%o = arith.addi %p, %extent : index\n%c = arith.constant 40 : index\n"
          "%q = arith.subi %o, %c : index\n%x = arith.cmpi sle, %m, %q : index\n");
}

TEST(BoxPredicate, SlidingWindow) {
  settles("%w = arith.constant 9 : index\n%d = arith.subi %p, %m : index\n"
          "%a = arith.cmpi slt, %d, %w : index\n%b = arith.cmpi sle, %m, %p : index\n"
          "%x = arith.andi %a, %b : i1\n");
  settles("%w = arith.constant 9 : i64\n%pi = arith.index_cast %p : index to i64\n"
          "%mi = arith.index_cast %m : index to i64\n%d = arith.subi %pi, %mi : i64\n"
          "%s = math.absi %d : i64\n%x = arith.cmpi sle, %s, %w : i64\n");
}

TEST(BoxPredicate, PrefixIsSeenByAll) {
  settles("%mi = arith.index_cast %m : index to i64\n%a = arith.cmpi slt, %mi, %length : i64\n"
          "%b = arith.cmpi sle, %m, %p : index\n%x = arith.ori %a, %b : i1\n",
          /*wild=*/true);
}

TEST(BoxPredicate, Chunks) {
  for (std::string op : {"floordivsi", "divsi", "ceildivsi", "divui", "ceildivui"})
    settles("%c = arith.constant 8 : index\n%a = arith." + op + " %p, %c : index\n%b = arith." +
            op + " %m, %c : index\n%x = arith.cmpi eq, %a, %b : index\n");
}

TEST(BoxPredicate, Dilated) {
  std::string body = "%d = arith.constant 16 : index\n%o = arith.subi %p, %m : index\n"
                     "%r = arith.remsi %o, %d : index\n%z = arith.constant 0 : index\n"
                     "%x = arith.cmpi eq, %r, %z : index\n";
  settles(body);
}

TEST(BoxPredicate, Lengths) {
  settles("%mi = arith.index_cast %m : index to i64\n%x = arith.cmpi slt, %mi, %length : i64\n",
          /*wild=*/true);
  settles("%i = arith.index_cast %count : i32 to index\n%x = arith.cmpi slt, %m, %i : index\n",
          /*wild=*/true);
  // A length that wraps when it is added to proves nothing, but nothing wrong.
  Score score = check("%one = arith.constant 3 : i64\n%l = arith.addi %length, %one : i64\n"
                      "%mi = arith.index_cast %m : index to i64\n"
                      "%x = arith.cmpi slt, %mi, %l : i64\n",
                      3000, 5, false, true);
  EXPECT_GT(score.proven, score.provable * 8 / 10);
}

TEST(BoxPredicate, Documents) {
  std::string body = "%x = arith.cmpi eq, %docP, %docM : i64\n";
  Mask mask(body);
  Boxes source(3);
  source.wild = false;
  int numNone = 0, numAll = 0;
  for (int i = 0; i < 3000; ++i) {
    Box box = source.box();
    Outcome proven = mask.proven(box), truth = mask.truth(box);
    bool apart = box.high[docP] < box.low[docM] || box.high[docM] < box.low[docP];
    ASSERT_EQ(proven.none, apart);
    ASSERT_LE(proven.none, truth.none);
    ASSERT_EQ(proven.all, truth.all);
    numNone += proven.none;
    numAll += proven.all;
  }
  EXPECT_GT(numNone, 100);
  EXPECT_GT(numAll, 20);
  check(body, 2000, 11, false, true);
}

TEST(BoxPredicate, Padding) {
  // Where one side excludes what the other leaves, neither knows it.
  Score score = check("%b = arith.cmpi sle, %m, %p : index\n%x = arith.andi %padding, %b : i1\n",
                      3000, 7, /*exact=*/false, /*wild=*/false);
  EXPECT_GT(score.proven, score.provable * 8 / 10);
  settles("%t = arith.constant true\n%x = arith.xori %padding, %t : i1\n");
  settles("%i = arith.extui %padding : i1 to i32\n%z = arith.constant 0 : i32\n"
          "%x = arith.cmpi ne, %i, %z : i32\n");
  settles("%i = arith.extsi %padding : i1 to i32\n%z = arith.constant 0 : i32\n"
          "%x = arith.cmpi slt, %i, %z : i32\n");
}

TEST(BoxPredicate, WithoutBoundsDataIsUnknown) {
  EXPECT_TRUE(Mask("%x = arith.cmpi eq, %docP, %docM : i64\n", false).isUnknown());
  // The rest of a predicate is not.
  Mask mask("%b = arith.cmpi sle, %m, %p : index\n%x = arith.andi %padding, %b : i1\n", false);
  Boxes source(1);
  int none = 0;
  for (int i = 0; i < 500; ++i) {
    Box box = source.box();
    Outcome proven = mask.proven(box);
    EXPECT_EQ(proven.none, box.low[atM] > box.high[atP]);
    EXPECT_FALSE(proven.all);
    none += proven.none;
  }
  EXPECT_GT(none, 100);
}

//===----------------------------------------------------------------------===//
// Random predicates
//===----------------------------------------------------------------------===//

/// Writes a random predicate as text.
class Grammar {
public:
  explicit Grammar(unsigned seed) : source(seed) {}

  std::string predicate() {
    text.clear();
    next = 0;
    std::string value = truth(4);
    return text + "%t = arith.constant true\n%x = arith.andi " + value + ", %t : i1\n";
  }

private:
  int64_t pick(int64_t most) { return source.between(0, most); }
  std::string line(const std::string &right) {
    std::string name = "%v" + std::to_string(next++);
    text += name + " = " + right + "\n";
    return name;
  }
  std::string constant(int64_t value, const std::string &type) {
    return line("arith.constant " + std::to_string(value) + " : " + type);
  }
  std::string leaf(const std::string &type) {
    if (pick(3) == 0)
      return constant(pick(5)         ? pick(20) - 4
                      : type == "i32" ? INT32_MAX - pick(2)
                                      : int64_t(1) << (58 + pick(4)),
                      type);
    static const char *const wide[] = {"%length", "%docP", "%docM"};
    static const char *const places[] = {"%p", "%m", "%extent"};
    if (type == "i64" && pick(1))
      return wide[pick(2)];
    if (type == "i32" && pick(1))
      return "%count";
    std::string place = places[pick(2)];
    return type == "index" ? place : line("arith.index_cast " + place + " : index to " + type);
  }
  std::string integer(const std::string &type, int depth) {
    if (depth == 0)
      return leaf(type);
    switch (pick(8)) {
    case 0:
      return leaf(type);
    case 1: {
      static const char *const divisions[] = {"floordivsi", "divsi", "ceildivsi", "remsi"};
      std::string a = integer(type, depth - 1);
      return line(std::string("arith.") + divisions[pick(3)] + " " + a + ", " +
                  constant(1 + pick(8), type) + " : " + type);
    }
    case 2: {
      std::string c = truth(depth - 1), a = integer(type, depth - 1), b = integer(type, depth - 1);
      return line("arith.select " + c + ", " + a + ", " + b + " : " + type);
    }
    case 3:
      return cast(type, depth);
    default: {
      static const char *const operations[] = {"addi",  "subi",  "muli", "maxsi",
                                               "minsi", "maxui", "minui"};
      std::string a = integer(type, depth - 1), b = integer(type, depth - 1);
      return line(std::string("arith.") + operations[pick(6)] + " " + a + ", " + b + " : " + type);
    }
    }
  }
  std::string cast(const std::string &type, int depth) {
    if (type != "index" && pick(2) == 0)
      return line((pick(1) ? "arith.extui " : "arith.extsi ") + truth(depth - 1) + " : i1 to " +
                  type);
    if (pick(3) == 0)
      return line("math.absi " + integer(type, depth - 1) + " : " + type);
    if (type == "i64" && pick(1))
      return line((pick(1) ? "arith.extui " : "arith.extsi ") + integer("i32", depth - 1) +
                  " : i32 to i64");
    if (type == "i32" && pick(1))
      return line("arith.trunci " + integer("i64", depth - 1) + " : i64 to i32");
    std::string from = type == "index" ? (pick(1) ? "i64" : "i32") : "index";
    bool isUnsigned = from == "i32" && pick(1);
    return line((isUnsigned ? "arith.index_castui " : "arith.index_cast ") +
                integer(from, depth - 1) + " : " + from + " to " + type);
  }
  std::string truth(int depth) {
    if (depth == 0)
      return "%padding";
    switch (pick(9)) {
    case 0:
      return "%padding";
    case 1: {
      std::string c = truth(depth - 1), a = truth(depth - 1), b = truth(depth - 1);
      return line("arith.select " + c + ", " + a + ", " + b + " : i1");
    }
    case 2:
      return line("arith.xori " + truth(depth - 1) + ", " + line("arith.constant true") + " : i1");
    case 3:
    case 4: {
      static const char *const operations[] = {"andi ", "ori ", "xori ", "cmpi eq, ", "cmpi ne, "};
      std::string a = truth(depth - 1), b = truth(depth - 1);
      return line(std::string("arith.") + operations[pick(4)] + a + ", " + b + " : i1");
    }
    default: {
      static const char *const types[] = {"index", "i64", "i32"};
      static const char *const order[] = {"eq",  "ne",  "slt", "sle", "sgt",
                                          "sge", "ult", "ule", "ugt", "uge"};
      std::string type = types[pick(2)];
      std::string a = integer(type, depth - 1), b = integer(type, depth - 1);
      return line(std::string("arith.cmpi ") + order[pick(9)] + ", " + a + ", " + b + " : " + type);
    }
    }
  }

  Boxes source;
  std::string text;
  int next = 0;
};

TEST(BoxPredicate, RandomPredicatesAreSound) {
  Grammar grammar(20240);
  int provable = 0, proven = 0;
  for (int i = 0; i < 600 && !HasFailure(); ++i) {
    std::string body = grammar.predicate();
    Mask mask(body);
    Boxes source(i);
    for (int j = 0; j < 25; ++j) {
      Box box = source.box();
      Outcome found = mask.proven(box), truth = mask.truth(box);
      provable += truth.none || truth.all;
      proven += found.none || found.all;
      ASSERT_LE(found.none, truth.none) << body << "box " << j;
      ASSERT_LE(found.all, truth.all) << body << "box " << j;
    }
  }
  // Intervals forget, but not everything.
  EXPECT_GT(proven, provable / 2);
  EXPECT_LT(proven, provable);
}

} // namespace
