// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

func.func @inclusive() {
  %x = ein.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> -> !ein.tensor<[2, 3], f32>
  %h = ein.constant dense<[100.0, 200.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %c = ein.scan (%x[b, t], %h[b]) over t -> [b, t]
      : (!ein.tensor<[2, 3], f32>, !ein.tensor<[2], f32>) -> !ein.tensor<[2, 3], f32> {
  ^bb0(%xe: f32, %h0: f32, %state: f32):
    %n = arith.addf %xe, %state : f32
    ein.yield %n : f32
  }
  %e = ein.constant dense<[[101.0, 103.0, 106.0], [204.0, 209.0, 215.0]]> : tensor<2x3xf32> -> !ein.tensor<[2, 3], f32>
  check.expect_eq %c, %e : !ein.tensor<[2, 3], f32>
  return
}

func.func @exclusive() {
  %x = ein.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> -> !ein.tensor<[2, 3], f32>
  %h = ein.constant dense<[100.0, 200.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %c = ein.scan (%x[b, t], %h[b]) over t -> [b, t] exclusive
      : (!ein.tensor<[2, 3], f32>, !ein.tensor<[2], f32>) -> !ein.tensor<[2, 3], f32> {
  ^bb0(%xe: f32, %h0: f32, %state: f32):
    %n = arith.addf %xe, %state : f32
    ein.yield %n : f32
  }
  %e = ein.constant dense<[[100.0, 101.0, 103.0], [200.0, 204.0, 209.0]]> : tensor<2x3xf32> -> !ein.tensor<[2, 3], f32>
  check.expect_eq %c, %e : !ein.tensor<[2, 3], f32>
  return
}

func.func @reverse() {
  %x = ein.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> -> !ein.tensor<[2, 3], f32>
  %h = ein.constant dense<[100.0, 200.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %c = ein.scan (%x[b, t], %h[b]) over t -> [b, t] reverse
      : (!ein.tensor<[2, 3], f32>, !ein.tensor<[2], f32>) -> !ein.tensor<[2, 3], f32> {
  ^bb0(%xe: f32, %h0: f32, %state: f32):
    %n = arith.addf %xe, %state : f32
    ein.yield %n : f32
  }
  %e = ein.constant dense<[[106.0, 105.0, 103.0], [215.0, 211.0, 206.0]]> : tensor<2x3xf32> -> !ein.tensor<[2, 3], f32>
  check.expect_eq %c, %e : !ein.tensor<[2, 3], f32>
  return
}

func.func @exclusive_reverse() {
  %x = ein.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> -> !ein.tensor<[2, 3], f32>
  %h = ein.constant dense<[100.0, 200.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %c = ein.scan (%x[b, t], %h[b]) over t -> [b, t] exclusive reverse
      : (!ein.tensor<[2, 3], f32>, !ein.tensor<[2], f32>) -> !ein.tensor<[2, 3], f32> {
  ^bb0(%xe: f32, %h0: f32, %state: f32):
    %n = arith.addf %xe, %state : f32
    ein.yield %n : f32
  }
  %e = ein.constant dense<[[105.0, 103.0, 100.0], [211.0, 206.0, 200.0]]> : tensor<2x3xf32> -> !ein.tensor<[2, 3], f32>
  check.expect_eq %c, %e : !ein.tensor<[2, 3], f32>
  return
}

// The scanned rank stands first; the body reads coordinates and the initial state.
func.func @coordinates() {
  %x = ein.constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi32> -> !ein.tensor<[3, 2], i32>
  %h = ein.constant dense<[10, 20]> : tensor<2xi32> -> !ein.tensor<[2], i32>
  %c = ein.scan (%x[t, b], %h[b]) over t -> [t, b] : (!ein.tensor<[3, 2], i32>, !ein.tensor<[2], i32>) -> !ein.tensor<[3, 2], i32> {
  ^bb0(%xe: i32, %h0: i32, %state: i32):
    %t = ein.index "t"
    %b = ein.index "b"
    %tb = arith.addi %t, %b : index
    %ti = arith.index_cast %tb : index to i32
    %p = arith.muli %xe, %ti : i32
    %q = arith.addi %p, %state : i32
    %n = arith.addi %q, %h0 : i32
    ein.yield %n : i32
  }
  // b=0: 0+10+10, 3+20+10, 10+33+10; b=1: 2+20+20, 8+42+20, 18+70+20
  %e = ein.constant dense<[[20, 42], [33, 70], [53, 108]]> : tensor<3x2xi32> -> !ein.tensor<[3, 2], i32>
  check.expect_eq %c, %e : !ein.tensor<[3, 2], i32>
  return
}

// Steps that do not exist leave the state alone.
func.func @missing_steps() {
  %x = ein.constant dense<[1, 2]> : tensor<2xi32> -> !ein.tensor<[2], i32>
  %h = ein.constant dense<5> : tensor<i32> -> !ein.tensor<[], i32>
  %c = ein.scan (%x[t - 1], %h[]) over t -> [t] : (!ein.tensor<[2], i32>, !ein.tensor<[], i32>) -> !ein.tensor<[4], i32> {
  ^bb0(%xe: i32, %h0: i32, %state: i32):
    %n = arith.addi %xe, %state : i32
    ein.yield %n : i32
  }
  %e = ein.constant dense<[5, 6, 8, 8]> : tensor<4xi32> -> !ein.tensor<[4], i32>
  check.expect_eq %c, %e : !ein.tensor<[4], i32>
  return
}

func.func @empty() {
  %x = ein.constant dense<> : tensor<0xf32> -> !ein.tensor<[0], f32>
  %h = ein.constant dense<5.0> : tensor<f32> -> !ein.tensor<[], f32>
  %c = ein.scan (%x[t], %h[]) over t -> [t] : (!ein.tensor<[0], f32>, !ein.tensor<[], f32>) -> !ein.tensor<[0], f32> {
  ^bb0(%xe: f32, %h0: f32, %state: f32):
    ein.yield %xe : f32
  }
  check.expect_eq %c, %x : !ein.tensor<[0], f32>
  return
}
