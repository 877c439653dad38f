//===- RunOps.td - Entries, buffers, launches, copies -----------*- tablegen -*-===//
//
// Numbered constraints: docs/spec/run.md.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_RUN_OPS
#define EINFALL_RUN_OPS

include "dialects/ein/EinAttrs.td"
include "dialects/run/RunTypes.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Run_Buffer : Type<CPred<"::llvm::isa<::einfall::run::BufferType>($_self)">,
                      "run buffer", "::einfall::run::BufferType">;

class Run_Op<string mnemonic, list<Trait> traits = []> : Op<Run_Dialect, mnemonic, traits> {
  let hasVerifier = 1;
}

def Run_EntryOp : Run_Op<"entry", [FunctionOpInterface, IsolatedFromAbove, SingleBlock,
                                   NoTerminator]> {
  let summary = "an entry point of the package";
  let description = [{
    Arguments are buffers of the caller: inputs, then outputs (marked
    `run.output`). `symbols` are the sizes that the body speaks of, in the order
    in which the runtime passes their values; those in `params` are passed by
    the caller as numbers.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       StrArrayAttr:$symbols, StrArrayAttr:$params,
                       OptionalAttr<StrAttr>:$sym_visibility,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }

    bool isOutput(unsigned argument) { return !!getArgAttr(argument, kOutput); }
    ::llvm::StringRef getArgumentName(unsigned argument) {
      return getArgAttrOfType<::mlir::StringAttr>(argument, kName).getValue();
    }
    /// Every buffer: the arguments, then those that the body names or
    /// allocates. The position here is the position in einf_call::buffers.
    ::llvm::SmallVector<::mlir::Value> getBuffers();
    /// The ops that do something, in order; lifetimes count these.
    ::llvm::SmallVector<::mlir::Operation *> getSteps();
    /// True if its launches run on a device with memory of its own.
    bool usesDevice() { return (*this)->hasAttr(kDevice); }
    /// The position of symbol `name`, or -1.
    int64_t findSymbol(::llvm::StringRef name);
    /// Where the value of the symbol comes from.
    SymbolOrigin originOf(unsigned symbol);

    static constexpr ::llvm::StringLiteral kName = "run.name";
    static constexpr ::llvm::StringLiteral kRange = "run.range";
    static constexpr ::llvm::StringLiteral kOutput = "run.output";
  }];
}

class Run_BufferOp<string mnemonic, list<Trait> traits>
    : Run_Op<mnemonic, !listconcat(traits, [HasParent<"EntryOp">])> {
  let results = (outs Run_Buffer:$result);
}

def Run_WeightOp : Run_BufferOp<"weight", [Pure]> {
  let summary = "a tensor of the checkpoint, by its name";
  let description = [{
    `order [1, 0]`: its dimension i is dimension `order[i]` of the checkpoint's. `panels [0, 32, 2]`:
    it is stored in panels of 32 along dimension 0, by groups of 2 along the other one.
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<DenseI64ArrayAttr>:$order,
                       OptionalAttr<DenseI64ArrayAttr>:$panels);
  let assemblyFormat = [{$name (`order` $order^)? (`panels` $panels^)? attr-dict
                         `:` qualified(type($result))}];
}

def Run_ConstantOp : Run_BufferOp<"constant", [Pure]> {
  let summary = "a literal tensor";
  let arguments = (ins ElementsAttr:$value);
  let assemblyFormat = "$value attr-dict `:` qualified(type($result))";
}

def Run_StateOp : Run_BufferOp<"state", [Pure]> {
  let summary = "a tensor of the session, by its name";
  let arguments = (ins StrAttr:$name);
  let assemblyFormat = "$name attr-dict `:` qualified(type($result))";
}

def Run_AllocOp : Run_BufferOp<"alloc", [MemoryEffects<[MemAlloc]>]> {
  let summary = "a temporary in the arena";
  let description = [{
    `alive [2, 5]` is the first and the last step of the entry that uses the
    buffer. Buffers that are not alive together may share memory.
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<DenseI64ArrayAttr>:$alive);
  let assemblyFormat = "$name (`alive` $alive^)? attr-dict `:` qualified(type($result))";
}

def Run_AssumeOp : Run_Op<"assume", [HasParent<"EntryOp">]> {
  let summary = "an extent that has to be at least 0";
  let description = [{
    Checked on every call before the first step; the entry returns the number
    (from 1) of the first one that does not hold.
  }];
  let arguments = (ins Ein_ExtentAttr:$extent);
  let assemblyFormat = "$extent attr-dict";
}

def Run_LaunchOp : Run_Op<"launch", [HasParent<"EntryOp">,
                                     DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "run a tile program over its grid on a device";
  let description = [{
    `buffers` and `sizes` are the program's arguments in order, `writes` the
    positions of the buffers that it stores to. `grid` is the number of blocks;
    `work` estimates the scalar operations of one block. `points` counts the
    points of the iteration space, for those who measure.
  }];
  let arguments = (ins FlatSymbolRefAttr:$program, Variadic<Run_Buffer>:$buffers,
                       DenseI64ArrayAttr:$writes, TypedArrayAttrBase<Ein_ExtentAttr, "extents">:$sizes,
                       Ein_ExtentAttr:$grid, Ein_ExtentAttr:$work,
                       OptionalAttr<Ein_ExtentAttr>:$points, StrAttr:$device);
  let assemblyFormat = [{$program `(` $buffers `)` `writes` $writes `sizes` custom<Extents>($sizes)
                         `grid` $grid `work` $work (`points` $points^)? `on` $device attr-dict `:` qualified(type($buffers))}];
}

def Run_CopyOp : Run_Op<"copy", [HasParent<"EntryOp">]> {
  let summary = "copy a buffer";
  let arguments = (ins Run_Buffer:$source, Run_Buffer:$target);
  let assemblyFormat = "$source `to` $target attr-dict `:` qualified(type($source)) `to` qualified(type($target))";
}

#endif
