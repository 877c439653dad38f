// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Scalar operations of bodies (compare): each function is one operation on a few
// arguments; the expected values are Python's.

func.func @cmpi_eq() {
  %c0 = ein.constant dense<[1, 1, 2, -1, 1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[1, 2, 1, 1, -1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.cmpi eq, %a, %b : i8
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, false, false, false, false]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @cmpi_ne() {
  %c0 = ein.constant dense<[1, 1, 2, -1, 1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[1, 2, 1, 1, -1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.cmpi ne, %a, %b : i8
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, true, true, true, true]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @cmpi_slt() {
  %c0 = ein.constant dense<[1, 1, 2, -1, 1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[1, 2, 1, 1, -1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.cmpi slt, %a, %b : i8
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, true, false, true, false]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @cmpi_sle() {
  %c0 = ein.constant dense<[1, 1, 2, -1, 1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[1, 2, 1, 1, -1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.cmpi sle, %a, %b : i8
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, true, false, true, false]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @cmpi_sgt() {
  %c0 = ein.constant dense<[1, 1, 2, -1, 1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[1, 2, 1, 1, -1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.cmpi sgt, %a, %b : i8
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, false, true, false, true]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @cmpi_sge() {
  %c0 = ein.constant dense<[1, 1, 2, -1, 1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[1, 2, 1, 1, -1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.cmpi sge, %a, %b : i8
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, false, true, false, true]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @cmpi_ult() {
  %c0 = ein.constant dense<[1, 1, 2, -1, 1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[1, 2, 1, 1, -1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.cmpi ult, %a, %b : i8
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, true, false, false, true]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @cmpi_ule() {
  %c0 = ein.constant dense<[1, 1, 2, -1, 1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[1, 2, 1, 1, -1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.cmpi ule, %a, %b : i8
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, true, false, false, true]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @cmpi_ugt() {
  %c0 = ein.constant dense<[1, 1, 2, -1, 1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[1, 2, 1, 1, -1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.cmpi ugt, %a, %b : i8
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, false, true, true, false]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @cmpi_uge() {
  %c0 = ein.constant dense<[1, 1, 2, -1, 1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[1, 2, 1, 1, -1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i1> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.cmpi uge, %a, %b : i8
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, false, true, true, false]> : tensor<5xi1> -> !ein.tensor<[5], i1>
  check.expect_eq %y, %e : !ein.tensor<[5], i1>
  return
}

func.func @cmpi_slt_i1() {
  %c0 = ein.constant dense<[false, true, true]> : tensor<3xi1> -> !ein.tensor<[3], i1>
  %c1 = ein.constant dense<[true, false, true]> : tensor<3xi1> -> !ein.tensor<[3], i1>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[3], i1>, !ein.tensor<[3], i1>) -> !ein.tensor<[3], i1> {
  ^bb0(%a: i1, %b: i1):
    %r = arith.cmpi slt, %a, %b : i1
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, true, false]> : tensor<3xi1> -> !ein.tensor<[3], i1>
  check.expect_eq %y, %e : !ein.tensor<[3], i1>
  return
}

func.func @select() {
  %c0 = ein.constant dense<[true, false]> : tensor<2xi1> -> !ein.tensor<[2], i1>
  %c1 = ein.constant dense<[2, 2]> : tensor<2xi8> -> !ein.tensor<[2], i8>
  %c2 = ein.constant dense<[3, 3]> : tensor<2xi8> -> !ein.tensor<[2], i8>
  %y = ein.einsum (%c0[i], %c1[i], %c2[i]) -> [i] : (!ein.tensor<[2], i1>, !ein.tensor<[2], i8>, !ein.tensor<[2], i8>) -> !ein.tensor<[2], i8> {
  ^bb0(%a: i1, %b: i8, %c: i8):
    %r = arith.select %a, %b, %c : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[2, 3]> : tensor<2xi8> -> !ein.tensor<[2], i8>
  check.expect_eq %y, %e : !ein.tensor<[2], i8>
  return
}

func.func @selectf() {
  %c0 = ein.constant dense<[true, false]> : tensor<2xi1> -> !ein.tensor<[2], i1>
  %c1 = ein.constant dense<[2.0, 2.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  %c2 = ein.constant dense<[3.0, 0x7FF8000000000000]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  %y = ein.einsum (%c0[i], %c1[i], %c2[i]) -> [i] : (!ein.tensor<[2], i1>, !ein.tensor<[2], f64>, !ein.tensor<[2], f64>) -> !ein.tensor<[2], f64> {
  ^bb0(%a: i1, %b: f64, %c: f64):
    %r = arith.select %a, %b, %c : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[2.0, 0x7FF8000000000000]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  check.expect_eq %y, %e : !ein.tensor<[2], f64>
  return
}

func.func @cmpf_false() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf false, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, false, false, false]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_oeq() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf oeq, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, false, false, false]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @cmpf_ogt() {
  %c0 = ein.constant dense<[1.0, 1.0, 2.0, 0x7FF8000000000000]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %c1 = ein.constant dense<[1.0, 2.0, 1.0, 1.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], f64>, !ein.tensor<[4], f64>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: f64, %b: f64):
    %r = arith.cmpf ogt, %a, %b : f64
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, false, true, false]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}
