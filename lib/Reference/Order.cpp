//===- Order.cpp - Recurrences, top-k and sorting -------------------------===//
#include "dialects/ein/EinIndexing.h"
#include "lib/Reference/Program.h"
#include "lib/Reference/Space.h"
#include <cmath>
#include <numeric>

using namespace mlir;

namespace einfall::reference {

//===----------------------------------------------------------------------===//
// scan
//===----------------------------------------------------------------------===//

// The space is walked with the scanned rank innermost, whatever its place in
// the result. A step at a point that does not exist leaves the state alone; an
// initial state that does not exist is 0.

namespace {
/// The op's maps and extents with the scanned rank last.
struct Rotated {
  SmallVector<int64_t> extents, strides; // of the result
  SmallVector<Attribute> maps;
};
} // namespace

static Rotated rotate(ein::ScanOp op, const Tensor &result) {
  Rotated rotated;
  int64_t rank = result.shape.size(), scanned = op.getScanned();
  MLIRContext *context = op.getContext();
  SmallVector<int64_t> strides = stridesOf(result.shape);
  SmallVector<AffineExpr> dims(rank);
  for (int64_t i = 0; i < rank; ++i) {
    if (i == scanned)
      continue;
    dims[i] = getAffineDimExpr(rotated.extents.size(), context);
    rotated.extents.push_back(result.shape[i]);
    rotated.strides.push_back(strides[i]);
  }
  dims[scanned] = getAffineDimExpr(rank - 1, context);
  rotated.extents.push_back(result.shape[scanned]);
  rotated.strides.push_back(strides[scanned]);
  for (size_t k = 0; k < op.getInputs().size(); ++k) {
    AffineMap map = op.getMap(k);
    rotated.maps.push_back(
        AffineMapAttr::get(map.replaceDimsAndSymbols(dims, {}, rank, map.getNumSymbols())));
  }
  return rotated;
}

FailureOr<Tensor> evaluate(ein::ScanOp op, Inputs inputs, const Context &context) {
  FailureOr<Tensor> result = context.zeros(op, op.getResult().getType());
  if (failed(result))
    return failure();
  Rotated rotated = rotate(op, *result);
  unsigned last = inputs.size() - 1, scannedAt = rotated.extents.size() - 1;
  FailureOr<Space> space =
      Space::create(op, rotated.extents, ArrayAttr::get(op.getContext(), rotated.maps), inputs,
                    op.getSymbols(), context);
  FailureOr<Program> program = Program::compile(
      op, op.getBody().front(),
      [&](StringRef name) -> int64_t {
        int64_t rank = op.findRank(name), scanned = op.getScanned();
        return rank == scanned ? scannedAt : rank > scanned ? rank - 1 : rank;
      },
      context);
  if (failed(space) || failed(program))
    return failure();
  Scalar *registers = program->inputs();
  int64_t length = rotated.extents.back(), step = rotated.strides.back();
  space->outer(scannedAt, [&] {
    int64_t base = 0;
    for (unsigned rank = 0; rank < scannedAt; ++rank)
      base += space->point[rank] * rotated.strides[rank];
    Scalar state = space->first(last, result->isFloat() ? ofFloat(0) : ofInt(0));
    space->enterRow();
    bool reverse = op.getReverse(), exclusive = op.getExclusive();
    for (int64_t n = 0; n < length; ++n) {
      int64_t i = reverse ? length - 1 - n : n;
      Scalar &to = result->data[base + i * step];
      if (exclusive)
        to = state;
      if (space->visit(i, registers)) {
        registers[last + 1] = state;
        state = program->value(space->point.data());
      }
      if (!exclusive)
        to = state;
    }
  });
  if (failed(program->status()))
    return failure();
  return result;
}

//===----------------------------------------------------------------------===//
// topk, sort
//===----------------------------------------------------------------------===//

/// Below, in an order where NaN is the greatest and -0 equals +0.
static bool below(const Tensor &tensor, Scalar a, Scalar b) {
  if (!tensor.isFloat())
    return a.i < b.i;
  if (std::isnan(a.f) || std::isnan(b.f))
    return !std::isnan(a.f) && std::isnan(b.f);
  return a.f < b.f;
}

/// The first `count` elements of every fiber along `dim`, in order.
static std::pair<Tensor, Tensor> order(const Tensor &input, int64_t dim, int64_t count,
                                       bool descending) {
  SmallVector<int64_t> shape = input.shape;
  int64_t length = shape[dim];
  shape[dim] = count;
  Tensor values = Tensor::zeros(shape, input.element);
  Tensor places = Tensor::zeros(shape, IntegerType::get(input.element.getContext(), 64));
  int64_t outer = countOf(ArrayRef(shape).take_front(dim));
  int64_t inner = countOf(ArrayRef(shape).drop_front(dim + 1));
  SmallVector<int64_t> by(length);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      auto at = [&](int64_t k) { return input.data[(o * length + k) * inner + i]; };
      std::iota(by.begin(), by.end(), 0);
      llvm::sort(by, [&](int64_t a, int64_t b) { // stable: places break ties
        Scalar x = at(a), y = at(b);
        bool before = descending ? below(input, y, x) : below(input, x, y);
        bool after = descending ? below(input, x, y) : below(input, y, x);
        return before || (!after && a < b);
      });
      for (int64_t k = 0; k < count; ++k) {
        values.data[(o * count + k) * inner + i] = at(by[k]);
        places.data[(o * count + k) * inner + i].i = by[k];
      }
    }
  return {std::move(values), std::move(places)};
}

/// `input` behind the elements `best` of before: none where a coordinate is negative.
static std::pair<Tensor, Tensor> joined(Inputs inputs, int64_t dim, int64_t k) {
  auto [values, places] = order(*inputs[0], dim, std::min(k, inputs[0]->shape[dim]), true);
  Tensor best = *inputs[1], at = *inputs[2];
  int64_t outer = countOf(ArrayRef(best.shape).take_front(dim)), count = values.shape[dim];
  int64_t inner = countOf(ArrayRef(best.shape).drop_front(dim + 1));
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      int64_t left = 0, right = 0;
      auto before = [&](int64_t n) { return (o * k + n) * inner + i; };
      auto now = [&](int64_t n) { return (o * count + n) * inner + i; };
      for (int64_t n = 0; n < k; ++n) {
        bool has = left < k && inputs[2]->data[before(left)].i >= 0;
        bool more = right < count;
        if (!has && !more)
          break;
        bool takes =
            has && !(more && below(best, inputs[1]->data[before(left)], values.data[now(right)]));
        best.data[before(n)] = takes ? inputs[1]->data[before(left)] : values.data[now(right)];
        at.data[before(n)] = takes ? inputs[2]->data[before(left)] : places.data[now(right)];
        ++(takes ? left : right);
      }
    }
  return {std::move(best), std::move(at)};
}

FailureOr<std::pair<Tensor, Tensor>> evaluate(ein::TopKOp op, Inputs inputs, const Context &) {
  int64_t extent = inputs[0]->shape[op.getDim()], k = op.getK();
  if (inputs.size() == 3)
    return joined(inputs, op.getDim(), k);
  if (k > extent)
    return op.emitError("k is ") << k << ", but extent '" << op.getOrderedExtent().str() << "' is "
                                 << extent;
  return order(*inputs[0], op.getDim(), k, /*descending=*/true);
}

FailureOr<std::pair<Tensor, Tensor>> evaluate(ein::SortOp op, Inputs inputs, const Context &) {
  return order(*inputs[0], op.getDim(), inputs[0]->shape[op.getDim()], op.getDescending());
}

} // namespace einfall::reference
