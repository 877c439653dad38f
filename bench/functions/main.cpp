//===- main.cpp - Errors of compiled elementary functions -----------------===//
//
// einfall-check-functions PACKAGE [--step N] [--relative X] [--time] [NAME_TYPE...]
//
// PACKAGE is functions.mlir, compiled. Each entry runs on every N-th float32
// (all 2^32 without --step), on the values that are special in any function,
// or on as many doubles, and is compared with the host's library in a wider
// type. Prints the greatest error in ulp; fails where a bound is broken (1 ulp,
// 2 of a double). With --relative errors are relative to the value, at most X,
// and what lies below 4e-38 may be 0. With --time it prints the time an element on one thread
// instead.
//
//===----------------------------------------------------------------------===//
#include <einfall/einfall.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int64_t kChunk = 1 << 16;

struct Function {
  const char *name;
  double (*wide)(double);
  long double (*widest)(long double);
};

double rsqrt(double x) { return 1 / std::sqrt(x); }
long double rsqrtl(long double x) { return 1 / sqrtl(x); }

const Function kFunctions[] = {
    {"acos", std::acos, acosl},    {"acosh", std::acosh, acoshl}, {"asin", std::asin, asinl},
    {"asinh", std::asinh, asinhl}, {"atan", std::atan, atanl},    {"atanh", std::atanh, atanhl},
    {"cbrt", std::cbrt, cbrtl},    {"cos", std::cos, cosl},       {"cosh", std::cosh, coshl},
    {"erf", std::erf, erfl},       {"erfc", std::erfc, erfcl},    {"exp", std::exp, expl},
    {"exp2", std::exp2, exp2l},    {"expm1", std::expm1, expm1l}, {"log", std::log, logl},
    {"log10", std::log10, log10l}, {"log1p", std::log1p, log1pl}, {"log2", std::log2, log2l},
    {"rsqrt", rsqrt, rsqrtl},      {"sin", std::sin, sinl},       {"sinh", std::sinh, sinhl},
    {"tan", std::tan, tanl},       {"tanh", std::tanh, tanhl}};

[[noreturn]] void fail(const std::string &message) {
  std::fprintf(stderr, "einfall-check-functions: %s\n", message.c_str());
  std::exit(1);
}

/// The distance to `want` in units of the last place of T there; infinite where
/// the one is a number and the other not, or where zeros differ in sign.
template <typename T, typename Wide> double errorOf(T got, Wide want) {
  constexpr double wrong = std::numeric_limits<double>::infinity();
  T near = static_cast<T>(want), size = std::fabs(near);
  if (std::isnan(near) || std::isnan(got))
    return std::isnan(near) && std::isnan(got) ? 0 : wrong;
  constexpr T greatest = std::numeric_limits<T>::max();
  // One step over the edge of the range is one ulp.
  if (std::isinf(near) || std::isinf(got))
    return near == got ? 0
           : std::fabs(std::isinf(near) ? got : near) == greatest &&
                   std::signbit(near) == std::signbit(got)
               ? 1
               : wrong;
  if (want == 0)
    return got == 0 && std::signbit(got) == std::signbit(want) ? 0 : wrong;
  T next = std::nextafter(size, std::numeric_limits<T>::infinity());
  Wide ulp = std::isinf(next) ? Wide(size) - Wide(std::nextafter(size, T(0))) : Wide(next) - size;
  return static_cast<double>(std::fabs(Wide(got) - want) / ulp);
}

/// As errorOf, relative to `want`.
double relativeErrorOf(double got, double want) {
  double error = errorOf<float, double>(float(got), want);
  if (std::isinf(want) || std::isnan(want) || want == 0 || std::isinf(got))
    return error;
  if (std::fabs(want) < 4e-38)
    return std::fabs(got) < 4e-38 ? 0 : error;
  return std::fabs(got - want) / std::fabs(want);
}

template <typename T> struct Worst {
  double error = 0;
  T at = 0;
  void see(double e, T x) {
    if (e > error)
      error = e, at = x;
  }
};

struct Options {
  std::string package;
  uint64_t step = 1;
  bool time = false;
  double relative = 0; // 0: in ulp
  std::vector<std::string> names;
};

/// Values by number: bit patterns of floats, spread over those of doubles.
template <typename T> T valueOf(uint64_t number) {
  if constexpr (sizeof(T) == 4)
    return std::bit_cast<float>(static_cast<uint32_t>(number));
  uint64_t low = number * 0x9E3779B97F4A7C15u;
  return std::bit_cast<double>(number << 32 | low >> 32);
}

class Checker {
public:
  Checker(einf_package *package, const Options &options) : package(package), options(options) {}

