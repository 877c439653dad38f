// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Operands that have a value where they are read outside.

// Where the other operand exists, the point does.
func.func @shifted() {
  %x = ein.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %y = ein.constant dense<[10.0, 20.0, 30.0, 40.0, 50.0]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  %p = ein.einsum (%x[i - 1] else -1.0, %y[i]) -> [i] : (!ein.tensor<[3], f32>, !ein.tensor<[5], f32>) -> !ein.tensor<[5], f32>
  %s = ein.einsum (%x[i - 1] else -1.0, %y[i]) -> [] reduce [i: add] : (!ein.tensor<[3], f32>, !ein.tensor<[5], f32>) -> !ein.tensor<[], f32>
  %b = ein.einsum (%x[3 - i] else 4.0) -> [i] : (!ein.tensor<[3], f32>) -> !ein.tensor<[5], f32>
  %ep = ein.constant dense<[-10.0, 20.0, 60.0, 120.0, -50.0]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  %es = ein.constant dense<140.0> : tensor<f32> -> !ein.tensor<[], f32>
  %eb = ein.constant dense<[4.0, 3.0, 2.0, 1.0, 4.0]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  check.expect_eq %p, %ep : !ein.tensor<[5], f32>
  check.expect_eq %s, %es : !ein.tensor<[], f32>
  check.expect_eq %b, %eb : !ein.tensor<[5], f32>
  return
}

// An operand without one still makes points missing, also beside one that has.
func.func @beside_missing() {
  %x = ein.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %p = ein.einsum (%x[i - 1] else 7.0, %x[i]) -> [i] {partial} : (!ein.tensor<[3], f32>, !ein.tensor<[3], f32>) -> !ein.tensor<[5], f32>
  %m = ein.einsum (%x[i - 1] else 7.0, %x[i]) -> [] reduce [i in 5: mul] {partial} : (!ein.tensor<[3], f32>, !ein.tensor<[3], f32>) -> !ein.tensor<[], f32>
  %ep = ein.constant dense<[7.0, 2.0, 6.0, 0.0, 0.0]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  %em = ein.constant dense<84.0> : tensor<f32> -> !ein.tensor<[], f32>
  check.expect_eq %p, %ep : !ein.tensor<[5], f32>
  check.expect_eq %m, %em : !ein.tensor<[], f32>
  return
}

// Windows and ragged splits: the value takes part in the reduction.
func.func @reduced() {
  %x = ein.constant dense<[-3.0, -1.0, -4.0, -1.5, -9.0, -2.0, -6.0]> : tensor<7xf32> -> !ein.tensor<[7], f32>
  %m = ein.einsum (%x[m1 * 4 + m0] else 0.5) -> [m1] reduce [m0 in 4: max] : (!ein.tensor<[7], f32>) -> !ein.tensor<[2], f32>
  %w = ein.einsum (%x[t + r - 1] else 0.0) -> [t] reduce [r in 3: max] : (!ein.tensor<[7], f32>) -> !ein.tensor<[7], f32>
  %a = ein.einsum (%x[t + r - 1] else 0xFF800000) -> [t] reduce [r in 3: argmax] : (!ein.tensor<[7], f32>) -> !ein.tensor<[7], i64>
  %em = ein.constant dense<[-1.0, 0.5]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %ew = ein.constant dense<[0.0, -1.0, -1.0, -1.5, -1.5, -2.0, 0.0]> : tensor<7xf32> -> !ein.tensor<[7], f32>
  %ea = ein.constant dense<[2, 1, 0, 1, 0, 1, 0]> : tensor<7xi64> -> !ein.tensor<[7], i64>
  check.expect_eq %m, %em : !ein.tensor<[2], f32>
  check.expect_eq %w, %ew : !ein.tensor<[7], f32>
  check.expect_eq %a, %ea : !ein.tensor<[7], i64>
  return
}

// Reductions of two monoids: no inner fiber is without points.
func.func @nested() {
  %x = ein.constant dense<[[-1.0, -2.0], [-3.0, -4.0]]> : tensor<2x2xf32> -> !ein.tensor<[2, 2], f32>
  %m = ein.einsum (%x[a - 1, b] else -1.0) -> [] reduce [a in 4: max, b: add] : (!ein.tensor<[2, 2], f32>) -> !ein.tensor<[], f32>
  %e = ein.constant dense<-2.0> : tensor<f32> -> !ein.tensor<[], f32>
  check.expect_eq %m, %e : !ein.tensor<[], f32>
  return
}

// Indices that divide, and coordinates that were read; a coordinate may have an
// else itself.
func.func @gathered() {
  %x = ein.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32> -> !ein.tensor<[2, 3], i32>
  %i = ein.constant dense<[1, -1, 0, 5]> : tensor<4xi64> -> !ein.tensor<[4], i64>
  %d = ein.einsum (%x[n floordiv 2, n mod 2 + 2] else 9) -> [n] : (!ein.tensor<[2, 3], i32>) -> !ein.tensor<[5], i32>
  %g = ein.einsum (%i[n] as r, %x[r, 1] else 9) -> [n] : (!ein.tensor<[4], i64>, !ein.tensor<[2, 3], i32>) -> !ein.tensor<[4], i32> {
  ^bb0(%a: i64, %b: i32):
    ein.yield %b : i32
  }
  %c = ein.einsum (%i[n - 1] as r else 1, %x[r, 1]) -> [n] : (!ein.tensor<[4], i64>, !ein.tensor<[2, 3], i32>) -> !ein.tensor<[5], i32> {
  ^bb0(%a: i64, %b: i32):
    ein.yield %b : i32
  }
  %ed = ein.constant dense<[3, 9, 6, 9, 9]> : tensor<5xi32> -> !ein.tensor<[5], i32>
  %eg = ein.constant dense<[5, 9, 2, 9]> : tensor<4xi32> -> !ein.tensor<[4], i32>
  %ec = ein.constant dense<[5, 5, 0, 2, 0]> : tensor<5xi32> -> !ein.tensor<[5], i32>
  check.expect_eq %d, %ed : !ein.tensor<[5], i32>
  check.expect_eq %g, %eg : !ein.tensor<[4], i32>
  check.expect_eq %c, %ec : !ein.tensor<[5], i32>
  return
}

// Truth values, negative zeros and NaN are values as good as any.
func.func @odd_values() {
  %x = ein.constant dense<[true, false]> : tensor<2xi1> -> !ein.tensor<[2], i1>
  %y = ein.constant dense<[1.0, 2.0]> : tensor<2xbf16> -> !ein.tensor<[2], bf16>
  %p = ein.einsum (%x[i - 1] else true) -> [i] : (!ein.tensor<[2], i1>) -> !ein.tensor<[4], i1>
  %z = ein.einsum (%y[i - 1] else -0.0) -> [i] : (!ein.tensor<[2], bf16>) -> !ein.tensor<[4], bf16>
  %n = ein.einsum (%y[i - 1] else 0x7FC0) -> [i] : (!ein.tensor<[2], bf16>) -> !ein.tensor<[4], bf16>
  %ep = ein.constant dense<[true, true, false, true]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  %ez = ein.constant dense<[-0.0, 1.0, 2.0, -0.0]> : tensor<4xbf16> -> !ein.tensor<[4], bf16>
  %en = ein.constant dense<[0x7FC0, 1.0, 2.0, 0x7FC0]> : tensor<4xbf16> -> !ein.tensor<[4], bf16>
  check.expect_eq %p, %ep : !ein.tensor<[4], i1>
  check.expect_eq %z, %ez : !ein.tensor<[4], bf16>
  check.expect_eq %n, %en : !ein.tensor<[4], bf16>
  return
}
