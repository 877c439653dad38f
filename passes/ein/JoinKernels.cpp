//===- JoinKernels.cpp - Kernels that share what they contract run at once -===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "passes/ein/KernelShape.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINJOINKERNELS
#include "passes/ein/Passes.h.inc"

namespace {

/// True if something in the kernel contracts the argument.
bool contracts(KernelOp kernel, unsigned argument) {
  return llvm::any_of(kernel.getBody().front().getArgument(argument).getUsers(), isContraction);
}

/// True if `tensor` is updated in place between the two ops, or by `last`.
bool isUpdatedBetween(Value tensor, Operation *first, Operation *last) {
  return llvm::any_of(tensor.getUses(), [&](OpOperand &use) {
    auto kernel = dyn_cast<KernelOp>(use.getOwner());
    if (!kernel || !first->isBeforeInBlock(kernel) ||
        !(kernel == last || kernel->isBeforeInBlock(last)))
      return false;
    return kernel.isUpdated(use.getOperandNumber());
  });
}

/// The ops of `kernel` as Einsums; nothing if it holds others.
bool holdsEinsumsOnly(KernelOp kernel) {
  return llvm::all_of(kernel.getBody().front().without_terminator(),
                      llvm::IsaPred<EinsumOp, UpdateOp>);
}

/// Kernels that become parts of one: what each of them packs lies on the stack of a thread.
constexpr unsigned kMostJoined = 4;

struct JoinKernelsPass : impl::EinJoinKernelsBase<JoinKernelsPass> {
  using EinJoinKernelsBase::EinJoinKernelsBase;

  /// What `kernel` updates in place is read by nobody whom it would overtake.
  static bool mayMoveUp(KernelOp kernel, KernelOp first, Value shared) {
    for (Value input : kernel.getInputs())
      if (Operation *maker = input.getDefiningOp(); maker && !maker->isBeforeInBlock(first))
        return false;
    for (unsigned result = 0; result < kernel.getNumResults(); ++result) {
      std::optional<unsigned> operand = kernel.getInPlaceOperand(result);
      if (!operand)
        continue;
      Value dest = kernel.getInputs()[*operand];
      for (Operation *user : dest.getUsers())
        if (user != kernel && (user == first || first->isBeforeInBlock(user)))
          return false;
      if (dest == shared)
        return false;
    }
    return true;
  }

  /// The kernels that read `shared` as `first` does and may run with it.
  static SmallVector<KernelOp> partnersOf(KernelOp first, Value shared) {
    llvm::SmallSetVector<Operation *, 8> found;
    for (OpOperand &use : shared.getUses()) {
      auto kernel = dyn_cast<KernelOp>(use.getOwner());
      if (kernel && kernel->getBlock() == first->getBlock() && first->isBeforeInBlock(kernel) &&
          holdsEinsumsOnly(kernel) && contracts(kernel, use.getOperandNumber()) &&
          mayMoveUp(kernel, first, shared))
        found.insert(kernel);
    }
    SmallVector<KernelOp> partners;
    for (Operation *op : found)
      partners.push_back(cast<KernelOp>(op));
    llvm::sort(partners, [](KernelOp a, KernelOp b) { return a->isBeforeInBlock(b); });
    partners.truncate(std::min<size_t>(partners.size(), kMostJoined - 1));
    return partners;
  }

  /// One kernel of the parts `kernels`, in place of the first of them.
  static KernelOp join(ArrayRef<KernelOp> kernels) {
    KernelOp first = kernels.front();
    OpBuilder builder(first);
    // What is read is one operand; what is updated in place is one of its own.
    SmallVector<Value> inputs;
    DenseMap<Value, unsigned> numberOf;
    SmallVector<SmallVector<unsigned>> numbers;
    SmallVector<Type> types;
    SmallVector<int64_t> parts;
    for (KernelOp kernel : kernels) {
      SmallVector<unsigned> &own = numbers.emplace_back();
      for (auto [number, input] : llvm::enumerate(kernel.getInputs())) {
        unsigned next = inputs.size();
        own.push_back(kernel.isUpdated(number) ? next
                                               : numberOf.try_emplace(input, next).first->second);
        if (own.back() == next)
          inputs.push_back(input);
      }
      llvm::append_range(types, kernel.getResultTypes());
      llvm::append_range(parts, kernel.getPartSizes());
    }
    auto joint = KernelOp::create(builder, first.getLoc(), types, inputs, first.getName(),
                                  Attribute(), builder.getDenseI64ArrayAttr(parts));
    Block *block = builder.createBlock(&joint.getBody());
    for (Value input : inputs)
      block->addArgument(input.getType(), input.getLoc());
    SmallVector<Value> yielded;
    for (auto [each, own] : llvm::zip(kernels, numbers)) {
      KernelOp kernel = each;
      IRMapping mapping;
      Block &body = kernel.getBody().front();
      for (auto [argument, number] : llvm::zip(body.getArguments(), own))
        mapping.map(argument, block->getArgument(number));
      for (Operation &op : body.without_terminator())
        builder.clone(op, mapping);
      for (Value value : body.getTerminator()->getOperands())
        yielded.push_back(mapping.lookup(value));
    }
    YieldOp::create(builder, first.getLoc(), yielded);
    unsigned next = 0;
    for (KernelOp kernel : kernels)
      for (Value result : kernel.getResults())
        result.replaceAllUsesWith(joint.getResult(next++));
    for (KernelOp kernel : kernels)
      kernel->erase();
    return joint;
  }

  /// Joins `first` with all that contract an operand of its.
  KernelOp joinAround(KernelOp first) {
    if (!holdsEinsumsOnly(first))
      return first;
    for (unsigned argument = 0; argument < first.getInputs().size(); ++argument) {
      Value shared = first.getInputs()[argument];
      if (!shared.getDefiningOp() || !contracts(first, argument))
        continue;
      SmallVector<KernelOp> kernels{first};
      llvm::append_range(kernels, partnersOf(first, shared));
      if (kernels.size() < 2)
        continue;
      numJoined += kernels.size();
      return join(kernels);
    }
    return first;
  }

  /// A kernel in place of `kernel` that computes in each part what that reads of
  /// `maker`, which nobody else reads; null where that makes no kernel.
  KernelOp absorb(KernelOp kernel, KernelOp maker) {
    if (maker.getNumResults() != 1 || maker.getInPlaceOperand(0) || !holdsEinsumsOnly(maker))
      return {};
    if (!llvm::all_of(maker->getUsers(), [&](Operation *user) { return user == kernel; }))
      return {};
    // What a part stores into stays a tensor that is there before.
    if (llvm::count(kernel.getInputs(), maker.getResult(0)) != 1 ||
        isUpdatedBetween(maker.getResult(0), maker, kernel))
      return {};
    if (llvm::any_of(maker.getInputs(),
                     [&](Value input) { return isUpdatedBetween(input, maker, kernel); }))
      return {};
    OpBuilder builder(kernel);
    auto joint = cast<KernelOp>(kernel->clone());
    std::unique_ptr<Operation, void (*)(Operation *)> owner(joint,
                                                            [](Operation *op) { op->destroy(); });
    if (!computeInside(joint, kernel, maker))
      return {};
    builder.insert(owner.release());
    kernel.replaceAllUsesWith(joint.getResults());
    kernel->erase();
    maker->erase();
    ++numAbsorbed;
    return joint;
  }

  /// Replaces the arguments of `joint`, a copy of `kernel`, that stand for the
  /// result of `maker` by ops of its own, in each part.
  bool computeInside(KernelOp joint, KernelOp kernel, KernelOp maker) {
    Block &body = joint.getBody().front();
    unsigned read = 0;
    while (joint.getInputs()[read] != maker.getResult(0))
      ++read;
    // The operands of the maker become operands.
    IRMapping arguments;
    Block &from = maker.getBody().front();
    for (auto [argument, input] : llvm::zip(from.getArguments(), maker.getInputs())) {
      auto it = llvm::find(joint.getInputs(), input);
      unsigned number = std::distance(joint.getInputs().begin(), it);
      if (it == joint.getInputs().end()) {
        joint.getInputsMutable().append(input);
        body.addArgument(input.getType(), input.getLoc());
      }
      arguments.map(argument, body.getArgument(number));
    }
    unsigned first = 0;
    for (int64_t size : joint.getPartSizes()) {
      SmallVector<Operation *> ops = joint.getOpsOf(first, size);
      first += size;
      auto reads = [&](OpOperand &use) {
        return llvm::is_contained(ops, use.getOwner()) && use.get() == body.getArgument(read);
      };
      if (llvm::none_of(body.getArgument(read).getUses(), reads))
        continue;
      OpBuilder builder(ops.front());
      IRMapping mapping(arguments);
      SmallVector<Operation *> together;
      for (Operation &op : from.without_terminator())
        together.push_back(builder.clone(op, mapping));
      body.getArgument(read).replaceUsesWithIf(mapping.lookup(from.getTerminator()->getOperand(0)),
                                               reads);
      llvm::append_range(together, llvm::make_filter_range(ops, llvm::IsaPred<EinsumOp>));
      KernelShape shape(together, storedRows);
      // Parts are staged already: nobody would walk a rank of theirs.
      std::string refusal = shape.walks() ? "a rank would be walked in chunks" : shape.refusal;
      if (!refusal.empty()) {
        remark::missed(kernel.getLoc(), remark::RemarkOpts::name("kernel")
                                            .category("ein-join-kernels")
                                            .function(getOperation().getName()))
            << ("not in the kernels that read it: " + refusal);
        return false;
      }
      for (auto [number, op] : llvm::enumerate(together))
        shape.rename(op, number);
    }
    joint.getInputsMutable().erase(read);
    body.eraseArgument(read);
    return true;
  }

  void runOnOperation() override {
    if (getOperation().isDeclaration())
      return;
    Block &block = getOperation().front();
    for (Operation *op = &block.front(); op; op = op->getNextNode())
      if (auto kernel = dyn_cast<KernelOp>(op))
        op = joinAround(kernel);
    for (Operation *op = &block.front(); op; op = op->getNextNode())
      if (auto kernel = dyn_cast<KernelOp>(op); kernel && kernel.getParts())
        op = absorbAll(kernel);
  }

  KernelOp absorbAll(KernelOp kernel) {
    auto once = [&]() -> KernelOp {
      for (Value input : kernel.getInputs())
        if (auto maker = input.getDefiningOp<KernelOp>())
          if (KernelOp larger = absorb(kernel, maker))
            return larger;
      return {};
    };
    while (KernelOp larger = once())
      kernel = larger;
    return kernel;
  }
};

} // namespace
} // namespace einfall::ein
