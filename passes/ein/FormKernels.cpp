//===- FormKernels.cpp - Group Einsums of one pass ------------------------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "passes/ein/Inlining.h"
#include "passes/ein/KernelShape.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINFORMKERNELS
#include "passes/ein/Passes.h.inc"

namespace {

/// `ein.concat` as updates of one tensor: each part is stored at its offset.
void lowerConcat(OpBuilder &builder, ConcatOp op) {
  builder.setInsertionPoint(op);
  MLIRContext *context = op.getContext();
  TensorType type = op.getResult().getType();
  int64_t rank = type.getRank(), dim = op.getDim();
  SmallVector<Attribute> labels;
  for (int64_t i = 0; i < rank; ++i)
    labels.push_back(builder.getStringAttr("i" + std::to_string(i)));
  Value running = EmptyOp::create(builder, op.getLoc(), type);
  SmallVector<StringAttr> table;
  AffineExpr offset = getAffineConstantExpr(0, context);
  for (Value part : op.getInputs()) {
    SmallVector<AffineExpr> indices;
    for (int64_t i = 0; i < rank; ++i)
      indices.push_back(getAffineDimExpr(i, context));
    // Update maps have one (unused) coordinate symbol before the extents.
    indices[dim] = indices[dim] + offset.shiftSymbols(table.size(), 1);
    AffineMap map = AffineMap::get(rank, 1 + table.size(), indices, context);
    SmallVector<Attribute> names(table.begin(), table.end());
    running =
        UpdateOp::create(builder, op.getLoc(), type, running, part, builder.getArrayAttr(labels),
                         builder.getAffineMapArrayAttr(map), builder.getArrayAttr(names));
    offset = offset + cast<TensorType>(part.getType()).getExtent(dim).over(table);
  }
  op.getResult().replaceAllUsesWith(running);
  op.erase();
}

/// Room for two lists of coordinates a fiber, between which a sort moves them.
TensorType scratchOf(SortOp op) {
  TensorType type = op.getInput().getType();
  int64_t dim = op.getDim();
  SmallVector<ExtentAttr> shape(type.getShape());
  shape.erase(shape.begin() + dim);
  SmallVector<StringAttr> table;
  AffineExpr twice = type.getExtent(dim).over(table) * 2;
  shape.push_back(ExtentAttr::of(twice, table));
  return TensorType::get(shape, IntegerType::get(op.getContext(), 64));
}

/// Ops that one kernel computes, in program order.
struct Group {
  SmallVector<Operation *> ops;
  bool open = true; // may still be joined
};

bool hasTranscendental(EinsumOp op) {
  return llvm::any_of(op.getBody().front(), [](Operation &inner) {
    return isa<math::MathDialect>(inner.getDialect()) && !isa<math::FmaOp, math::AbsFOp>(inner);
  });
}

/// True if `op` reads the result of `producer` exactly at the point it
/// computes: every read is the identity over the same free ranks.
bool readsAtSamePoint(EinsumOp op, Value result) {
  auto type = cast<TensorType>(result.getType());
  if (!op.getMonoids().empty() || op.getResult().getType().getShape() != type.getShape())
    return false;
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    if (input != result)
      continue;
    AffineMap map = op.getMap(i);
    if (!cast<StringAttr>(op.getCoords()[i]).getValue().empty())
      return false;
    for (auto [position, index] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(index);
      if (!dim || dim.getPosition() != position)
        return false;
    }
  }
  return true;
}

/// Groups that one op may join.
constexpr unsigned kMostCandidates = 8;
using GroupSet = llvm::SmallSetVector<unsigned, kMostCandidates>;

struct FormKernelsPass : impl::EinFormKernelsBase<FormKernelsPass> {
  using EinFormKernelsBase::EinFormKernelsBase;

  llvm::MapVector<Operation *, unsigned> groupOf;
  SmallVector<Group> groups;

  void start(Operation *op, bool open) {
    groupOf[op] = groups.size();
    groups.push_back({{op}, open});
  }

