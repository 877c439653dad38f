//===- Passes.td - Tile programs for a machine ------------------*- tablegen -*-===//
#ifndef EINFALL_PASSES_TILE
#define EINFALL_PASSES_TILE

include "mlir/Pass/PassBase.td"

def TileLowerAref : Pass<"tile-lower-aref", "::mlir::ModuleOp"> {
  let summary = "bring the items of rings by groups of copies and the block's barrier";
  let description = [{
    Before: `tile.aref` rings that keep to what `verify-arefs` asks for, and that all warps of the block fill
    and read. After: none; a ring is memory of all of its slots (`tile.local`, with its number
    and its slots as attributes), a commit ends a group of copies, a get waits for all groups but those of
    the items `ahead`, and those that other rings end meanwhile, and for all warps, and with it the slots of what has been released before are free: if
    the ring has a slot more than what is held and on its way, a put needs no barrier of its own.
    Groups are counted, so a commit that stands under a condition ends a group where it does not hold, too. A put
    whose copies go through registers needs no group. Runs before `tile-distribute-warps`, which knows barriers and
    groups. Exactness: bitwise.

    ```mlir
    %a = tile.aref.get %ring[%n] : !tile.aref<4, memref<9216xbf16>> -> memref<9216xbf16>
    %b = tile.load_factor %a[%from] ..
    // becomes, two ahead
    tile.wait 2
    tile.barrier
    %b = tile.load_factor %all[%n mod 4 * 9216 + %from] ..
    ```
  }];
  let dependentDialects = ["::einfall::tile::TileDialect", "::mlir::arith::ArithDialect"];
  let statistics = [Statistic<"numRings", "num-rings", "rings lowered">,
                    Statistic<"numBarriers", "num-barriers", "barriers of rings">];
}

