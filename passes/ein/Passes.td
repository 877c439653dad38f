//===- Passes.td - Passes over ein -------------------------------*- tablegen -*-===//
#ifndef EINFALL_PASSES_EIN
#define EINFALL_PASSES_EIN

include "mlir/Pass/PassBase.td"

def EinFixRounding : Pass<"ein-fix-rounding", "::mlir::ModuleOp"> {
  let summary = "make strict's roundings explicit";
  let description = [{
    Under `ein.numerics = "strict"`, else nothing happens. Before: any `ein`.
    After: elementary functions are computed in f64 and rounded once by casts,
    those of constants are constants (no host library folds them later), and a
    product that feeds a sum in one step is marked `fastmath<contract>`, so
    that products which inlining brings there later stay rounded. Must be the
    first pass. Exactness: bitwise.
  }];
  let statistics = [Statistic<"numWidened", "num-widened", "functions computed in f64">,
                    Statistic<"numFolded", "num-folded", "operations on constants evaluated">];
}

def EinAssumeSizes : Pass<"ein-assume-sizes", "::mlir::func::FuncOp"> {
  let summary = "what a program needs of its sizes is asked of every call";
  let description = [{
    Extents may not be negative (`n - 3`), divisors of indices and extents have to
    be at least 1 (`h floordiv (n floordiv g)`), `ein.topk` needs k elements. What
    sizes could break is added to the function's `ein.assume`, divisors in the
    order in which they are computed; passes that follow move and merge ranks, and
    may rely on it. Before: any `ein`. After: the same ops. Exactness: bitwise.
  }];
}

def EinTurnWeights : Pass<"ein-turn-weights", "::mlir::ModuleOp"> {
  let summary = "weights are stored in the order in which sums read them";
  let description = [{
    A weight whose readers sum along one dimension, with another one innermost,
    and may have a few rows only, gets the summed dimension last; `ein.order` says
    so to what writes the package. All entries of the module have to agree, and
    what gathers rows of it keeps it as it is. Before: any `ein`. After: the same
    ops, with other indices. Exactness: bitwise.

    ```mlir
    func.func @f(%x: .., %w: !ein.tensor<[768, 2304], bf16> {ein.weight = "w"})
      ein.einsum (%x[t, k], %w[k, f]) -> [t, f] reduce [k: add]
    // becomes
    func.func @f(%x: .., %w: !ein.tensor<[2304, 768], bf16> {ein.weight = "w", ein.order = array<i64: 1, 0>})
      ein.einsum (%x[t, k], %w[f, k]) -> [t, f] reduce [k: add]
    ```
  }];
  let statistics = [Statistic<"numTurned", "num-turned", "weights that are stored in another order">];
}

def EinSimplifyViews : Pass<"ein-simplify-views", "::mlir::func::FuncOp"> {
  let summary = "views and gathers become operand indices of what reads them";
  let description = [{
    Before: any `ein`. After: no `ein.view` remains, and no `ein.gather` but
    those with a fill of coordinates that may be missing; each is an einsum that
    only relabels (a fill is the `else` of its operand), and einsums that only
    relabel are composed into the indices of every einsum that reads them, as
    far as the reads provably stay inside or have an `else`. Padding stays out
    of contractions, which would check it again for every row.

    An `ein.concat` of few parts whose readers are all maps is gone: they select
    by coordinate between its parts, each read with an `else` at its offset.

    ```mlir
    %c = ein.concat %a, %b dim 0
    %y = ein.einsum (%c[i], %x[i]) -> [i]
    // becomes
    %y = ein.einsum (%a[i] else 0.0, %b[i - 32] else 0.0, %x[i]) -> [i] {
      .. arith.select (i < 32), %ae, %be ..
    ```
    Exactness: bitwise.
  }];
  let statistics = [Statistic<"numComposed", "num-composed", "relabellings composed into a reader">,
                    Statistic<"numConcats", "num-concats", "concatenations that became reads of parts">];
}

def EinNarrowResults : Pass<"ein-narrow-results", "::mlir::func::FuncOp"> {
  let summary = "what all readers round is stored rounded";
  let description = [{
    A map whose readers do nothing with it but round it to one type (a cast that
    was inlined into each of them) yields that type: half of the bytes, and no
    reader rounds again what it reads often. Before: `ein` whose maps are inlined.
    After: the same ops. Exactness: bitwise.
  }];
  let statistics = [Statistic<"numNarrowed", "num-narrowed", "maps that yield what their readers round to">];
}

