// RUN: einfall-opt %s --ein-split-results | FileCheck %s
// RUN: einfall-opt %s --ein-simplify-views --ein-split-ranks --ein-split-results="merged-only=true" | FileCheck %s --check-prefix=MERGED

// A rotary embedding over half a head: what is read outside of the head is not used.
// CHECK-LABEL: func.func @rotary
// CHECK: %[[Q:.*]] = ein.einsum (%arg0[s, e], %arg1[f1 * 4 + f0, e]) -> [s, f1, f0] reduce [e: add]
// CHECK: ein.einsum (%[[Q]][s, h, d], %[[Q]][s, h, d + 2] else 0.000000e+00, %[[Q]][s, h, d - 2] else 0.000000e+00) -> [h, s, d]
func.func @rotary(%x: !ein.tensor<[s, 24], f32>, %w: !ein.tensor<[16, 24], f32>) -> !ein.tensor<[4, s, 4], f32> {
  %q = ein.einsum (%x[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 24], f32>, !ein.tensor<[16, 24], f32>) -> !ein.tensor<[s, 16], f32>
  %r = ein.einsum (%q[s, h * 4 + d], %q[s, h * 4 + d + 2] else 0.0, %q[s, h * 4 + d - 2] else 0.0) -> [h, s, d]
      : (!ein.tensor<[s, 16], f32>, !ein.tensor<[s, 16], f32>, !ein.tensor<[s, 16], f32>) -> !ein.tensor<[4, s, 4], f32> {
  ^bb0(%a: f32, %up: f32, %down: f32):
    %d = ein.index "d"
    %c2 = arith.constant 2 : index
    %low = arith.cmpi slt, %d, %c2 : index
    %minus = arith.negf %up : f32
    %turned = arith.select %low, %minus, %down : f32
    %sum = arith.addf %a, %turned : f32
    ein.yield %sum : f32
  }
  return %r : !ein.tensor<[4, s, 4], f32>
}

// The same, but one value past the head is used.
// CHECK-LABEL: func.func @past_the_head
// CHECK: -> [s, f] reduce [e: add]
func.func @past_the_head(%x: !ein.tensor<[s, 24], f32>, %w: !ein.tensor<[16, 24], f32>) -> !ein.tensor<[4, s, 4], f32> {
  %q = ein.einsum (%x[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 24], f32>, !ein.tensor<[16, 24], f32>) -> !ein.tensor<[s, 16], f32>
  %r = ein.einsum (%q[s, h * 4 + d], %q[s, h * 4 + d + 2] else 0.0) -> [h, s, d]
      : (!ein.tensor<[s, 16], f32>, !ein.tensor<[s, 16], f32>) -> !ein.tensor<[4, s, 4], f32> {
  ^bb0(%a: f32, %up: f32):
    %d = ein.index "d"
    %c2 = arith.constant 2 : index
    %low = arith.cmpi sle, %d, %c2 : index
    %turned = arith.select %low, %up, %a : f32
    %sum = arith.addf %a, %turned : f32
    ein.yield %sum : f32
  }
  return %r : !ein.tensor<[4, s, 4], f32>
}

// Without a fill, elements that lie outside take their point away: [h, d + 2] would take more.
// CHECK-LABEL: func.func @no_fill
// CHECK: -> [s, f] :
func.func @no_fill(%x: !ein.tensor<[s, 16], f32>) -> !ein.tensor<[4, s, 4], f32> {
  %q = ein.einsum (%x[s, f]) -> [s, f] : (!ein.tensor<[s, 16], f32>) -> !ein.tensor<[s, 16], f32> {
  ^bb0(%a: f32):
    %b = math.exp %a : f32
    ein.yield %b : f32
  }
  %r = ein.einsum (%q[s, h * 4 + d + 2]) -> [h, s, d] : (!ein.tensor<[s, 16], f32>) -> !ein.tensor<[4, s, 4], f32>
  return %r : !ein.tensor<[4, s, 4], f32>
}

// Readers first: the map is read by heads, so what it reads is computed by heads, and only those that are read.
// CHECK-LABEL: func.func @chain
// CHECK: %[[A:.*]] = ein.einsum (%arg0[s, e], %arg1[f1 * 4 + f0 + 4, e]) -> [s, f1, f0] reduce [e: add]
// CHECK-SAME: !ein.tensor<[s, 3, 4], f32>
// CHECK: %[[B:.*]] = ein.einsum (%[[A]][s, f1, f0]) -> [s, f1, f0]
// CHECK: ein.einsum (%[[B]][s, h, d], %[[B]][s, h + 1, d]) -> [h, s, d]
func.func @chain(%x: !ein.tensor<[s, 24], f32>, %w: !ein.tensor<[16, 24], f32>) -> !ein.tensor<[2, s, 4], f32> {
  %q = ein.einsum (%x[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 24], f32>, !ein.tensor<[16, 24], f32>) -> !ein.tensor<[s, 16], f32>
  %m = ein.einsum (%q[s, f]) -> [s, f] : (!ein.tensor<[s, 16], f32>) -> !ein.tensor<[s, 16], f32> {
  ^bb0(%a: f32):
    %b = math.exp %a : f32
    ein.yield %b : f32
  }
  %r = ein.einsum (%m[s, h * 4 + d + 4], %m[s, h * 4 + d + 8]) -> [h, s, d]
      : (!ein.tensor<[s, 16], f32>, !ein.tensor<[s, 16], f32>) -> !ein.tensor<[2, s, 4], f32>
  return %r : !ein.tensor<[2, s, 4], f32>
}