def TileSimplifyRows : Pass<"tile-simplify-rows", "::mlir::ModuleOp"> {
  let summary = "compute once a row what its elements share";
  let description = [{
    Before: tile programs as `ein-to-tile` leaves them, canonical, equal values merged. After: the same values with
    less of each element:

    * a power of two that scales elements is behind the selects and extremes that it went into, so that a row is scaled
      once, and in one operation with the sum behind them;
    * selects on top of each other that choose the same otherwise are one; what a condition leaves out at the end is
      not left out a second time on the way there, nor where an exp gives the 0 that would be chosen;
    * columns below a limit of their row and one of all are compared with the lesser.

    Runs after `canonicalize` and `cse`, which show what is the same. Exactness: bitwise, but for results below the
    least normal number, which are rounded once less where numerics are not strict.

    ```mlir
    %m = tile.reduce "max" (arith.select %c, %x * 0.125, -inf)
    %e = math.exp (arith.select %c, %x * 0.125, -inf) + %row
    // becomes
    %s = arith.select %c, %x, -inf
    %m = (tile.reduce "max" %s) * 0.125
    %e = math.exp (math.fma %s, 0.125, %row)
    ```
  }];
  let dependentDialects = ["::einfall::tile::TileDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def TilePairLanes : Pass<"tile-pair-lanes", "::mlir::ModuleOp"> {
  let summary = "widen bf16 where it lies";
  let description = [{
    Before: tile programs of a CPU whose lanes are elements in the order of memory. After: where nothing but memory
    depends on that order, f32 that come from bf16 lie with the even elements of a tile in its first half and the odd
    ones in the second (`tile.extend_pairs`), until they are rounded (`tile.round_pairs`) or reduced. A shift and
    a mask make them of a register, in place of two moves across its halves, of which a CPU does one or two a cycle, and two shifts.
    Memory of the block's own keeps the order of what passes through it, if all of that are whole groups of lanes.

    A program does so everywhere or nowhere, as a sum has another order of its terms then: rows must not differ by the
    loop that computes them. Programs of strict numerics stay as they are. Runs after `canonicalize` and
    `cse`, which show what is constant and the same. Exactness: algebraic.

    ```mlir
    %a = tile.load %x[%i] strides[%c1] : memref<?xbf16> -> tensor<32xbf16, "lanes">
    %b = arith.extf %a : tensor<32xbf16, "lanes"> to tensor<32xf32, "lanes">
    // becomes
    %b = tile.extend_pairs %a : tensor<32xbf16, "lanes"> -> tensor<32xf32, "lanes">
    ```
  }];
  let options = [Option<"lanes", "lanes", "int64_t", /*default=*/"32",
                        "of f32 in two registers: shorter tiles stay as they are">];
  let dependentDialects = ["::einfall::tile::TileDialect"];
  let statistics = [Statistic<"numWidenings", "num-widenings", "tiles of bf16 widened where they lie">];
}

def TileTestNumbers : Pass<"tile-test-numbers", "::mlir::ModuleOp"> {
  let summary = "look for a NaN among the operands of an extreme, in two registers at once";
  let description = [{
    Before: loops carry the greatest or the least of what they read, where a NaN stays: a CPU whose instruction for the
    greater of two may lose one compares and selects again, for each register. After: where only a reduction reads such an extreme
    behind the loop, and zeros of either sign do, a comparison and a select choose the greater one, which is that instruction;
    what is no number never is. That all operands were numbers is carried beside it, by one comparison of two
    registers with each other (`tile.are_numbers`), and the reduction gives a NaN if not. Runs after `canonicalize` and
    `cse`, on CPUs that need it. Exactness: bitwise, but for the bits of a NaN.

    ```mlir
    %m = scf.for .. iter_args(%a = %least) { scf.yield (arith.maximumf %a, %x fastmath<nsz>) }
    %r = tile.reduce "max" %m
    // becomes
    %m, %n = scf.for .. iter_args(%a = %least, %b = %true) {
      scf.yield (arith.select (arith.cmpf ogt, %x, %a), %x, %a), (arith.andi %b, (tile.are_numbers %x))
    }
    %r = arith.select (tile.reduce "and" %n), (tile.reduce "max" %m), NaN
    ```
  }];
  let options = [Option<"lanes", "lanes", "int64_t", /*default=*/"32",
                        "of f32 in two registers: shorter tiles stay as they are">,
                 Option<"marks", "marks", "bool", /*default=*/"false",
                        "reductions are told that what they combine are numbers">];
  let dependentDialects = ["::einfall::tile::TileDialect", "::mlir::arith::ArithDialect"];
  let statistics = [Statistic<"numExtremes", "num-extremes", "extremes of which the operands are tested">];
}

def TileUnrollConditions : Pass<"tile-unroll-conditions", "::mlir::ModuleOp"> {
  let summary = "short loops whose lanes differ by conditions, written out";
  let description = [{
    Before: lanes along a short rank (the halves of a head that are rotated) compare their coordinates with constants at
    each step. After: an innermost loop of at most four constant steps in which such a comparison depends on nothing but the
    step is a body for each step, whose conditions are constants: masks, and the side of a select that no lane takes, go when
    LLVM folds them. What was `tile.parallel` is no loop any more. Runs after `canonicalize` and `cse`, on CPUs. Exactness: bitwise.

    ```mlir
    scf.for %i = %c0 to %c64 step %c32 { %l = tile.iota %i ; %c = arith.cmpi slt, %l, %half ; .. }
    // becomes
    %l = tile.iota %c0 ; %c = arith.cmpi slt, %l, %half ; ..
    %m = tile.iota %c32 ; %d = arith.cmpi slt, %m, %half ; ..
    ```
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
  let statistics = [Statistic<"numLoops", "num-loops", "loops written out">];
}

def TileJoinBranches : Pass<"tile-join-branches", "::mlir::ModuleOp"> {
  let summary = "write once what both ways of a branch do";
  let description = [{
    Before: tile programs in which a chunk that no condition cuts has a way of its own. After: what both ways end with,
    of at most four values in which they differ, stands behind the branch; in programs that are long still, what both
    begin with stands before it, too. So a chunk of attention is written once, with a branch around its mask: three
    quarters of the code for the assembler. That costs speed (an instruction cannot move across the branch), so what is
    less than 64 instructions a thread stays twice, and short programs keep their beginnings. Exactness: bitwise.

    ```mlir
    %r = scf.if %whole {
      %s = tile.mma %q, %k, %zero
      scf.yield (math.exp %s)
    } else {
      %s = tile.mma %q, %k, %zero
      %m = arith.select %mask, %s, -inf
      scf.yield (math.exp %m)
    }
    // becomes
    %s = tile.mma %q, %k, %zero
    %m = scf.if %whole { scf.yield %s } else { scf.yield (arith.select %mask, %s, -inf) }
    %r = math.exp %m
    ```
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numTails", "num-tails", "branches of which the end is written once">,
                    Statistic<"numLong", "num-long", "programs of which beginnings are, too">];
}

def TileDistributeWarps : Pass<"tile-distribute-warps", "::mlir::ModuleOp"> {
  let summary = "deal the tiles of a stage to the warps of a block";
  let description = [{
    Before: tile programs whose loops over tiles are marked `tile.parallel`. After:
    of such a loop, one that stands in no other, each warp runs every n-th
    iteration; what stores outside of one is warp 0's. Barriers behind which nobody reads or writes the block's
    memory are dropped. A program in which a warp
    would need what another one computes is left to a single warp; one whose tiles
    the warps hold together (`tile.team`) is theirs already. Each program says how
    many run it (`tile.warps`). Exactness: bitwise.

    ```mlir
    scf.for %i = %from to %to step %c6 { ... } {tile.parallel}
    // becomes, with 8 warps
    %w = tile.warp
    %first = %from + %w * 6
    scf.for %i = %first to %to step %c48 { ... } {tile.parallel}
    ```
  }];
  let options = [Option<"warps", "warps", "int64_t", "8", "warps of a block">];
  let dependentDialects = ["::einfall::tile::TileDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numLoops", "num-loops", "loops dealt to warps">,
                    Statistic<"numDropped", "num-dropped", "barriers at the end of a program dropped">,
                    Statistic<"numSingle", "num-single", "programs left to a single warp">,
                    Statistic<"numTeams", "num-teams", "programs whose warps are a team">];
}

#endif
