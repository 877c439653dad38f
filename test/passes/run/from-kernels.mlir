// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile --run-from-kernels --split-input-file \
// RUN:   --remarks-filter=run-from-kernels --remark-format=emitRemark 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK --implicit-check-not="is copied" --implicit-check-not="is a copy" < %t.err

// Weights, states, constants and assumptions; two kernels in a row.
// CHECK-LABEL: run.entry @everything(
// CHECK-SAME: %[[X:.*]]: !run.buffer<[b, s], f32> {run.name = "x"}
// CHECK-SAME: %[[Y:.*]]: !run.buffer<[b, s], f32> {run.name = "result0", run.output}
// CHECK-SAME: params = ["t"]
// CHECK-SAME: symbols = ["b", "s", "c", "t"]
// CHECK: %[[W:.*]] = run.weight "norm" : !run.buffer<[1], f32>
// CHECK: %[[K:.*]] = run.state "k" : !run.buffer<[b, c], f32>
// CHECK: run.assume <t - s>
// CHECK: run.launch @{{.*}}(%[[K]], %[[X]]) writes [0] sizes [{{.*}}] grid <{{.*}}> work <{{.*}}> on "cpu"
// CHECK: run.launch @{{.*}}(%[[K]], %[[W]], %[[Y]]) writes [2]
// CHECK-NOT: run.copy
// CHECK-NOT: ein.
func.func @everything(%x: !ein.tensor<[b, s], f32> {ein.name = "x"}, %w: !ein.tensor<[1], f32> {ein.weight = "norm"},
                      %k: !ein.tensor<[b, c], f32> {ein.state = "k"})
    -> (!ein.tensor<[b, s], f32>, !ein.tensor<[b, c], f32> {ein.state = "k"})
    attributes {ein.entry, ein.params = ["t", "unused"], ein.assume = [#ein.extent<t - s>, #ein.extent<c - t>]} {
  %new = ein.update %k[i, t - s + j] = %x[i, j] : !ein.tensor<[b, c], f32>, !ein.tensor<[b, s], f32>
  %y = ein.einsum (%new[i, j], %w[0]) -> [i, j] {partial} : (!ein.tensor<[b, c], f32>, !ein.tensor<[1], f32>) -> !ein.tensor<[b, s], f32>
  return %y, %new : !ein.tensor<[b, s], f32>, !ein.tensor<[b, c], f32>
}

// -----
// The old value of a state is read later: it moves away, the update stays in place.
// REMARK: remark: {{.*}}state 'k' is copied: kernel 'update_0' updates it, and its old value is read later
// CHECK-LABEL: run.entry @old_state(
// CHECK-SAME: %[[X:.*]]: !run.buffer<[], f32> {run.name = "arg1"}, %[[Y:.*]]: !run.buffer<[n], f32>
// CHECK: %[[K:.*]] = run.state "k"
// CHECK: run.copy %[[K]] to %[[Y]]
// CHECK: run.launch @{{.*}}(%[[K]], %[[X]]) writes [0]
func.func @old_state(%k: !ein.tensor<[n], f32> {ein.state = "k"}, %x: !ein.tensor<[], f32>)
    -> (!ein.tensor<[n], f32>, !ein.tensor<[n], f32> {ein.state = "k"}) attributes {ein.entry, ein.assume = [#ein.extent<n - 1>]} {
  %new = ein.update %k[0] = %x[] : !ein.tensor<[n], f32>, !ein.tensor<[], f32>
  return %k, %new : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
}

// -----
// An update that does not make the state's new value.
// REMARK: remark: {{.*}}state 'k' is copied: kernel 'update_0' updates it, and its old value is read later
// CHECK-LABEL: run.entry @side_update(
// CHECK-SAME: %[[X:.*]]: !run.buffer<[], f32> {run.name = "arg1"}, %[[Y:.*]]: !run.buffer<[4], f32>
// CHECK: %[[K:.*]] = run.state "k"
// CHECK: run.copy %[[K]] to %[[Y]]
// CHECK: run.launch @{{.*}}(%[[Y]], %[[X]]) writes [0]
func.func @side_update(%k: !ein.tensor<[4], f32> {ein.state = "k"}, %x: !ein.tensor<[], f32>)
    -> (!ein.tensor<[4], f32>, !ein.tensor<[4], f32> {ein.state = "k"}) attributes {ein.entry} {
  %new = ein.update %k[0] = %x[] : !ein.tensor<[4], f32>, !ein.tensor<[], f32>
  return %new, %k : !ein.tensor<[4], f32>, !ein.tensor<[4], f32>
}

// -----
// Results that have no buffer of their own: an input, a constant, a state, a value twice.
// REMARK: remark: {{.*}}result 'result0' is a copy: it is input 'arg0' itself
// REMARK: remark: {{.*}}result 'result1' is a copy: it is a constant itself
// REMARK: remark: {{.*}}result 'result3' is a copy: it is output 'result2' itself
// CHECK-LABEL: run.entry @returned(
// CHECK-SAME: %[[X:.*]]: !run.buffer<[n], f32> {run.name = "arg0"}, %[[A:.*]]: !run.buffer<[n], f32> {{{.*}}}, %[[B:.*]]: !run.buffer<[], f32> {{{.*}}}, %[[C:.*]]: !run.buffer<[n], f32> {{{.*}}}, %[[D:.*]]: !run.buffer<[n], f32>
// CHECK: %[[ONE:.*]] = run.constant
// CHECK: run.launch @{{.*}}(%[[X]], %[[C]])
// CHECK: run.copy %[[X]] to %[[A]]
// CHECK: run.copy %[[ONE]] to %[[B]]
// CHECK: run.copy %[[C]] to %[[D]]
func.func @returned(%x: !ein.tensor<[n], f32>) -> (!ein.tensor<[n], f32>, !ein.tensor<[], f32>, !ein.tensor<[n], f32>, !ein.tensor<[n], f32>)
    attributes {ein.entry} {
  %one = ein.constant dense<1.0> : tensor<f32> -> !ein.tensor<[], f32>
  %y = ein.einsum (%x[i], %x[i]) -> [i] : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return %x, %one, %y, %y : !ein.tensor<[n], f32>, !ein.tensor<[], f32>, !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
}

// -----
// Two states exchange their values.
// REMARK: remark: {{.*}}state 'b' is copied: another state takes its value
// REMARK: remark: {{.*}}state 'a' is copied: another state takes its value
// REMARK: remark: {{.*}}state 'a' is copied: its new value is no update of it, but temporary 'exchanged'
// REMARK: remark: {{.*}}state 'b' is copied: its new value is no update of it, but temporary 'exchanged'
// CHECK-LABEL: run.entry @exchange
// CHECK-DAG: %[[A:.*]] = run.state "a"
// CHECK-DAG: %[[B:.*]] = run.state "b"
// CHECK: run.copy %[[B]] to %[[OLDB:.*]] :
// CHECK: run.copy %[[A]] to %[[OLDA:.*]] :
// CHECK: run.copy %[[OLDB]] to %[[A]]
// CHECK: run.copy %[[OLDA]] to %[[B]]
func.func @exchange(%a: !ein.tensor<[n], f32> {ein.state = "a"}, %b: !ein.tensor<[n], f32> {ein.state = "b"})
    -> (!ein.tensor<[n], f32> {ein.state = "a"}, !ein.tensor<[n], f32> {ein.state = "b"}) attributes {ein.entry} {
  return %b, %a : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
}

// -----
// A kernel that reads what it updates at other points, and an update of an input.
// REMARK: remark: {{.*}}state 'k' is copied: kernel 'update_0' needs its old value at other points
// REMARK: remark: {{.*}}input 'arg1' is copied: kernel 'update_1' updates it, and it is read only
// CHECK-LABEL: run.entry @reversed(
// CHECK: %[[K:.*]] = run.state "k"
// CHECK: run.copy %[[K]] to %[[OLD:.*]] :
// CHECK: run.launch @{{.*}}(%[[OLD]], %[[K]]) writes [1]
func.func @reversed(%k: !ein.tensor<[8], f32> {ein.state = "k"}, %x: !ein.tensor<[4], f32>, %z: !ein.tensor<[], f32>)
    -> (!ein.tensor<[8], f32> {ein.state = "k"}, !ein.tensor<[4], f32>) attributes {ein.entry} {
  %new = ein.update %k[7 - i] = %k[i] : !ein.tensor<[8], f32>, !ein.tensor<[8], f32>
  %y = ein.update %x[0] = %z[] : !ein.tensor<[4], f32>, !ein.tensor<[], f32>
  return %new, %y : !ein.tensor<[8], f32>, !ein.tensor<[4], f32>
}

// -----
// What is no entry is not part of a host program.
// CHECK-NOT: @helper
func.func @helper(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  return %x : !ein.tensor<[n], f32>
}

// -----
// A function of checks gives back what it compares, with how and where.
// CHECK-LABEL: run.entry @checked(
// CHECK-SAME: %[[GOT:.*]]: !run.buffer<[n], f32> {run.name = "got0", run.output}
// CHECK-SAME: %[[WANT:.*]]: !run.buffer<[n], f32> {run.name = "expected0", run.output}
// CHECK-SAME: check.expectations = ["close {{.*}}from-kernels.mlir:{{[0-9]+}}"]
// CHECK-SAME: params = ["n"]
// CHECK: run.launch @{{.*}}(%{{.*}}, %[[GOT]]) writes [1]
// CHECK: run.launch @{{.*}}(%{{.*}}, %[[WANT]]) writes [1]
func.func @checked() attributes {check.params = {n = 2}} {
  %c = ein.constant dense<[1.0, 2.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %x = ein.einsum (%c[i]) -> [i] {partial} : (!ein.tensor<[2], f32>) -> !ein.tensor<[n], f32>
  %y = ein.einsum (%c[i], %c[i]) -> [i] {partial} : (!ein.tensor<[2], f32>, !ein.tensor<[2], f32>) -> !ein.tensor<[n], f32>
  check.expect_close %x, %y : !ein.tensor<[n], f32>
  return
}
