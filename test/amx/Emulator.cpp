//===- Emulator.cpp - AMX where the processor has none --------------------===//
//
// A library to preload: instructions on tiles that the processor does not know are computed by
// the handler of their signal, on registers of the thread's own, as the Intel manual (volume 2,
// "AMX instructions") says what they do. It checks what hardware would fault on, and ends the
// process there. For tests: each instruction costs some microseconds.
//
//===----------------------------------------------------------------------===//
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <initializer_list>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

namespace {

constexpr int kTiles = 8, kMostRows = 16, kMostBytes = 64;

struct Registers {
  bool configured = false;
  uint8_t rows[kTiles] = {};
  uint16_t bytes[kTiles] = {};
  alignas(64) uint8_t data[kTiles][kMostRows][kMostBytes] = {};
};

thread_local Registers registers;
uint64_t executed = 0;

[[noreturn]] void refuse(const char *what) {
  char text[160];
  int size = snprintf(text, sizeof text, "AMX emulator: %s\n", what);
  ssize_t ignored = write(2, text, size);
  (void)ignored;
  _exit(99);
}

float toFloat(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  memcpy(&value, &wide, 4);
  return value;
}

/// Subnormal numbers are zeros of their sign.
float flush(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if ((bits & 0x7f800000) == 0)
    bits &= 0x80000000;
  memcpy(&value, &bits, 4);
  return value;
}

void configure(const uint8_t *memory) {
  Registers fresh;
  if (memory[0] == 0) {
    registers = fresh;
    return;
  }
  if (memory[0] != 1)
    refuse("there is no such palette");
  for (int i = 1; i < 16; ++i)
    if (i > 1 && memory[i])
      refuse("reserved bytes of a configuration are not 0");
  for (int t = 0; t < 16; ++t) {
    uint16_t bytes;
    memcpy(&bytes, memory + 16 + 2 * t, 2);
    uint8_t rows = memory[48 + t];
    if (t >= kTiles) {
      if (bytes || rows)
        refuse("a configuration has more than eight tiles");
      continue;
    }
    if (bytes > kMostBytes || rows > kMostRows || bytes % 4)
      refuse("a tile of a configuration is too large");
    if ((bytes == 0) != (rows == 0))
      refuse("a tile of a configuration has rows or bytes of 0 alone");
    fresh.rows[t] = rows;
    fresh.bytes[t] = bytes;
  }
  fresh.configured = true;
  registers = fresh;
}

void need(int tile) {
  if (!registers.configured)
    refuse("tiles are used before they are configured");
  if (tile >= kTiles || registers.rows[tile] == 0)
    refuse("a tile is used that has no rows");
}

void move(int tile, uint8_t *base, int64_t stride, bool load) {
  need(tile);
  for (int row = 0; row < registers.rows[tile]; ++row) {
    uint8_t *memory = base + row * stride, *own = registers.data[tile][row];
    if (!load) {
      memcpy(memory, own, registers.bytes[tile]);
      continue;
    }
    memset(own, 0, kMostBytes);
    memcpy(own, memory, registers.bytes[tile]);
  }
  if (load)
    for (int row = registers.rows[tile]; row < kMostRows; ++row)
      memset(registers.data[tile][row], 0, kMostBytes);
}

/// What multiplies: `prefix` is that of the instruction's encoding.
void multiply(int sums, int left, int right, bool bytes, int prefix) {
  for (int tile : {sums, left, right})
    need(tile);
  if (sums == left || sums == right || left == right)
    refuse("a product's tiles are not three");
  if (registers.bytes[sums] != registers.bytes[right] ||
      registers.rows[sums] != registers.rows[left] ||
      registers.bytes[left] / 4 != registers.rows[right])
    refuse("tiles of a product do not fit each other");
  const int groups = registers.bytes[left] / 4, columns = registers.bytes[sums] / 4;
  for (int i = 0; i < registers.rows[sums]; ++i)
    for (int g = 0; g < groups; ++g)
      for (int j = 0; j < columns; ++j) {
        uint8_t *sum = registers.data[sums][i] + 4 * j;
        const uint8_t *a = registers.data[left][i] + 4 * g, *b = registers.data[right][g] + 4 * j;
        if (!bytes) {
          float value;
          memcpy(&value, sum, 4);
          for (int e = 0; e < 2; ++e) {
            uint16_t x, y;
            memcpy(&x, a + 2 * e, 2);
            memcpy(&y, b + 2 * e, 2);
            value = flush(__builtin_fmaf(flush(toFloat(x)), flush(toFloat(y)), flush(value)));
          }
          memcpy(sum, &value, 4);
          continue;
        }
        int32_t value;
        memcpy(&value, sum, 4);
        for (int e = 0; e < 4; ++e) {
          // Signed by signed F2, signed by unsigned F3, unsigned by signed 66, unsigned 0.
          int32_t x = prefix == 3 || prefix == 2 ? int8_t(a[e]) : int32_t(a[e]);
          int32_t y = prefix == 3 || prefix == 1 ? int8_t(b[e]) : int32_t(b[e]);
          value = int32_t(uint32_t(value) + uint32_t(x * y));
        }
        memcpy(sum, &value, 4);
      }
}

int64_t &registerOf(ucontext_t *context, int number) {
  constexpr int kOrder[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                            REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return reinterpret_cast<int64_t &>(context->uc_mcontext.gregs[kOrder[number]]);
}

/// Computes the instruction where the thread stands; false if it is none of AMX's.
bool step(ucontext_t *context) {
  auto *code = reinterpret_cast<const uint8_t *>(context->uc_mcontext.gregs[REG_RIP]);
  // VEX of three bytes, map 0F38, 128 bits, W0.
  if (code[0] != 0xC4 || (code[1] & 0x1F) != 2 || (code[2] & 0x84) != 0)
    return false;
  const bool wideIndex = !(code[1] & 0x40), wideBase = !(code[1] & 0x20);
  const int prefix = code[2] & 3, third = ~(code[2] >> 3) & 15; // none, 66, F3, F2
  const uint8_t opcode = code[3], modrm = code[4];
  const int mode = modrm >> 6, reg = modrm >> 3 & 7, rm = modrm & 7;
  const uint8_t *next = code + 5;
  uint8_t *memory = nullptr;
  int64_t stride = 0;
  if (mode != 3) {
    int base = rm, index = -1, scale = 0;
    if (rm == 4) {
      uint8_t sib = *next++;
      base = sib & 7;
      index = (sib >> 3 & 7) | (wideIndex ? 8 : 0);
      scale = sib >> 6;
      if (index == 4)
        index = -1;
    }
    int64_t address = 0;
    bool isRelative = mode == 0 && rm == 5, noBase = mode == 0 && rm == 4 && base == 5;
    if (!isRelative && !noBase)
      address = registerOf(context, base | (wideBase ? 8 : 0));
    if (mode == 1) {
      address += int8_t(*next++);
    } else if (mode == 2 || isRelative || noBase) {
      int32_t far;
      memcpy(&far, next, 4);
      next += 4;
      address += far;
    }
    if (isRelative)
      address += reinterpret_cast<int64_t>(next);
    if (index >= 0)
      stride = registerOf(context, index) << scale;
    memory = reinterpret_cast<uint8_t *>(address);
  }
  if (opcode == 0x49 && mode != 3 && prefix == 0)
    configure(memory);
  else if (opcode == 0x49 && mode == 3 && prefix == 0 && modrm == 0xC0)
    registers = Registers();
  else if (opcode == 0x49 && mode == 3 && prefix == 3) {
    need(reg);
    memset(registers.data[reg], 0, sizeof registers.data[reg]);
  } else if (opcode == 0x4B && mode != 3 && (prefix == 3 || prefix == 1))
    move(reg, memory, stride, /*load=*/true);
  else if (opcode == 0x4B && mode != 3 && prefix == 2)
    move(reg, memory, stride, /*load=*/false);
  else if (opcode == 0x5C && mode == 3 && prefix == 2)
    multiply(reg, rm, third, /*bytes=*/false, prefix);
  else if (opcode == 0x5E && mode == 3)
    multiply(reg, rm, third, /*bytes=*/true, prefix);
  else
    return false;
  __atomic_add_fetch(&executed, 1, __ATOMIC_RELAXED);
  context->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<int64_t>(next);
  return true;
}

void handle(int, siginfo_t *, void *context) {
  if (step(static_cast<ucontext_t *>(context)))
    return;
  auto *code = reinterpret_cast<const uint8_t *>(
      static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_RIP]);
  char text[100];
  snprintf(text, sizeof text, "not an instruction of AMX: %02x %02x %02x %02x %02x %02x", code[0],
           code[1], code[2], code[3], code[4], code[5]);
  refuse(text);
}

using SigactionFunction = int (*)(int, const struct sigaction *, struct sigaction *);

int realSigaction(int number, const struct sigaction *to, struct sigaction *from) {
  static auto real = reinterpret_cast<SigactionFunction>(dlsym(RTLD_NEXT, "sigaction"));
  return real(number, to, from);
}

__attribute__((constructor)) void install() {
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  realSigaction(SIGILL, &action, nullptr);
}

/// A test has to see that the instructions were there.
__attribute__((destructor)) void report() {
  if (getenv("AMX_EMULATOR_REPORTS"))
    fprintf(stderr, "AMX emulator: %llu instructions\n", static_cast<unsigned long long>(executed));
}

} // namespace

/// The runtime looks for it (runtime/core/CpuDetect.cpp).
extern "C" const char einf_emulated_features[] = "amx-tile,amx-bf16,amx-int8";

/// Others do not get the signal.
extern "C" int sigaction(int number, const struct sigaction *to, struct sigaction *from) {
  if (number == SIGILL && to)
    return 0;
  return realSigaction(number, to, from);
}
