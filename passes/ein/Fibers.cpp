//===- Fibers.cpp - Which labels of different ops are one rank ------------===//
#include "passes/ein/Fibers.h"
#include "dialects/ein/EinIndexing.h"
#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;

namespace einfall::ein {

static constexpr unsigned never = std::numeric_limits<unsigned>::max() / 2;

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

unsigned Fibers::fresh() {
  nodes.emplace_back();
  nodes.back().parent = nodes.size() - 1;
  return nodes.size() - 1;
}

unsigned Fibers::find(unsigned node) const {
  while (nodes[node].parent != node)
    node = nodes[node].parent = nodes[nodes[node].parent].parent;
  return node;
}

bool Fibers::canJoin(unsigned a, unsigned b) const {
  const auto *small = &nodes[a].labels, *large = &nodes[b].labels;
  if (small->size() > large->size())
    std::swap(small, large);
  for (auto [op, label] : *small)
    if (auto it = large->find(op); it != large->end() && it->second != label)
      return false;
  return true;
}

bool Fibers::join(unsigned a, unsigned b) {
  a = find(a);
  b = find(b);
  if (a == b)
    return true;
  // A part and a whole are different things.
  bool partA = nodes[a].whole >= 0, partB = nodes[b].whole >= 0;
  bool splitA = nodes[a].outer >= 0, splitB = nodes[b].outer >= 0;
  if (!canJoin(a, b) || (partA && splitB) || (partB && splitA))
    return false;
  if (nodes[a].labels.size() < nodes[b].labels.size())
    std::swap(a, b);
  Node &into = nodes[a], &from = nodes[b];
  from.parent = a;
  for (auto entry : from.labels)
    into.labels.insert(entry);
  int wholeA = into.whole, wholeB = from.whole, outer = from.outer, inner = from.inner;
  if (wholeA < 0)
    into.whole = wholeB;
  if (into.outer < 0) {
    into.outer = outer;
    into.inner = inner;
  } else if (outer >= 0) {
    int ownOuter = into.outer, ownInner = into.inner;
    join(ownOuter, outer);
    join(ownInner, inner);
  }
  if (wholeA >= 0 && wholeB >= 0)
    join(wholeA, wholeB);
  return true;
}

void Fibers::split(unsigned whole, unsigned outer, unsigned inner) {
  whole = find(whole);
  outer = find(outer);
  inner = find(inner);
  if (nodes[whole].whole >= 0 || nodes[outer].outer >= 0 || nodes[inner].outer >= 0)
    return; // one level of parts
  if (nodes[whole].outer >= 0) {
    int ownOuter = nodes[whole].outer, ownInner = nodes[whole].inner;
    join(ownOuter, outer);
    join(ownInner, inner);
    return;
  }
  nodes[whole].outer = outer;
  nodes[whole].inner = inner;
  for (unsigned part : {outer, inner}) {
    int before = nodes[part].whole;
    nodes[part].whole = whole;
    if (before >= 0)
      join(before, whole);
  }
}

unsigned Fibers::dimNode(Value tensor, unsigned dim) {
  auto it = firstDim.find(tensor);
  if (it == firstDim.end()) {
    it = firstDim.insert({tensor, static_cast<unsigned>(nodes.size())}).first;
    for (int64_t i = 0, e = cast<TensorType>(tensor.getType()).getRank(); i < e; ++i)
      fresh();
  }
  return it->second + dim;
}

//===----------------------------------------------------------------------===//
// Reads
//===----------------------------------------------------------------------===//

namespace {
/// A sum of coefficient * dim and of what depends on no dim.
struct Linear {
  SmallVector<std::pair<unsigned, AffineExpr>> terms;
  bool valid = true;
};
} // namespace

static Linear linearOf(AffineExpr expr) {
  Linear result;
  if (expr.isSymbolicOrConstant())
    return result;
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    result.terms.push_back({dim.getPosition(), getAffineConstantExpr(1, expr.getContext())});
    return result;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (expr.getKind() == AffineExprKind::Add) {
    result = linearOf(binary.getLHS());
    Linear right = linearOf(binary.getRHS());
    llvm::append_range(result.terms, right.terms);
    result.valid &= right.valid;
    return result;
  }
  AffineExpr factor = binary.getLHS(), inner = binary.getRHS();
  if (inner.isSymbolicOrConstant())
    std::swap(factor, inner);
  result = linearOf(inner);
  result.valid &= expr.getKind() == AffineExprKind::Mul && factor.isSymbolicOrConstant();
  for (auto &[dim, coefficient] : result.terms)
    coefficient = coefficient * factor;
  return result;
}

/// True if `expr`, over a space's symbols, is `extent`.
static bool isExtent(AffineExpr expr, ExtentAttr extent, Operation *op, unsigned numOperands) {
  if (!extent)
    return false;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return extent.getLiteral() == constant.getValue();
  auto names = op->getAttrOfType<ArrayAttr>("symbols");
  SmallVector<StringAttr> table;
  AffineExpr other = extent.over(table);
  if (!names)
    return false;
  SmallVector<AffineExpr> replacement(numOperands, getAffineConstantExpr(0, op->getContext()));
  for (Attribute name : names) {
    auto *it = llvm::find(table, cast<StringAttr>(name));
    if (it == table.end())
      it = table.insert(it, cast<StringAttr>(name));
    replacement.push_back(getAffineSymbolExpr(it - table.begin(), op->getContext()));
  }
  return simplifyIndex(expr.replaceSymbols(replacement) - other, 0, table.size()) == 0;
}

/// The label and divisor of `l floordiv c` or `l mod c`.
static std::optional<std::pair<unsigned, AffineExpr>> quotient(AffineExpr expr,
                                                               AffineExprKind kind) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary || expr.getKind() != kind)
    return std::nullopt;
  auto dim = dyn_cast<AffineDimExpr>(binary.getLHS());
  if (!dim)
    return std::nullopt;
  return std::pair(dim.getPosition(), binary.getRHS());
}

