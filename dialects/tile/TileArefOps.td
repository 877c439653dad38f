//===- TileArefOps.td - Asynchronous references -----------------*- tablegen -*-===//
//
// An asynchronous reference (aref) is a ring of slots through which numbered items go from
// who fills them to who reads them:
//
//     put n      waits until the slot n mod depth is free, and gives its memory
//     commit n   what the put began to bring belongs to item n
//     get n      waits until all of item n is there, and gives its memory
//     release n  the slot may be filled again
//
// Each of them is one operation on a barrier that a slot has, `empty` or `full`, with the
// parity n / depth mod 2: put waits for empty, commit arrives at full, get waits for full, release
// arrives at empty. Where all warps of a block fill and read, groups of copies and the
// block's barrier do the same (`tile-lower-aref`); nothing here says which it is.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TILE_AREF_OPS
#define EINFALL_TILE_AREF_OPS

include "dialects/tile/TileTypes.td"

def Tile_ArefCreateOp : Tile_Op<"aref.create"> {
  let summary = "a ring of free slots";
  let description = [{
    When item n is got, items to n - 1 - `lag` have been released, and items to n + `ahead` have been
    put, as far as there are any; item n + `ahead` + 1 is put later. So n - `lag` to n + `ahead` need a
    slot each. The ring lives until the `tile.aref.close` in the same block; `name` is for reports.

    ```mlir
    %ring = tile.aref.create "factors" ahead 2 lag 0 : !tile.aref<4, memref<9216xbf16>>
    ```
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$ahead, I64Attr:$lag);
  let results = (outs Tile_ArefType:$ring);
  let assemblyFormat = "$name `ahead` $ahead `lag` $lag attr-dict `:` type($ring)";
  let hasVerifier = 1;
}

/// An op on item `number`; items are numbered from 0 in the order in which they are put.
class Tile_ItemOp<string mnemonic, list<Trait> traits = []> : Tile_Op<"aref." # mnemonic, traits> {
  let arguments = (ins Tile_ArefType:$ring, Index:$number);
  let assemblyFormat = "$ring `[` $number `]` attr-dict `:` type($ring)";
}

/// One that gives the memory of the item's slot.
class Tile_SlotOp<string mnemonic, list<Trait> traits = []> : Tile_ItemOp<mnemonic, traits> {
  let results = (outs Variadic<MemRefRankOf<[AnyType], [1]>>:$memory);
  let assemblyFormat = "$ring `[` $number `]` attr-dict `:` type($ring) `->` type($memory)";
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$ring, "::mlir::Value":$number), [{
    $_state.addOperands({ring, number});
    $_state.addTypes(::llvm::cast<ArefType>(ring.getType()).getSlot());
  }]>];
}

def Tile_ArefPutOp : Tile_SlotOp<"put"> {
  let summary = "begin to fill a slot when it is free";
  let description = [{ Until the `tile.aref.commit` of the item the memory may be written, and not read. }];
}

def Tile_ArefCommitOp : Tile_ItemOp<"commit"> {
  let summary = "an item is all that has been begun since its put";
}

def Tile_ArefGetOp : Tile_SlotOp<"get"> {
  let summary = "hold an item when all of it is there";
  let description = [{ Until the `tile.aref.release` of the item the memory may be read. }];
}

def Tile_ArefSlotOp : Tile_SlotOp<"slot"> {
  let summary = "the memory of an item that is held";
  let description = [{ For loops in which an item is got before the iteration that reads it. }];
}

def Tile_ArefReleaseOp : Tile_ItemOp<"release"> {
  let summary = "give an item's slot back";
}

def Tile_ArefCloseOp : Tile_Op<"aref.close"> {
  let summary = "end a ring all of whose items have been got and released";
  let arguments = (ins Tile_ArefType:$ring);
  let assemblyFormat = "$ring attr-dict `:` type($ring)";
}

#endif
