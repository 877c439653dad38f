#include "core/Session.h"
#include "TestPackage.h"
#include "core/ThreadPool.h"

#include <gtest/gtest.h>
#include <thread>

using namespace einfall;
using namespace einfall::rt;

namespace {

std::unique_ptr<Session> open(std::shared_ptr<Package> package, std::vector<Binding> bounds) {
  auto session = Session::open(std::move(package), bounds);
  EXPECT_TRUE(session.ok()) << session.status().message();
  return session ? std::move(*session) : nullptr;
}

std::unique_ptr<Session> openToySession() {
  return open(test::openToy(), {{"b", 2}, {"s", 4}, {"t", 8}, {"c", 8}, {"n", 1000}});
}

Status scale(Session &session, std::vector<float> &x, std::vector<float> &y) {
  int64_t in[] = {int64_t(x.size())}, out[] = {int64_t(y.size())};
  TensorView inputs[] = {{"x", x.data(), DType::F32, in}};
  TensorView outputs[] = {{"y", y.data(), DType::F32, out}};
  return session.run("scale", inputs, {}, outputs);
}

struct NextCall {
  std::vector<int64_t> ids{1, 2, 3}, start{0}, idShape{1, 3}, startShape{1}, outShape{1, 7};
  DType dtype = DType::I64;
  std::vector<float> logits = std::vector<float>(14);
  std::vector<Binding> params{{"t", 3}};

  std::string run(Session &session) {
    TensorView inputs[] = {{"ids", ids.data(), dtype, idShape},
                           {"start", start.data(), DType::I64, startShape}};
    TensorView outputs[] = {{"logits", logits.data(), DType::F32, outShape}};
    return session.run("next", inputs, params, outputs).message();
  }
};

void expectIn(const std::string &message, const std::string &part) {
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

} // namespace

TEST(Session, RunsAtAllLengths) {
  auto session = openToySession();
  ASSERT_TRUE(session);
  EXPECT_EQ(session->arenaBytes(), 4032u);
  EXPECT_EQ(session->stateBytes(), 2u * 8 * 8);
  for (size_t n : {0u, 1u, 7u, 8u, 9u, 65u, 997u, 1000u}) {
    std::vector<float> x(n), y(n);
    for (size_t i = 0; i < n; ++i)
      x[i] = float(i);
    Status status = scale(*session, x, y);
    ASSERT_TRUE(status.ok()) << status.message();
    for (size_t i = 0; i < n; ++i)
      ASSERT_EQ(y[i], 3.0f * float(i));
  }
}

TEST(Session, ErrorsNameWhatIsWrong) {
  auto session = openToySession();
  ASSERT_TRUE(session);
  NextCall good;
  EXPECT_EQ(good.run(*session), "");
  EXPECT_EQ(good.logits[6], 1.0f);

  NextCall c = good;
  c.ids[1] = 7;
  expectIn(c.run(*session), "input 'ids' is 7 at [0, 1], expected a value in [0, 7)");
  c = good;
  c.dtype = DType::I32;
  expectIn(c.run(*session), "input 'ids': expected dtype i64, but got i32");
  c = good;
  c.idShape = {3};
  expectIn(c.run(*session), "expected rank 2 [b, s], but got 1");
  c = good;
  c.startShape = {2};
  expectIn(c.run(*session), "input 'start', dimension 0: expected b = 1, but got 2");
  c = good;
  c.outShape = {1, 8};
  expectIn(c.run(*session), "output 'logits', dimension 1: expected 7, but got 8");
  c = good;
  c.params = {{"t", 9}};
  expectIn(c.run(*session), "'t' is 9, beyond the session's bound t = 8");
  c = good;
  c.params = {};
  expectIn(c.run(*session), "parameter 't' is missing");
  c = good;
  c.params = {{"t", 3}, {"u", 3}};
  expectIn(c.run(*session), "no parameter 'u'");
  expectIn(session->run("nothing", {}, {}, {}).message(),
           "no entry 'nothing'; it has 'next', 'scale'");
  std::vector<float> big(1001), y(1001);
  expectIn(
      scale(*session, big, y).message(),
      "'n' (dimension 0 of 'x') is 1001, beyond the session's bound n = 1000; open the session "
      "with n = 1001 or more");
}

TEST(Session, BoundsAreChecked) {
  auto package = test::openToy();
  auto message = [&](std::vector<Binding> bounds) {
    return Session::open(package, bounds).status().message();
  };
  expectIn(message({{"b", 1}}), "needs a bound for 'c'");
  expectIn(message({{"b", 0}, {"c", 1}}), "bound 'b' is 0");
  expectIn(message({{"b", 1}, {"c", 1}, {"q", 1}}), "no symbol 'q'");
  expectIn(message({{"b", INT64_MAX}, {"c", 9}}), "overflows");
  expectIn(message({{"b", int64_t(1) << 40}, {"c", 99}}), "cannot allocate");
  auto session = open(package, {{"b", 1}, {"c", 1}});
  std::vector<float> x(1), y(1);
  expectIn(scale(*session, x, y).message(), "entry 'scale' needs a bound for 'n'");
}

TEST(Session, StateLastsUntilReset) {
  auto session = openToySession();
  NextCall first;
  EXPECT_EQ(first.run(*session), "");
  NextCall more;
  more.ids = {4};
  more.idShape = {1, 1};
  more.params = {{"t", 4}};
  EXPECT_EQ(more.run(*session), "");
  EXPECT_EQ(more.logits[(1 + 2 + 3 + 4) % 7], 1.0f);
  EXPECT_TRUE(session->reset().ok());
  EXPECT_EQ(more.run(*session), "");
  EXPECT_EQ(more.logits[4], 1.0f);
}

TEST(Session, TwoThreadsTwoSessions) {
  ThreadPool::process().resize(3);
  auto package = test::openToy();
  auto work = [&] {
    auto session = open(package, {{"b", 2}, {"s", 4}, {"t", 8}, {"c", 8}, {"n", 500}});
    std::vector<float> x(500), y(500);
    for (int round = 0; round < 300; ++round) {
      for (size_t i = 0; i < x.size(); ++i)
        x[i] = float(i) + float(round);
      ASSERT_TRUE(scale(*session, x, y).ok());
      for (size_t i = 0; i < x.size(); ++i)
        ASSERT_EQ(y[i], 3 * x[i]);
      NextCall call;
      ASSERT_EQ(call.run(*session), "");
    }
  };
  std::thread a(work), b(work);
  a.join();
  b.join();
}

TEST(Session, ProfileCountsLaunches) {
  auto session = openToySession();
  Profile profile;
  session->setProfile(&profile);
  std::vector<float> x(100, 1.0f), y(100);
  ASSERT_TRUE(scale(*session, x, y).ok());
  ASSERT_TRUE(scale(*session, x, y).ok());
  session->setProfile(nullptr);
  ASSERT_TRUE(scale(*session, x, y).ok());
  EXPECT_EQ(y[99], 3.0f);
  ASSERT_EQ(profile.times().size(), 1u);
  const std::vector<StepTime> &steps = profile.times().at("scale");
  ASSERT_EQ(steps.size(), 2u);
  for (const StepTime &step : steps) {
    EXPECT_EQ(step.launches, 2u);
    EXPECT_EQ(step.points, 200.0);
    EXPECT_GT(step.seconds, 0.0);
  }
  // x, both elements of w and the temporary; then the temporary and y.
  EXPECT_EQ(steps[0].bytes, 2.0 * (400 + 8 + 400));
  EXPECT_EQ(steps[1].bytes, 2.0 * (400 + 400));
}