  /// True if the bound holds.
  template <typename T>
  bool check(const Function &function, const std::string &entry, double bound) {
    unsigned count = std::max(1u, std::thread::hardware_concurrency());
    std::vector<Worst<T>> found(count);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < count; ++t)
      threads.emplace_back([&, t] { found[t] = part<T>(function, entry, t, count); });
    for (std::thread &thread : threads)
      thread.join();
    Worst<T> worst;
    for (const Worst<T> &each : found)
      worst.see(each.error, each.at);
    bool holds = worst.error <= (options.relative > 0 ? options.relative : bound);
    std::printf("%-10s %9.5g %s at %-16.9g%s\n", entry.c_str(), worst.error,
                options.relative > 0 ? "relative" : "ulp", double(worst.at),
                holds ? "" : "  beyond its bound");
    std::fflush(stdout);
    return holds;
  }

  template <typename T> void time(const std::string &entry) {
    einf_session *session = open();
    std::vector<T> in(kChunk), out(kChunk);
    for (int64_t i = 0; i < kChunk; ++i)
      in[i] = T(0.01) + T(i % 4001) / 1000;
    double best = 1e9;
    for (int round = 0; round < 200; ++round) {
      auto start = std::chrono::steady_clock::now();
      run(session, entry, in, out);
      std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
      best = std::min(best, spent.count() / kChunk);
    }
    std::printf("%-10s %7.3f ns\n", entry.c_str(), best);
    einf_session_close(session);
  }

private:
  einf_session *open() {
    einf_binding bound{"n", kChunk};
    einf_session *session;
    if (einf_session_open(package, &bound, 1, &session) != EINF_OK)
      fail(einf_last_error());
    return session;
  }

  template <typename T>
  void run(einf_session *session, const std::string &entry, std::vector<T> &in,
           std::vector<T> &out) {
    int64_t shape = kChunk;
    einf_dtype dtype = sizeof(T) == 4 ? EINF_F32 : EINF_F64;
    einf_tensor x{"x", in.data(), &shape, 1, dtype}, y{"y", out.data(), &shape, 1, dtype};
    if (einf_run(session, entry.c_str(), &x, 1, nullptr, 0, &y, 1) != EINF_OK)
      fail(einf_last_error());
  }

  template <typename T>
  Worst<T> part(const Function &function, const std::string &entry, unsigned first,
                unsigned count) {
    einf_session *session = open();
    Worst<T> worst;
    std::vector<T> in(kChunk), out(kChunk);
    uint64_t total = ((uint64_t(1) << 32) + options.step - 1) / options.step;
    for (uint64_t base = first * kChunk; base < total; base += count * kChunk) {
      for (int64_t i = 0; i < kChunk; ++i)
        in[i] = valueOf<T>(std::min(base + i, total - 1) * options.step);
      run(session, entry, in, out);
      for (int64_t i = 0; i < kChunk; ++i)
        if constexpr (sizeof(T) == 4)
          worst.see(options.relative > 0 ? relativeErrorOf(out[i], function.wide(in[i]))
                                         : errorOf(out[i], function.wide(in[i])),
                    in[i]);
        else
          worst.see(errorOf(out[i], function.widest(in[i])), in[i]);
    }
    einf_session_close(session);
    return worst;
  }

  einf_package *package;
  const Options &options;
};

Options parse(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--time")
      options.time = true;
    else if (argument == "--relative" && i + 1 < argc)
      options.relative = std::strtod(argv[++i], nullptr);
    else if (argument == "--step" && i + 1 < argc)
      options.step = std::strtoull(argv[++i], nullptr, 10);
    else if (options.package.empty())
      options.package = argument;
    else
      options.names.push_back(argument);
  }
  if (options.package.empty() || options.step == 0) {
    std::fputs("usage: einfall-check-functions PACKAGE [--step N] [--relative X] [--time] "
               "[NAME_TYPE...]\n",
               stderr);
    std::exit(2);
  }
  return options;
}

} // namespace

int main(int argc, char **argv) {
  Options options = parse(argc, argv);
  einf_package *package;
  if (einf_package_open(options.package.c_str(), &package) != EINF_OK)
    fail(einf_last_error());
  einf_set_num_threads(1); // each thread here has a session of its own
  Checker checker(package, options);
  bool all = true;
  for (const char *type : {"f32", "f64"})
    for (const Function &function : kFunctions) {
      std::string entry = std::string(function.name) + "_" + type;
      if (!options.names.empty() &&
          std::find(options.names.begin(), options.names.end(), entry) == options.names.end() &&
          std::find(options.names.begin(), options.names.end(), type) == options.names.end())
        continue;
      bool single = std::strcmp(type, "f32") == 0;
      if (options.time)
        single ? checker.time<float>(entry) : checker.time<double>(entry);
      else
        all &= single ? checker.check<float>(function, entry, 1.0)
                      : checker.check<double>(function, entry, 2.0);
    }
  einf_package_close(package);
  return all ? 0 : 1;
}