void Fibers::addEdges(unsigned number, SmallVectorImpl<Edge> &edges) {
  Space &space = spaces[number];
  unsigned labels = firstLabel[number];
  for (auto [operand, map] : llvm::zip(space.operands, space.maps)) {
    Operation *definer = operand.getDefiningOp();
    unsigned producer = definer ? position.lookup(definer) + 1 : 0;
    auto add = [&](unsigned dim, unsigned label, auto kind, unsigned otherLabel,
                   unsigned otherDim) {
      edges.push_back({0, number, producer, dimNode(operand, dim), labels + label,
                       labels + otherLabel, dimNode(operand, otherDim), kind});
    };
    ArrayRef<AffineExpr> indices = map.getResults();
    for (auto [dim, index] : llvm::enumerate(indices)) {
      if (auto high = quotient(index, AffineExprKind::FloorDiv)) {
        for (auto [other, lowIndex] : llvm::enumerate(indices))
          if (quotient(lowIndex, AffineExprKind::Mod) == high)
            add(dim, high->first, Edge::splitLabel, 0, other);
        continue;
      }
      Linear linear = linearOf(index);
      if (!linear.valid)
        continue;
      if (linear.terms.size() == 1 && linear.terms[0].second == 1) {
        add(dim, linear.terms[0].first, Edge::same, 0, 0);
        continue;
      }
      if (linear.terms.size() != 2)
        continue;
      for (unsigned low : {0, 1}) {
        auto [inner, one] = linear.terms[low];
        auto [outer, step] = linear.terms[1 - low];
        if (one == 1 && step != 1 &&
            isExtent(step, space.extents[inner], space.op, space.operands.size())) {
          add(dim, outer, Edge::splitDim, inner, 0);
          break;
        }
      }
    }
  }
}

