//===- TileDialect.td - One block's work on one output tile -----*- tablegen -*-===//
//
// Include order: TileDialect <- TileAttrs, TileTypes <- TileArefOps <- TileOps.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TILE_DIALECT
#define EINFALL_TILE_DIALECT

include "mlir/IR/OpBase.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::einfall::tile";
  let summary = "block-level programs on tiles";
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let description = [{
    A tile program is a `func.func` marked `tile.program`: the work of one
    block of a grid. It takes flat buffers (`memref<?xT>`), the kernel's symbols
    and the number of its block.

        ein.kernel -> tile program -> codegen/{cpu,nvptx,amdgpu}

    A tile value is a builtin tensor of static shape, so `arith` and `math` work
    on it. Its encoding says how it lies in the machine: `"lanes"` means that
    the last dimension runs along vector lanes and the others along registers;
    `#tile.fragment` is the way of matrix instructions, over all warps of the block;
    without it all elements share one vector register. What must not come in: any
    `ein` op.
  }];
}

class Tile_Op<string mnemonic, list<Trait> traits = []> : Op<Tile_Dialect, mnemonic, traits>;

#endif
