// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Points that do not exist: ragged splits, padding, windows.

// A ragged split gives what the whole gives, maxima of negative numbers too.
func.func @ragged_split() {
  %x = ein.constant dense<[-3.0, -1.0, -4.0, -1.5, -9.0, -2.0, -6.0]> : tensor<7xf32> -> !ein.tensor<[7], f32>
  %m = ein.einsum (%x[m1 * 4 + m0]) -> [m1] reduce [m0 in 4: max] : (!ein.tensor<[7], f32>) -> !ein.tensor<[2], f32>
  %s = ein.einsum (%x[m1 * 4 + m0]) -> [] reduce [m1 in 2: add, m0 in 4: add] : (!ein.tensor<[7], f32>) -> !ein.tensor<[], f32>
  %em = ein.constant dense<[-1.0, -2.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %es = ein.constant dense<-26.5> : tensor<f32> -> !ein.tensor<[], f32>
  check.expect_eq %m, %em : !ein.tensor<[2], f32>
  check.expect_eq %s, %es : !ein.tensor<[], f32>
  return
}

// A block of which no point exists holds the identity.
func.func @wholly_missing() {
  %x = ein.constant dense<[1.0, 2.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %m = ein.einsum (%x[4 * i + r]) -> [i] reduce [r in 4: max] : (!ein.tensor<[2], f32>) -> !ein.tensor<[2], f32>
  %p = ein.einsum (%x[4 * i + r]) -> [i] reduce [r in 4: mul] : (!ein.tensor<[2], f32>) -> !ein.tensor<[2], f32>
  %n = ein.einsum (%x[i - 4]) -> [i] : (!ein.tensor<[2], f32>) -> !ein.tensor<[3], f32>
  %em = ein.constant dense<[2.0, 0xFF800000]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %ep = ein.constant dense<[2.0, 1.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %en = ein.constant dense<0.0> : tensor<3xf32> -> !ein.tensor<[3], f32>
  check.expect_eq %m, %em : !ein.tensor<[2], f32>
  check.expect_eq %p, %ep : !ein.tensor<[2], f32>
  check.expect_eq %n, %en : !ein.tensor<[3], f32>
  return
}

// An inner fiber without points contributes nothing to the outer reduction:
// not the 0 of its empty sum.
func.func @missing_inner_fiber() {
  %x = ein.constant dense<[-1.0, -2.0, -3.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %y = ein.einsum (%x[2 * a + b]) -> [] reduce [a in 4: max, b in 2: add] : (!ein.tensor<[3], f32>) -> !ein.tensor<[], f32>
  %e = ein.constant dense<-3.0> : tensor<f32> -> !ein.tensor<[], f32>
  check.expect_eq %y, %e : !ein.tensor<[], f32>
  return
}

// All operands have to exist at a point.
func.func @both_operands() {
  %x = ein.constant dense<[1, 2, 3]> : tensor<3xi32> -> !ein.tensor<[3], i32>
  %y = ein.einsum (%x[i + r - 1], %x[i - r]) -> [i] reduce [r in 3: add]
      : (!ein.tensor<[3], i32>, !ein.tensor<[3], i32>) -> !ein.tensor<[3], i32>
  // i=0: r=0 x[-1] no; r=1 x[-1] no. i=1: r=0 x0*x1, r=1 x1*x0. i=2: r=0 x1*x2, r=1 x2*x1; r=2 x[3] no.
  %e = ein.constant dense<[0, 4, 12]> : tensor<3xi32> -> !ein.tensor<[3], i32>
  check.expect_eq %y, %e : !ein.tensor<[3], i32>
  return
}

// Descending indices bound the row from the other side.
func.func @reversed() {
  %x = ein.constant dense<[1, 2, 3, 4]> : tensor<4xi32> -> !ein.tensor<[4], i32>
  %y = ein.einsum (%x[4 - 2 * i]) -> [i] : (!ein.tensor<[4], i32>) -> !ein.tensor<[4], i32>
  %e = ein.constant dense<[0, 3, 1, 0]> : tensor<4xi32> -> !ein.tensor<[4], i32>
  check.expect_eq %y, %e : !ein.tensor<[4], i32>
  return
}
