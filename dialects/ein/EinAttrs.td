//===- EinAttrs.td - Extents and monoids ------------------------*- tablegen -*-===//
#ifndef EINFALL_EIN_ATTRS
#define EINFALL_EIN_ATTRS

include "dialects/ein/EinDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Ein_ExtentAttr : AttrDef<Ein_Dialect, "Extent"> {
  let mnemonic = "extent";
  let summary = "an integer expression over symbols, the size of a rank";
  let description = [{
    `expr` ranges over affine symbols s0..sN-1, named by `symbols` in ascending
    order of name, each used at least once. Products of symbols are allowed.
    Made canonical by `of`, so equal sizes are the same attribute.
  }];
  let parameters = (ins "::mlir::AffineExpr":$expr,
                        ArrayRefParameter<"::mlir::StringAttr">:$symbols);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// The canonical extent of `expr`, whose symbol k is called names[k].
    static ExtentAttr of(::mlir::AffineExpr expr,
                         ::llvm::ArrayRef<::mlir::StringAttr> names);
    static ExtentAttr literal(::mlir::MLIRContext *context, int64_t value);
    /// The literal value, if the extent has no symbols.
    std::optional<int64_t> getLiteral() const;
    /// The extent of a `divisor`th part, if that is seen to be whole for all values of the symbols.
    std::optional<ExtentAttr> dividedBy(int64_t divisor) const;
    /// The extent as text, as it stands in types.
    std::string str() const;
    /// The extent of the symbol `name` alone.
    static ExtentAttr symbol(::mlir::MLIRContext *context, ::llvm::StringRef name);
    /// Rewrites the expression over `table`, a shared list of symbol names
    /// that grows as needed: symbol k of the result is table[k].
    ::mlir::AffineExpr over(::llvm::SmallVectorImpl<::mlir::StringAttr> &table) const;
  }];
}

def Ein_Monoid : I32EnumAttr<"Monoid", "how a reduced rank combines", [
    I32EnumAttrCase<"add", 0>, I32EnumAttrCase<"mul", 1>,
    I32EnumAttrCase<"max", 2>, I32EnumAttrCase<"min", 3>,
    I32EnumAttrCase<"or_", 4, "or">, I32EnumAttrCase<"and_", 5, "and">,
    I32EnumAttrCase<"argmax", 6>, I32EnumAttrCase<"argmin", 7>,
    I32EnumAttrCase<"logaddexp", 8>]> {
  let cppNamespace = "::einfall::ein";
  let genSpecializedAttr = 0;
}
def Ein_MonoidAttr : EnumAttr<Ein_Dialect, Ein_Monoid, "monoid">;

#endif
