// RUN: einfall-opt %s --ein-simplify-views | FileCheck %s

// A split and a transpose end in the indices of their reader.
// CHECK-LABEL: func.func @heads
// CHECK-NOT: ein.view
// CHECK: ein.einsum (%{{.*}}[b, s, h * 64 + d], %{{.*}}[b, h, t, d]) -> [b, h, s, t] reduce [d: add]
func.func @heads(%q: !ein.tensor<[b, s, 256], f32>, %k: !ein.tensor<[b, 4, t, 64], f32>) -> !ein.tensor<[b, 4, s, t], f32> {
  %split = ein.view %q[b, s, h * 64 + d] -> [b, h, s, d] : !ein.tensor<[b, s, 256], f32> -> !ein.tensor<[b, 4, s, 64], f32>
  %y = ein.einsum (%split[b, h, s, d], %k[b, h, t, d]) -> [b, h, s, t] reduce [d: add]
      : (!ein.tensor<[b, 4, s, 64], f32>, !ein.tensor<[b, 4, t, 64], f32>) -> !ein.tensor<[b, 4, s, t], f32>
  return %y : !ein.tensor<[b, 4, s, t], f32>
}

// What a view holds past the end is the value of its reader's operand there.
// CHECK-LABEL: func.func @pad
// CHECK-NEXT: ein.einsum (%{{.*}}[i - 1] else 0.000000e+00) -> [] reduce [i in n + 2: mul] :
// CHECK-NEXT: return
func.func @pad(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[], f32> {
  %p = ein.view %x[i - 1] -> [i] : !ein.tensor<[n], f32> -> !ein.tensor<[n + 2], f32>
  %y = ein.einsum (%p[i]) -> [] reduce [i: mul] : (!ein.tensor<[n + 2], f32>) -> !ein.tensor<[], f32>
  return %y : !ein.tensor<[], f32>
}

// The same through a transposed reader, with another fill.
// CHECK-LABEL: func.func @pad_transposed
// CHECK-NEXT: ein.einsum (%{{.*}}[i - 1, j] else -1.000000e+00) -> [j, i]
// CHECK-NEXT: return
func.func @pad_transposed(%x: !ein.tensor<[n, m], f32>) -> !ein.tensor<[m, n + 2], f32> {
  %p = ein.view %x[i - 1, j] fill -1.0 -> [i, j] : !ein.tensor<[n, m], f32> -> !ein.tensor<[n + 2, m], f32>
  %y = ein.view %p[i, j] -> [j, i] : !ein.tensor<[n + 2, m], f32> -> !ein.tensor<[m, n + 2], f32>
  return %y : !ein.tensor<[m, n + 2], f32>
}

// Rows of a contraction would check the padding again and again: it is made once.
// CHECK-LABEL: func.func @pad_contracted
// CHECK: %[[PAD:.*]] = ein.einsum (%{{.*}}[i, k - 1] else 0.000000e+00) -> [i, k]
// CHECK: ein.einsum (%[[PAD]][i, k], %{{.*}}[k, j]) -> [i, j] reduce [k: add]
func.func @pad_contracted(%x: !ein.tensor<[m, 6], f32>, %w: !ein.tensor<[8, n], f32>) -> !ein.tensor<[m, n], f32> {
  %p = ein.view %x[i, k - 1] -> [i, k] : !ein.tensor<[m, 6], f32> -> !ein.tensor<[m, 8], f32>
  %y = ein.einsum (%p[i, k], %w[k, j]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 8], f32>, !ein.tensor<[8, n], f32>) -> !ein.tensor<[m, n], f32>
  return %y : !ein.tensor<[m, n], f32>
}

// Outside of a slice its tensor goes on: the body says where the slice ends.
// CHECK-LABEL: func.func @slice_then_pad
// CHECK-NEXT: ein.einsum (%{{.*}}[i + 1] else 0.000000e+00) -> [i]
// CHECK: %[[FILL:.*]] = arith.constant 7.0
// CHECK: %[[LEFT:.*]] = arith.cmpi slt, %{{.*}}, %{{.*}} : index
// CHECK: %[[ONE:.*]] = arith.select %[[LEFT]], %[[FILL]], %{{.*}} : f32
// CHECK: %[[RIGHT:.*]] = arith.cmpi slt, %{{.*}}, %{{.*}} : index
// CHECK: %[[TWO:.*]] = arith.select %[[RIGHT]], %[[ONE]], %[[FILL]] : f32
// CHECK-NEXT: ein.yield %[[TWO]]
// CHECK-NOT: ein.einsum
func.func @slice_then_pad(%x: !ein.tensor<[8], f32>) -> !ein.tensor<[8], f32> {
  %s = ein.view %x[i + 2] -> [i] : !ein.tensor<[8], f32> -> !ein.tensor<[4], f32>
  %p = ein.view %s[i - 1] fill 7.0 -> [i] : !ein.tensor<[4], f32> -> !ein.tensor<[8], f32>
  return %p : !ein.tensor<[8], f32>
}

