// RUN: einfall-opt %s --ein-insert-copies --verify-diagnostics | FileCheck %s

// A result that is an argument, a constant or another result has no buffer of its own.
// CHECK-LABEL: func.func @results
// CHECK-SAME: (%[[X:.*]]: !ein
// CHECK: %[[C:.*]] = ein.constant
// CHECK-DAG: %[[X1:.*]] = ein.einsum (%[[X]][i0]) -> [i0]
// CHECK-DAG: %[[X2:.*]] = ein.einsum (%[[X]][i0]) -> [i0]
// CHECK-DAG: %[[C1:.*]] = ein.einsum (%[[C]][i0]) -> [i0]
// CHECK: return %[[X1]], %[[X2]], %[[C1]]
func.func @results(%x: !ein.tensor<[n], f32>) -> (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>, !ein.tensor<[1], f32>) {
  %c = ein.constant dense<1.0> : tensor<1xf32> -> !ein.tensor<[1], f32>
  return %x, %x, %c : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>, !ein.tensor<[1], f32>
}

// The last reader of a tensor may update it, an earlier one may not.
// CHECK-LABEL: func.func @temporary
// CHECK: %[[Y:.*]] = ein.einsum
// CHECK: %[[COPY:.*]] = ein.einsum (%[[Y]][i0]) -> [i0]
// CHECK: %[[A:.*]] = ein.update %[[COPY]][i]
// CHECK: %[[B:.*]] = ein.update %[[Y]][i]
// CHECK: return %[[A]], %[[B]]
func.func @temporary(%x: !ein.tensor<[n], f32>) -> (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) {
  %y = ein.einsum (%x[i], %x[i]) -> [i] : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  %a = ein.update %y[i] = %x[i] : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
  %b = ein.update %y[i] = %x[i] : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
  return %a, %b : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
}

// The update that makes the new state keeps the state's buffer: who reads the old value later reads a copy.
// CHECK-LABEL: func.func @state
// CHECK-SAME: (%[[X:.*]]: !ein.tensor<[n], f32>, %[[S:.*]]: !ein
// CHECK: %[[OLD:.*]] = ein.einsum (%[[S]][i0]) -> [i0]
// CHECK: %[[NEW:.*]] = ein.update %[[S]][i] = %[[X]][i]
// CHECK: return %[[OLD]], %[[NEW]]
func.func @state(%x: !ein.tensor<[n], f32>, %s: !ein.tensor<[n], f32> {ein.state = "s"})
    -> (!ein.tensor<[n], f32>, !ein.tensor<[n], f32> {ein.state = "s"}) {
  // expected-remark @+1 {{the old value is copied before this update, because it is read later}}
  %new = ein.update %s[i] = %x[i] : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
  // expected-note @+1 {{read here}}
  return %s, %new : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
}

// A new value that is no update is stored over the state.
// CHECK-LABEL: func.func @computed
// CHECK-SAME: (%[[S:.*]]: !ein
// CHECK: %[[Y:.*]] = ein.einsum
// CHECK: %[[NEW:.*]] = ein.update %[[S]][i0] = %[[Y]][i0]
// CHECK: return %[[NEW]]
func.func @computed(%s: !ein.tensor<[n], f32> {ein.state = "s"}) -> (!ein.tensor<[n], f32> {ein.state = "s"}) {
  %y = ein.einsum (%s[i], %s[i]) -> [i] : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return %y : !ein.tensor<[n], f32>
}
