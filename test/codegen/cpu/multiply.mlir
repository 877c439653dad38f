// A function of the module for each kind of product; a program sets sizes where they change, and gives the registers back.
//
// RUN: einfall-opt %s --cpu-lower-programs | FileCheck %s

// CHECK: llvm.func internal @einf_tdpbf16ps_32
// CHECK: llvm.call_intrinsic "llvm.x86.ldtilecfg"
// Two by two registers of sums, which begin as 0 or as what is in memory; each factor is read once.
// CHECK-COUNT-4: "llvm.x86.tilezero"
// CHECK-COUNT-4: "llvm.x86.tileloadd64"
// CHECK: scf.for
// Lines of the rows that come next are asked for.
// CHECK: scf.for
// CHECK: "llvm.intr.prefetch"{{.*}}hint = 2
// CHECK: "llvm.x86.tileloadd64"
// CHECK: "llvm.x86.tileloadd64"
// CHECK: "llvm.x86.tdpbf16ps"
// CHECK: "llvm.x86.tileloadd64"
// CHECK: "llvm.x86.tdpbf16ps"
// CHECK: "llvm.x86.tileloadd64"
// CHECK-COUNT-2: "llvm.x86.tdpbf16ps"
// CHECK-COUNT-4: "llvm.x86.tilestored64"
// CHECK: llvm.func internal @einf_tdpbusd_16
// CHECK-LABEL: llvm.func hidden @products
// CHECK: %[[SIZES:.*]] = llvm.alloca {{.*}} {alignment = 64
// CHECK: llvm.call @einf_tdpbf16ps_32({{.*}}%[[SIZES]])
// CHECK: llvm.call @einf_tdpbf16ps_32({{.*}}%[[SIZES]])
// CHECK: llvm.call @einf_tdpbusd_16({{.*}}%[[SIZES]])
// CHECK: "llvm.x86.tilerelease"
func.func private @products(%s: memref<?xf32>, %t: memref<?xi32>, %x: memref<?xbf16>, %a: memref<?xi32>, %n: index, %block: index)
    attributes {tile.program} {
  %f = arith.cmpi eq, %n, %block : index
  tile.multiply %s[%block by %n], %x[%n by %n], %a[%n by %n] rows %n columns 32 groups %n fresh %f of bf16 ahead[%n, %block] : memref<?xf32>, memref<?xbf16>, memref<?xi32>
  tile.multiply %s[%block by %n], %a[%n by %n], %a[%n by %n] rows %n columns 32 groups %n fresh %f of bf16 : memref<?xf32>, memref<?xi32>, memref<?xi32>
  tile.multiply %t[%block by %n], %a[%n by %n], %a[%n by %n] rows %n columns 16 groups %n fresh %f of i8 unsigned_lhs : memref<?xi32>, memref<?xi32>, memref<?xi32>
  return
}
