// RUN: einfall-opt %s --ein-simplify-views --ein-form-kernels --ein-to-tile | FileCheck %s

// The same text, but only the first argument's values are known to be inside:
// the kernels must not share a program.
// CHECK-LABEL: func.func @known
// CHECK: program = @map_0_p0, tile.key = "[[$KEY:.*]]"}
func.func @known(%i: !ein.tensor<[n], i64> {ein.range = [0, 4]}, %t: !ein.tensor<[4], f32>) -> !ein.tensor<[n], f32> {
  %g = ein.gather %t[r] using (%i[k] as r) -> [k] : !ein.tensor<[4], f32> (!ein.tensor<[n], i64>) -> !ein.tensor<[n], f32>
  return %g : !ein.tensor<[n], f32>
}

// CHECK-LABEL: func.func @unknown
// CHECK: program = @map_0_p1, tile.key = "{{.*}}"}
func.func @unknown(%i: !ein.tensor<[n], i64>, %t: !ein.tensor<[4], f32>) -> !ein.tensor<[n], f32> {
  %g = ein.gather %t[r] using (%i[k] as r) -> [k] : !ein.tensor<[4], f32> (!ein.tensor<[n], i64>) -> !ein.tensor<[n], f32>
  return %g : !ein.tensor<[n], f32>
}

// Equal in every respect: shared.
// CHECK-LABEL: func.func @again
// CHECK: program = @map_0_p0, tile.key = "[[$KEY]]"}
func.func @again(%i: !ein.tensor<[n], i64> {ein.range = [0, 4]}, %t: !ein.tensor<[4], f32>) -> !ein.tensor<[n], f32> {
  %g = ein.gather %t[r] using (%i[k] as r) -> [k] : !ein.tensor<[4], f32> (!ein.tensor<[n], i64>) -> !ein.tensor<[n], f32>
  return %g : !ein.tensor<[n], f32>
}

// CHECK-LABEL: func.func private @map_0_p0
// CHECK-NOT: arith.cmpi sge
// CHECK-LABEL: func.func private @map_0_p1
// CHECK: arith.cmpi sge
// CHECK: arith.cmpi slt
