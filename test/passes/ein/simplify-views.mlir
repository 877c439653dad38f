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

// Reading past the end makes 0 in the view, but would make the point vanish in
// its reader: the view has to stay a value.
// CHECK-LABEL: func.func @pad
// CHECK: %[[PAD:.*]] = ein.einsum (%{{.*}}[i - 1]) -> [i]
// CHECK: ein.einsum (%[[PAD]][i]) -> [] reduce [i: mul]
func.func @pad(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[], f32> {
  %p = ein.view %x[i - 1] -> [i] : !ein.tensor<[n], f32> -> !ein.tensor<[n + 2], f32>
  %y = ein.einsum (%p[i]) -> [] reduce [i: mul] : (!ein.tensor<[n + 2], f32>) -> !ein.tensor<[], f32>
  return %y : !ein.tensor<[], f32>
}

// What the function assumes of extents lets a slice of a cache compose.
// CHECK-LABEL: func.func @cache
// CHECK: ein.einsum (%{{.*}}[t]) -> [] reduce [t in t: add] {partial}
func.func @cache(%x: !ein.tensor<[c], f32>) -> !ein.tensor<[], f32> attributes {ein.params = ["t"], ein.assume = [#ein.extent<c - t>]} {
  %v = ein.view %x[t] -> [t] : !ein.tensor<[c], f32> -> !ein.tensor<[t], f32>
  %y = ein.einsum (%v[t]) -> [] reduce [t: add] : (!ein.tensor<[t], f32>) -> !ein.tensor<[], f32>
  return %y : !ein.tensor<[], f32>
}
