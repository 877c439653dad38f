/*===- einfall.h - The C interface of the einfall runtime ------------------===
 *
 * Opens packages made by `einfall compile` and runs them; needs neither LLVM
 * nor Python. Handles are opaque. Functions that can fail return einf_status;
 * einf_last_error() then has a sentence for the user, kept per thread until
 * the thread's next failing call. Packages may be used from any thread;
 * a session from one thread at a time. Strings are UTF-8 and zero-ended;
 * those returned live as long as the handle that they came from.
 *
 *===----------------------------------------------------------------------===*/
#ifndef EINFALL_EINFALL_H
#define EINFALL_EINFALL_H

#include <stddef.h>
#include <stdint.h>

#include "counters.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EINF_API_VERSION 1u

typedef enum einf_status {
  EINF_OK = 0,
  EINF_INVALID_ARGUMENT = 1, /* wrong name, dtype, rank, extent, option */
  EINF_BAD_PACKAGE = 2,      /* damaged, truncated, foreign, wrong version */
  EINF_UNSUPPORTED = 3,      /* the machine lacks what the package needs */
  EINF_OUT_OF_BOUNDS = 4,    /* beyond the session's bounds, value range */
  EINF_IO = 5,
  EINF_OUT_OF_MEMORY = 6,
  EINF_STOPPED = 7,      /* a callback asked to stop */
  EINF_DEVICE_FAILED = 8 /* a kernel or its device failed; others go on */
} einf_status;

/* Fixed width, so that any number a caller passes is a value to refuse. */
typedef int32_t einf_dtype;
enum {
  EINF_F64,
  EINF_F32,
  EINF_F16,
  EINF_BF16,
  EINF_F8E4M3FN,
  EINF_F8E5M2,
  EINF_F8E4M3FNUZ,
  EINF_F8E5M2FNUZ,
  EINF_I1,
  EINF_I8,
  EINF_I16,
  EINF_I32,
  EINF_I64, /* i1: one byte, 0 or 1 */
  EINF_U8,
  EINF_U16,
  EINF_U32,
  EINF_U64
};

typedef enum einf_buffer_kind {
  EINF_INPUT,
  EINF_OUTPUT,
  EINF_STATE,
  EINF_WEIGHT,
  EINF_TEMPORARY
} einf_buffer_kind;

typedef struct einf_package einf_package;
typedef struct einf_session einf_session;

/* A symbol with its value: a bound of a session, a parameter of a call. */
typedef struct einf_binding {
  const char *name;
  int64_t value;
} einf_binding;

/* A dense row-major tensor of the caller. `name` NULL: by position. Data that
 * is 64-byte aligned is used in place, other data is copied. A session on a GPU
 * takes pointers to host memory, which it copies, and to memory of that GPU. */
typedef struct einf_tensor {
  const char *name;
  void *data;
  const int64_t *shape;
  int32_t rank;
  einf_dtype dtype;
} einf_tensor;

/* A buffer of an entry as the package describes it. `shape` is text over the
 * entry's symbols, such as "[b, s, 256]". */
typedef struct einf_buffer_info {
  const char *name;
  const char *shape;
  einf_buffer_kind kind;
  einf_dtype dtype;
  int32_t rank;
} einf_buffer_info;

uint32_t einf_api_version(void); /* EINF_API_VERSION of the library */
const char *einf_last_error(void);
const char *einf_dtype_name(einf_dtype dtype); /* "f32" */
size_t einf_dtype_size(einf_dtype dtype);      /* bytes an element */

/* Threads for all launches, the caller included; 0 leaves it as it is.
 * Returns the number now. Starts as EINFALL_NUM_THREADS or the CPUs at hand. */
uint32_t einf_set_num_threads(uint32_t threads);

/* 1 binds each of these threads but the caller's to a CPU of its own, 0 lets them go,
 * any other number leaves it as it is. Returns 1 if they are bound now. Starts as
 * EINFALL_PIN_THREADS (1), else 0. For a machine that the process has to itself. */
int32_t einf_pin_threads(int32_t pin);

/* ---- Packages ---------------------------------------------------------- */

/* Maps the file and checks its form, digest and manifest (not the weights'
 * checksums). The file must not change while it is open. */
einf_status einf_package_open(const char *path, einf_package **package);
void einf_package_close(einf_package *package);               /* sessions keep what they use */
einf_status einf_package_verify(const einf_package *package); /* all weights */

/* manifest.json; value of a metadata key or NULL; a file of the package
 * ("tokenizer.json") or NULL, `size` in bytes, not zero-ended. */
const char *einf_package_manifest(const einf_package *package);
const char *einf_package_metadata(const einf_package *package, const char *key);
const char *einf_package_file(const einf_package *package, const char *name, size_t *size);

