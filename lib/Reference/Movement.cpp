//===- Movement.cpp - Views, gathers, updates, scatters, concat -----------===//
#include "dialects/ein/EinIndexing.h"
#include "lib/Reference/Monoids.h"
#include "lib/Reference/Space.h"

using namespace mlir;

namespace einfall::reference {

/// view and gather: the last operand's element at every point, or the fill.
template <typename Op>
static FailureOr<Tensor> evaluateView(Op op, Inputs inputs, const Context &context) {
  FailureOr<Tensor> result = context.zeros(op, op.getResult().getType());
  if (failed(result))
    return failure();
  if (Attribute fill = op.getFillAttr())
    result->data.assign(result->data.size(), scalarOf(fill));
  FailureOr<Space> space =
      Space::create(op, result->shape, op.getMaps(), inputs, op.getSymbols(), context);
  if (failed(space))
    return failure();
  const Tensor &source = *inputs.back();
  int64_t position = 0, length = space->extents.back();
  space->outer(space->extents.size() - 1, [&] {
    space->row(nullptr, [&](int64_t i) {
      result->data[position + i] = source.data[space->offset(inputs.size() - 1)];
    });
    position += length;
  });
  return result;
}

FailureOr<Tensor> evaluate(ein::ViewOp op, Inputs inputs, const Context &context) {
  return evaluateView(op, inputs, context);
}
FailureOr<Tensor> evaluate(ein::GatherOp op, Inputs inputs, const Context &context) {
  return evaluateView(op, inputs, context);
}

/// update and scatter: ascending source coordinates, so the highest wins.
/// `indexed` are the operands with index lists, the destination last.
template <typename Op>
static FailureOr<Tensor> assign(Op op, const Tensor &dest, const Tensor &source, Inputs indexed,
                                std::optional<Combiner> combine, const Context &context) {
  Tensor result = dest;
  FailureOr<Space> space =
      Space::create(op, source.shape, op.getMaps(), indexed, op.getSymbols(), context);
  if (failed(space))
    return failure();
  int64_t position = 0, length = space->extents.back();
  space->outer(space->extents.size() - 1, [&] {
    space->row(nullptr, [&](int64_t i) {
      Scalar &to = result.data[space->offset(indexed.size() - 1)];
      Scalar from = source.data[position + i];
      to = combine ? (*combine)(to, from) : from;
    });
    position += length;
  });
  return result;
}

FailureOr<Tensor> evaluate(ein::UpdateOp op, Inputs inputs, const Context &context) {
  return assign(op, *inputs[0], *inputs[1], inputs.take_front(), std::nullopt, context);
}

FailureOr<Tensor> evaluate(ein::ScatterOp op, Inputs inputs, const Context &context) {
  SmallVector<const Tensor *> indexed(inputs.drop_front(2));
  indexed.push_back(inputs[0]);
  std::optional<Combiner> combine;
  if (std::optional<ein::Monoid> monoid = op.getMonoid()) {
    if (*monoid == ein::Monoid::argmax || *monoid == ein::Monoid::argmin)
      return op.emitError() << ein::stringifyMonoid(*monoid) << " does not combine elements";
    combine.emplace(*monoid, inputs[0]->element, context.mode);
  }
  return assign(op, *inputs[0], *inputs[1], indexed, combine, context);
}

FailureOr<Tensor> evaluate(ein::ConcatOp op, Inputs inputs, const Context &context) {
  FailureOr<Tensor> result = context.zeros(op, op.getResult().getType());
  if (failed(result))
    return failure();
  size_t dim = op.getDim();
  int64_t outer = countOf(ArrayRef(result->shape).take_front(dim));
  int64_t inner = countOf(ArrayRef(result->shape).drop_front(dim + 1));
  int64_t length = result->shape[dim] * inner, start = 0;
  for (const Tensor *part : inputs) {
    int64_t run = part->shape[dim] * inner;
    for (int64_t i = 0; i < outer; ++i)
      std::copy_n(part->data.begin() + i * run, run, result->data.begin() + i * length + start);
    start += run;
  }
  return result;
}

FailureOr<Tensor> evaluate(ein::ConstantOp op, Inputs, const Context &) {
  FailureOr<Tensor> result = Tensor::of(op.getValue());
  if (failed(result))
    return op.emitError("the literal's values are not here");
  return result;
}

} // namespace einfall::reference
