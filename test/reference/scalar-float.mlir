// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Scalar operations of bodies (float): each function is one operation on a few
// arguments; the expected values are Python's.

func.func @addf() {
  %c0 = ein.constant dense<[0.1, 1.0e+308, -0.0, 0x7FF0000000000000, 3.0]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %c1 = ein.constant dense<[0.2, 1.0e+308, 0.0, 0xFFF0000000000000, 0x7FF8000000000000]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], f64>, !ein.tensor<[5], f64>) -> !ein.tensor<[5], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.addf %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.30000000000000004, 0x7FF0000000000000, 0.0, 0x7FF8000000000000, 0x7FF8000000000000]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  check.expect_eq %y, %e : !ein.tensor<[5], f64>
  return
}

func.func @subf() {
  %c0 = ein.constant dense<[0.1, 1.0e+308, -0.0, 0x7FF0000000000000, 3.0]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %c1 = ein.constant dense<[0.2, 1.0e+308, 0.0, 0xFFF0000000000000, 0x7FF8000000000000]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], f64>, !ein.tensor<[5], f64>) -> !ein.tensor<[5], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.subf %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[-0.1, 0.0, -0.0, 0x7FF0000000000000, 0x7FF8000000000000]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  check.expect_eq %y, %e : !ein.tensor<[5], f64>
  return
}

func.func @mulf() {
  %c0 = ein.constant dense<[0.1, 1.0e+308, -0.0, 0x7FF0000000000000, 3.0]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %c1 = ein.constant dense<[0.2, 1.0e+308, 0.0, 0xFFF0000000000000, 0x7FF8000000000000]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], f64>, !ein.tensor<[5], f64>) -> !ein.tensor<[5], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.mulf %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.020000000000000004, 0x7FF0000000000000, -0.0, 0xFFF0000000000000, 0x7FF8000000000000]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  check.expect_eq %y, %e : !ein.tensor<[5], f64>
  return
}

func.func @divf() {
  %c0 = ein.constant dense<[1.0, 1.0, -1.0, 0.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[3.0, 0.0, 0.0, 0.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.divf %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.3333333333333333, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  check.expect_eq %y, %e : !ein.tensor<[4], f64>
  return
}

func.func @remf() {
  %c0 = ein.constant dense<[5.5, -5.5, 1.0]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %c1 = ein.constant dense<[2.0, 2.0, 0.0]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[3], f64>, !ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.remf %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.5, -1.5, 0x7FF8000000000000]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_eq %y, %e : !ein.tensor<[3], f64>
  return
}

func.func @negf() {
  %c0 = ein.constant dense<[0.0, 2.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], f64>) -> !ein.tensor<[2], f64> {
  ^bb0(%a: f64):
    %r = arith.negf %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[-0.0, -2.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  check.expect_eq %y, %e : !ein.tensor<[2], f64>
  return
}

func.func @maximumf() {
  %c0 = ein.constant dense<[1.0, -0.0, 0.0, 0x7FF8000000000000, 1.0, 0x7FF0000000000000]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  %c1 = ein.constant dense<[2.0, 0.0, -0.0, 1.0, 0x7FF8000000000000, 1.0]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[6], f64>, !ein.tensor<[6], f64>) -> !ein.tensor<[6], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.maximumf %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[2.0, 0.0, 0.0, 0x7FF8000000000000, 0x7FF8000000000000, 0x7FF0000000000000]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  check.expect_eq %y, %e : !ein.tensor<[6], f64>
  return
}

func.func @minimumf() {
  %c0 = ein.constant dense<[1.0, -0.0, 0.0, 0x7FF8000000000000, 1.0, 0x7FF0000000000000]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  %c1 = ein.constant dense<[2.0, 0.0, -0.0, 1.0, 0x7FF8000000000000, 1.0]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[6], f64>, !ein.tensor<[6], f64>) -> !ein.tensor<[6], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.minimumf %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.0, -0.0, -0.0, 0x7FF8000000000000, 0x7FF8000000000000, 1.0]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  check.expect_eq %y, %e : !ein.tensor<[6], f64>
  return
}

func.func @maxnumf() {
  %c0 = ein.constant dense<[1.0, -0.0, 0.0, 0x7FF8000000000000, 1.0, 0x7FF0000000000000]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  %c1 = ein.constant dense<[2.0, 0.0, -0.0, 1.0, 0x7FF8000000000000, 1.0]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[6], f64>, !ein.tensor<[6], f64>) -> !ein.tensor<[6], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.maxnumf %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[2.0, 0.0, 0.0, 1.0, 1.0, 0x7FF0000000000000]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  check.expect_eq %y, %e : !ein.tensor<[6], f64>
  return
}

func.func @minnumf() {
  %c0 = ein.constant dense<[1.0, -0.0, 0.0, 0x7FF8000000000000, 1.0, 0x7FF0000000000000]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  %c1 = ein.constant dense<[2.0, 0.0, -0.0, 1.0, 0x7FF8000000000000, 1.0]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[6], f64>, !ein.tensor<[6], f64>) -> !ein.tensor<[6], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.minnumf %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.0, -0.0, -0.0, 1.0, 1.0, 1.0]> : tensor<6xf64> -> !ein.tensor<[6], f64>
  check.expect_eq %y, %e : !ein.tensor<[6], f64>
  return
}
