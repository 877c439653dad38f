// RUN: einfall-opt %s | einfall-opt | FileCheck %s

// Extents are canonical: equal sizes are equal types.

// CHECK: @order(!ein.tensor<[a + b, a * 2], f32>, !ein.tensor<[a + b, a * 2], f32>)
func.func private @order(!ein.tensor<[b + a, a + a], f32>, !ein.tensor<[a - (0 - b), 2 * a], f32>)
// CHECK: @literals(!ein.tensor<[7, 2, 3, 1, 0], f32>)
func.func private @literals(!ein.tensor<[1 + 2 * 3, 7 floordiv 3, 7 ceildiv 3, 7 mod 3, n - n], f32>)
// CHECK: @divisions(!ein.tensor<[n floordiv 8, n ceildiv 8, n mod 8, n], f32>)
func.func private @divisions(!ein.tensor<[n floordiv 8, n ceildiv 8, n mod 8, (n * 8) floordiv 8], f32>)
// CHECK: @products(!ein.tensor<[m * n, m * n, (n + 1) * m], f32>)
func.func private @products(!ein.tensor<[n * m, m * n, (n + 1) * m], f32>)
// CHECK: @scalar(!ein.tensor<[], i1>, !ein.tensor<[], i64>, !ein.tensor<[], f8E5M2FNUZ>)
func.func private @scalar(!ein.tensor<[], i1>, !ein.tensor<[], i64>, !ein.tensor<[], f8E5M2FNUZ>)
// CHECK: #ein.extent<t - s>
func.func private @attribute() attributes {e = #ein.extent<-s + t>}