// q and v of one product are products of their own.
// CHECK-LABEL: func.func @slices
// CHECK: %[[Q:.*]] = ein.einsum (%arg0[s, e], %arg1[f1 * 4 + f0, e]) -> [s, f1, f0] reduce [e: add]
// CHECK: %[[V:.*]] = ein.einsum (%arg0[s, e], %arg1[f + 8, e]) -> [s, f] reduce [e: add]
// CHECK: ein.einsum (%[[Q]][s, h, d], %[[V]][s, d]) -> [h, s, d]
func.func @slices(%x: !ein.tensor<[s, 24], f32>, %w: !ein.tensor<[16, 24], f32>) -> !ein.tensor<[2, s, 4], f32> {
  %q = ein.einsum (%x[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 24], f32>, !ein.tensor<[16, 24], f32>) -> !ein.tensor<[s, 16], f32>
  %r = ein.einsum (%q[s, h * 4 + d], %q[s, d + 8]) -> [h, s, d]
      : (!ein.tensor<[s, 16], f32>, !ein.tensor<[s, 16], f32>) -> !ein.tensor<[2, s, 4], f32>
  return %r : !ein.tensor<[2, s, 4], f32>
}

// Parts that are computed are joined by a map.
// CHECK-LABEL: func.func @concatenation
// CHECK-NOT: ein.concat
// CHECK: ein.einsum (%{{.*}}[i0, i1] else 0.000000e+00, %{{.*}}[i0, i1 - 4] else 0.000000e+00)
// CHECK: arith.select
func.func @concatenation(%x: !ein.tensor<[s, 4], f32>) -> !ein.tensor<[s, 8], f32> {
  %a = ein.einsum (%x[s, i]) -> [s, i] : (!ein.tensor<[s, 4], f32>) -> !ein.tensor<[s, 4], f32> {
  ^bb0(%p: f32):
    %q = math.exp %p : f32
    ein.yield %q : f32
  }
  %b = ein.einsum (%x[s, i]) -> [s, i] : (!ein.tensor<[s, 4], f32>) -> !ein.tensor<[s, 4], f32> {
  ^bb0(%p: f32):
    %q = math.tanh %p : f32
    ein.yield %q : f32
  }
  %c = ein.concat %a, %b dim 1 : (!ein.tensor<[s, 4], f32>, !ein.tensor<[s, 4], f32>) -> !ein.tensor<[s, 8], f32>
  return %c : !ein.tensor<[s, 8], f32>
}

// Of q, k and v side by side in each head, q and v are read: split first, sliced then.
// CHECK-LABEL: func.func @parts_of_heads
// CHECK: %[[Q:.*]] = ein.einsum (%arg0[s, e], %arg1[f1 * 12 + f0, e]) -> [s, f1, f0] reduce [e: add] {{.*}} -> !ein.tensor<[s, 2, 4], f32>
// CHECK: %[[V:.*]] = ein.einsum (%arg0[s, e], %arg1[f1 * 12 + f0 + 8, e]) -> [s, f1, f0] reduce [e: add] {{.*}} -> !ein.tensor<[s, 2, 4], f32>
// CHECK: ein.einsum (%[[Q]][s, h, d], %[[V]][s, h, d]) -> [h, s, d]
func.func @parts_of_heads(%x: !ein.tensor<[s, 24], f32>, %w: !ein.tensor<[24, 24], f32>) -> !ein.tensor<[2, s, 4], f32> {
  %q = ein.einsum (%x[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 24], f32>, !ein.tensor<[24, 24], f32>) -> !ein.tensor<[s, 24], f32>
  %r = ein.einsum (%q[s, h * 12 + d], %q[s, h * 12 + d + 8]) -> [h, s, d]
      : (!ein.tensor<[s, 24], f32>, !ein.tensor<[s, 24], f32>) -> !ein.tensor<[2, s, 4], f32>
  return %r : !ein.tensor<[2, s, 4], f32>
}

