//===- TileAttrs.td - The schedule of a kernel ------------------*- tablegen -*-===//
#ifndef EINFALL_TILE_ATTRS
#define EINFALL_TILE_ATTRS

include "dialects/tile/TileDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Tile_ScheduleAttr : AttrDef<Tile_Dialect, "Schedule"> {
  let mnemonic = "schedule";
  let summary = "how a kernel is cut into blocks and tiles";
  let description = [{
    `ranks` gives for each rank `array<i64: block, tile, tile..>`: coordinates of
    one block of the grid (free ranks), then the sizes of tiles in descending
    order: what the first leaves over goes to the next. `order` lists the free
    ranks, slowest first. `lanes` is the rank along vector lanes, if any. `group`
    is the number of neighbouring lanes that a dot adds at once. Where a block
    holds one coordinate of `narrow_rank`, rank `narrow_widens` is tiled by
    `narrow_tile` instead.

    `packed` is a schedule of its own, whose blocks do not count but for that of the
    first reduced rank, which is taken in chunks of so many if it is above 1: where a block holds at
    least `packed_from` coordinates of the two ranks that it calls narrow, it runs by its
    tiles and lanes. What the body computes of operands that lack one of the two is
    computed once then, into memory of the block's own.
  }];
  let parameters = (ins
    "::mlir::DictionaryAttr":$ranks,
    OptionalParameter<"::mlir::ArrayAttr">:$order,
    OptionalParameter<"::mlir::StringAttr">:$lanes,
    DefaultValuedParameter<"int64_t", "1">:$group,
    OptionalParameter<"::mlir::StringAttr">:$narrow_rank,
    OptionalParameter<"::mlir::StringAttr">:$narrow_widens,
    DefaultValuedParameter<"int64_t", "1">:$narrow_tile,
    OptionalParameter<"::mlir::Attribute">:$packed,
    DefaultValuedParameter<"int64_t", "0">:$packed_from);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif
