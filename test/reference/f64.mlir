// RUN: einfall-opt %s --ein-interpret=mode=f64

// f64 mode: nothing is rounded, casts between floats do nothing, integers wrap.

func.func @no_rounding() {
  %x = ein.constant dense<[16777216.0, 1.0, 1.0, -16777216.0]> : tensor<4xf32> -> !ein.tensor<[4], f32>
  %a = ein.einsum (%x[i]) -> [] reduce [i: add] : (!ein.tensor<[4], f32>) -> !ein.tensor<[], f32>
  %ea = ein.constant dense<2.0> : tensor<f32> -> !ein.tensor<[], f32>
  check.expect_eq %a, %ea : !ein.tensor<[], f32>
  %b = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[4], f32>) -> !ein.tensor<[4], bf16> {
  ^bb0(%p: f32):
    %one = arith.constant 1.0 : f32
    %q = arith.addf %p, %one : f32
    %t = arith.truncf %q : f32 to bf16
    ein.yield %t : bf16
  }
  %c = ein.einsum (%b[i]) -> [] reduce [i: add] : (!ein.tensor<[4], bf16>) -> !ein.tensor<[], bf16>
  %ec = ein.constant dense<6.0> : tensor<bf16> -> !ein.tensor<[], bf16>
  check.expect_eq %c, %ec : !ein.tensor<[], bf16>
  return
}

func.func @integers_wrap() {
  %x = ein.constant dense<127> : tensor<i8> -> !ein.tensor<[], i8>
  %y = ein.einsum (%x[]) -> [] : (!ein.tensor<[], i8>) -> !ein.tensor<[], i8> {
  ^bb0(%a: i8):
    %one = arith.constant 1 : i8
    %b = arith.addi %a, %one : i8
    ein.yield %b : i8
  }
  %e = ein.constant dense<-128> : tensor<i8> -> !ein.tensor<[], i8>
  check.expect_eq %y, %e : !ein.tensor<[], i8>
  return
}
