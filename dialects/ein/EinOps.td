//===- EinOps.td - Einsum, data movement, recurrences -----------*- tablegen -*-===//
//
// Numbered constraints: docs/spec/ein.md.
//
// Ops that index tensors share one representation of the indices. `ranks` are
// the labels of the iteration space. Each indexed operand has an affine map
// from the ranks (dims) to its coordinates. Symbol k of a map, for k below the
// number of indexed operands, is the integer read from indexed operand k (a
// gathered coordinate, named coords[k] in text); the symbols after those are
// the extents named by `symbols`.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_EIN_OPS
#define EINFALL_EIN_OPS

include "dialects/ein/EinTypes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"

def Ein_Tensor : Type<CPred<"::llvm::isa<::einfall::ein::TensorType>($_self)">,
                      "ein tensor", "::einfall::ein::TensorType">;

class Ein_Op<string mnemonic, list<Trait> traits = []>
    : Op<Ein_Dialect, mnemonic, traits>;

class Ein_IndexedOp<string mnemonic, list<Trait> traits = []>
    : Ein_Op<mnemonic, !listconcat(traits, [Pure])> {
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  code sharedDeclaration = [{
    /// The label of rank `i`.
    ::llvm::StringRef getRankName(int64_t i) {
      return ::llvm::cast<::mlir::StringAttr>(getRanks()[i]).getValue();
    }
    /// The position of the rank called `name`, or -1.
    int64_t findRank(::llvm::StringRef name);
    ::mlir::AffineMap getMap(int64_t operand) {
      return ::llvm::cast<::mlir::AffineMapAttr>(getMaps()[operand]).getValue();
    }
  }];
  let extraClassDeclaration = sharedDeclaration;
}

def Ein_EinsumOp : Ein_IndexedOp<"einsum", [SingleBlock]> {
  let summary = "map over an iteration space, then reduce ranks by monoids";
  let description = [{
    `ranks` lists the result's ranks in order, then the reduced ranks,
    outermost first; `monoids` and `extents` describe the reduced ones.
    With `partial`, a label may cover a part of an operand's dimension (as
    views do) instead of having its extent. `fills` holds, for each operand, its
    value where it is read outside (`else` in text), or unit where it has none.
  }];
  let arguments = (ins Variadic<Ein_Tensor>:$inputs, StrArrayAttr:$ranks,
                       AffineMapArrayAttr:$maps, StrArrayAttr:$coords,
                       StrArrayAttr:$symbols, DenseI32ArrayAttr:$monoids,
                       ArrayAttr:$extents, UnitAttr:$partial,
                       OptionalAttr<ArrayAttr>:$fills);
  let results = (outs Ein_Tensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let builders = [
    OpBuilder<(ins "TensorType":$type, "::mlir::ValueRange":$inputs,
                   "::llvm::ArrayRef<::mlir::StringRef>":$ranks,
                   "::llvm::ArrayRef<::mlir::AffineMap>":$maps,
                   "::llvm::ArrayRef<Monoid>":$monoids,
                   "::llvm::ArrayRef<ExtentAttr>":$extents,
                   "::llvm::ArrayRef<::mlir::StringAttr>":$symbols,
                   "::llvm::function_ref<::mlir::Value(::mlir::OpBuilder &, ::mlir::Location, ::mlir::ValueRange)>":$body,
                   CArg<"::llvm::ArrayRef<::mlir::TypedAttr>", "{}">:$fills)>,
  ];
  let hasCanonicalizer = 1;
  let extraClassDeclaration = sharedDeclaration # [{
    int64_t getNumRanks() { return getRanks().size(); }
    int64_t getNumFree() { return getResult().getType().getRank(); }
    bool isReduced(int64_t rank) { return rank >= getNumFree(); }
    Monoid getMonoid(int64_t rank) {
      return static_cast<Monoid>(getMonoids()[rank - getNumFree()]);
    }
    ExtentAttr getRankExtent(int64_t rank);
    /// What operand `i` is where it is read outside, or null: then the point
    /// does not exist.
    ::mlir::TypedAttr getFill(unsigned i);
    /// One entry an operand, as the builder takes them.
    ::llvm::SmallVector<::mlir::TypedAttr> getFillList();
    /// The value that the body yields.
    ::mlir::Value getYielded() { return getBody().front().getTerminator()->getOperand(0); }
    /// True if there is one operand, no reduction, and the body yields it.
    bool isRelabelling();
  }];
}

