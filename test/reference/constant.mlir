// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Splats, NaN, narrow floats, resources.
func.func @constants() {
  %s = ein.constant dense<1.5> : tensor<3xbf16> -> !ein.tensor<[3], bf16>
  %a = ein.constant dense<[1.5, 1.5, 1.5]> : tensor<3xbf16> -> !ein.tensor<[3], bf16>
  %r = ein.constant dense_resource<three> : tensor<3xbf16> -> !ein.tensor<[3], bf16>
  %f = ein.constant dense<[0.5, -448.0]> : tensor<2xf8E4M3FN> -> !ein.tensor<[2], f8E4M3FN>
  %g = ein.constant dense<[0x30, 0xFE]> : tensor<2xf8E4M3FN> -> !ein.tensor<[2], f8E4M3FN>
  %b = ein.constant dense<[true, false, true]> : tensor<3xi1> -> !ein.tensor<[3], i1>
  %c = ein.constant dense_resource<truth> : tensor<3xi1> -> !ein.tensor<[3], i1>
  check.expect_eq %s, %a : !ein.tensor<[3], bf16>
  check.expect_eq %r, %a : !ein.tensor<[3], bf16>
  check.expect_eq %f, %g : !ein.tensor<[2], f8E4M3FN>
  check.expect_eq %b, %c : !ein.tensor<[3], i1>
  return
}

{-#
  dialect_resources: {
    builtin: {
      three: "0x02000000C03FC03FC03F",
      truth: "0x01000000010001"
    }
  }
#-}
