// RUN: einfall-opt %s --ein-turn-weights --split-input-file | FileCheck %s

!w = !ein.tensor<[96, 128], bf16>

// One row or more: the summed dimension goes last. So it does for all that the module has of it, a
// conversion that another entry puts between, and a part of the columns.
// CHECK-LABEL: func.func @one(
// CHECK-SAME: !ein.tensor<[128, 96], bf16> {ein.order = array<i64: 1, 0>, ein.weight = "w"}
// CHECK: ein.einsum (%{{.*}}[t, k], %{{.*}}[f, k]) -> [t, f]
func.func @one(%x: !ein.tensor<[t, 96], bf16>, %w: !w {ein.weight = "w"}) -> !ein.tensor<[t, 128], bf16> attributes {ein.entry} {
  %y = ein.einsum (%x[t, k], %w[k, f]) -> [t, f] reduce [k: add] : (!ein.tensor<[t, 96], bf16>, !w) -> !ein.tensor<[t, 128], bf16>
  return %y : !ein.tensor<[t, 128], bf16>
}
// CHECK-LABEL: func.func @converted(
// CHECK-SAME: !ein.tensor<[128, 96], bf16> {ein.order = array<i64: 1, 0>, ein.weight = "w"}
// CHECK: ein.einsum (%{{.*}}[j, i]) -> [i, j]
// CHECK: ein.einsum (%{{.*}}[k], %{{.*}}[k, f]) -> [f]
func.func @converted(%x: !ein.tensor<[96], f32>, %w: !w {ein.weight = "w"}) -> !ein.tensor<[128], f32> attributes {ein.entry} {
  %c = ein.einsum (%w[i, j]) -> [i, j] : (!w) -> !ein.tensor<[96, 128], f32> {
  ^bb0(%a: bf16):
    %b = arith.extf %a : bf16 to f32
    ein.yield %b : f32
  }
  %y = ein.einsum (%x[k], %c[k, f]) -> [f] reduce [k: add] : (!ein.tensor<[96], f32>, !ein.tensor<[96, 128], f32>) -> !ein.tensor<[128], f32>
  return %y : !ein.tensor<[128], f32>
}

// -----
// An expert's matrix, which an index chooses.
// CHECK-LABEL: func.func @experts(
// CHECK-SAME: !ein.tensor<[8, 128, 64], bf16> {ein.order = array<i64: 0, 2, 1>, ein.weight = "w"}
// CHECK: [e, f, k]) -> [t, f]
func.func @experts(%x: !ein.tensor<[t, 64], bf16>, %e: !ein.tensor<[t], i64>, %w: !ein.tensor<[8, 64, 128], bf16> {ein.weight = "w"})
    -> !ein.tensor<[t, 128], bf16> attributes {ein.entry} {
  %y = ein.einsum (%x[t, k], %e[t] as e, %w[e, k, f]) -> [t, f] reduce [k: add] : (!ein.tensor<[t, 64], bf16>, !ein.tensor<[t], i64>, !ein.tensor<[8, 64, 128], bf16>) -> !ein.tensor<[t, 128], bf16> {
  ^bb0(%a: bf16, %i: i64, %b: bf16):
    %p = arith.mulf %a, %b : bf16
    ein.yield %p : bf16
  }
  return %y : !ein.tensor<[t, 128], bf16>
}

// -----
// As they are: sums along the last dimension already, many rows, a short sum, few columns, rows that
// are gathered, and a reader of another kind.
// CHECK-NOT: ein.order
func.func @stays(%x: !ein.tensor<[t, 96], bf16>, %many: !ein.tensor<[32, 96], bf16>, %s: !ein.tensor<[t, 8], bf16>, %i: !ein.tensor<[t], i64>,
                 %a: !ein.tensor<[128, 96], bf16> {ein.weight = "a"}, %b: !ein.tensor<[96, 128], bf16> {ein.weight = "b"},
                 %c: !ein.tensor<[8, 128], bf16> {ein.weight = "c"}, %d: !ein.tensor<[96, 8], bf16> {ein.weight = "d"},
                 %e: !ein.tensor<[96, 128], bf16> {ein.weight = "e"}, %f: !ein.tensor<[96, 128], bf16> {ein.weight = "f"})
    -> (!ein.tensor<[t, 128], bf16>, !ein.tensor<[32, 128], bf16>, !ein.tensor<[t, 128], bf16>, !ein.tensor<[t, 8], bf16>, !ein.tensor<[t, 128], bf16>,
        !ein.tensor<[t, 128], bf16>, !ein.tensor<[96, 128], bf16>) attributes {ein.entry} {
  %0 = ein.einsum (%x[t, k], %a[f, k]) -> [t, f] reduce [k: add] : (!ein.tensor<[t, 96], bf16>, !ein.tensor<[128, 96], bf16>) -> !ein.tensor<[t, 128], bf16>
  %1 = ein.einsum (%many[t, k], %b[k, f]) -> [t, f] reduce [k: add] : (!ein.tensor<[32, 96], bf16>, !ein.tensor<[96, 128], bf16>) -> !ein.tensor<[32, 128], bf16>
  %2 = ein.einsum (%s[t, k], %c[k, f]) -> [t, f] reduce [k: add] : (!ein.tensor<[t, 8], bf16>, !ein.tensor<[8, 128], bf16>) -> !ein.tensor<[t, 128], bf16>
  %3 = ein.einsum (%x[t, k], %d[k, f]) -> [t, f] reduce [k: add] : (!ein.tensor<[t, 96], bf16>, !ein.tensor<[96, 8], bf16>) -> !ein.tensor<[t, 8], bf16>
  %4 = ein.einsum (%x[t, k], %e[k, f]) -> [t, f] reduce [k: add] : (!ein.tensor<[t, 96], bf16>, !ein.tensor<[96, 128], bf16>) -> !ein.tensor<[t, 128], bf16>
  %5 = ein.gather %e[r, j] using (%i[t] as r) -> [t, j] : !ein.tensor<[96, 128], bf16> (!ein.tensor<[t], i64>) -> !ein.tensor<[t, 128], bf16>
  return %0, %1, %2, %3, %4, %5, %f : !ein.tensor<[t, 128], bf16>, !ein.tensor<[32, 128], bf16>, !ein.tensor<[t, 128], bf16>, !ein.tensor<[t, 8], bf16>, !ein.tensor<[t, 128], bf16>, !ein.tensor<[t, 128], bf16>, !ein.tensor<[96, 128], bf16>
}