def Ein_FoldOp : Ein_IndexedOp<"fold"> {
  let summary = "one walk over folded ranks with a carried state";
  let description = [{
    `ranks` lists the free ranks, then the folded ones, outermost first;
    `extents` are the folded ones' and `labels` holds, for each result, the
    positions of its ranks. A state is a list of scalars. `init` yields the state
    of no element; `step` gets a state and the operands' scalars and yields the
    state with one more element; `merge` gets two states and yields the state of
    the elements of both; `finish` yields the results' scalars. `fills` is as of
    `ein.einsum`. With `part_rank`, a free rank that no operand has, its point i folds
    the coordinates from i * `part_length` on, so many, of the outermost folded rank.
  }];
  let arguments = (ins Variadic<Ein_Tensor>:$inputs, StrArrayAttr:$ranks,
                       AffineMapArrayAttr:$maps, StrArrayAttr:$coords,
                       StrArrayAttr:$symbols, ArrayAttr:$extents, ArrayAttr:$labels,
                       UnitAttr:$partial, OptionalAttr<ArrayAttr>:$fills,
                       OptionalAttr<StrAttr>:$part_rank,
                       OptionalAttr<Ein_ExtentAttr>:$part_length);
  let results = (outs Variadic<Ein_Tensor>:$results);
  let regions = (region SizedRegion<1>:$init, SizedRegion<1>:$step,
                        SizedRegion<1>:$merge, SizedRegion<1>:$finish);
  let extraClassDeclaration = sharedDeclaration # [{
    int64_t getNumRanks() { return getRanks().size(); }
    int64_t getNumFolded() { return getExtents().size(); }
    int64_t getNumFree() { return getNumRanks() - getNumFolded(); }
    bool isFolded(int64_t rank) { return rank >= getNumFree(); }
    ExtentAttr getRankExtent(int64_t rank);
    /// The positions of a result's ranks.
    ::llvm::ArrayRef<int64_t> getLabels(unsigned result) {
      return ::llvm::cast<::mlir::DenseI64ArrayAttr>(getLabels()[result]).asArrayRef();
    }
    ::mlir::TypeRange getStateTypes() {
      return getInit().front().getTerminator()->getOperandTypes();
    }
    /// The operands that a result depends on, coordinates included.
    ::llvm::SmallBitVector getOperandsOf(unsigned result);
    /// The states that a result depends on.
    ::llvm::SmallBitVector getStatesOf(unsigned result);
    /// True if operand `i` is read along a folded rank.
    bool isFoldedOperand(unsigned i);
  }];
}

def Ein_ViewOp : Ein_IndexedOp<"view"> {
  let summary = "relabel: split, flatten, transpose, slice, broadcast, pad";
  let arguments = (ins Variadic<Ein_Tensor>:$inputs, StrArrayAttr:$ranks,
                       AffineMapArrayAttr:$maps, StrArrayAttr:$coords,
                       StrArrayAttr:$symbols, OptionalAttr<TypedAttrInterface>:$fill);
  let results = (outs Ein_Tensor:$result);
  let hasCanonicalizer = 1;
}

def Ein_GatherOp : Ein_IndexedOp<"gather"> {
  let summary = "a view with coordinates read from operands";
  let arguments = (ins Variadic<Ein_Tensor>:$inputs, StrArrayAttr:$ranks,
                       AffineMapArrayAttr:$maps, StrArrayAttr:$coords,
                       StrArrayAttr:$symbols, OptionalAttr<TypedAttrInterface>:$fill);
  let results = (outs Ein_Tensor:$result);
}

def Ein_UpdateOp : Ein_IndexedOp<"update"> {
  let summary = "replace the elements of a tensor at affine indices";
  let description = [{
    `ranks` are the labels of the source; map 0 sends them to coordinates of
    the destination. The result has the destination's type.
  }];
  let arguments = (ins Ein_Tensor:$dest, Ein_Tensor:$source, StrArrayAttr:$ranks,
                       AffineMapArrayAttr:$maps, StrArrayAttr:$symbols);
  let results = (outs Ein_Tensor:$result);
}

def Ein_ScatterOp : Ein_IndexedOp<"scatter"> {
  let summary = "combine or replace elements at coordinates read from operands";
  let description = [{
    As `update`; maps 1.. index the operands that the coordinates come from.
  }];
  let arguments = (ins Ein_Tensor:$dest, Ein_Tensor:$source, Variadic<Ein_Tensor>:$indices,
                       StrArrayAttr:$ranks, AffineMapArrayAttr:$maps, StrArrayAttr:$coords,
                       StrArrayAttr:$symbols, OptionalAttr<Ein_MonoidAttr>:$monoid);
  let results = (outs Ein_Tensor:$result);
}

def Ein_ScanOp : Ein_IndexedOp<"scan", [SingleBlock]> {
  let summary = "a recurrence along one rank";
  let description = [{
    The last input is the initial state. The region gets the inputs' scalars
    and, in place of the initial state's, the running state.
  }];
  let arguments = (ins Variadic<Ein_Tensor>:$inputs, StrArrayAttr:$ranks,
                       AffineMapArrayAttr:$maps, StrArrayAttr:$coords,
                       StrArrayAttr:$symbols, I64Attr:$scanned,
                       UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs Ein_Tensor:$result);
  let regions = (region SizedRegion<1>:$body);
}

def Ein_ConcatOp : Ein_Op<"concat", [Pure]> {
  let summary = "join tensors along a dimension";
  let arguments = (ins Variadic<Ein_Tensor>:$inputs, I64Attr:$dim);
  let results = (outs Ein_Tensor:$result);
  let assemblyFormat = "$inputs `dim` $dim attr-dict `:` functional-type($inputs, $result)";
  let hasVerifier = 1;
}

def Ein_TopKOp : Ein_Op<"topk", [Pure]> {
  let summary = "the k greatest along a dimension, with their coordinates";
  let description = [{
    In a stream, `best` are the values and coordinates of those before: the
    results are of them and of the input. `ranks` are the labels of the result,
    then the ordered one: an op of a kernel of several has them.
  }];
  let arguments = (ins Ein_Tensor:$input, Variadic<Ein_Tensor>:$best, I64Attr:$dim,
                       I64Attr:$k, OptionalAttr<StrArrayAttr>:$ranks);
  let results = (outs Ein_Tensor:$values, Ein_Tensor:$indices);
  let assemblyFormat = [{$input `dim` $dim `k` $k (`from` `(` $best^ `:` type($best) `)`)?
                         attr-dict `:` type($input) `->` type($values) `,` type($indices)}];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Where an element of the input is, in the ranks.
    ::mlir::AffineMap getInputMap();
    ::llvm::StringRef getRankName(int64_t rank) {
      return ::llvm::cast<::mlir::StringAttr>((*getRanks())[rank]).getValue();
    }
    /// The label of the ordered dimension; empty without labels.
    ::llvm::StringRef getOrderedRank() {
      return getRanks() ? getRankName(getInput().getType().getRank()) : ::llvm::StringRef();
    }
    ExtentAttr getOrderedExtent() { return getInput().getType().getExtent(getDim()); }
  }];
}

def Ein_SortOp : Ein_Op<"sort", [Pure]> {
  let summary = "stable sort along a dimension, with coordinates";
  let arguments = (ins Ein_Tensor:$input, I64Attr:$dim, UnitAttr:$descending);
  let results = (outs Ein_Tensor:$values, Ein_Tensor:$indices);
  let assemblyFormat = [{$input `dim` $dim (`descending` $descending^)? attr-dict `:`
                         type($input) `->` type($values) `,` type($indices)}];
  let hasVerifier = 1;
}

def Ein_ConstantOp : Ein_Op<"constant", [Pure]> {
  let summary = "a literal tensor";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Ein_Tensor:$result);
  let assemblyFormat = "$value attr-dict `->` type($result)";
  let hasVerifier = 1;
}

def Ein_EmptyOp : Ein_Op<"empty", [MemoryEffects<[MemAlloc]>]> {
  let summary = "a tensor whose elements are about to be updated";
  let results = (outs Ein_Tensor:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Ein_KernelOp : Ein_Op<"kernel", [IsolatedFromAbove, SingleBlock, Pure]> {
  let summary = "one grid over parallel ranks: Einsums that run together";
  let description = [{
    Formed by `ein-form-kernels`. `schedule` is a `#tile.schedule` once
    `ein-plan-schedules` has run. A result that replaces part of an operand
    (`ein.update` in the body) is stored in place. With `parts`, it is several
    grids that run at once: each makes so many of the results, in order, from
    what of the body these need; what several of them need, each computes.
  }];
  let arguments = (ins Variadic<Ein_Tensor>:$inputs, StrAttr:$name,
                       OptionalAttr<AnyAttr>:$schedule,
                       OptionalAttr<DenseI64ArrayAttr>:$parts);
  let results = (outs Variadic<Ein_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{$name `(` $inputs `)` attr-dict `:`
                         functional-type($inputs, $results) $body}];
  let extraClassDeclaration = [{
    /// The operand in whose buffer result `result` is stored, if it replaces
    /// elements of one.
    std::optional<unsigned> getInPlaceOperand(unsigned result);
    /// True if some result is stored in the buffer of operand `operand`.
    bool isUpdated(unsigned operand);
    /// Results of each part: all in one without `parts`.
    ::llvm::SmallVector<int64_t> getPartSizes();
    /// The ops of the body that results first..first+count-1 need, in order.
    ::llvm::SmallVector<::mlir::Operation *> getOpsOf(unsigned first, unsigned count);
  }];
  let hasVerifier = 1;
}

def Ein_StreamOp : Ein_Op<"stream", [IsolatedFromAbove, SingleBlock, Pure]> {
  let summary = "walk a rank in chunks, carrying tensors";
  let description = [{
    In a kernel. The body runs for one chunk of the rank called `rank` after
    another, in ascending order: there a label of that name stands for the
    coordinates of the chunk. The first inputs are what is carried, one a result;
    the others are only read. The body yields what is carried on. However the
    rank is cut, the results are the same up to rounding, so types in the body
    are those of the whole rank, and its meaning is that of one chunk. With
    `part_rank`, which all that is carried has, its point i walks the coordinates from
    i * `part_length` on, so many.
  }];
  let arguments = (ins Variadic<Ein_Tensor>:$inputs, StrAttr:$rank, Ein_ExtentAttr:$extent,
                       OptionalAttr<StrAttr>:$part_rank,
                       OptionalAttr<Ein_ExtentAttr>:$part_length);
  let results = (outs Variadic<Ein_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{$rank `in` $extent `(` $inputs `)` attr-dict `:`
                         functional-type($inputs, $results) $body}];
  let hasVerifier = 1;
}

def Ein_GuardOp : Ein_Op<"guard"> {
  let summary = "chunks in which nothing of a mask holds may be skipped";
  let description = [{
    In the body of an `ein.stream`: where every element of `mask` is false, the
    body leaves what is carried as it is. With `once [n, ..] above bound` that holds
    of walks after which all elements of the carried tensors #n, .. exceed `bound`;
    after another one the stream starts again and skips nothing for this guard.
  }];
  let arguments = (ins Ein_Tensor:$mask, OptionalAttr<DenseI64ArrayAttr>:$seen,
                       OptionalAttr<F64Attr>:$bound);
  let assemblyFormat = "$mask (`once` $seen^ `above` $bound)? attr-dict `:` type($mask)";
  let hasVerifier = 1;
}

def Ein_IndexOp : Ein_Op<"index", [Pure]> {
  let summary = "the coordinate of a rank of the enclosing op";
  let arguments = (ins StrAttr:$rank);
  let results = (outs Index:$result);
  let assemblyFormat = "$rank attr-dict";
}

def Ein_ExtentOp : Ein_Op<"extent", [Pure]> {
  let summary = "the value of an extent";
  let arguments = (ins Ein_ExtentAttr:$extent);
  let results = (outs Index:$result);
  let hasCustomAssemblyFormat = 1;
  let hasFolder = 0;
}

def Ein_YieldOp : Ein_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "values of a region";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif
