//===- ErrorFlow.cpp - Where an error may go ------------------------------===//
#include "passes/ein-to-tile/ErrorFlow.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinMonoids.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {
namespace {

bool isHalf(Type type) {
  Type element = cast<ein::TensorType>(type).getElementType();
  return element.isBF16() || element.isF16();
}

/// What is known to be no negative number. Of what a stream carries it is assumed, and
/// follows if it holds of the start and of what each chunk makes of it.
class Sign {
public:
  bool isFree(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto reader = cast<ein::EinsumOp>(argument.getOwner()->getParentOp());
      unsigned number = argument.getArgNumber();
      return !ein::fillOf(reader, number) && isTensorFree(reader.getInputs()[number]);
    }
    Operation *op = value.getDefiningOp();
    if (isa<math::ExpOp, math::Exp2Op, math::AbsFOp, math::SqrtOp, math::RsqrtOp>(op))
      return true;
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      auto number = dyn_cast<FloatAttr>(constant.getValue());
      return number && !number.getValue().isNegative();
    }
    if (isa<arith::MulFOp>(op) && op->getOperand(0) == op->getOperand(1))
      return true;
    if (auto select = dyn_cast<arith::SelectOp>(op))
      return isFree(select.getTrueValue()) && isFree(select.getFalseValue());
    return isa<arith::AddFOp, arith::MulFOp, arith::DivFOp, arith::MaximumFOp, arith::MinimumFOp,
               arith::ExtFOp, arith::TruncFOp>(op) &&
           llvm::all_of(op->getOperands(), [&](Value operand) { return isFree(operand); });
  }

private:
  bool isTensorFree(Value tensor) {
    if (auto argument = dyn_cast<BlockArgument>(tensor)) {
      auto stream = dyn_cast<ein::StreamOp>(argument.getOwner()->getParentOp());
      return stream && isOfStream(stream, argument.getArgNumber());
    }
    if (auto stream = tensor.getDefiningOp<ein::StreamOp>())
      return isOfStream(stream, cast<OpResult>(tensor).getResultNumber());
    auto maker = tensor.getDefiningOp<ein::EinsumOp>();
    return maker &&
           llvm::all_of(maker.getMonoids(),
                        [](int32_t monoid) { return monoid == (int32_t)ein::Monoid::add; }) &&
           isFree(maker.getYielded());
  }
  bool isOfStream(ein::StreamOp stream, unsigned number) {
    bool isCarried = number < stream.getNumResults();
    Value argument = stream.getBody().front().getArgument(number);
    if (isCarried && assumed.contains(argument))
      return true;
    if (!isTensorFree(stream.getInputs()[number]))
      return false;
    if (!isCarried)
      return true;
    assumed.insert(argument);
    return isTensorFree(stream.getBody().front().getTerminator()->getOperand(number));
  }
  DenseSet<Value> assumed;
};

/// True if `op` asks whether a number is finite, or whether one without a sign is zero: a
/// small error changes neither.
bool asksForKind(Operation *op) {
  auto compare = dyn_cast<arith::CmpFOp>(op);
  auto bound = compare ? compare.getRhs().getDefiningOp<arith::ConstantOp>() : nullptr;
  auto number = bound ? dyn_cast<FloatAttr>(bound.getValue()) : FloatAttr();
  if (!number)
    return false;
  return number.getValue().isInfinity() ||
         (number.getValue().isZero() && Sign().isFree(compare.getLhs()));
}

/// Arithmetic without steps.
bool isSmooth(Operation *op) {
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::NegFOp,
          arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp, arith::ExtFOp,
          arith::TruncFOp>(op))
    return true;
  return isa<math::MathDialect>(op->getDialect()) && isa<FloatType>(op->getResult(0).getType()) &&
         !isa<math::FloorOp, math::CeilOp, math::RoundOp, math::RoundEvenOp, math::TruncOp,
              math::CopySignOp>(op);
}

/// Follows all that a value has a part in.
class Flow {
public:
  explicit Flow(bool linear) : linear(linear) {}
  bool follow(Value value) {
    if (!seen.insert(value).second)
      return true;
    return llvm::all_of(value.getUses(), [&](OpOperand &use) { return passes(use); });
  }

private:
  bool passes(OpOperand &use) {
    Operation *user = use.getOwner();
    unsigned number = use.getOperandNumber();
    if (auto einsum = dyn_cast<ein::EinsumOp>(user)) {
      bool fits = llvm::all_of(einsum.getMonoids(), [&](int32_t number) {
        auto monoid = static_cast<ein::Monoid>(number);
        return linear ? monoid == ein::Monoid::add : !ein::isArg(monoid);
      });
      return fits && follow(einsum.getBody().front().getArgument(number));
    }
    if (auto stream = dyn_cast<ein::StreamOp>(user))
      return follow(stream.getBody().front().getArgument(number));
    if (isa<ein::YieldOp>(user)) {
      Operation *around = user->getParentOp();
      if (auto einsum = dyn_cast<ein::EinsumOp>(around))
        return follow(einsum.getResult());
      if (auto stream = dyn_cast<ein::StreamOp>(around))
        return follow(stream.getBody().front().getArgument(number)) &&
               follow(stream.getResult(number));
      auto kernel = cast<ein::KernelOp>(around);
      if (!mergerOf(kernel))
        return !linear || isHalf(use.get().getType());
      return llvm::all_of(kernel.getResult(number).getUses(), [&](OpOperand &read) {
        auto merger = cast<ein::KernelOp>(read.getOwner());
        return follow(merger.getBody().front().getArgument(read.getOperandNumber()));
      });
    }
    if (isa<arith::SelectOp>(user))
      return number != 0 && follow(user->getResult(0));
    if (!linear && asksForKind(user))
      return true;
    bool fits = linear ? isLinearIn(user, number) : isSmooth(user);
    return fits && follow(user->getResult(0));
  }
  /// Differences may be of nearly the same.
  bool isLinearIn(Operation *op, unsigned number) {
    if (isa<arith::AddFOp, arith::ExtFOp, arith::TruncFOp>(op))
      return true;
    bool isFactor = isa<arith::MulFOp>(op) || (isa<arith::DivFOp>(op) && number == 0);
    return isFactor && !isMadeOf(op->getOperand(1 - number));
  }
  /// Of values that are not followed yet, those in the same body are looked at.
  bool isMadeOf(Value value) {
    if (seen.contains(value))
      return true;
    Operation *op = value.getDefiningOp();
    return op && llvm::any_of(op->getOperands(), [&](Value operand) { return isMadeOf(operand); });
  }

  bool linear;
  DenseSet<Value> seen;
};

/// Whether the sign of a zero can be told from what a kernel stores: it cannot where all that is
/// made of it differs in signs of zeros only, up to what takes both zeros for one.
class ZeroFlow {
public:
  static bool isExtreme(ein::Monoid monoid) {
    return monoid == ein::Monoid::max || monoid == ein::Monoid::min;
  }
  bool shows(Value value) {
    return seen.insert(value).second &&
           llvm::any_of(value.getUses(), [&](OpOperand &use) { return shows(use); });
  }

private:
  bool shows(OpOperand &use) {
    Operation *user = use.getOwner();
    unsigned number = use.getOperandNumber();
    if (auto einsum = dyn_cast<ein::EinsumOp>(user)) {
      bool sums = llvm::all_of(einsum.getMonoids(), [](int32_t number) {
        auto monoid = static_cast<ein::Monoid>(number);
        return monoid == ein::Monoid::add || isExtreme(monoid);
      });
      return !sums || shows(einsum.getBody().front().getArgument(number));
    }
    if (auto stream = dyn_cast<ein::StreamOp>(user))
      return shows(stream.getBody().front().getArgument(number));
    if (isa<ein::YieldOp>(user)) {
      Operation *around = user->getParentOp();
      if (auto stream = dyn_cast<ein::StreamOp>(around))
        return shows(stream.getBody().front().getArgument(number)) ||
               shows(stream.getResult(number));
      return !isa<ein::EinsumOp>(around) || shows(around->getResult(0));
    }
    // exp(-0) is exp(0), and both are equal.
    if (isa<math::ExpOp, math::Exp2Op, math::AbsFOp, arith::CmpFOp>(user))
      return false;
    // Others than these make more of a sign: 1 / -0.
    bool keeps = isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::NegFOp, arith::MaximumFOp,
                     arith::MinimumFOp, arith::ExtFOp, arith::TruncFOp>(user) ||
                 (isa<arith::DivFOp>(user) && number == 0) || isa<arith::SelectOp>(user);
    return !keeps || shows(user->getResult(0));
  }
  DenseSet<Value> seen;
};

} // namespace

bool hidesZeroSigns(ein::KernelOp kernel) {
  ZeroFlow flow;
  return !kernel
              .walk([&](Operation *op) {
                bool isExtreme = isa<arith::MaximumFOp, arith::MinimumFOp>(op);
                if (auto einsum = dyn_cast<ein::EinsumOp>(op))
                  isExtreme = llvm::any_of(einsum.getMonoids(), [](int32_t number) {
                    return ZeroFlow::isExtreme(static_cast<ein::Monoid>(number));
                  });
                bool isKnown = isa<ein::KernelOp, ein::EinsumOp, ein::StreamOp, ein::YieldOp,
                                   ein::GuardOp, ein::UpdateOp>(op) ||
                               !isa<ein::EinDialect>(op->getDialect()) ||
                               isa<ein::IndexOp, ein::ExtentOp>(op);
                return !isKnown || (isExtreme && flow.shows(op->getResult(0)))
                           ? WalkResult::interrupt()
                           : WalkResult::advance();
              })
              .wasInterrupted();
}

ein::KernelOp mergerOf(ein::KernelOp kernel) {
  auto streams = kernel.getBody().front().getOps<ein::StreamOp>();
  if (llvm::none_of(streams, [](ein::StreamOp stream) { return stream.getPartRank(); }))
    return {};
  llvm::SmallPtrSet<Operation *, 2> readers(kernel->user_begin(), kernel->user_end());
  return readers.size() == 1 ? dyn_cast<ein::KernelOp>(*readers.begin()) : ein::KernelOp();
}

static bool storesOnly(ein::KernelOp kernel, bool (*fits)(Type)) {
  if (ein::KernelOp merger = mergerOf(kernel))
    kernel = merger;
  return llvm::all_of(kernel.getResultTypes(), fits);
}

bool storesHalves(ein::KernelOp kernel) { return storesOnly(kernel, isHalf); }

bool storesBf16(ein::KernelOp kernel) {
  return storesOnly(
      kernel, [](Type type) { return cast<ein::TensorType>(type).getElementType().isBF16(); });
}

bool flowsLinearly(Value tensor) { return Flow(/*linear=*/true).follow(tensor); }

bool flowsSmoothly(Value value) { return Flow(/*linear=*/false).follow(value); }

bool isNonNegative(Value value) { return Sign().isFree(value); }

} // namespace einfall