size_t einf_entry_count(const einf_package *package);
const char *einf_entry_name(const einf_package *package, size_t entry);
size_t einf_buffer_count(const einf_package *package, size_t entry);
einf_status einf_buffer_get(const einf_package *package, size_t entry, size_t buffer,
                            einf_buffer_info *info);

/* ---- Sessions ---------------------------------------------------------- */

/* Allocates states and the arena for calls whose symbols stay within
 * `bounds`. Picks the best target that the CPU runs; EINFALL_CPU=x86-64-v3
 * pretends a lesser CPU. */
einf_status einf_session_open(einf_package *package, const einf_binding *bounds, size_t bound_count,
                              einf_session **session);

/* The same on a device: "cpu", "cuda", "cuda:1". */
einf_status einf_session_open_on(einf_package *package, const char *device,
                                 const einf_binding *bounds, size_t bound_count,
                                 einf_session **session);
void einf_session_close(einf_session *session);
const char *einf_session_target(const einf_session *session);
const char *einf_session_device(const einf_session *session); /* "cuda:0" */
uint64_t einf_session_arena_bytes(const einf_session *session);
uint64_t einf_session_state_bytes(const einf_session *session);

/* What the device had to make do with, a line each ("" usually): PTX where the driver
 * refuses machine code, kernels one by one where it refuses a graph. Until the next
 * call with the session. */
const char *einf_session_notes(einf_session *session);

/* What kernel `kernel` (a step's `program` in manifest.json) has counted in all
 * sessions of the package: EINF_COUNTERS numbers, see counters.h. 0 if it was not
 * compiled to count (--count-visits), else 1. */
int32_t einf_session_counters(const einf_session *session, const char *kernel, uint64_t *counters);

/* All states zero, past 0: as freshly opened. */
einf_status einf_reset(einf_session *session);

/* Shape of output number `output`; `shape` has room for `*rank` extents and
 * `*rank` becomes the rank. Input data may be NULL here. */
einf_status einf_output_shape(einf_session *session, const char *entry, const einf_tensor *inputs,
                              size_t input_count, const einf_binding *params, size_t param_count,
                              size_t output, int64_t *shape, int32_t *rank);

/* Runs an entry point. Nothing is computed unless all arguments fit. Where all
 * tensors are memory of the session's GPU, the work may still be under way; it is
 * ordered with that of the legacy default stream. Integer inputs with a range
 * (ids) that lie on the GPU are read back and checked before, which waits for the
 * stream; EINFALL_CUDA_CHECK_VALUES=0 trusts them. */
einf_status einf_run(einf_session *session, const char *entry, const einf_tensor *inputs,
                     size_t input_count, const einf_binding *params, size_t param_count,
                     const einf_tensor *outputs, size_t output_count);

/* Waits for the work of all calls, and tells if it failed. */
einf_status einf_wait(einf_session *session);

/* ---- Text generation with a package of kind "causal-lm" ---------------- */

/* Called once a new token of `row`, the `index`-th. Not 0 stops. */
typedef int (*einf_token_fn)(void *user, int64_t row, int64_t index, int64_t token);

typedef struct einf_generate_options {
  size_t struct_size;     /* sizeof(einf_generate_options) */
  int64_t max_new_tokens; /* for each row */
  double temperature;     /* 0: greedy */
  int64_t top_k;          /* 0: all tokens */
  uint64_t seed;
  int32_t ignore_eos; /* not 0: never stop at end-of-sequence tokens */
  einf_token_fn on_token;
  void *user;
} einf_generate_options;

typedef struct einf_generate_stats {
  double prefill_seconds, decode_seconds;
  int64_t prompt_tokens, new_tokens, decode_steps;
} einf_generate_stats;

/* Session for `batch` rows of at most `context` tokens, prompts fed in pieces
 * of at most `chunk`. */
einf_status einf_session_open_lm(einf_package *package, int64_t batch, int64_t context,
                                 int64_t chunk, einf_session **session);
einf_status einf_session_open_lm_on(einf_package *package, const char *device, int64_t batch,
                                    int64_t context, int64_t chunk, einf_session **session);

/* Fills in the defaults: 48 tokens, greedy. */
void einf_generate_defaults(einf_generate_options *options);

/* Starts from an empty context, feeds the prompts and generates. Rows may
 * differ in length, each at least 1. New tokens go to the callback and, if
 * `tokens` is not NULL, to tokens[row * max_new_tokens + i], counts[row] of
 * them; the end-of-sequence token counts. `stats` may be NULL. */
einf_status einf_generate(einf_session *session, const int64_t *const *prompts,
                          const int64_t *lengths, int64_t rows,
                          const einf_generate_options *options, int64_t *tokens, int64_t *counts,
                          einf_generate_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
