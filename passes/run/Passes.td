//===- Passes.td - Host programs --------------------------------*- tablegen -*-===//
#ifndef EINFALL_PASSES_RUN
#define EINFALL_PASSES_RUN

include "mlir/Pass/PassBase.td"

def RunFromKernels : Pass<"run-from-kernels", "::mlir::ModuleOp"> {
  let summary = "entry functions become host programs";
  let description = [{
    Before: functions marked `ein.entry` hold kernels that name their tile
    programs (after `ein-to-tile`), constants and empty tensors. After: each is
    a `run.entry`, values are buffers, and no `ein` op remains; functions that
    are neither entries nor tile programs are dropped.

    An update happens in place, in the buffer of the tensor it updates. A copy
    is made, and told by a remark, where that would lose a value that is read
    later or store to an input, weight or constant, and where a result is no
    buffer of its own: an argument, a constant, a state, a value returned twice.
    `run-plan-memory` follows: lifetimes count the steps made here.
    Exactness: bitwise.
  }];
  let options = [Option<"device", "device", "std::string", "\"cpu\"", "where kernels run">];
  let dependentDialects = ["::einfall::run::RunDialect"];
  let statistics = [Statistic<"numLaunches", "num-launches", "launches">,
                    Statistic<"numCopies", "num-copies", "copies of buffers">];
}

def RunPlanMemory : Pass<"run-plan-memory", "::einfall::run::EntryOp"> {
  let summary = "when each temporary is alive";
  let description = [{
    Before: `run.alloc` without lifetimes. After: each says its first and its
    last step; those that no step uses are gone. Offsets follow from sizes, which
    are known when a session opens: the runtime places them then. Must follow
    every pass that adds, drops or moves steps. Exactness: bitwise.
  }];
  let statistics = [Statistic<"numBuffers", "num-buffers", "temporaries">,
                    Statistic<"numUnused", "num-unused", "temporaries that nothing uses">];
}

#endif
