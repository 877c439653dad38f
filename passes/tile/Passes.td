//===- Passes.td - Tile programs for a machine ------------------*- tablegen -*-===//
#ifndef EINFALL_PASSES_TILE
#define EINFALL_PASSES_TILE

include "mlir/Pass/PassBase.td"

def TileDistributeWarps : Pass<"tile-distribute-warps", "::mlir::ModuleOp"> {
  let summary = "deal the tiles of a stage to the warps of a block";
  let description = [{
    Before: tile programs whose loops over tiles are marked `tile.parallel`. After:
    of such a loop, one that stands in no other, each warp runs every n-th
    iteration; what stores outside of one is warp 0's. A program in which a warp
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
                    Statistic<"numSingle", "num-single", "programs left to a single warp">,
                    Statistic<"numTeams", "num-teams", "programs whose warps are a team">];
}

#endif
