//===- Matrices.cpp - Contractions by matrix instructions -----------------===//
#include "passes/ein-to-tile/Matrices.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/ein-to-tile/ErrorFlow.h"
#include "passes/ein-to-tile/Supports.h"
#include "llvm/ADT/STLExtras.h"
#include <numeric>

using namespace mlir;

namespace einfall {
namespace {

/// Rows and columns of what one instruction adds to, and its depth.
constexpr int64_t kRows = 16, kColumns = 16, kDepth = 16;
/// A part of the depth: 128 bytes, a line of memory.
constexpr int64_t kPart = 64;
/// The same of f32: its products are written out, each by itself.
constexpr int64_t kFusedPart = 16;
/// For how many rows a program is: any number, at most kSomeRows, at most kFewRows.
enum class Rows { many, some, few };
constexpr int64_t kMostSlots = 4;
/// With few rows all is waiting for memory: more is under way.
constexpr int64_t kFewRows = 16, kMostSlotsOfFew = 8;
/// Up to so many rows of f32 there are few blocks of 128 by 128, and each computes for long.
constexpr int64_t kSomeRows = 256;
/// Of a GPU, about.
constexpr int64_t kBlocksAtOnce = 128;
/// Extents that are known at run time only count as this.
constexpr int64_t kTypicalExtent = 2048;

/// What `value` is widened from, where it is a 16-bit number.
Value narrowed(Value value) {
  auto extend = value.getDefiningOp<arith::ExtFOp>();
  if (!extend || !value.getType().isF32())
    return {};
  Type from = extend.getIn().getType();
  return from.isBF16() || from.isF16() ? extend.getIn() : Value();
}

/// Sums pass through the same memory at the end.
int64_t sumBytes(const Matrix &matrix) { return 4 * matrix.rowBlock * matrix.sumStride(); }

class Planner {
public:
  Planner(ein::EinsumOp root, ArrayRef<Access> reads, const Access &write)
      : root(root), reads(reads), write(write), supports(root, reads) {}

  /// Which ranks and factors there are.
  std::optional<Matrix> find() {
    Matrix matrix;
    std::optional<Factors> factors = factorsOf(root);
    if (!factors)
      return std::nullopt;
    matrix.lhs.value = factors->lhs;
    matrix.rhs.value = factors->rhs;
    if (!findRanks(matrix))
      return std::nullopt;
    matrix.setElements(root);
    matrix.lhs.place(matrix.rows, matrix.depth, reads);
    matrix.rhs.place(matrix.columns, matrix.depth, reads);
    return matrix;
  }
  std::optional<Matrix> plan(const TileTarget &target, Rows rows) {
    std::optional<Matrix> matrix = find();
    if (!matrix)
      return std::nullopt;
    if (sizeOf(matrix->rows) <= kFewRows)
      rows = Rows::few;
    else if (rows == Rows::many && matrix->isFused() && sizeOf(matrix->rows) <= kSomeRows)
      rows = Rows::some;
    bool fits =
        rows == Rows::few ? sizeOfFew(*matrix, target) : size(*matrix, target, rows == Rows::some);
    return fits ? matrix : std::nullopt;
  }

private:
  /// True if there are more of the largest blocks than a GPU runs at once.
  bool isLarge(const Matrix &matrix) {
    double points = 1;
    for (unsigned rank = 0; rank < root.getNumFree(); ++rank) {
      bool isBatch = rank != matrix.rows && rank != matrix.columns;
      points *= root.getRankExtent(rank).getLiteral().value_or(isBatch ? 1 : kTypicalExtent);
    }
    return points >= kBlocksAtOnce * 128.0 * 256;
  }
  int64_t sizeOf(unsigned rank) {
    return root.getRankExtent(rank).getLiteral().value_or(INT64_MAX);
  }