// Batch and heads that a reshape made one rank, for a product of batches, are two again, as what
// reads the products wants them.
// MERGED-LABEL: func.func @merged
// MERGED: %[[C:.*]] = ein.einsum (%arg0[d1, d0, s, t], %arg1[d1, d0, t, e]) -> [d1, d0, s, e] reduce [t: add]
// MERGED-SAME: -> !ein.tensor<[b, 6, s, 8], f32>
// MERGED: ein.einsum (%[[C]][h, d1, s, d0], %arg2[f, d1 * 8 + d0]) -> [h, s, f] reduce [d1: add, d0: add]
func.func @merged(%p: !ein.tensor<[b, 6, s, t], f32>, %v: !ein.tensor<[b, 6, t, 8], f32>, %w: !ein.tensor<[48, 48], f32>) -> !ein.tensor<[b, s, 48], f32> {
  %p2 = ein.view %p[d floordiv 6, d mod 6, s, t] -> [d, s, t] : !ein.tensor<[b, 6, s, t], f32> -> !ein.tensor<[6 * b, s, t], f32>
  %v2 = ein.view %v[d floordiv 6, d mod 6, t, e] -> [d, t, e] : !ein.tensor<[b, 6, t, 8], f32> -> !ein.tensor<[6 * b, t, 8], f32>
  %c = ein.einsum (%p2[d, s, t], %v2[d, t, e]) -> [d, s, e] reduce [t: add]
      : (!ein.tensor<[6 * b, s, t], f32>, !ein.tensor<[6 * b, t, 8], f32>) -> !ein.tensor<[6 * b, s, 8], f32>
  %r = ein.view %c[6 * h + (f floordiv 8), s, f mod 8] -> [h, s, f] : !ein.tensor<[6 * b, s, 8], f32> -> !ein.tensor<[b, s, 48], f32>
  %y = ein.einsum (%r[h, s, d], %w[f, d]) -> [h, s, f] reduce [d: add]
      : (!ein.tensor<[b, s, 48], f32>, !ein.tensor<[48, 48], f32>) -> !ein.tensor<[b, s, 48], f32>
  return %y : !ein.tensor<[b, s, 48], f32>
}

// A reader that takes other parts leaves them one.
// MERGED-LABEL: func.func @other_parts
// MERGED: -> [d, s] : {{.*}} -> !ein.tensor<[b * 6, s], f32>
func.func @other_parts(%p: !ein.tensor<[6 * b, s], f32>) -> !ein.tensor<[2 * b, 3, s], f32> {
  %e = ein.einsum (%p[d, s]) -> [d, s] : (!ein.tensor<[6 * b, s], f32>) -> !ein.tensor<[6 * b, s], f32> {
  ^bb0(%a: f32):
    %x = math.exp %a : f32
    ein.yield %x : f32
  }
  %y = ein.einsum (%e[2 * h + 3 * d, s]) -> [h, d, s] : (!ein.tensor<[6 * b, s], f32>) -> !ein.tensor<[2 * b, 3, s], f32>
  return %y : !ein.tensor<[2 * b, 3, s], f32>
}

// Parts of two ranks.
// CHECK-LABEL: func.func @two_ranks
// CHECK-COUNT-2: -> !ein.tensor<[3, 3], f32>
func.func @two_ranks(%x: !ein.tensor<[8, 8], f32>) -> !ein.tensor<[3, 3], f32> {
  %e = ein.einsum (%x[i, j]) -> [i, j] : (!ein.tensor<[8, 8], f32>) -> !ein.tensor<[8, 8], f32> {
  ^bb0(%a: f32):
    %b = math.exp %a : f32
    ein.yield %b : f32
  }
  %y = ein.einsum (%e[i + 1, j + 1], %e[i + 4, j + 4]) -> [i, j]
      : (!ein.tensor<[8, 8], f32>, !ein.tensor<[8, 8], f32>) -> !ein.tensor<[3, 3], f32>
  return %y : !ein.tensor<[3, 3], f32>
}

// Batch, groups and heads in one rank, whose extent is a product of sizes.
// MERGED-LABEL: func.func @product
// MERGED: -> [d1, d0, s] : {{.*}} -> !ein.tensor<[b * g, 4, s], f32>
func.func @product(%p: !ein.tensor<[4 * b * g, s], f32>) -> !ein.tensor<[b * g, 4, s], f32> {
  %e = ein.einsum (%p[d, s]) -> [d, s] : (!ein.tensor<[4 * b * g, s], f32>) -> !ein.tensor<[4 * b * g, s], f32> {
  ^bb0(%a: f32):
    %x = math.exp %a : f32
    ein.yield %x : f32
  }
  %y = ein.einsum (%e[4 * h + d, s]) -> [h, d, s] : (!ein.tensor<[4 * b * g, s], f32>) -> !ein.tensor<[b * g, 4, s], f32>
  return %y : !ein.tensor<[b * g, 4, s], f32>
}
