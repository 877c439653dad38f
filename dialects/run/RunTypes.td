//===- RunTypes.td - Buffers ------------------------------------*- tablegen -*-===//
#ifndef EINFALL_RUN_TYPES
#define EINFALL_RUN_TYPES

include "dialects/run/RunDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Run_BufferType : TypeDef<Run_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "memory that holds a tensor, dense and row-major";
  let description = [{ `!run.buffer<[b, s], f32>` holds an `!ein.tensor<[b, s], f32>`. }];
  let parameters = (ins "::einfall::ein::TensorType":$tensor);
  let hasCustomAssemblyFormat = 1;
  let builders = [
    TypeBuilderWithInferredContext<(ins "::einfall::ein::TensorType":$tensor), [{
      return $_get(tensor.getContext(), tensor);
    }]>
  ];
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::einfall::ein::ExtentAttr> getShape() const { return getTensor().getShape(); }
    ::mlir::Type getElementType() const { return getTensor().getElementType(); }
    /// Bytes of one element: integers take a power of two of at least one.
    int64_t getElementBytes() const;
    ::einfall::ein::ExtentAttr getByteSize() const;
  }];
}

#endif