/// How far each label and dimension is from a reduction of it, backwards
/// through the function.
void Fibers::measure() {
  distance.assign(nodes.size(), never);
  for (unsigned number = spaces.size(); number-- > 0;) {
    Space &space = spaces[number];
    SmallVector<Edge> edges;
    for (unsigned label = 0; label < space.labels.size(); ++label) {
      unsigned node = firstLabel[number] + label;
      int64_t dim = space.resultDim[label];
      unsigned beyond = dim < 0 ? never : distance[dimNode(space.op->getResult(0), dim)];
      distance[node] = dim < 0 ? 0 : std::min(never, beyond + 1);
    }
    addEdges(number, edges);
    distance.resize(nodes.size(), never);
    for (const Edge &edge : edges) {
      unsigned least = distance[edge.label];
      if (edge.kind == Edge::splitDim)
        least = std::min(least, distance[edge.otherLabel]);
      distance[edge.dim] = std::min(distance[edge.dim], least);
      if (edge.kind == Edge::splitLabel)
        distance[edge.otherDim] = std::min(distance[edge.otherDim], least);
    }
  }
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

Fibers::Fibers(func::FuncOp function) {
  for (Operation &op : function.front()) {
    std::optional<Space> space = Space::of(&op);
    if (!space)
      continue;
    position[&op] = spaces.size();
    firstLabel.push_back(nodes.size());
    for (unsigned label = 0; label < space->labels.size(); ++label)
      nodes[fresh()].labels[&op] = label;
    spaces.push_back(std::move(*space));
    for (Value result : op.getResults())
      for (unsigned dim = 0; dim < cast<TensorType>(result.getType()).getRank(); ++dim)
        dimNode(result, dim);
  }
  SmallVector<Edge> edges;
  for (unsigned number = 0; number < spaces.size(); ++number)
    addEdges(number, edges);
  measure();
  for (auto [number, space] : llvm::enumerate(spaces)) {
    if (auto fold = dyn_cast<FoldOp>(space.op)) {
      for (unsigned result = 0; result < fold.getNumResults(); ++result)
        for (auto [dim, label] : llvm::enumerate(fold.getLabels(result)))
          join(dimNode(fold.getResult(result), dim), firstLabel[number] + label);
      continue;
    }
    for (auto [label, dim] : llvm::enumerate(space.resultDim))
      if (dim >= 0)
        for (Value result : space.op->getResults())
          join(dimNode(result, dim), firstLabel[number] + label);
  }
  for (Edge &edge : edges) {
    edge.distance = distance[edge.label];
    if (edge.kind == Edge::splitDim)
      edge.distance = std::min(edge.distance, distance[edge.otherLabel]);
  }
  llvm::sort(edges, [](const Edge &a, const Edge &b) {
    return std::tuple(a.distance, a.consumer, never - a.producer, a.dim, a.label) <
           std::tuple(b.distance, b.consumer, never - b.producer, b.dim, b.label);
  });
  for (const Edge &edge : edges) {
    if (edge.kind == Edge::same)
      join(edge.dim, edge.label);
    else if (edge.kind == Edge::splitDim)
      split(edge.dim, edge.label, edge.otherLabel);
    else
      split(edge.label, edge.dim, edge.otherDim);
  }
  splitByName();
  findReduced();
}

/// A user who splits a rank m by hand calls its parts m1 and m0.
void Fibers::splitByName() {
  for (auto [number, space] : llvm::enumerate(spaces)) {
    for (auto [high, name] : llvm::enumerate(space.labels)) {
      if (name.size() < 2 || name.back() != '1')
        continue;
      for (auto [low, other] : llvm::enumerate(space.labels)) {
        if (other.size() != name.size() || other.back() != '0' ||
            other.drop_back() != name.drop_back())
          continue;
        unsigned outer = find(firstLabel[number] + high), inner = find(firstLabel[number] + low);
        if (nodes[outer].whole < 0 && nodes[inner].whole < 0)
          split(fresh(), outer, inner);
      }
    }
  }
}

Fibers::Place Fibers::placeOf(unsigned node) const {
  unsigned root = find(node);
  if (nodes[root].whole < 0)
    return {root, whole};
  unsigned rank = find(nodes[root].whole);
  return {rank, find(nodes[rank].outer) == root ? outer : inner};
}

Fibers::Place Fibers::ofLabel(unsigned space, unsigned label) const {
  return placeOf(firstLabel[space] + label);
}

Fibers::Place Fibers::ofDim(Value tensor, unsigned dim) const {
  auto it = firstDim.find(tensor);
  return it == firstDim.end() ? Place{never, whole} : placeOf(it->second + dim);
}

void Fibers::findReduced() {
  for (auto [number, space] : llvm::enumerate(spaces)) {
    for (auto [label, dim] : llvm::enumerate(space.resultDim)) {
      if (dim >= 0)
        continue;
      unsigned rank = ofLabel(number, label).rank;
      if (llvm::any_of(reduced, [&](const auto &entry) { return entry.first == rank; }))
        continue;
      std::string name = space.labels[label].str();
      if (nodes[rank].outer >= 0) {
        auto labelIn = [&](int node) -> StringRef {
          for (auto [at, other] : llvm::enumerate(spaces))
            if (auto it = nodes[find(node)].labels.find(other.op);
                it != nodes[find(node)].labels.end())
              return other.labels[it->second];
          return "";
        };
        std::string high = labelIn(nodes[rank].outer).str(), low = labelIn(nodes[rank].inner).str();
        std::string own = labelIn(rank).str();
        if (own.empty() && StringRef(high).drop_back() == StringRef(low).drop_back())
          own = StringRef(high).drop_back();
        name = (own.empty() ? high + "*" + low : own) + " = (" + high + ", " + low + ")";
      }
      reduced.push_back({rank, name});
    }
  }
}

} // namespace einfall::ein