  /// True if something that `group` reads is updated in place by `op` or before
  /// it: if `op` joined the group, its kernel would run where `op` stands.
  static bool movesPastUpdate(const Group &group, Operation *op) {
    for (Operation *member : group.ops)
      for (Value read : member->getOperands())
        for (Operation *user : read.getUsers())
          if (isa<UpdateOp, ScatterOp>(user) && user->getOperand(0) == read &&
              member->isBeforeInBlock(user) && (user == op || user->isBeforeInBlock(op)))
            return true;
    return false;
  }

  /// Joins `op` to the group of its producer if that group computes `value`
  /// last, for `op` alone.
  bool join(Operation *op, Value value, bool stayOpen) {
    Operation *producer = value.getDefiningOp();
    if (!producer || !groupOf.contains(producer) || !value.hasOneUse())
      return false;
    Group &group = groups[groupOf[producer]];
    if (!group.open || group.ops.back() != producer || movesPastUpdate(group, op))
      return false;
    // Everything else that `op` reads has to exist before the kernel runs.
    Operation *first = group.ops.front();
    for (Value other : op->getOperands())
      if (Operation *source = other.getDefiningOp();
          other != value && source && !source->isBeforeInBlock(first))
        return false;
    groupOf[op] = groupOf[producer];
    group.ops.push_back(op);
    group.open = stayOpen;
    return true;
  }

  /// True if `group` contracts something computed that others contract too, and its
  /// result is contracted or folded: it is better off with those than with its reader.
  /// Coordinates that both read are no factor that they share.
  bool sharesElsewhere(const Group &group, Operation *op, ArrayRef<unsigned> found) {
    if (llvm::none_of(group.ops.back()->getUsers(),
                      [](Operation *user) { return isa<FoldOp>(user) || isContraction(user); }))
      return false;
    auto isFactor = [](OpOperand &read) {
      return isContraction(read.getOwner()) &&
             !isCoordinate(cast<EinsumOp>(read.getOwner()), read.getOperandNumber());
    };
    auto isElsewhere = [&](OpOperand &read) {
      auto it = groupOf.find(read.getOwner());
      return read.getOwner() != op && isFactor(read) &&
             (it == groupOf.end() || !llvm::is_contained(found, it->second));
    };
    for (Operation *member : group.ops)
      for (OpOperand &read : member->getOpOperands())
        if (isFactor(read) && read.get().getDefiningOp() &&
            llvm::any_of(read.get().getUses(), isElsewhere))
          return true;
    return false;
  }

  /// Removes the groups of `found` that cannot join `op` with the others alone.
  void dropEscaping(GroupSet &found, Operation *op) {
    // What others read too has to be stored.
    auto escapes = [&](unsigned number) {
      return llvm::any_of(groups[number].ops.back()->getUsers(), [&](Operation *user) {
        auto it = groupOf.find(user);
        return user != op && (it == groupOf.end() || !found.contains(it->second));
      });
    };
    for (bool changed = true; changed;) {
      changed = false;
      for (unsigned number : llvm::to_vector(found))
        if (escapes(number) || sharesElsewhere(groups[number], op, found.getArrayRef())) {
          found.remove(number);
          changed = true;
        }
    }
  }

  /// The groups that may join `op`: what they compute last is read by each other
  /// and by `op` alone. Makers of makers count too.
  GroupSet candidates(Operation *op) {
    GroupSet found;
    // The nearest first.
    SmallVector<Operation *> work{op};
    for (unsigned next = 0; next < work.size() && found.size() < kMostCandidates; ++next)
      for (Value input : work[next]->getOperands()) {
        Operation *maker = input.getDefiningOp();
        auto it = maker ? groupOf.find(maker) : groupOf.end();
        if (it == groupOf.end() || found.contains(it->second))
          continue;
        Group &group = groups[it->second];
        bool known = llvm::all_of(group.ops, llvm::IsaPred<EinsumOp, FoldOp>);
        if (!group.open || !known || group.ops.back() != maker || movesPastUpdate(group, op))
          continue;
        found.insert(it->second);
        llvm::append_range(work, group.ops);
      }
    dropEscaping(found, op);
    return found;
  }