  /// True if operands and results move along `rank` by steps.
  bool isEven(unsigned rank) {
    return (rank >= root.getNumFree() || write.stride(rank)) &&
           llvm::all_of(reads, [&](const Access &read) {
             return read.stride(rank) && !read.fromCoordinate && read.inside();
           });
  }

  /// Rows that the left factor alone has, columns that the right one alone has, and a
  /// reduced rank that both have. Results are contiguous along columns if they can be.
  bool findRanks(Matrix &matrix) {
    auto own = [&](Value with, Value without) {
      int best = -1;
      for (unsigned rank = 0; rank < root.getNumFree(); ++rank) {
        if (!supports.depends(with, rank) || supports.depends(without, rank) || !isEven(rank))
          continue;
        if (best < 0 || write.isUnitStride(rank) || sizeOf(rank) >= kRows)
          best = rank;
      }
      return best;
    };
    int rows = own(matrix.lhs.value, matrix.rhs.value),
        columns = own(matrix.rhs.value, matrix.lhs.value);
    if (rows < 0 || columns < 0)
      return false;
    if (write.isUnitStride(rows)) {
      std::swap(rows, columns);
      std::swap(matrix.lhs, matrix.rhs);
    }
    int depth = -1;
    for (unsigned rank = root.getNumFree(); rank < root.getNumRanks(); ++rank) {
      if (!supports.depends(matrix.lhs.value, rank) || !supports.depends(matrix.rhs.value, rank) ||
          !isEven(rank))
        continue;
      if (depth < 0 || sizeOf(rank) >= kDepth)
        depth = rank;
    }
    if (depth < 0 || sizeOf(depth) < kDepth || sizeOf(columns) < 8)
      return false;
    matrix.rows = rows;
    matrix.columns = columns;
    matrix.depth = depth;
    return true;
  }

  /// Blocks as large as the registers of their warps hold, parts as the memory does.
  bool size(Matrix &matrix, const TileTarget &target, bool isSmall) {
    auto upTo = [&](unsigned rank, int64_t least, int64_t most) {
      int64_t size = least;
      while (size < most && size < sizeOf(rank))
        size *= 2;
      return size;
    };
    // Of 128 by 128 f32 sums a thread has 64, and 64 registers of factors a step.
    const int64_t most = isSmall ? 64 : 128;
    bool isWide = isLarge(matrix) && !matrix.isFused();
    matrix.rowBlock = upTo(matrix.rows, 32, most);
    matrix.columnBlock = upTo(matrix.columns, 64, isWide ? 256 : most);
    matrix.rowWarps = 2;
    matrix.columnWarps = target.warps / 2;
    const int64_t part = matrix.isFused() ? kFusedPart : kPart;
    matrix.part = part;
    for (;;) {
      matrix.slots = std::min(kMostSlots, target.matrixBytes / matrix.setParts());
      bool fits = sumBytes(matrix) <= target.matrixBytes;
      if (fits && matrix.slots >= 3)
        return true;
      if (matrix.part == part)
        matrix.part /= 2;
      else if (matrix.columnBlock > 128)
        matrix.columnBlock /= 2;
      else
        return fits && matrix.slots >= 2;
    }
  }

  /// All warps side by side along columns. Where threads multiply, two of them along rows: a
  /// block has a few columns then, and there are as many blocks as can be.
  static bool sizeOfFew(Matrix &matrix, const TileTarget &target) {
    matrix.rowBlock = kFewRows;
    matrix.rowWarps = kFewRows / matrix.leastPart();
    matrix.columnWarps = target.warps / matrix.rowWarps;
    matrix.columnBlock = matrix.leastPart() * matrix.columnWarps;
    matrix.part = kPart;
    matrix.slots = std::min(kMostSlotsOfFew, target.matrixBytes / matrix.setParts());
    return matrix.slots >= 2 && sumBytes(matrix) <= target.matrixBytes;
  }