def EinNarrowReads : Pass<"ein-narrow-reads", "::mlir::func::FuncOp"> {
  let summary = "compute only the coordinate of a rank that is read";
  let description = [{
    Where all readers of an einsum are einsums that read one of its ranks at the
    same coordinate (`y[b, s - 1, v]`, or any of a rank of extent 1, which has one) and
    provably inside, the einsum loses that rank. So the last position's logits
    need the last position of what they come from only. Must follow
    ein-simplify-views, which moves views into indices; ein-inline-maps follows,
    as fewer points cost less to recompute. Exactness: bitwise.

        %y = ein.einsum (%x[s, k], %w[v, k]) -> [s, v] reduce [k: add]
        %z = ein.einsum (%y[s - 1, v]) -> [v]
          ->
        %y = ein.einsum (%x[s - 1, k], %w[v, k]) -> [v] reduce [k: add]
        %z = ein.einsum (%y[v]) -> [v]
  }];
  let statistics = [Statistic<"numNarrowed", "num-narrowed", "ranks that einsums lost">];
}

def EinMergeEqual : Pass<"ein-merge-equal", "::mlir::func::FuncOp"> {
  let summary = "Einsums that differ in the names of their ranks only become one";
  let description = [{
    What common subexpression elimination does for equal ops, for einsums whose
    labels are renamed: `max[u](x[s, u])` and `max[t](x[s, t])` are one tensor. So
    reductions that share a state are seen to share it. Follows
    ein-simplify-views, which gives operands plain indices; precedes
    ein-derive-folds. Exactness: bitwise.
  }];
  let statistics = [Statistic<"numMerged", "num-merged", "einsums merged">];
}

def EinSplitRanks : Pass<"ein-split-ranks", "::mlir::func::FuncOp"> {
  let summary = "reduced ranks that an operand indexes in two parts become two ranks";
  let description = [{
    `x[d floordiv 64, d mod 64]` with d reduced becomes `x[d1, d0]` over d1 and
    d0 with d = 64 * d1 + d0, where 64 divides the extent of d: both operands
    then move through memory in steps. The order of the sum stays. Must follow
    ein-simplify-views, which makes such indices. Exactness: bitwise.
  }];
  let statistics = [Statistic<"numSplit", "num-split", "ranks split">];
}

def EinSplitResults : Pass<"ein-split-results", "::mlir::func::FuncOp"> {
  let summary = "results that are read in two parts are computed in two parts";
  let description = [{
    A rank f of a result that all readers index as `64 * h + g`, with g in 0..63
    wherever what they read matters (`q[64 * h + d + 32]` under `d < 32`),
    becomes two ranks, and they read `[h, g]`: what a view had composed is found
    again, so a block that holds one h has all that is read there. A result whose
    readers need coordinates apart (q, k and v of one product, or of each head) is
    computed by an einsum for each of them. A concatenation of parts that are
    computed becomes a map that selects between them. Follows ein-inline-maps,
    which composes views; precedes ein-form-kernels. With merged-only it splits
    alone, right after ein-split-ranks. Exactness: bitwise.
  }];
  let options = [
    Option<"mergedOnly", "merged-only", "bool", "false",
           "only ranks whose extent is no literal: batch and heads that a reshape made one rank. "
           "Before ein-derive-folds, so that a fold has them apart">];
  let statistics = [Statistic<"numSplit", "num-split", "ranks split">,
                    Statistic<"numSliced", "num-sliced", "slices computed apart">,
                    Statistic<"numConcats", "num-concats", "concatenations that became maps">];
}

def EinInlineMaps : Pass<"ein-inline-maps", "::mlir::func::FuncOp"> {
  let summary = "maps without reduction become part of the body that reads them";
  let description = [{
    A pointwise einsum is inlined where that recomputes nothing of weight: its
    reader covers the same points once, or its body only casts, compares and
    computes on coordinates (masks stay predicates, they are never stored).
    Behind a read with an `else` the body is computed everywhere and selected
    where that read is inside, so it has to be light.
    Exactness: bitwise where numerics are strict (ein-fix-rounding marks the sums);
    elsewhere a product that comes to the end of a sum's body becomes part of its fma.
  }];
  let statistics = [Statistic<"numInlined", "num-inlined", "maps inlined">];
}

