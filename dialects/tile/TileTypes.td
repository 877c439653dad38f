//===- TileTypes.td - Rings of slots ----------------------------*- tablegen -*-===//
#ifndef EINFALL_TILE_TYPES
#define EINFALL_TILE_TYPES

include "dialects/tile/TileDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Tile_ArefType : TypeDef<Tile_Dialect, "Aref"> {
  let mnemonic = "aref";
  let summary = "a ring of slots in the block's memory, filled by some and read by others";
  let description = [{
    `!tile.aref<4, memref<9216xbf16>, memref<16896xbf16>>` has four slots, each of which
    holds two flat memories.
  }];
  let parameters = (ins "int64_t":$depth, ArrayRefParameter<"::mlir::Type">:$slot);
  let assemblyFormat = "`<` $depth `,` $slot `>`";
  let genVerifyDecl = 1;
}

#endif
