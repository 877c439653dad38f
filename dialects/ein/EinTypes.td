//===- EinTypes.td - Tensors with symbolic extents --------------*- tablegen -*-===//
#ifndef EINFALL_EIN_TYPES
#define EINFALL_EIN_TYPES

include "dialects/ein/EinAttrs.td"

def Ein_TensorType : TypeDef<Ein_Dialect, "Tensor"> {
  let mnemonic = "tensor";
  let summary = "a dense tensor whose extents are expressions over symbols";
  let parameters = (ins ArrayRefParameter<"::einfall::ein::ExtentAttr">:$shape,
                        "::mlir::Type":$elementType);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [
    TypeBuilderWithInferredContext<(ins "::llvm::ArrayRef<::einfall::ein::ExtentAttr>":$shape,
                                        "::mlir::Type":$elementType), [{
      return $_get(elementType.getContext(), shape, elementType);
    }]>
  ];
  let extraClassDeclaration = [{
    int64_t getRank() const { return getShape().size(); }
    ExtentAttr getExtent(int64_t dim) const { return getShape()[dim]; }
    /// The type with another element type.
    TensorType withElement(::mlir::Type element) const;
    /// Number of elements, as an extent.
    ExtentAttr getNumElements() const;
  }];
}

#endif
