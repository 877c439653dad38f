//===- Einsum.cpp - The meaning of ein.einsum -----------------------------===//
//
// Free ranks are loops around reductions. Neighbouring reduced ranks with the
// same monoid are one reduction, with one accumulator, in lexicographic order
// of their coordinates: so a rank and its split into two give the same bits.
// Where the monoid changes, the inner reduction's result goes into the outer
// accumulator, unless none of the inner points exists: what does not exist
// contributes to no reduction.
//
// An accumulator starts at the monoid's identity and is rounded to its type
// at every step. Where the body yields the result of an arith.mulf and the
// innermost monoid is `add`, a step is one fma.
//
//===----------------------------------------------------------------------===//
#include "lib/Reference/Monoids.h"
#include "lib/Reference/Program.h"
#include "lib/Reference/Space.h"
#include <cmath>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;
using einfall::ein::Monoid;

namespace einfall::reference {

namespace {

struct Group {
  Combiner combine;
  unsigned last; // rank
};

struct Accumulator {
  Scalar value;
  bool exists = false;
  int64_t at = -1; // of argmax and argmin
};

class Runner {
public:
  Runner(ein::EinsumOp op, Space &space, Program &program, const Context &context)
      : op(op), space(space), program(program), context(context) {}
  void run(Tensor &result);

private:
  void makeGroups();
  Accumulator start(unsigned group) const { return {groups[group].combine.identity()}; }
  void add(const Combiner &combine, Accumulator &to, Scalar value, int64_t at) const;
  void reduce(unsigned group, unsigned rank, Accumulator &to);
  void reduceRow(const Combiner &combine, Accumulator &to);
  void contractRow(const Combiner &combine, Accumulator &to);

  ein::EinsumOp op;
  Space &space;
  Program &program;
  const Context &context;
  SmallVector<Group> groups;
  bool fused = false; // product and sum
};

} // namespace

void Runner::makeGroups() {
  Type element = op.getYielded().getType();
  for (int64_t rank = op.getNumFree(), e = op.getNumRanks(); rank < e; ++rank) {
    Monoid monoid = op.getMonoid(rank);
    if (groups.empty() || groups.back().combine.monoid != monoid)
      groups.push_back({Combiner(monoid, element, context.mode), 0});
    groups.back().last = rank;
  }
  fused = !groups.empty() && groups.back().combine.monoid == Monoid::add && program.product;
}

void Runner::add(const Combiner &combine, Accumulator &to, Scalar value, int64_t at) const {
  if (combine.monoid != Monoid::argmax && combine.monoid != Monoid::argmin) {
    to.value = combine(to.value, value);
  } else if (!to.exists || combine.replaces(to.value, value)) {
    to.value = value;
    to.at = at;
  }
  to.exists = true;
}

/// A contraction of linear operands whose body is only the product.
void Runner::contractRow(const Combiner &combine, Accumulator &to) {
  auto [p, q] = *program.product;
  int64_t stepA = space.rowStep(p), stepB = space.rowStep(q);
  const Scalar *a = space.rowData(p) + space.begin() * stepA;
  const Scalar *b = space.rowData(q) + space.begin() * stepB;
  int64_t count = space.end() - space.begin();
  double sum = to.value.f;
  if (combine.format == Format::f32) {
    float narrow = static_cast<float>(sum);
    for (int64_t i = 0; i < count; ++i, a += stepA, b += stepB)
      narrow = std::fma(static_cast<float>(a->f), static_cast<float>(b->f), narrow);
    sum = narrow;
  } else if (context.mode == Mode::f64) {
    for (int64_t i = 0; i < count; ++i, a += stepA, b += stepB)
      sum += a->f * b->f;
  } else {
    for (int64_t i = 0; i < count; ++i, a += stepA, b += stepB)
      sum = fmaIn(a->f, b->f, sum, combine.format);
  }
  to.value.f = sum;
  to.exists = true;
}

void Runner::reduceRow(const Combiner &combine, Accumulator &to) {
  const int64_t *point = space.point.data();
  size_t numInputs = op.getInputs().size();
  if (fused && program.isEmpty() && space.allLinear() && program.product->first < numInputs &&
      program.product->second < numInputs) {
    if (space.enterRow())
      contractRow(combine, to);
    return;
  }
  Scalar *inputs = program.inputs();
  if (fused) {
    auto [a, b] = *program.product;
    space.row(inputs, [&](int64_t) {
      program.run(point);
      to.value.f = fmaIn(inputs[a].f, inputs[b].f, to.value.f, combine.format);
      to.exists = true;
    });
    return;
  }
  space.row(inputs, [&](int64_t i) { add(combine, to, program.value(point), i); });
}

void Runner::reduce(unsigned group, unsigned rank, Accumulator &to) {
  const Combiner &combine = groups[group].combine;
  if (rank + 1 == space.extents.size())
    return reduceRow(combine, to);
  for (int64_t i = space.starts[rank]; i < space.extents[rank]; ++i) {
    space.point[rank] = i;
    if (rank < groups[group].last) {
      reduce(group, rank + 1, to);
      continue;
    }
    Accumulator inner = start(group + 1);
    reduce(group + 1, rank + 1, inner);
    if (inner.exists)
      add(combine, to, inner.value, i);
  }
}

void Runner::run(Tensor &result) {
  makeGroups();
  unsigned numFree = op.getNumFree();
  int64_t position = 0;
  if (groups.empty()) {
    // The innermost free rank is the row; points that do not exist stay 0.
    int64_t length = space.extents.back();
    space.outer(numFree ? numFree - 1 : 0, [&] {
      space.row(program.inputs(),
                [&](int64_t i) { result.data[position + i] = program.value(space.point.data()); });
      position += length;
    });
    return;
  }
  bool arg =
      groups[0].combine.monoid == Monoid::argmax || groups[0].combine.monoid == Monoid::argmin;
  unsigned width = widthOf(result.element);
  space.outer(numFree, [&] {
    Accumulator total = start(0);
    reduce(0, numFree, total);
    result.data[position++] = arg ? ofInt(wrap(total.at, width)) : total.value;
  });
}

FailureOr<Tensor> evaluate(ein::EinsumOp op, Inputs inputs, const Context &context) {
  FailureOr<Tensor> result = context.zeros(op, op.getResult().getType());
  if (failed(result))
    return failure();
  SmallVector<int64_t> extents;
  for (int64_t rank = 0, e = op.getNumRanks(); rank < e; ++rank) {
    FailureOr<int64_t> extent = context.extent(op, op.getRankExtent(rank));
    if (failed(extent))
      return failure();
    if (*extent < 0)
      return op.emitError("rank '")
             << op.getRankName(rank) << "' has extent '" << op.getRankExtent(rank).str()
             << "' = " << *extent << ", expected at least 0";
    extents.push_back(*extent);
  }
  FailureOr<Space> space =
      Space::create(op, extents, op.getMaps(), inputs, op.getSymbols(), context);
  FailureOr<Program> program = Program::compile(
      op, op.getBody().front(), [&](StringRef name) { return op.findRank(name); }, context);
  if (failed(space) || failed(program))
    return failure();
  for (int64_t rank = op.getNumFree(); rank < op.getNumRanks(); ++rank)
    if (auto part = context.parts.find(op.getRankName(rank)); part != context.parts.end())
      space->restrict(rank, part->second.first, part->second.second);
  Runner(op, *space, *program, context).run(*result);
  if (failed(program->status()))
    return failure();
  return result;
}

} // namespace einfall::reference
