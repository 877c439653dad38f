// RUN: einfall-opt %s | einfall-opt | FileCheck %s
// RUN: einfall-opt %s --mlir-print-op-generic | einfall-opt | FileCheck %s

!x = !ein.tensor<[b, s, 256], f32>

// CHECK-LABEL: func.func @contraction
// CHECK: ein.einsum (%{{.*}}[b, s, d], %{{.*}}[f, d]) -> [b, s, f] reduce [d: add]
// CHECK-SAME: -> !ein.tensor<[b, s, 768], f32>
func.func @contraction(%x: !x, %w: !ein.tensor<[768, 256], bf16> {ein.weight = "w"}) -> !ein.tensor<[b, s, 768], f32> {
  %y = ein.einsum (%x[b, s, d], %w[f, d]) -> [b, s, f] reduce [d: add]
      : (!x, !ein.tensor<[768, 256], bf16>) -> !ein.tensor<[b, s, 768], f32> {
  ^bb0(%a: f32, %c: bf16):
    %e = arith.extf %c : bf16 to f32
    %p = arith.mulf %a, %e : f32
    ein.yield %p : f32
  }
  return %y : !ein.tensor<[b, s, 768], f32>
}

// CHECK-LABEL: func.func @default_body
// CHECK: ein.einsum (%{{.*}}[i, k], %{{.*}}[k, j]) -> [i, j] reduce [k: add] : ({{.*}}) -> !ein.tensor<[m, n], f64>{{$}}
func.func @default_body(%a: !ein.tensor<[m, q], f64>, %b: !ein.tensor<[q, n], f64>) -> !ein.tensor<[m, n], f64> {
  %c = ein.einsum (%a[i, k], %b[k, j]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, q], f64>, !ein.tensor<[q, n], f64>) -> !ein.tensor<[m, n], f64>
  return %c : !ein.tensor<[m, n], f64>
}

// CHECK-LABEL: func.func @else_values
// CHECK: ein.einsum (%{{.*}}[n - 1] as r else 0, %{{.*}}[r, d - 2] else 0xFF800000, %{{.*}}[n]) -> [n, d] :
// CHECK: ein.einsum (%{{.*}}[t + k - 1] else -0.000000e+00) -> [t] reduce [k in 3: max] :
func.func @else_values(%i: !ein.tensor<[n], i64>, %x: !ein.tensor<[v, d], f32>, %y: !ein.tensor<[n], f32>) -> (!ein.tensor<[n, d + 2], f32>, !ein.tensor<[n], f32>) {
  %a = ein.einsum (%i[n - 1] as r else 0, %x[r, d - 2] else 0xFF800000, %y[n]) -> [n, d]
      : (!ein.tensor<[n], i64>, !ein.tensor<[v, d], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n, d + 2], f32> {
  ^bb0(%r: i64, %b: f32, %c: f32):
    %s = arith.addf %b, %c : f32
    ein.yield %s : f32
  }
  %b = ein.einsum (%y[t + k - 1] else -0.0) -> [t] reduce [k in 3: max] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return %a, %b : !ein.tensor<[n, d + 2], f32>, !ein.tensor<[n], f32>
}

// CHECK-LABEL: func.func @split
// CHECK: reduce [m0 in 128: max]
func.func @split(%a: !ein.tensor<[n], f32>) -> !ein.tensor<[n ceildiv 128], f32> {
  %c = ein.einsum (%a[m1 * 128 + m0]) -> [m1] reduce [m0 in 128: max]
      : (!ein.tensor<[n], f32>) -> !ein.tensor<[n ceildiv 128], f32>
  return %c : !ein.tensor<[n ceildiv 128], f32>
}

// CHECK-LABEL: func.func @gather
// CHECK: ein.gather %{{.*}}[r, d] using (%{{.*}}[b, s] as r) -> [b, s, d]
// CHECK: ein.einsum (%{{.*}}[b, s] as r, %{{.*}}[r, d]) -> [b, s, d]
func.func @gather(%ids: !ein.tensor<[b, s], i64>, %t: !ein.tensor<[10, 4], f32>) -> (!ein.tensor<[b, s, 4], f32>, !ein.tensor<[b, s, 4], f32>) {
  %g = ein.gather %t[r, d] using (%ids[b, s] as r) -> [b, s, d]
      : !ein.tensor<[10, 4], f32> (!ein.tensor<[b, s], i64>) -> !ein.tensor<[b, s, 4], f32>
  %e = ein.einsum (%ids[b, s] as r, %t[r, d]) -> [b, s, d]
      : (!ein.tensor<[b, s], i64>, !ein.tensor<[10, 4], f32>) -> !ein.tensor<[b, s, 4], f32> {
  ^bb0(%i: i64, %v: f32):
    ein.yield %v : f32
  }
  return %g, %e : !ein.tensor<[b, s, 4], f32>, !ein.tensor<[b, s, 4], f32>
}

