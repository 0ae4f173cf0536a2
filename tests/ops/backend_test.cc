#include <fmt/format.h>
#include <gmock/gmock.h>
#include <omp.h>

#include <array>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "latentdial/error.h"
#include "ops/reference.h"
#include "tensor/stop_scope.h"

namespace latentdial::detail::ops::test {
namespace {

using testing::HasSubstr;

class BackendTest : public OpsTest {
 protected:
  static void expect_fault(const std::function<void()>& call, const std::string& part) {
    try {
      call();
      FAIL() << "no error where one naming " << part << " is due";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::internal);
      EXPECT_THAT(error.what(), HasSubstr(part));
    }
  }
};

TEST_P(BackendTest, DescribesItself) {
  const auto text = backend_->description();
  EXPECT_THAT(text, HasSubstr("2 threads"));
  EXPECT_THAT(text, HasSubstr(GetParam().int8 ? "int8" : std::string(name(backend_->dtype()))));
  const bool widens = label(GetParam()) == "bf16_widened";
  EXPECT_EQ(text.find("multiplied in f32") != std::string::npos, widens);
}

TEST_P(BackendTest, TakesAllCoresWhenNoneAreNamed) {
  const auto cores = omp_get_num_procs();
  const auto text = make_cpu_backend(GetParam().options(0))->description();
  EXPECT_THAT(text, HasSubstr(fmt::format(" {} thread", cores)));
}

TEST_P(BackendTest, LeavesTheCallersThreadCountAlone) {
  omp_set_num_threads(3);
  const Tensor x = on_device(random_tensor({8, 16}, 1));
  (void)backend_->linear(x, backend_->prepare_linear(random_tensor({16, 16}, 2), {}));
  EXPECT_EQ(omp_get_max_threads(), 3);
}

TEST_P(BackendTest, StopsWhereItsCallerIsAskedTo) {
  const Tensor x = on_device(random_tensor({1, 64, 64, 32}, 1)), rows = x.reshape({1, 64 * 64, 32});
  const auto convolution = backend_->prepare_conv2d(random_tensor({32, 32, 3, 3}, 2), {}, {1, 1, 1});
  std::stop_source stop;
  const std::stop_token token = stop.get_token();
  const auto is_cancelled = [](const auto& call) {
    try {
      (void)call();
    } catch (const Error& error) {
      return error.code() == ErrorCode::cancelled;
    }
    return false;
  };
  const auto attend = [&] { return backend_->attention(rows, rows, rows, 2); };
  const auto convolve = [&] { return backend_->conv2d(x, convolution); };
  {
    const StopScope scope(token);
    EXPECT_FALSE(is_cancelled(attend)) << "nobody has asked";
    stop.request_stop();
    EXPECT_TRUE(is_cancelled(attend));
    EXPECT_TRUE(is_cancelled(convolve));
    std::thread other([&] { EXPECT_FALSE(is_cancelled(attend)) << "another caller's work goes on"; });
    other.join();
  }
  EXPECT_FALSE(is_cancelled(attend)) << "the scope is left";
  EXPECT_FALSE(is_cancelled(convolve));
}

TEST_P(BackendTest, OneParameterServesSeveralThreadsAndBackEnds) {
  const Tensor x = random_tensor({1, 12, 12, 48}, 1), w = random_tensor({48, 48, 3, 3}, 2);
  const auto packed = backend_->prepare_conv2d(w, {}, {1, 1, 1});
  const Tensor expected = backend_->to_host(backend_->conv2d(on_device(x), packed));
  std::vector<Tensor> results(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto own = make_cpu_backend(GetParam().options(static_cast<int>(i % 2) + 1));
      for (int repeat = 0; repeat < 5; ++repeat)
        results[i] = own->to_host(own->conv2d(own->to_device(x), packed));
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(relative_error(result, expected), 0.0);
}

TEST_P(BackendTest, MisshapenCallsAreNamed) {
  const Tensor x = on_device(random_tensor({1, 6, 6, 8}, 1));
  const auto linear = backend_->prepare_linear(random_tensor({4, 9}, 2), {});
  const auto conv = backend_->prepare_conv2d(random_tensor({4, 9, 3, 3}, 2), {}, {1, 1, 1});
  const auto norm = backend_->prepare_norm(random_tensor({9}, 2), random_tensor({9}, 3), 1e-5f);
  expect_fault([&] { (void)backend_->linear(x, linear); }, "linear: ");
  expect_fault([&] { (void)backend_->conv2d(x, conv); }, "[1, 6, 6, 8]");
  expect_fault([&] { (void)backend_->group_norm(x, norm, 3); }, "[1, 6, 6, 8]");
  expect_fault([&] { (void)backend_->layer_norm(x, norm); }, "[1, 6, 6, 8]");
  expect_fault([&] { (void)backend_->attention(x, x, x, 2); }, "attention: ");
  expect_fault([&] { (void)backend_->upsample_nearest2x(x, 14, 12); }, "14");
  expect_fault([&] { (void)backend_->add(x, on_device(random_tensor({7}, 1))); }, "[7]");
  expect_fault([&] { (void)backend_->mix(x, on_device(random_tensor({8}, 1)), 0.5f); }, "mix: ");
  expect_fault(
      [&] {
        (void)backend_->concat_channels(x, on_device(random_tensor({1, 6, 5, 8}, 1)));
      },
      "[1, 6, 5, 8]");
  expect_fault([&] { (void)backend_->geglu(on_device(random_tensor({3, 5}, 1))); }, "even");
}

TEST_P(BackendTest, MissingAndForeignArgumentsAreNamed) {
  const auto linear = backend_->prepare_linear(random_tensor({4, 8}, 2), {});
  const auto table = backend_->prepare_embedding(random_tensor({4, 8}, 2));
  const Tensor x = on_device(random_tensor({2, 8}, 1));
  expect_fault([&] { (void)backend_->linear({}, linear); }, "missing");
  expect_fault([&] { (void)backend_->layer_norm(x, linear); }, "not prepared");
  expect_fault([&] { (void)backend_->linear(x, nullptr); }, "not prepared");
  expect_fault([&] { (void)backend_->prepare_linear({}, {}); }, "prepare_linear");
  expect_fault([&] { (void)backend_->embedding(std::array{4}, table); }, "id 4");
  expect_fault([&] { (void)backend_->embedding(std::array{-1}, table); }, "id -1");
  expect_fault([&] { (void)backend_->linear(x, linear, {Activation::none, &x}); }, "[2, 4]");
  expect_fault([&] { (void)make_cpu_backend({DType::i32, 1}); }, "i32");
}

TEST_P(BackendTest, ATensorOfTheWrongTypeIsNamed) {
  const auto other = backend_->dtype() == DType::f32 ? DType::bf16 : DType::f32;
  const Tensor x = Tensor::zeros({2, 8}, other);
  expect_fault([&] { (void)backend_->activate(x, Activation::silu); }, std::string(name(other)));
}

INSTANTIATE_TEST_SUITE_P(Ops, BackendTest, precisions(), precision_name);

}  // namespace
}  // namespace latentdial::detail::ops::test
