// RUN: einfall-opt %s --verify-copies

// A ring of three slots: two items on their way, then one while another one is read.
func.func @ring(%x: memref<?xbf16>, %y: memref<?xbf16>, %more: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c64 = arith.constant 64 : index
  %count = arith.addi %more, %c1 : index
  %m = tile.local {tile.ring = 0 : i64, tile.slots = 3 : i64} : memref<192xbf16>
  scf.for %i = %c0 to %c2 step %c1 {
    %at = arith.muli %i, %c64 : index
    tile.copy aligned %x[%at] stride %c64 to %m[%at] stride 64 shape [1, 64] : memref<?xbf16> to memref<192xbf16>
    tile.commit
  }
  tile.wait 1
  tile.barrier
  scf.for %n = %c0 to %count step %c1 {
    %slot = arith.remui %n, %c3 : index
    %at = arith.muli %slot, %c64 : index
    %v = tile.load %m[%at] strides[] : memref<192xbf16> -> bf16
    tile.store %v, %y[%n] strides[] : bf16, memref<?xbf16>
    %next = arith.addi %n, %c2 : index
    %next_slot = arith.remui %next, %c3 : index
    %to = arith.muli %next_slot, %c64 : index
    %some = arith.cmpi slt, %next, %count : index
    scf.if %some {
      %from = arith.muli %next, %c64 : index
      tile.copy aligned %x[%from] stride %c64 to %m[%to] stride 64 shape [1, 64] : memref<?xbf16> to memref<192xbf16>
    }
    tile.commit
    tile.wait 1
    tile.barrier
  }
  return
}