// CHECK-LABEL: func.func @cache
// CHECK: ein.update %{{.*}}[b, h, i + t - s, d] = %{{.*}}[b, h, i, d]
// CHECK: ein.view %{{.*}}[b, h, t, d] -> [b, h, t, d]
func.func @cache(%k: !ein.tensor<[b, 2, c, 64], f32> {ein.state = "k0"}, %new: !ein.tensor<[b, 2, s, 64], f32>)
    -> !ein.tensor<[b, 2, t, 64], f32> attributes {ein.params = ["t"]} {
  %u = ein.update %k[b, h, t - s + i, d] = %new[b, h, i, d] : !ein.tensor<[b, 2, c, 64], f32>, !ein.tensor<[b, 2, s, 64], f32>
  %v = ein.view %u[b, h, t, d] -> [b, h, t, d] : !ein.tensor<[b, 2, c, 64], f32> -> !ein.tensor<[b, 2, t, 64], f32>
  return %v : !ein.tensor<[b, 2, t, 64], f32>
}

// CHECK-LABEL: func.func @views
// CHECK: ein.view %{{.*}}[b, i floordiv 64, i mod 64] -> [b, i]
// CHECK: ein.view %{{.*}}[b, i - 2] fill 1.000000e+00 -> [b, i]
// CHECK: ein.view %{{.*}}[b, i - 2] fill 0xFF800000 -> [b, i]
// CHECK: ein.concat %{{.*}}, %{{.*}} dim 1
func.func @views(%x: !ein.tensor<[b, 4, 64], f32>) -> !ein.tensor<[b, 516], f32> {
  %f = ein.view %x[b, i floordiv 64, i mod 64] -> [b, i] : !ein.tensor<[b, 4, 64], f32> -> !ein.tensor<[b, 256], f32>
  %p = ein.view %f[b, i - 2] fill 1.0 -> [b, i] : !ein.tensor<[b, 256], f32> -> !ein.tensor<[b, 260], f32>
  %pinf = ein.view %f[b, i - 2] fill 0xFF800000 -> [b, i] : !ein.tensor<[b, 256], f32> -> !ein.tensor<[b, 260], f32>
  %c = ein.concat %f, %p dim 1 : (!ein.tensor<[b, 256], f32>, !ein.tensor<[b, 260], f32>) -> !ein.tensor<[b, 516], f32>
  return %c : !ein.tensor<[b, 516], f32>
}

// CHECK-LABEL: func.func @coordinates
// CHECK: ein.index "i"
// CHECK: ein.extent t - s
func.func @coordinates(%x: !ein.tensor<[s, t], f32>) -> !ein.tensor<[s, t], i1> {
  %m = ein.einsum () -> [i, j] : () -> !ein.tensor<[s, t], i1> {
    %i = ein.index "i"
    %j = ein.index "j"
    %o = ein.extent t - s
    %q = arith.addi %i, %o : index
    %r = arith.cmpi sle, %j, %q : index
    ein.yield %r : i1
  }
  return %m : !ein.tensor<[s, t], i1>
}

// CHECK-LABEL: func.func @recurrence
// CHECK: ein.scan (%{{.*}}[b, t], %{{.*}}[b]) over t -> [b, t] exclusive
// CHECK: ein.topk %{{.*}} dim 1 k 2
// CHECK: ein.sort %{{.*}} dim 1 descending
func.func @recurrence(%x: !ein.tensor<[b, 8], f32>, %h: !ein.tensor<[b], f32>) -> !ein.tensor<[b, 8], f32> {
  %c = ein.scan (%x[b, t], %h[b]) over t -> [b, t] exclusive
      : (!ein.tensor<[b, 8], f32>, !ein.tensor<[b], f32>) -> !ein.tensor<[b, 8], f32> {
  ^bb0(%xe: f32, %h0: f32, %state: f32):
    %n = arith.addf %xe, %state : f32
    ein.yield %n : f32
  }
  %v, %i = ein.topk %c dim 1 k 2 : !ein.tensor<[b, 8], f32> -> !ein.tensor<[b, 2], f32>, !ein.tensor<[b, 2], i64>
  %w, %j = ein.sort %c dim 1 descending : !ein.tensor<[b, 8], f32> -> !ein.tensor<[b, 8], f32>, !ein.tensor<[b, 8], i64>
  return %w : !ein.tensor<[b, 8], f32>
}