def EinShareShifted : Pass<"ein-share-shifted", "::mlir::func::FuncOp"> {
  let summary = "subexpressions that are equal but for a shift are computed once";
  let description = [{
    `a[i] * b[i] + a[i + 1] * b[i + 1]` becomes `t[i] + t[i + 1]` of a tensor `t`
    that is longer by the distance; kernels then keep a block's part of it. In a
    reduction, and where numerics are strict, `t` has to be stored: that is done
    for functions such as `exp` only.
    Exactness: bitwise.
  }];
  let statistics = [Statistic<"numShared", "num-shared", "subexpressions made tensors">];
}

def EinCountPasses : Pass<"ein-count-passes", "::mlir::ModuleOp"> {
  let summary = "print how often each rank has to be walked, and what forces it";
  let description = [{
    Changes nothing. For every function and every rank that something reduces,
    prints the number of passes and the chain of tensors that forces them:
    each ends a pass that the next one waits for. A rank read in two parts,
    `x[m1 * 64 + m0]` or labels m1 and m0, is one rank; where its outer part is
    unbounded, what has to live for each of its coordinates is printed.
    Tensors are called by their `ein.name`, else as the printer numbers them.

    ```
    func @attention
      rank m: 3 passes: GM[p] -> SD[p] -> A[p, m]
    ```
    Ops in different passes cannot share a kernel that walks the rank once.
    `ein-defer` and `ein-derive-folds` lower the counts.
  }];
  let statistics = [Statistic<"numRanks", "num-ranks", "ranks counted">];
}

def EinDefer : Pass<"ein-defer", "::mlir::func::FuncOp"> {
  let summary = "factors that do not depend on a reduced rank leave the reduction";
  let description = [{
    Before: any cascade. After: no reduction has a factor (for max, min and
    logaddexp: an addend) that reads tensors but not the reduced rank; it is
    applied to the result. Division by a sum and the scale of a norm commute
    with the contraction after them, so that no longer waits for the sum.

    ```mlir
    %y = ein.einsum (%x[b, d], %r[b], %w[d, f]) -> [b, f] reduce [d: add]
    // becomes
    %t = ein.einsum (%x[b, d], %w[d, f]) -> [b, f] reduce [d: add]
    %y = ein.einsum (%t[b, f], %r[b]) -> [b, f]
    ```
    Maps that make an operand are looked through where the factor comes from
    another reduction. Which factor may leave is asked of lib/Algebra.
    Follows ein-simplify-views, which brings operands to plain indices; precedes
    ein-derive-folds. An empty fiber stays the identity, and so does a row that
    does not exist; where single points may be missing, nothing leaves. Where the factor is 0,
    infinite or NaN, other infinities may become NaN.
    Exactness: algebraic; does nothing under strict numerics.
  }];
  let options = [
    Option<"storedRows", "stored-rows", "int64_t", "0",
           "from so many rows on, a contraction reads a map of them from memory as the program "
           "has it, with its factors; 0: never">,
    ListOption<"dots", "dots", "std::string",
               "element types of which the machine multiplies and adds several at once: operands "
               "of such a contraction of 64 columns or more keep their factors and types">];
  let statistics = [Statistic<"numDeferred", "num-deferred", "factors that left a reduction">];
}

def EinDeriveFolds : Pass<"ein-derive-folds", "::mlir::func::FuncOp"> {
  let summary = "reductions that feed one another over a rank become one ein.fold";
  let description = [{
    Before: any cascade, best after ein-defer. After: a reduction whose body
    reads results of earlier reductions over the same rank, directly or through
    maps, is an `ein.fold` that carries all of them in one walk; the earlier ones
    are results of that fold where something else reads them, and gone where not.

    ```mlir
    %m = ein.einsum (%x[b, v]) -> [b] reduce [v: max]
    %p = ein.einsum (%x[b, v], %m[b]) -> [b, v]           // exp(x - m)
    %z = ein.einsum (%p[b, v]) -> [b] reduce [v: add]
    // becomes
    %z = ein.fold (%x[b, v]) over [v] -> [b] init {..} step {..} merge {..} finish {..}
    ```
    init, step, merge and finish come from lib/Algebra (Fold.h), which accepts
    numerically safe forms only. Which points exist becomes a condition on
    coordinates: operands of the fold that may be read outside have an `else`.
    What it refuses stays as it is, with a remark
    that says why. No expression is compared with a known one.
    Exactness: algebraic; does nothing under strict numerics. Masked blocks and
    rows behave as the program says; where an infinite or NaN element meets a
    mean, NaN may become an infinity.
  }];
  let options = [
    Option<"movingOnly", "moving-only", "bool", "false",
           "leave folds that correct no state (ein-defer makes plain reductions of them), "
           "and reductions whose operands a block holds: it goes over them again">];
  let statistics = [
    Statistic<"numFolds", "num-folds", "folds derived">,
    Statistic<"numRefused", "num-refused", "reductions of reductions that stay">,
  ];
}

