// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Scalar operations of bodies (integer): each function is one operation on a few
// arguments; the expected values are Python's.

func.func @addi() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.addi %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[9, -5, 5, -9, -56, 127, 2, 9, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @subi() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.subi %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[5, -9, 9, -5, 0, -127, -4, 3, -5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @muli() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.muli %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[14, -14, -14, 14, 16, -128, -3, 18, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @andi() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.andi %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[2, 0, 6, -8, 100, -128, 3, 2, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @ori() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.ori %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[7, -5, -1, -1, 100, -1, -1, 7, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @xori() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.xori %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[5, -5, -7, 7, 0, 127, -4, 5, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @divsi() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.divsi %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[3, -3, -3, 3, 1, -128, 0, 2, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @remsi() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.remsi %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[1, -1, 1, -1, 0, 0, -1, 0, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @floordivsi() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.floordivsi %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[3, -4, -4, 3, 1, -128, -1, 2, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @ceildivsi() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.ceildivsi %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[4, -3, -3, 4, 1, -128, 0, 2, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @divui() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.divui %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[3, 124, 0, 0, 1, 0, 85, 2, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @remui() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.remui %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[1, 1, 7, -7, 0, -128, 0, 0, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @ceildivui() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.ceildivui %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[4, 125, 1, 1, 1, 1, 85, 2, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @maxsi() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.maxsi %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[7, 2, 7, -2, 100, -1, 3, 6, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @minsi() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.minsi %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[2, -7, -2, -7, 100, -128, -1, 3, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @maxui() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.maxui %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[7, -7, -2, -2, 100, -1, -1, 6, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @minui() {
  %c0 = ein.constant dense<[7, -7, 7, -7, 100, -128, -1, 6, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %c1 = ein.constant dense<[2, 2, -2, -2, 100, -1, 3, 3, 5]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[9], i8>, !ein.tensor<[9], i8>) -> !ein.tensor<[9], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.minui %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[2, 2, 7, -7, 100, -128, 3, 3, 0]> : tensor<9xi8> -> !ein.tensor<[9], i8>
  check.expect_eq %y, %e : !ein.tensor<[9], i8>
  return
}

func.func @shli() {
  %c0 = ein.constant dense<[1, -128, -1, 85, -3]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[3, 7, 1, 0, 2]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.shli %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[8, 0, -2, 85, -12]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  check.expect_eq %y, %e : !ein.tensor<[5], i8>
  return
}

func.func @shrsi() {
  %c0 = ein.constant dense<[1, -128, -1, 85, -3]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[3, 7, 1, 0, 2]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.shrsi %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[0, -1, -1, 85, -1]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  check.expect_eq %y, %e : !ein.tensor<[5], i8>
  return
}

func.func @shrui() {
  %c0 = ein.constant dense<[1, -128, -1, 85, -3]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %c1 = ein.constant dense<[3, 7, 1, 0, 2]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], i8>, !ein.tensor<[5], i8>) -> !ein.tensor<[5], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = arith.shrui %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[0, 1, 127, 85, 63]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  check.expect_eq %y, %e : !ein.tensor<[5], i8>
  return
}

func.func @addi_i1() {
  %c0 = ein.constant dense<[false, true]> : tensor<2xi1> -> !ein.tensor<[2], i1>
  %c1 = ein.constant dense<[true, true]> : tensor<2xi1> -> !ein.tensor<[2], i1>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[2], i1>, !ein.tensor<[2], i1>) -> !ein.tensor<[2], i1> {
  ^bb0(%a: i1, %b: i1):
    %r = arith.addi %a, %b : i1
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, false]> : tensor<2xi1> -> !ein.tensor<[2], i1>
  check.expect_eq %y, %e : !ein.tensor<[2], i1>
  return
}

func.func @addui_extended() {
  %c0 = ein.constant dense<[-1, 127, -128, -1]> : tensor<4xi8> -> !ein.tensor<[4], i8>
  %c1 = ein.constant dense<[1, 1, -128, 0]> : tensor<4xi8> -> !ein.tensor<[4], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[4], i8>, !ein.tensor<[4], i8>) -> !ein.tensor<[4], i1> {
  ^bb0(%a: i8, %b: i8):
    %s, %r = arith.addui_extended %a, %b : i8, i1
    ein.yield %r : i1
  }
  %e = ein.constant dense<[true, false, true, false]> : tensor<4xi1> -> !ein.tensor<[4], i1>
  check.expect_eq %y, %e : !ein.tensor<[4], i1>
  return
}

func.func @mulsi_extended() {
  %c0 = ein.constant dense<[-128, -1, 100]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  %c1 = ein.constant dense<[-128, 1, 100]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[3], i8>, !ein.tensor<[3], i8>) -> !ein.tensor<[3], i8> {
  ^bb0(%a: i8, %b: i8):
    %s, %r = arith.mulsi_extended %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[64, -1, 39]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  check.expect_eq %y, %e : !ein.tensor<[3], i8>
  return
}

func.func @mului_extended() {
  %c0 = ein.constant dense<[-1, -128, 3]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  %c1 = ein.constant dense<[-1, 2, 3]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[3], i8>, !ein.tensor<[3], i8>) -> !ein.tensor<[3], i8> {
  ^bb0(%a: i8, %b: i8):
    %s, %r = arith.mului_extended %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[-2, 1, 0]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  check.expect_eq %y, %e : !ein.tensor<[3], i8>
  return
}

func.func @mulsi_extended_i64() {
  %c0 = ein.constant dense<[4611686018427387904, -9223372036854775808]> : tensor<2xi64> -> !ein.tensor<[2], i64>
  %c1 = ein.constant dense<[4, 2]> : tensor<2xi64> -> !ein.tensor<[2], i64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[2], i64>, !ein.tensor<[2], i64>) -> !ein.tensor<[2], i64> {
  ^bb0(%a: i64, %b: i64):
    %s, %r = arith.mulsi_extended %a, %b : i64
    ein.yield %r : i64
  }
  %e = ein.constant dense<[1, -1]> : tensor<2xi64> -> !ein.tensor<[2], i64>
  check.expect_eq %y, %e : !ein.tensor<[2], i64>
  return
}

func.func @absi() {
  %c0 = ein.constant dense<[-128, -5, 5]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], i8>) -> !ein.tensor<[3], i8> {
  ^bb0(%a: i8):
    %r = math.absi %a : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[-128, 5, 5]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  check.expect_eq %y, %e : !ein.tensor<[3], i8>
  return
}

func.func @ctpop() {
  %c0 = ein.constant dense<[-1, 0, 5]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], i8>) -> !ein.tensor<[3], i8> {
  ^bb0(%a: i8):
    %r = math.ctpop %a : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[8, 0, 2]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  check.expect_eq %y, %e : !ein.tensor<[3], i8>
  return
}

func.func @cttz() {
  %c0 = ein.constant dense<[0, -128, 12]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], i8>) -> !ein.tensor<[3], i8> {
  ^bb0(%a: i8):
    %r = math.cttz %a : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[8, 7, 2]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  check.expect_eq %y, %e : !ein.tensor<[3], i8>
  return
}

func.func @ctlz() {
  %c0 = ein.constant dense<[0, -128, 12]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], i8>) -> !ein.tensor<[3], i8> {
  ^bb0(%a: i8):
    %r = math.ctlz %a : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[8, 0, 4]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  check.expect_eq %y, %e : !ein.tensor<[3], i8>
  return
}

func.func @ipowi() {
  %c0 = ein.constant dense<[3, 2, -1, 5, 7, -2]> : tensor<6xi8> -> !ein.tensor<[6], i8>
  %c1 = ein.constant dense<[4, 8, -3, -1, 0, 7]> : tensor<6xi8> -> !ein.tensor<[6], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[6], i8>, !ein.tensor<[6], i8>) -> !ein.tensor<[6], i8> {
  ^bb0(%a: i8, %b: i8):
    %r = math.ipowi %a, %b : i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[81, 0, -1, 0, 1, -128]> : tensor<6xi8> -> !ein.tensor<[6], i8>
  check.expect_eq %y, %e : !ein.tensor<[6], i8>
  return
}
