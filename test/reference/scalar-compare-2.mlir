// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Scalar operations of bodies (compare): each function is one operation on a few
// arguments; the expected values are Python's.

func.func @cmpf_oge() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf oge, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, false, true, false]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_olt() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf olt, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, true, false, false]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_ole() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf ole, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, true, false, false]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_one() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf one, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, true, true, false]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_ord() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf ord, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, true, true, false]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_ueq() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf ueq, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, false, false, true]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_ugt() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf ugt, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, false, true, true]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_uge() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf uge, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, false, true, true]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_ult() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf ult, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, true, false, true]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_ule() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf ule, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, true, false, true]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_une() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf une, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, true, true, true]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_uno() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf uno, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, false, false, true]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_true() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf true, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, true, true, true]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @isfinite() {
  %c0 = ein.constant dense<[1.0, 0x7FF0000000000000, 0x7FF8000000000000, 0.0, 1.0e-310]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[5], f64>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: f64):
    %r = math.isfinite %a : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, false, false, true, true]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @isinf() {
  %c0 = ein.constant dense<[1.0, 0x7FF0000000000000, 0x7FF8000000000000, 0.0, 1.0e-310]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[5], f64>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: f64):
    %r = math.isinf %a : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, true, false, false, false]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @isnan() {
  %c0 = ein.constant dense<[1.0, 0x7FF0000000000000, 0x7FF8000000000000, 0.0, 1.0e-310]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[5], f64>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: f64):
    %r = math.isnan %a : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, false, true, false, false]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @isnormal() {
  %c0 = ein.constant dense<[1.0, 0x7FF0000000000000, 0x7FF8000000000000, 0.0, 1.0e-310]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[5], f64>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: f64):
    %r = math.isnormal %a : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, false, false, false, false]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}
