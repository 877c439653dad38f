// RUN: einfall-opt %s --split-input-file --verify-diagnostics --verify-copies

// Nobody waits for the first item.
func.func @no_wait(%x: memref<?xbf16>, %y: memref<?xbf16>, %more: index, %block: index) {
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
  // expected-note@below {{the last wait or barrier before it is here}}
  tile.barrier
  scf.for %n = %c0 to %count step %c1 {
    %slot = arith.remui %n, %c3 : index
    %at = arith.muli %slot, %c64 : index
    // expected-error-re@below {{'tile.load' op breaks what two warps rely on: agent {{.}}, step {{.*}}: item 0 is read from slot 0 before the part of agent {{.}} has arrived; it is slot 0 of ring 0}}
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

// -----

// A warp has its own copies, and not those of others.
func.func @no_barrier(%x: memref<?xbf16>, %y: memref<?xbf16>, %more: index, %block: index) {
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
  // expected-note@below {{the last wait or barrier before it is here}}
  tile.wait 1
  scf.for %n = %c0 to %count step %c1 {
    %slot = arith.remui %n, %c3 : index
    %at = arith.muli %slot, %c64 : index
    // expected-error-re@below {{'tile.load' op breaks what two warps rely on: agent {{.*}} is read from slot 0 before the part of agent {{.}} has arrived}}
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

// -----

// One group too many may be on its way.
func.func @later_wait(%x: memref<?xbf16>, %y: memref<?xbf16>, %more: index, %block: index) {
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
    // expected-error-re@below {{'tile.load' op breaks what two warps rely on: {{.*}} before the part of agent {{.}} has arrived}}
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
    tile.wait 2
    // expected-note@below {{the last wait or barrier before it is here}}
    tile.barrier
  }
  return
}

// -----

// Where nothing is copied there is no group to be counted.
func.func @no_group(%x: memref<?xbf16>, %y: memref<?xbf16>, %more: index, %block: index) {
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
    // expected-error-re@below {{'tile.load' op breaks what two warps rely on: {{.*}} before the part of agent {{.}} has arrived}}
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
    tile.wait 1
    // expected-note@below {{the last wait or barrier before it is here}}
    tile.barrier
  }
  return
}

// -----

// A slot is filled that others may still read.
func.func @slots(%x: memref<?xbf16>, %y: memref<?xbf16>, %more: index, %block: index) {
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
  // expected-note@below {{the last wait or barrier before it is here}}
  tile.barrier
  scf.for %n = %c0 to %count step %c1 {
    %slot = arith.remui %n, %c2 : index
    %at = arith.muli %slot, %c64 : index
    // expected-error-re@below {{'tile.load' op breaks what two warps rely on: {{.*}}: item 0 is read from slot 0, where item 1 of agent {{.}} {{may land|has landed}}}}
    %v = tile.load %m[%at] strides[] : memref<192xbf16> -> bf16
    tile.store %v, %y[%n] strides[] : bf16, memref<?xbf16>
    %next = arith.addi %n, %c2 : index
    %next_slot = arith.remui %next, %c2 : index
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

// -----

// The last warp to read may come late.
func.func @late(%x: memref<?xbf16>, %y: memref<?xbf16>, %more: index, %block: index) {
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
    // expected-error-re@below {{'tile.load' op breaks what two warps rely on: {{.*}}: item {{.}} is read from slot {{.*}}}}
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
    // expected-note@below {{the last wait or barrier before it is here}}
    tile.wait 1
  }
  return
}

// -----

// The ring is shorter than what is done to it.
func.func @outside(%x: memref<?xbf16>, %y: memref<?xbf16>, %more: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c64 = arith.constant 64 : index
  %count = arith.addi %more, %c1 : index
  %m = tile.local {tile.ring = 0 : i64, tile.slots = 2 : i64} : memref<128xbf16>
  scf.for %i = %c0 to %c2 step %c1 {
    %at = arith.muli %i, %c64 : index
    tile.copy aligned %x[%at] stride %c64 to %m[%at] stride 64 shape [1, 64] : memref<?xbf16> to memref<128xbf16>
    tile.commit
  }
  tile.wait 1
  tile.barrier
  scf.for %n = %c0 to %count step %c1 {
    %slot = arith.remui %n, %c3 : index
    %at = arith.muli %slot, %c64 : index
    %v = tile.load %m[%at] strides[] : memref<128xbf16> -> bf16
    tile.store %v, %y[%n] strides[] : bf16, memref<?xbf16>
    %next = arith.addi %n, %c2 : index
    %next_slot = arith.remui %next, %c3 : index
    %to = arith.muli %next_slot, %c64 : index
    %some = arith.cmpi slt, %next, %count : index
    scf.if %some {
      %from = arith.muli %next, %c64 : index
      // expected-error@below {{'tile.copy' op leaves the memory of its ring}}
      tile.copy aligned %x[%from] stride %c64 to %m[%to] stride 64 shape [1, 64] : memref<?xbf16> to memref<128xbf16>
    }
    tile.commit
    tile.wait 1
    tile.barrier
  }
  return
}