  ein::EinsumOp root;
  ArrayRef<Access> reads;
  const Access &write;
  Supports supports;
};

} // namespace

std::optional<Factors> factorsOf(ein::EinsumOp root) {
  ArrayRef<int32_t> monoids = root.getMonoids();
  if (monoids.empty() || root.getNumRanks() > 64 || ein::isStrict(root) ||
      !llvm::all_of(monoids, [](int32_t m) { return m == (int32_t)ein::Monoid::add; }))
    return std::nullopt;
  // A point that does not exist would have to leave the sum alone.
  for (auto [i, coordinate] : llvm::enumerate(root.getCoords()))
    if (!ein::readsInside(root, i) || !cast<StringAttr>(coordinate).getValue().empty())
      return std::nullopt;
  auto product = root.getYielded().getDefiningOp<arith::MulFOp>();
  if (!product || !product.getType().isF32())
    return std::nullopt;
  Factors factors{narrowed(product.getLhs()), narrowed(product.getRhs())};
  if (factors.lhs && factors.rhs && factors.lhs.getType() == factors.rhs.getType())
    return factors;
  // bf16 has the range of f32.
  Value narrow = factors.lhs ? factors.lhs : factors.rhs;
  if (!narrow || !narrow.getType().isBF16() || (factors.lhs && factors.rhs))
    return Factors{product.getLhs(), product.getRhs()};
  (factors.lhs ? factors.rhs : factors.lhs) = factors.lhs ? product.getRhs() : product.getLhs();
  return factors;
}

int64_t standsStill(ein::EinsumOp op, Value value, unsigned rank) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return standsStill(op, argument.getArgNumber(), rank);
  if (auto index = value.getDefiningOp<ein::IndexOp>())
    return op.findRank(index.getRank()) == (int)rank;
  int64_t run = 0;
  for (Value operand : value.getDefiningOp()->getOperands())
    run = std::gcd(run, standsStill(op, operand, rank));
  return run;
}

bool dependsOn(ein::EinsumOp op, Value value, unsigned rank) {
  return standsStill(op, value, rank) != 0;
}

bool multipliesMatrices(ein::EinsumOp root) {
  std::optional<Factors> factors = factorsOf(root);
  if (!factors)
    return false;
  bool rows = false, columns = false;
  for (int64_t rank = 0; rank < root.getNumFree(); ++rank) {
    bool left = dependsOn(root, factors->lhs, rank), right = dependsOn(root, factors->rhs, rank);
    rows |= left && !right;
    columns |= right && !left;
  }
  return rows && columns;
}

int64_t termsOf(ein::EinsumOp root, Value factor) {
  auto kernel = root->getParentOfType<ein::KernelOp>();
  // Rounded as the other factor is, it must not be less exact than the outputs.
  std::optional<Factors> two = factorsOf(root);
  bool isF16 = two && (two->lhs == factor ? two->rhs : two->lhs).getType().isF16();
  if (isNonNegative(factor) && flowsLinearly(root.getResult()))
    return isF16 || storesBf16(kernel) ? 1 : 2;
  bool isSmall = storesHalves(kernel);
  return isSmall && flowsSmoothly(root.getResult()) ? 2 : 3;
}

void Factor::place(unsigned free, unsigned depth, ArrayRef<Access> reads) {
  major = free;
  minor = depth;
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return;
  const Access &read = reads[argument.getArgNumber()];
  if (read.isUnitStride(free) && !read.isUnitStride(depth))
    std::swap(major, minor);
  if (read.isUnitStride(minor) && !read.fill && value.getType() == element)
    operand = argument.getArgNumber();
}

void Matrix::setElements(ein::EinsumOp root) {
  Type left = lhs.value.getType(), right = rhs.value.getType();
  lhs.element = left.isF32() ? right : left;
  rhs.element = lhs.element;
  if (left != right) {
    Factor &wide = left.isF32() ? lhs : rhs;
    wide.terms = termsOf(root, wide.value);
  }
}

RankedTensorType Matrix::stepType(bool left) const {
  Type element = lhs.element;
  return RankedTensorType::get(
      {left ? rowBlock : columnBlock, step()}, element,
      tile::FactorAttr::get(element.getContext(), rowWarps, columnWarps, left));
}

int64_t Matrix::setParts() {
  auto size = [&](unsigned rank) {
    return rank == rows ? rowBlock : rank == columns ? columnBlock : part;
  };
  for (Factor *factor : {&lhs, &rhs}) {
    factor->majorPart = size(factor->major);
    factor->minorPart = size(factor->minor);
  }
  return lhs.elementBytes() * lhs.size() + rhs.elementBytes() * rhs.size();
}

tile::MatrixAttr Matrix::toAttr(ein::EinsumOp root) const {
  Builder builder(root.getContext());
  auto name = [&](unsigned rank) { return builder.getStringAttr(root.getRankName(rank)); };
  return tile::MatrixAttr::get(root.getContext(), name(rows), name(columns), name(depth), rowBlock,
                               columnBlock, rowWarps, columnWarps, part, slots, from,
                               few ? Attribute(few->toAttr(root)) : Attribute());
}

std::optional<Matrix> planMatrix(ein::EinsumOp root, ArrayRef<Access> reads, const Access &write,
                                 const TileTarget &target) {
  if (target.matrixBytes == 0 || target.warps < 4)
    return std::nullopt;
  Planner planner(root, reads, write);
  std::optional<Matrix> matrix = planner.plan(target, Rows::many);
  if (!matrix)
    return std::nullopt;
  if (std::optional<int64_t> rows = root.getRankExtent(matrix->rows).getLiteral())
    // One row alone is reading, which lanes do at once.
    return *rows == 1 && matrix->isFused() ? std::nullopt : matrix;
  // Of a few rows all is reading, of which lanes do as much; terms are only more work.
  if (matrix->lhs.terms > 1 || matrix->rhs.terms > 1) {
    matrix->from = kFewRows + 1;
    return matrix;
  }
  auto addFewer = [&](std::optional<Matrix> few, int64_t from) {
    if (!few)
      return;
    matrix->from = from;
    matrix->few = std::make_shared<const Matrix>(*few);
  };
  if (!matrix->isFused()) {
    addFewer(planner.plan(target, Rows::few), kFewRows + 1);
    return matrix;
  }
  Matrix many = *matrix;
  matrix = planner.plan(target, Rows::some);
  addFewer(planner.plan(target, Rows::few), kFewRows + 1);
  std::optional<Matrix> some = std::exchange(matrix, many);
  addFewer(some, kSomeRows + 1);
  return matrix;
}

std::optional<Matrix> planMatrixOver(ArrayRef<int64_t> parts, int64_t bytes,
                                     function_ref<bool(unsigned)> isOperand, ein::EinsumOp root,
                                     ArrayRef<Access> reads, const Access &write,
                                     const TileTarget &target) {
  if (target.matrixBytes == 0 || target.warps < 4)
    return std::nullopt;
  std::optional<Matrix> matrix = Planner(root, reads, write).find();
  if (!matrix)
    return std::nullopt;
  for (Factor *factor : {&matrix->lhs, &matrix->rhs})
    if (factor->operand >= 0 && !isOperand(factor->operand))
      factor->operand = -1;
  matrix->rowWarps = 2;
  matrix->columnWarps = target.warps / 2;
  matrix->rowBlock = llvm::alignTo(parts[matrix->rows], kRows * matrix->rowWarps);
  matrix->columnBlock = llvm::alignTo(parts[matrix->columns], kColumns * matrix->columnWarps);
  // Blocks of a rank that they divide are taken for whole: each has to begin one.
  auto isAcross = [&](unsigned rank, int64_t block) {
    std::optional<int64_t> literal = root.getRankExtent(rank).getLiteral();
    return literal && *literal % block == 0 && parts[rank] % block != 0;
  };
  if (isAcross(matrix->rows, matrix->rowBlock) || isAcross(matrix->columns, matrix->columnBlock))
    return std::nullopt;
  // Most of the block would be idle.
  if (2 * parts[matrix->rows] < matrix->rowBlock ||
      2 * parts[matrix->columns] < matrix->columnBlock)
    return std::nullopt;
  const int64_t part = matrix->isFused() ? kFusedPart : kPart;
  for (matrix->part = part; matrix->part >= part / 2; matrix->part /= 2) {
    matrix->slots = std::min(kMostSlots, bytes / matrix->setParts());
    if (matrix->slots >= 2 && sumBytes(*matrix) <= bytes)
      return matrix;
  }
  return std::nullopt;
}

FailureOr<Matrix> readMatrix(tile::MatrixAttr attr, ein::EinsumOp root, ArrayRef<Access> reads,
                             const Access &write, const TileTarget &target) {
  auto refuse = [&]() { return root.emitOpError("cannot follow its schedule: "); };
  std::optional<Matrix> planned = planMatrix(root, reads, write, target);
  if (!planned)
    return refuse() << "it is no product of matrices, or the target has no instructions for it";
  Matrix matrix = *planned;
  auto is = [&](StringAttr name, unsigned rank) { return root.findRank(name) == (int)rank; };
  if (!is(attr.getRows(), matrix.rows) || !is(attr.getColumns(), matrix.columns) ||
      !is(attr.getDepth(), matrix.depth))
    return refuse() << "matrix expects rows " << root.getRankName(matrix.rows) << ", columns "
                    << root.getRankName(matrix.columns) << " and depth "
                    << root.getRankName(matrix.depth);
  matrix.rowBlock = attr.getRowBlock();
  matrix.columnBlock = attr.getColumnBlock();
  matrix.rowWarps = attr.getRowWarps();
  matrix.columnWarps = attr.getColumnWarps();
  matrix.part = attr.getPart();
  matrix.slots = attr.getSlots();
  matrix.from = attr.getFrom();
  matrix.few = nullptr;
  auto isMultiple = [](int64_t number, int64_t of) { return number > 0 && number % of == 0; };
  if (matrix.rowWarps < 1 || matrix.rowWarps > target.warps ||
      matrix.rowWarps * matrix.columnWarps != target.warps)
    return refuse() << "matrix expects " << target.warps << " warps";
  const int64_t least = matrix.leastPart(), two = 2 * matrix.step();
  if (!isMultiple(matrix.rowBlock, least * matrix.rowWarps) ||
      !isMultiple(matrix.columnBlock, std::max<int64_t>(32, least * matrix.columnWarps)) ||
      !isMultiple(matrix.part, two) || matrix.from < 0)
    return refuse() << "matrix expects a row_block and a column_block, this of multiples of 32, of "
                    << least << " for each warp, and a part of multiples of " << two;
  constexpr int64_t kMost = 1024;
  if (std::max({matrix.rowBlock, matrix.columnBlock, matrix.part}) > kMost || matrix.slots < 2 ||
      matrix.slots > 8 || matrix.slots * matrix.setParts() > target.matrixBytes ||
      sumBytes(matrix) > target.matrixBytes)
    return refuse() << "matrix expects 2 to 8 slots of blocks and parts that fit into "
                    << target.matrixBytes << " bytes";
  if (!attr.getFew())
    return matrix;
  auto inner = dyn_cast<tile::MatrixAttr>(attr.getFew());
  if (!inner || (inner.getFrom() == 0) != !inner.getFew())
    return refuse() << "few expects a #tile.matrix, with both from and few or with neither";
  FailureOr<Matrix> few = readMatrix(inner, root, reads, write, target);
  if (failed(few))
    return failure();
  if (few->few ? few->from >= matrix.from : few->rowBlock + 1 < matrix.from)
    return refuse() << "few expects a from, or a row_block, of the rows below " << matrix.from;
  matrix.few = std::make_shared<const Matrix>(*few);
  return matrix;
}

} // namespace einfall
