//===- TileAttrs.td - The schedule of a kernel ------------------*- tablegen -*-===//
#ifndef EINFALL_TILE_ATTRS
#define EINFALL_TILE_ATTRS

include "dialects/tile/TileDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/TensorEncoding.td"

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
    computed once then, into memory of the block's own. Its block of the columns, if it is
    above 1, is what a block takes of them at a time. `few` is another one for blocks
    with `packed_from` to `few_to` coordinates of its widened rank, the rows, whatever they
    have of the columns. `matrix` is a `#tile.matrix`.
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
    DefaultValuedParameter<"int64_t", "0">:$packed_from,
    OptionalParameter<"::mlir::Attribute">:$matrix,
    OptionalParameter<"::mlir::Attribute">:$few,
    DefaultValuedParameter<"int64_t", "0">:$few_to);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Tile_FragmentAttr : AttrDef<Tile_Dialect, "Fragment", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "fragment";
  let summary = "how a tile lies in the registers of a block for matrix instructions";
  let description = [{
    The encoding of a tile whose last dimensions are `rows` and `columns`, or one of
    the two. The block's warps, in row-major order, form a grid of `row_warps` by
    `column_warps`, each of which holds an equal part. Inside of it the threads lie
    as in the sums of `mma.m16n8`: of each 16 rows and 8 columns, thread t holds
    rows t / 4 and t / 4 + 8 at columns 2 (t mod 4) and the next one. What has no
    columns, all threads of a row hold, and the other way around.
  }];
  let parameters = (ins "int64_t":$row_warps, "int64_t":$column_warps,
                        DefaultValuedParameter<"bool", "true">:$rows,
                        DefaultValuedParameter<"bool", "true">:$columns);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Tile_FactorAttr : AttrDef<Tile_Dialect, "Factor", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "factor";
  let summary = "how a factor of a matrix product lies in the registers of a block";
  let description = [{
    The encoding of a tile of `free` by depth, where `free` are the rows of the
    product if it is the `left` factor and else the columns. Each warp of the grid
    (`#tile.fragment`) holds what its part of the product needs, laid out as the
    operands of `mma.m16n8k16`. Of f32, which that does not multiply, a thread holds all of
    the depth of what its own sums are made of: of a left factor rows t / 4 + 8 i, of a right
    one columns 2 (t mod 4) + 8 j and the next ones.
  }];
  let parameters = (ins "int64_t":$row_warps, "int64_t":$column_warps, "bool":$left);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Tile_MatrixAttr : AttrDef<Tile_Dialect, "Matrix"> {
  let mnemonic = "matrix";
  let summary = "how a contraction runs by matrix instructions";
  let description = [{
    A block sums `row_block` coordinates of rank `rows` by `column_block` of rank
    `columns` in fragments. It goes along rank `depth` by `part` at a time; `slots`
    such parts of both operands lie in the block's memory, of which all but one are
    on their way. Where there are fewer rows than `from`, `few` is run, another
    `#tile.matrix`, or without it the schedule around this one.
  }];
  let parameters = (ins "::mlir::StringAttr":$rows, "::mlir::StringAttr":$columns,
                        "::mlir::StringAttr":$depth, "int64_t":$row_block, "int64_t":$column_block,
                        "int64_t":$row_warps, "int64_t":$column_warps, "int64_t":$part,
                        "int64_t":$slots, DefaultValuedParameter<"int64_t", "0">:$from,
                        OptionalParameter<"::mlir::Attribute">:$few);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif
