//===- ExactTest.cpp - fma, fmod and rounding to odd against the host -----===//
#include "lib/Elementary/Exact.h"
#include <gtest/gtest.h>
#include <random>
#include <vector>

using namespace einfall::elementary;

namespace {

using Real = Plain<double>;

/// Numbers of every kind: any bits, moderate ones, few bits, special ones.
class Numbers {
public:
  double next() {
    uint64_t bits = random();
    switch (random() % 5) {
    case 0:
      return std::bit_cast<double>(bits);
    case 1:
      return std::ldexp(double(int64_t(bits) >> 11), -50);
    case 2:
      return std::ldexp(double(int64_t(bits) >> 40), int(random() % 2200) - 1120);
    case 3:
      return std::bit_cast<double>(bits & 0x800FFFFFFFFFFFFF); // subnormal
    default:
      return special[bits % special.size()];
    }
  }

private:
  std::mt19937_64 random{20};
  std::vector<double> special = {0.0,
                                 -0.0,
                                 1.0,
                                 -1.0,
                                 3.0,
                                 0x1p-1022,
                                 0x1p-1074,
                                 -0x1p-1074,
                                 INFINITY,
                                 -INFINITY,
                                 NAN,
                                 1.7976931348623157e308,
                                 0x1p-537,
                                 0x1p512,
                                 0x1.fffffffffffffp-1,
                                 0x1.0000000000001p0};
};

testing::AssertionResult same(double a, double b) {
  if ((std::isnan(a) && std::isnan(b)) || std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b))
    return testing::AssertionSuccess();
  char text[99];
  std::snprintf(text, sizeof text, "%a, expected %a", a, b);
  return testing::AssertionFailure() << text;
}

TEST(Exact, FmaRoundsOnce) {
  Numbers numbers;
  for (int i = 0; i < 2'000'000; ++i) {
    double a = numbers.next(), b = numbers.next(), c = numbers.next();
    if (i % 3 == 0) // cancellation
      c = -a * b * (1 + (i % 7) * 0x1p-52);
    ASSERT_TRUE(same(fma(Real{a}, Real{b}, Real{c}).v, std::fma(a, b, c)))
        << std::hexfloat << a << " * " << b << " + " << c;
  }
}

TEST(Exact, FmaInF32ThroughDouble) {
  Numbers numbers;
  for (int i = 0; i < 1'000'000; ++i) {
    float a = numbers.next(), b = numbers.next(), c = numbers.next();
    double sum = oddSum(Real{double(a) * double(b)}, Real{c}).v;
    ASSERT_TRUE(same(static_cast<float>(sum), std::fma(a, b, c))) << a << " " << b << " " << c;
  }
}

TEST(Exact, RemainderIsFmod) {
  Numbers numbers;
  for (int i = 0; i < 300'000; ++i) {
    double x = numbers.next(), y = numbers.next();
    Division<Real> division(Real{x}, Real{y});
    auto rest = division.rest, steps = division.steps;
    while (steps.v > 0)
      std::tie(rest, steps) = division.step(rest, steps);
    ASSERT_TRUE(same(division.finish(rest).v, std::fmod(x, y))) << std::hexfloat << x << " % " << y;
  }
}

} // namespace
