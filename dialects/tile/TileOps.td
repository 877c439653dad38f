//===- TileOps.td - Loads, stores, broadcasts, reductions -------*- tablegen -*-===//
#ifndef EINFALL_TILE_OPS
#define EINFALL_TILE_OPS

include "dialects/tile/TileDialect.td"
include "dialects/tile/TileArefOps.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"

def Tile_LoadOp : Tile_Op<"load", [AttrSizedOperandSegments]> {
  let summary = "read a tile at an offset with one stride a dimension";
  let description = [{
    Element (i, j, ..) comes from buffer[offset + i * strides[0] + j * strides[1] + ..].
    The lane dimension has stride 1. With `limit`, lanes at or past it read as
    0 and touch no memory; so do elements where the mask `where`, shaped like
    the result, is 0. A scalar result has no strides. Integers as wide as the
    buffer's elements are read as the bits of these, wider ones as the bits of neighbours.
    What lies `ahead` elements further on may be brought closer meanwhile. With
    `picks`, lane i is element `picks[i]` of those that lie there side by side.
  }];
  let arguments = (ins MemRefRankOf<[AnyType], [1]>:$buffer, Index:$offset,
                       Variadic<Index>:$strides, Optional<Index>:$limit, Optional<AnyType>:$where,
                       OptionalAttr<I64Attr>:$ahead, OptionalAttr<DenseI64ArrayAttr>:$picks);
  let results = (outs AnyType:$result);
  let assemblyFormat = [{$buffer `[` $offset `]` `strides` `[` $strides `]` (`limit` $limit^)?
                         (`where` $where^ `:` type($where))? (`ahead` $ahead^)? (`picks` $picks^)? attr-dict
                         `:` type($buffer) `->` type($result)}];
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$buffer,
                                 "::mlir::Value":$offset, "::mlir::ValueRange":$strides,
                                 "::mlir::Value":$limit, "::mlir::Value":$where,
                                 CArg<"::mlir::IntegerAttr", "{}">:$ahead), [{
    build($_builder, $_state, result, buffer, offset, strides, limit, where, ahead, nullptr);
  }]>];
  let hasVerifier = 1;
}

def Tile_GatherOp : Tile_Op<"gather"> {
  let summary = "read one element at each offset of a tile where the mask allows";
  let arguments = (ins MemRefRankOf<[AnyType], [1]>:$buffer, AnyType:$offsets, AnyType:$mask);
  let results = (outs AnyType:$result);
  let assemblyFormat = [{$buffer `[` $offsets `]` `where` $mask attr-dict `:` type($buffer) `,`
                         type($offsets) `,` type($mask) `->` type($result)}];
  let hasVerifier = 1;
}

def Tile_StoreOp : Tile_Op<"store", [AttrSizedOperandSegments]> {
  let summary = "write a tile at an offset with one stride a dimension";
  let description = [{
    As `load`; the lane dimension may have any stride. What is stored `past_caches` is not
    read again soon, and begins a cache line.
  }];
  let arguments = (ins AnyType:$value, MemRefRankOf<[AnyType], [1]>:$buffer, Index:$offset,
                       Variadic<Index>:$strides, Optional<Index>:$limit, Optional<AnyType>:$where,
                       UnitAttr:$past_caches);
  let assemblyFormat = [{$value `,` $buffer `[` $offset `]` `strides` `[` $strides `]` (`limit` $limit^)?
                         (`where` $where^ `:` type($where))? (`past_caches` $past_caches^)?
                         attr-dict `:` type($value) `,` type($buffer)}];
  let builders = [OpBuilder<(ins "::mlir::Value":$value, "::mlir::Value":$buffer,
                                 "::mlir::Value":$offset, "::mlir::ValueRange":$strides,
                                 "::mlir::Value":$limit, "::mlir::Value":$where), [{
    build($_builder, $_state, value, buffer, offset, strides, limit, where, /*past_caches=*/false);
  }]>];
  let hasVerifier = 1;
}

def Tile_PrefetchOp : Tile_Op<"prefetch"> {
  let summary = "ask for the cache line of buffer[offset]";
  let description = [{
    It may be brought closer while the program goes on; the offset need not be inside.
  }];
  let arguments = (ins MemRefRankOf<[AnyType], [1]>:$buffer, Index:$offset);
  let assemblyFormat = "$buffer `[` $offset `]` attr-dict `:` type($buffer)";
}

def Tile_LocalOp : Tile_Op<"local", [MemoryEffects<[MemAlloc]>]> {
  let summary = "memory of the block's own, of static size and undefined contents";
  let results = (outs MemRefRankOf<[AnyType], [1]>:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tile_PreviousOp : Tile_Op<"previous", [Pure]> {
  let summary = "the number of the block that was computed before block `number`, where this one is";
  let description = [{
    A thread of a CPU computes some blocks in the order of their numbers, and memory of their own
    holds what the one before left there. Negative of the first block: that memory holds nothing.
    `number` may be one from which the same was taken off for all blocks.
  }];
  let arguments = (ins Index:$number);
  let results = (outs Index:$result);
  let assemblyFormat = "$number attr-dict";
}

def Tile_BarrierOp : Tile_Op<"barrier"> {
  let summary = "the block goes on when all of its memory has been written";
  let description = [{
    Ends a stage: what it stored is seen by what follows, and what it read may be
    overwritten. A block that is one thread does nothing here.
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_WarpBarrierOp : Tile_Op<"warp_barrier"> {
  let summary = "a warp goes on when all of its threads have written";
  let description = [{
    What a warp stored is seen by all of its threads; of other warps nothing is said, and not all
    of them have to come here.
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_WarpOp : Tile_Op<"warp", [Pure]> {
  let summary = "the number of the warp in its block, from 0";
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def Tile_ScatterOp : Tile_Op<"scatter"> {
  let summary = "write one element at each offset of a tile where the mask allows";
  let description = [{ In ascending order, so that of equal offsets the last one wins. }];
  let arguments = (ins AnyType:$value, MemRefRankOf<[AnyType], [1]>:$buffer, AnyType:$offsets,
                       AnyType:$mask);
  let assemblyFormat = [{$value `,` $buffer `[` $offsets `]` `where` $mask attr-dict `:` type($value) `,`
                         type($buffer) `,` type($offsets) `,` type($mask)}];
  let hasVerifier = 1;
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "repeat a tile along new dimensions";
  let description = [{ `dims[i]` is the place of the operand's dimension i in the result. }];
  let arguments = (ins AnyType:$source, DenseI64ArrayAttr:$dims);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$source `dims` $dims attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_ReduceOp : Tile_Op<"reduce", [Pure]> {
  let summary = "combine the lanes of a tile";
  let description = [{
    `kind` is add, mul, max, min, or, and (as the monoids of `ein`). The result
    loses the lane dimension. With `limit`, lanes at or past it are left out. A sum of
    products that may be contracted may be one of fused products. With `either_zero`, of zeros
    of both signs either may be the greatest or the least. With `numbers`, no lane is a NaN.
  }];
  let arguments = (ins AnyType:$source, StrAttr:$kind, Optional<Index>:$limit, UnitAttr:$either_zero,
                       UnitAttr:$numbers);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$kind $source (`limit` $limit^)? attr-dict `:` type($source) `->` type($result)";
  let builders = [OpBuilder<(ins "mlir::Type":$result, "mlir::Value":$source, "llvm::StringRef":$kind), [{
    build($_builder, $_state, result, source, kind, mlir::Value(), /*either_zero=*/false, /*numbers=*/false);
  }]>];
  let hasVerifier = 1;
}

def Tile_DotOp : Tile_Op<"dot", [Pure, TypesMatchWith<"the result is the accumulator", "acc", "result", "$_self">]> {
  let summary = "add products of neighbouring lanes to an accumulator";
  let description = [{
    The last dimension of both operands runs along lanes. Lane l of the result
    is acc[l] plus the products of lanes l * g .. l * g + g - 1, with g = 2 for
    bf16 (into f32) and i16 (into i32), g = 4 for i8 (into i32, the left operand
    unsigned and the right one signed). Sums of integers wrap; those of bf16
    may treat subnormal numbers as 0. Operands that `tile.join` made have the lanes
    of the accumulator; `joined` is the type of what their elements hold, `by` the lanes of
    sums that an instruction takes, if they are not all.
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs, AnyRankedTensor:$acc,
                       OptionalAttr<TypeAttr>:$joined, OptionalAttr<I64Attr>:$by);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{$lhs `,` $rhs `,` $acc (`joined` $joined^)? (`by` $by^)? attr-dict
                         `:` type($lhs) `,` type($rhs) `,` type($acc)}];
  let hasVerifier = 1;
}

def Tile_JoinOp : Tile_Op<"join", [Pure]> {
  let summary = "put neighbours along a dimension into elements of 32 bits";
  let description = [{
    Element i of the result along dimension `dim` holds the bits of elements i * g .. i * g + g - 1
    of the source, the first in the lowest ones; g is as many as 32 bits hold.
  }];
  let arguments = (ins AnyRankedTensor:$source, I64Attr:$dim);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source `along` $dim attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_ExtendPairsOp : Tile_Op<"extend_pairs", [Pure]> {
  let summary = "bf16 as f32, even elements before odd ones";
  let description = [{
    Of n lanes, lane i of the result is lane 2 i of the source and lane n / 2 + i is lane 2 i + 1, for i below n / 2: words of two
    elements need a shift and a mask, and nothing moves.
  }];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_RoundPairsOp : Tile_Op<"round_pairs", [Pure]> {
  let summary = "f32 in the order of extend_pairs as bf16 in that of memory";
  let description = [{ Of n lanes, lane 2 i of the result is lane i of the source, rounded, and lane 2 i + 1 is lane n / 2 + i. }];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_AreNumbersOp : Tile_Op<"are_numbers", [Pure]> {
  let summary = "whether two lanes are numbers";
  let description = [{ Of n lanes, lane i of the result is false if lane i or lane n / 2 + i of the source is a NaN. }];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_LoadFactorOp : Tile_Op<"load_factor"> {
  let summary = "read a factor of a matrix product from the block's memory";
  let description = [{
    Element (i, k) comes from buffer[offset + i strides[0] + k strides[1]]: one of the
    strides is 1, the other a multiple of 16 bytes. The result is a `#tile.factor`. All warps of
    the block run it.
  }];
  let arguments = (ins MemRefRankOf<[BF16, F16, F32], [1]>:$buffer, Index:$offset, DenseI64ArrayAttr:$strides);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{$buffer `[` $offset `]` `strides` $strides attr-dict `:` type($buffer) `->`
                         type($result)}];
  let hasVerifier = 1;
}

def Tile_AsFactorOp : Tile_Op<"as_factor", [Pure]> {
  let summary = "take columns of a fragment as a left factor";
  let description = [{
    Element (i, k) of the factor is element (i, from + k) of the fragment, rounded to the
    factor's type. The warps lie along rows alone, so that every thread has what it needs.
  }];
  let arguments = (ins AnyRankedTensor:$source, I64Attr:$from);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source `from` $from attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_MmaOp : Tile_Op<"mma", [Pure, TypesMatchWith<"the result is the accumulator", "acc", "result", "$_self">]> {
  let summary = "add the product of two factors to a fragment";
  let description = [{
    acc[i, j] + sum over k of lhs[i, k] * rhs[j, k]. Elements are bf16, f16 or f32, sums
    f32. Those of f32 are fused products, one k after the other, others in no order that is
    promised. All warps of the block run it.
  }];
  let arguments = (ins AnyRankedTensor:$acc, AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs `,` $acc attr-dict `:` type($lhs) `,` type($rhs) `,` type($acc)";
  let hasVerifier = 1;
}

def Tile_MultiplyOp : Tile_Op<"multiply"> {
  let summary = "add the product of two matrices in memory to a third one there";
  let description = [{
    sums[i * sums_stride + j] += the sum over g < groups of the products of
    lhs[i * lhs_stride + g] and rhs[g * rhs_stride + j], for i < rows (at most 32) and
    j < columns (16 or 32). Where `fresh` is true sums are what is added to 0, not to what their
    memory holds. Factors are 32 bits each: a group of two bf16 (into f32) or four
    bytes (into i32), as `tile.join` makes them; a product of groups is the sum of the products
    of their elements. Either may have elements of the group instead, by which its offset and its
    stride count then. Sums of integers wrap; those of bf16 may treat subnormal numbers as 0.
    Of sums there is memory for whole tiles of columns.

    With `ahead`, two numbers, it asks for what comes after its rows, the same groups of those that
    follow 32 on: from the line of 64 bytes that the first one is on, for as many lines as the second
    one says while it multiplies 16 groups. Lines are counted along a row's groups, then on in the next row.
    With `ahead_rhs` lines are those that follow its part of `rhs` in memory.
  }];
  let arguments = (ins MemRefRankOf<[F32, I32], [1]>:$sums, Index:$sums_offset, Index:$sums_stride,
                       MemRefRankOf<[BF16, I8, I32], [1]>:$lhs, Index:$lhs_offset, Index:$lhs_stride,
                       MemRefRankOf<[BF16, I8, I32], [1]>:$rhs, Index:$rhs_offset, Index:$rhs_stride,
                       Index:$rows, Index:$groups, I1:$fresh, Variadic<Index>:$ahead,
                       I64Attr:$columns, TypeAttr:$element,
                       UnitAttr:$ahead_rhs, UnitAttr:$unsigned_lhs, UnitAttr:$unsigned_rhs);
  let assemblyFormat = [{$sums `[` $sums_offset `by` $sums_stride `]` `,`
                         $lhs `[` $lhs_offset `by` $lhs_stride `]` `,`
                         $rhs `[` $rhs_offset `by` $rhs_stride `]`
                         `rows` $rows `columns` $columns `groups` $groups `fresh` $fresh `of` $element
                         (`ahead` `[` $ahead^ `]`)? (`ahead_rhs` $ahead_rhs^)?
                         (`unsigned_lhs` $unsigned_lhs^)? (`unsigned_rhs` $unsigned_rhs^)? attr-dict
                         `:` type($sums) `,` type($lhs) `,` type($rhs)}];
  let hasVerifier = 1;
}

def Tile_IsAlignedOp : Tile_Op<"is_aligned", [Pure]> {
  let summary = "whether an element, and those that many strides on, begin a run of 16 bytes";
  let arguments = (ins MemRefRankOf<[AnyType], [1]>:$buffer, Index:$offset, Variadic<Index>:$strides);
  let results = (outs I1:$result);
  let assemblyFormat = "$buffer `[` $offset `]` `strides` `[` $strides `]` attr-dict `:` type($buffer)";
}

def Tile_CopyOp : Tile_Op<"copy", [AttrSizedOperandSegments]> {
  let summary = "begin to copy rows into the block's memory";
  let description = [{
    dest[dest_offset + i dest_stride + j] becomes source[offset + i stride + j] where
    i < rows and j < columns, else 0, for all i and j below `shape`; without `rows` and
    `columns` everywhere, in fewer instructions. The elements are
    there when a `tile.wait` for the copy's group and a barrier have passed. All warps
    of the block run it. If `aligned`, every row begins a run of 16 bytes
    (`tile.is_aligned`), and the copy goes past the registers.
  }];
  let arguments = (ins MemRefRankOf<[AnyType], [1]>:$source, Index:$offset, Index:$stride,
                       Optional<Index>:$rows, Optional<Index>:$columns,
                       MemRefRankOf<[AnyType], [1]>:$dest, Index:$dest_offset,
                       DenseI64ArrayAttr:$shape, I64Attr:$dest_stride, UnitAttr:$aligned);
  let assemblyFormat = [{(`aligned` $aligned^)? $source `[` $offset `]` `stride` $stride
                         (`rows` $rows^ `columns` $columns)? `to` $dest `[` $dest_offset `]` `stride` $dest_stride
                         `shape` $shape attr-dict `:` type($source) `to` type($dest)}];
  let hasVerifier = 1;
}

def Tile_StoreRowsOp : Tile_Op<"store_rows"> {
  let summary = "write rows of the block's memory to a buffer";
  let description = [{
    buffer[offset + i stride + j] becomes source[i source_stride + j] where i < rows and j < columns,
    for all i and j below `shape`. All warps of the block run it, each for the rows that it has of a
    fragment of as many rows: who stored those needs no more than a `tile.warp_barrier` before it.
  }];
  let arguments = (ins MemRefRankOf<[AnyType], [1]>:$source, MemRefRankOf<[AnyType], [1]>:$buffer,
                       Index:$offset, Index:$stride, Index:$rows, Index:$columns,
                       DenseI64ArrayAttr:$shape, I64Attr:$source_stride);
  let assemblyFormat = [{$source `stride` $source_stride `to` $buffer `[` $offset `]` `stride` $stride
                         `rows` $rows `columns` $columns `shape` $shape attr-dict
                         `:` type($source) `to` type($buffer)}];
  let hasVerifier = 1;
}

def Tile_CommitOp : Tile_Op<"commit"> {
  let summary = "end a group of copies: those begun since the group before";
  let assemblyFormat = "attr-dict";
}

def Tile_WaitOp : Tile_Op<"wait"> {
  let summary = "wait until all but the last `pending` groups of copies have arrived";
  let arguments = (ins I64Attr:$pending);
  let assemblyFormat = "$pending attr-dict";
  let hasVerifier = 1;
}

def Tile_CountOp : Tile_Op<"count"> {
  let summary = "add one to a counter of the program";
  let description = [{
    `chunks` that a walk came to, those `visited`, stages `unmasked` in a chunk
    where their condition is settled, and those `masked`. A program that counts
    has the attribute `tile.counters`, a name that no other program of the
    package has.
  }];
  let arguments = (ins StrAttr:$counter);
  let assemblyFormat = "$counter attr-dict";
  let hasVerifier = 1;
}

def Tile_IotaOp : Tile_Op<"iota", [Pure]> {
  let summary = "start, start + 1, .. along the only dimension";
  let arguments = (ins Index:$start);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$start attr-dict `:` type($result)";
  let hasVerifier = 1;
}

#endif