  /// What `op` and these groups hold, in order.
  SmallVector<Operation *> together(Operation *op, const GroupSet &numbers) {
    SmallVector<Operation *> ops{op};
    for (unsigned number : numbers)
      llvm::append_range(ops, groups[number].ops);
    llvm::sort(ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    return ops;
  }

  /// True if a fold reads `op`'s result, or what maps make of it.
  static bool isFolded(Operation *op) {
    return llvm::any_of(op->getUsers(), [](Operation *user) {
      auto map = dyn_cast<EinsumOp>(user);
      return isa<FoldOp>(user) || (map && map.getMonoids().empty() && isFolded(map));
    });
  }

  /// True if they make a kernel: what passes between them stays with each block.
  bool fits(Operation *op, const GroupSet &numbers) {
    KernelShape shape(together(op, numbers), storedRows);
    if (shape.refusal.empty() && isa<EinsumOp>(op) && shape.endsInWalk() && isFolded(op))
      shape.refusal = "a fold takes its result in chunks, which a walk of its own would prevent";
    if (shape.refusal.empty())
      return true;
    remark::missed(op->getLoc(), remark::RemarkOpts::name("kernel")
                                     .category("ein-form-kernels")
                                     .function(op->getParentOfType<func::FuncOp>().getName()))
        << ("not in the kernel of what it reads: " + shape.refusal);
    return false;
  }

  /// Those of `found` that make a kernel with `op`: all, else as many as fit one
  /// after another, the nearest first.
  GroupSet chosen(Operation *op, const GroupSet &found) {
    if (found.empty() || fits(op, found))
      return found;
    GroupSet kept, refused;
    for (bool changed = true; changed;) {
      changed = false;
      for (unsigned number : found) {
        GroupSet larger = kept;
        if (refused.contains(number) || !larger.insert(number))
          continue;
        dropEscaping(larger, op);
        if (larger.size() != kept.size() + 1)
          continue;
        if (!fits(op, larger)) {
          refused.insert(number);
          continue;
        }
        kept = std::move(larger);
        changed = true;
      }
    }
    return kept;
  }

  /// Joins `op` to groups whose results it alone reads.
  bool gather(Operation *op) {
    GroupSet joined = chosen(op, candidates(op));
    if (joined.empty())
      return false;
    unsigned into = joined.front();
    SmallVector<Operation *> ops = together(op, joined);
    for (unsigned number : joined)
      groups[number].ops.clear();
    groups[into].ops = std::move(ops);
    for (Operation *member : groups[into].ops)
      groupOf[member] = into;
    return true;
  }

  void place(Operation *op) {
    if (!isStrict(op) && gather(op))
      return;
    start(op, true);
  }

  void place(EinsumOp op) {
    for (Value input : op.getInputs()) {
      auto producer = input.getDefiningOp<EinsumOp>();
      // Scalars of a reduction are finished one by one, so work that wants
      // vectors is left to a kernel of its own.
      if (producer && readsAtSamePoint(op, input) && !hasTranscendental(op) &&
          join(op, input, true))
        return;
    }
    place(op.getOperation());
  }

  /// The k best of what a kernel computes are kept while it computes them.
  void place(TopKOp op) {
    if (op.getK() > 0 && op.getK() <= kMostKept) {
      SmallVector<std::string> labels;
      for (int64_t i = 0; i <= op.getInput().getType().getRank(); ++i)
        labels.push_back("k" + std::to_string(i));
      SmallVector<StringRef> names(labels.begin(), labels.end());
      op.setRanksAttr(Builder(op.getContext()).getStrArrayAttr(names));
      if (!isStrict(op) && gather(op)) {
        groups[groupOf[op]].open = false;
        return;
      }
      op.removeRanksAttr();
    }
    start(op, false);
  }

  static unsigned countUses(const Group &group, Value value) {
    unsigned count = 0;
    for (Operation *op : group.ops)
      count += llvm::count(op->getOperands(), value);
    return count;
  }

  void outline(Group &group, unsigned number) {
    Operation *last = group.ops.back();
    OpBuilder builder(last);
    llvm::SmallSetVector<Value, 8> inputs;
    for (Operation *op : group.ops)
      for (Value operand : op->getOperands())
        if (!operand.getDefiningOp() || !llvm::is_contained(group.ops, operand.getDefiningOp()))
          inputs.insert(operand);
    // A tensor that one op updates and another one reads is two operands:
    // blocks of the kernel must not read what others have stored.
    SmallVector<Value> operands(inputs.getArrayRef());
    DenseMap<Operation *, unsigned> ownDest;
    for (Operation *op : group.ops)
      if (isa<UpdateOp, ScatterOp>(op) && inputs.contains(op->getOperand(0)) &&
          countUses(group, op->getOperand(0)) > 1) {
        ownDest[op] = operands.size();
        operands.push_back(op->getOperand(0));
      }
    SmallVector<Value> results(last->getResults());
    SmallVector<Type> types(last->getResultTypes());
    if (auto sort = dyn_cast<SortOp>(last))
      types.push_back(scratchOf(sort));
    StringRef base =
        isa<EinsumOp>(group.ops.front())
            ? (cast<EinsumOp>(group.ops.front()).getMonoids().empty() ? "map" : "reduce")
            : group.ops.front()->getName().stripDialect();
    auto kernel =
        KernelOp::create(builder, last->getLoc(), types, operands,
                         (base + "_" + Twine(number)).str(), Attribute(), DenseI64ArrayAttr());
    Block *block = builder.createBlock(&kernel.getBody());
    IRMapping mapping;
    for (Value input : operands) {
      Value argument = block->addArgument(input.getType(), input.getLoc());
      if (!mapping.contains(input))
        mapping.map(input, argument);
    }
    std::optional<KernelShape> shape;
    SmallVector<Operation *> spaces = llvm::to_vector(llvm::make_filter_range(
        group.ops, [](Operation *op) { return isa<EinsumOp, FoldOp, TopKOp>(op); }));
    if (spaces.size() > 1)
      shape.emplace(spaces);
    for (Operation *op : group.ops) {
      Operation *inner = builder.clone(*op, mapping);
      if (auto *it = llvm::find(spaces, op); shape && it != spaces.end())
        shape->rename(inner, it - spaces.begin());
      if (auto own = ownDest.find(op); own != ownDest.end())
        inner->setOperand(0, block->getArgument(own->second));
    }
    SmallVector<Value> yielded;
    for (Value result : results)
      yielded.push_back(mapping.lookup(result));
    for (Type type : ArrayRef(types).drop_front(results.size()))
      yielded.push_back(EmptyOp::create(builder, last->getLoc(), type));
    YieldOp::create(builder, last->getLoc(), yielded);
    for (auto [from, to] : llvm::zip(results, kernel.getResults()))
      from.replaceAllUsesWith(to);
    for (Operation *op : llvm::reverse(group.ops))
      op->erase();
    ++numKernels;
  }

  void runOnOperation() override {
    groups.clear();
    groupOf.clear();
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    OpBuilder builder(function);
    for (ConcatOp op : llvm::make_early_inc_range(function.getOps<ConcatOp>()))
      lowerConcat(builder, op);
    for (Operation &op : function.front().without_terminator()) {
      if (auto einsum = dyn_cast<EinsumOp>(op))
        place(einsum);
      else if (isa<FoldOp>(op))
        place(&op);
      else if (auto update = dyn_cast<UpdateOp>(op)) {
        // Sources that meet in one element are stored in order, by a kernel of their own.
        bool apart = !llvm::is_contained(separatedRanks(update), false);
        if (!apart || !join(update, update.getSource(), false))
          start(update, false);
      } else if (auto topk = dyn_cast<TopKOp>(op)) {
        place(topk);
      } else if (isa<ScatterOp, ScanOp, SortOp, ViewOp, GatherOp>(op)) {
        start(&op, false);
      }
    }
    unsigned number = 0;
    for (Group &group : groups)
      if (!group.ops.empty())
        outline(group, number++);
  }
};

} // namespace
} // namespace einfall::ein
