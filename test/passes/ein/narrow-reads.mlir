// RUN: einfall-opt %s --ein-simplify-views --ein-narrow-reads | FileCheck %s

// The last row only, through a chain: a product, a map, a residual that is read twice.
// CHECK-LABEL: func.func @last
// CHECK: %[[R:.*]] = ein.einsum (%arg0[s - 1, k], %arg0[s - 1, k]) -> [k]
// CHECK: ein.einsum (%[[R]][k], %arg1[v, k]) -> [v] reduce [k: add]
// CHECK-NOT: [s,
func.func @last(%x: !ein.tensor<[s, 8], f32>, %w: !ein.tensor<[8, 8], f32>) -> !ein.tensor<[8], f32>
    attributes {ein.assume = [#ein.extent<s - 1>]} {
  %r = ein.einsum (%x[s, k], %x[s, k]) -> [s, k] : (!ein.tensor<[s, 8], f32>, !ein.tensor<[s, 8], f32>) -> !ein.tensor<[s, 8], f32>
  %y = ein.einsum (%r[s, k], %w[v, k]) -> [s, v] reduce [k: add]
      : (!ein.tensor<[s, 8], f32>, !ein.tensor<[8, 8], f32>) -> !ein.tensor<[s, 8], f32>
  %z = ein.einsum (%y[s, v], %r[s, v]) -> [s, v] : (!ein.tensor<[s, 8], f32>, !ein.tensor<[s, 8], f32>) -> !ein.tensor<[s, 8], f32>
  %l = ein.view %z[s - 1, v] -> [v] : !ein.tensor<[s, 8], f32> -> !ein.tensor<[8], f32>
  %m = ein.einsum (%l[v]) -> [v] : (!ein.tensor<[8], f32>) -> !ein.tensor<[8], f32> {
  ^bb0(%a: f32):
    %t = math.exp %a : f32
    ein.yield %t : f32
  }
  return %m : !ein.tensor<[8], f32>
}

// A coordinate that the body reads becomes the value of the index.
// CHECK-LABEL: func.func @position
// CHECK: ein.extent s - 1
// CHECK-NOT: ein.index "s"
func.func @position(%x: !ein.tensor<[s, 8], f32>) -> !ein.tensor<[8], f32> attributes {ein.assume = [#ein.extent<s - 1>]} {
  %r = ein.einsum (%x[s, k]) -> [s, k] : (!ein.tensor<[s, 8], f32>) -> !ein.tensor<[s, 8], f32> {
  ^bb0(%a: f32):
    %i = ein.index "s"
    %j = arith.index_cast %i : index to i64
    %f = arith.sitofp %j : i64 to f32
    %t = arith.mulf %a, %f : f32
    ein.yield %t : f32
  }
  %m = ein.einsum (%r[s - 1, v]) -> [v] : (!ein.tensor<[s, 8], f32>) -> !ein.tensor<[8], f32> {
  ^bb0(%a: f32):
    %t = math.exp %a : f32
    ein.yield %t : f32
  }
  return %m : !ein.tensor<[8], f32>
}

// Nothing says that there is a last row: a row that does not exist is not 0.
// CHECK-LABEL: func.func @perhaps_empty
// CHECK: -> [s, v] reduce [k: add]
func.func @perhaps_empty(%x: !ein.tensor<[s, 8], f32>, %w: !ein.tensor<[8, 8], f32>) -> !ein.tensor<[8], f32> {
  %y = ein.einsum (%x[s, k], %w[v, k]) -> [s, v] reduce [k: add]
      : (!ein.tensor<[s, 8], f32>, !ein.tensor<[8, 8], f32>) -> !ein.tensor<[s, 8], f32>
  %m = ein.einsum (%y[s - 1, v]) -> [v] : (!ein.tensor<[s, 8], f32>) -> !ein.tensor<[8], f32> {
  ^bb0(%a: f32):
    %t = math.exp %a : f32
    ein.yield %t : f32
  }
  return %m : !ein.tensor<[8], f32>
}

// Two readers, two coordinates.
// CHECK-LABEL: func.func @first_and_second
// CHECK: -> [s, k]
func.func @first_and_second(%x: !ein.tensor<[4, 8], f32>) -> !ein.tensor<[8], f32> {
  %r = ein.einsum (%x[s, k]) -> [s, k] : (!ein.tensor<[4, 8], f32>) -> !ein.tensor<[4, 8], f32> {
  ^bb0(%a: f32):
    %t = math.exp %a : f32
    ein.yield %t : f32
  }
  %m = ein.einsum (%r[0, v], %r[1, v]) -> [v] : (!ein.tensor<[4, 8], f32>, !ein.tensor<[4, 8], f32>) -> !ein.tensor<[8], f32>
  return %m : !ein.tensor<[8], f32>
}

// A rank of extent 1 goes.
// CHECK-LABEL: func.func @unit
// CHECK: ein.einsum (%arg0[b, s, k]) -> [b, s] reduce [k: add]
// CHECK-NOT: u]
func.func @unit(%x: !ein.tensor<[b, s, 8], f32>) -> !ein.tensor<[b, s, 8], f32> {
  %m = ein.einsum (%x[b, s, k]) -> [b, s] reduce [k: add] : (!ein.tensor<[b, s, 8], f32>) -> !ein.tensor<[b, s], f32>
  %v = ein.view %m[b, s] -> [b, s, u] : !ein.tensor<[b, s], f32> -> !ein.tensor<[b, s, 1], f32>
  %e = ein.einsum (%v[b, s, u]) -> [b, s, u] : (!ein.tensor<[b, s, 1], f32>) -> !ein.tensor<[b, s, 1], f32> {
  ^bb0(%a: f32):
    %t = math.exp %a : f32
    ein.yield %t : f32
  }
  %y = ein.einsum (%x[b, s, k], %e[b, s, 0]) -> [b, s, k] : (!ein.tensor<[b, s, 8], f32>, !ein.tensor<[b, s, 1], f32>) -> !ein.tensor<[b, s, 8], f32>
  return %y : !ein.tensor<[b, s, 8], f32>
}

// A batch of one has one coordinate, whoever reads it by whatever label: readers that go
// by `0` and by the label agree on ranks. What is returned keeps it.
// CHECK-LABEL: func.func @batch_of_one
// CHECK: %[[W:.*]] = ein.einsum (%arg0[0, s, k]) -> [s, k]
// CHECK: %[[T:.*]] = ein.einsum (%[[W]][s, k]) -> [s] reduce [k: add]
// CHECK: ein.einsum (%[[W]][s, k], %[[T]][s]) -> [b, s, k]
func.func @batch_of_one(%x: !ein.tensor<[1, s, 8], f32>) -> !ein.tensor<[1, s, 8], f32> {
  %w = ein.einsum (%x[b, s, k]) -> [b, s, k] : (!ein.tensor<[1, s, 8], f32>) -> !ein.tensor<[1, s, 8], f32> {
  ^bb0(%a: f32):
    %t = math.exp %a : f32
    ein.yield %t : f32
  }
  %t = ein.einsum (%w[b, s, k]) -> [b, s] reduce [k: add] : (!ein.tensor<[1, s, 8], f32>) -> !ein.tensor<[1, s], f32>
  %v = ein.view %t[0, s] -> [b, s, u] : !ein.tensor<[1, s], f32> -> !ein.tensor<[1, s, 1], f32>
  %y = ein.einsum (%w[b, s, k], %v[b, s, 0]) -> [b, s, k] : (!ein.tensor<[1, s, 8], f32>, !ein.tensor<[1, s, 1], f32>) -> !ein.tensor<[1, s, 8], f32> {
  ^bb0(%a: f32, %b: f32):
    %q = arith.divf %a, %b : f32
    ein.yield %q : f32
  }
  return %y : !ein.tensor<[1, s, 8], f32>
}