// A missing coordinate makes 0, so that a gather with another fill stays.
// CHECK-LABEL: func.func @gathers
// CHECK: ein.einsum (%{{.*}}[n] as at0, %{{.*}}[at0] else 7.000000e+00) -> [n]
// CHECK: ein.einsum (%{{.*}}[n - 1] as at0, %{{.*}}[at0] else 0.000000e+00) -> [n]
// CHECK: ein.gather %{{.*}}[r] fill 7.0
func.func @gathers(%x: !ein.tensor<[v], f32>, %i: !ein.tensor<[n], i64>) -> (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>, !ein.tensor<[n], f32>) {
  %a = ein.gather %x[r] fill 7.0 using (%i[n] as r) -> [n] : !ein.tensor<[v], f32> (!ein.tensor<[n], i64>) -> !ein.tensor<[n], f32>
  %b = ein.gather %x[r] using (%i[n - 1] as r) -> [n] : !ein.tensor<[v], f32> (!ein.tensor<[n], i64>) -> !ein.tensor<[n], f32>
  %c = ein.gather %x[r] fill 7.0 using (%i[n - 1] as r) -> [n] : !ein.tensor<[v], f32> (!ein.tensor<[n], i64>) -> !ein.tensor<[n], f32>
  return %a, %b, %c : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
}

// Maps read the parts of a concatenation, through a view of it too.
// CHECK-LABEL: func.func @concat
// CHECK-NOT: ein.concat
// CHECK: ein.einsum (%{{.*}}[i] else 0.000000e+00, %{{.*}}[i - n] else 0.000000e+00, %{{.*}}[i - n - m] else 0.000000e+00, %{{.*}}[i]) -> [i]
// CHECK-COUNT-2: arith.select
// CHECK-NOT: arith.select
// CHECK: ein.einsum (%{{.*}}[n + m + 2 - i] else 0.000000e+00, %{{.*}}[m + 2 - i] else 0.000000e+00, %{{.*}}[2 - i] else 0.000000e+00) -> [i]
func.func @concat(%a: !ein.tensor<[n], f32>, %b: !ein.tensor<[m], f32>, %c: !ein.tensor<[3], f32>, %x: !ein.tensor<[n + m + 3], f32>)
    -> (!ein.tensor<[n + m + 3], f32>, !ein.tensor<[n + m + 3], f32>) {
  %j = ein.concat %a, %b, %c dim 0 : (!ein.tensor<[n], f32>, !ein.tensor<[m], f32>, !ein.tensor<[3], f32>) -> !ein.tensor<[n + m + 3], f32>
  %y = ein.einsum (%j[i], %x[i]) -> [i] : (!ein.tensor<[n + m + 3], f32>, !ein.tensor<[n + m + 3], f32>) -> !ein.tensor<[n + m + 3], f32>
  %z = ein.view %j[n + m + 3 - 1 - i] -> [i] : !ein.tensor<[n + m + 3], f32> -> !ein.tensor<[n + m + 3], f32>
  return %y, %z : !ein.tensor<[n + m + 3], f32>, !ein.tensor<[n + m + 3], f32>
}

// What reduces it or returns it reads a tensor.
// CHECK-LABEL: func.func @concat_stays
// CHECK-COUNT-3: ein.concat
func.func @concat_stays(%a: !ein.tensor<[n], f32>, %w: !ein.tensor<[m, 2 * n], f32>) -> (!ein.tensor<[m], f32>, !ein.tensor<[2 * n], f32>, !ein.tensor<[2 * n], f32>) {
  %i = ein.concat %a, %a dim 0 : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[2 * n], f32>
  %y = ein.einsum (%i[k], %w[j, k]) -> [j] reduce [k: add] : (!ein.tensor<[2 * n], f32>, !ein.tensor<[m, 2 * n], f32>) -> !ein.tensor<[m], f32>
  %j = ein.concat %a, %a dim 0 {ein.name = "j"} : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[2 * n], f32>
  %e = ein.concat %a, %a dim 0 {ein.name = "e"} : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[2 * n], f32>
  %v, %p = ein.sort %e dim 0 : !ein.tensor<[2 * n], f32> -> !ein.tensor<[2 * n], f32>, !ein.tensor<[2 * n], i64>
  return %y, %j, %v : !ein.tensor<[m], f32>, !ein.tensor<[2 * n], f32>, !ein.tensor<[2 * n], f32>
}

// What the function assumes of extents lets a slice of a cache compose.
// CHECK-LABEL: func.func @cache
// CHECK: ein.einsum (%{{.*}}[t]) -> [] reduce [t in t: add] {partial}
func.func @cache(%x: !ein.tensor<[c], f32>) -> !ein.tensor<[], f32> attributes {ein.params = ["t"], ein.assume = [#ein.extent<c - t>]} {
  %v = ein.view %x[t] -> [t] : !ein.tensor<[c], f32> -> !ein.tensor<[t], f32>
  %y = ein.einsum (%v[t]) -> [] reduce [t: add] : (!ein.tensor<[t], f32>) -> !ein.tensor<[], f32>
  return %y : !ein.tensor<[], f32>
}
