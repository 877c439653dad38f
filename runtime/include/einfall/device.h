//===- device.h - Kernels of a device, as host code carries them ----------===//
//
// The shared object of a device target exports one read-only data symbol,
// einf_device_code: a blob that tells the kernels' names and launch sizes and
// holds them compiled, for one or more kinds of chip. It has no pointers and is
// little-endian, so that the compiler writes it as bytes and the runtime checks
// every offset before it follows one. Plain C, no includes beyond stdint;
// versioned with abi.h.
//
//   einf_device_header
//   einf_device_kernel[kernel_count]   numbered as launch_device takes them
//   einf_device_image[image_count]     each holds all kernels, by their names
//   text and images                    where the offsets say
//
// All offsets count from the start of the blob.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DEVICE_H
#define EINFALL_DEVICE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EINF_DEVICE_SYMBOL "einf_device_code"
#define EINF_DEVICE_MAGIC "EINFDEV1" /* eight bytes, no zero at the end */
#define EINF_DEVICE_MAGIC_SIZE 8

typedef struct einf_device_header {
  char magic[EINF_DEVICE_MAGIC_SIZE];
  uint32_t kernel_count, image_count;
  uint64_t size; /* of the whole blob */
} einf_device_header;

/* Text is UTF-8 without a zero at its end. */
typedef struct einf_device_kernel {
  uint32_t name_offset, name_size;     /* the function's name in the images */
  uint32_t source_offset, source_size; /* the user's file:line, may be empty */
  uint32_t threads;                    /* of a block, in one dimension */
  uint32_t shared_bytes;               /* dynamic shared memory of a block */
} einf_device_kernel;

enum einf_device_image_kind {
  EINF_IMAGE_PTX = 0,  /* text with a zero at its end, which `size` counts */
  EINF_IMAGE_CUBIN = 1 /* machine code of one capability */
};

/* Or-ed to a capability: features of that chip alone (sm_90a), not of later ones. */
#define EINF_CAPABILITY_EXACT 0x10000u

typedef struct einf_device_image {
  uint32_t kind;       /* einf_device_image_kind */
  uint32_t capability; /* 80, 90; | EINF_CAPABILITY_EXACT */
  uint64_t offset, size;
} einf_device_image;

#ifdef __cplusplus
static_assert(sizeof(einf_device_header) == 24 && sizeof(einf_device_kernel) == 24 &&
                  sizeof(einf_device_image) == 24,
              "the blob has no padding");
}
#endif
#endif