def EinFormKernels : Pass<"ein-form-kernels", "::mlir::func::FuncOp"> {
  let summary = "group Einsums of one pass into ein.kernel regions";
  let description = [{
    Before: einsums, folds and data movement. After: every op on tensors is
    inside an `ein.kernel`. An einsum joins the kernel of its producer when it
    reads each of that kernel's results at the point that computes it and no one
    else reads that result. Einsums and folds join the kernels of all that they
    alone read where a block's part of what passes between them is bounded
    (KernelShape.h): then labels of one rank become one label. An `ein.update`
    joins the kernel of its source and stores in place. `ein.concat` becomes
    updates of an empty tensor. Exactness: bitwise.
  }];
  let options = [
    Option<"storedRows", "stored-rows", "int64_t", "0",
           "from so many rows on, a contraction reads a map of them from memory, not "
           "computed again by each block of columns; 0: never">];
  let statistics = [Statistic<"numKernels", "num-kernels", "kernels formed">];
}

def EinSplitFolds : Pass<"ein-split-folds", "::mlir::func::FuncOp"> {
  let summary = "a long fold of few rows becomes many short ones and their merge";
  let description = [{
    Before: kernels as ein-form-kernels makes them. After: a kernel whose fold has few
    rows (points that go over the same elements, in literal extents) and a long rank is
    two. The first folds parts of `length` coordinates, of a multiple of it where there
    would be more than 128, side by side, with a rank of the parts in its grid, and gives
    the states; the second one folds these, each step a
    `merge` of the fold, and does what followed the fold.

    ```mlir
    %s:3 = ein.kernel "reduce_0_parts" ..   // ein.fold .. {part_rank = "part", part_length = 128 * (1 + t floordiv 16384)}
    %o = ein.kernel "reduce_0_merge"(%s#0, %s#1, %s#2)
    ```
    The lengths follow from the rank's, so the parts and with them the bits of a row do not depend on
    how many rows there are, nor on the machine. Exactness: algebraic (sums are cut into
    parts); does nothing under strict numerics.
  }];
  let options = [
    Option<"length", "length", "int64_t", "0", "the fewest coordinates of a part; 0: nothing is split">,
    Option<"rows", "rows", "int64_t", "16", "the most rows of a fold that is split">];
  let statistics = [Statistic<"numSplit", "num-split", "folds split">];
}

def EinJoinKernels : Pass<"ein-join-kernels", "::mlir::func::FuncOp"> {
  let summary = "kernels that contract one tensor run at once";
  let description = [{
    Kernels that contract an operand in common (the projections of q, k and v) and
    do not need each other become `parts` of one kernel in place of the first.
    What then only that kernel reads (a norm's sum, the scaled activations) each
    part computes for its blocks, where KernelShape.h allows it. Follows
    ein-stage-kernels: parts are lowered one by one. Exactness: bitwise.
  }];
  let options = [
    Option<"storedRows", "stored-rows", "int64_t", "0",
           "from so many rows on, a contraction reads a map of them from memory, not "
           "computed again by each block of columns; 0: never">];
  let statistics = [Statistic<"numJoined", "num-joined", "kernels that became parts">,
                    Statistic<"numAbsorbed", "num-absorbed", "kernels computed in parts">];
}

def EinStageKernels : Pass<"ein-stage-kernels", "::mlir::func::FuncOp"> {
  let summary = "folds in kernels become walks in chunks";
  let description = [{
    Before: kernels with folds, or with reductions of what the kernel computes,
    in which equal labels are one rank. After: each such rank is walked by an
    `ein.stream` that holds what is computed for a chunk of it: the kernel's own
    tensors along the rank, scalars of a step that several states use (the
    exponentials of a softmax), each state's reduction over the chunk and its
    new value. `finish` follows the stream. No fold remains in a kernel.
    Follows ein-form-kernels, which decides what is in a kernel; precedes
    ein-to-tile, where a chunk of a tensor is memory of the block's own.
    Exactness: algebraic (sums are cut into chunks).
  }];
  let statistics = [Statistic<"numStreams", "num-streams", "streams formed">];
}

#endif
